"""The ways by which a salesperson hears of something."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.delivery.message_keys import MessageKind
from chalicelib.delivery.messages import ChatMessage, Skip
from chalicelib.delivery.outbox import Via
from chalicelib.handoff.facts import NoticeFacts
from chalicelib.handoff.handoff import Priority
from chalicelib.handoff.notice import Notices
from chalicelib.handoff.plan import instead_of, notices_of
from chalicelib.handoff.routing import Person
from chalicelib.handoff.ways import ways_for
from tests import factories as make
from tests.fakes import NOW
from tests.linkifiers import NASTY, found_in

URL = "https://hooks.slack.com/services/T0/B0/secret"
SAM: dict[str, Any] = {
    "id": "sam",
    "name": "Sam Seller",
    "email": "sam@keybook.example",
    "phone": "+4930901821",
    "slack": URL,
    "teams": "https://a.b.logic.azure.com/x",
}


def person(*notify: str) -> Person:
    return Person.model_validate({**SAM, "notify": list(notify)})


@pytest.mark.parametrize(
    ("notify", "priority", "ways"),
    [
        (["email", "sms"], Priority.P1, ["email", "sms"]),
        (["sms", "slack"], Priority.P2, ["sms", "slack"]),
        (["teams", "slack", "email"], Priority.P1, ["teams", "slack", "email"]),
        (["email", "sms"], Priority.P3, ["email"]),
        (["slack", "sms"], Priority.P4, ["slack"]),
        (["sms"], Priority.P1, ["email", "sms"]),  # a text alone says too little
        (["sms"], Priority.P4, ["email"]),
    ],
)
def test_rule_2_a_handoff_comes_by_every_way_named(
    notify: list[str], priority: Priority, ways: Sequence[str]
) -> None:
    assert list(ways_for(person(*notify), MessageKind.HANDOFF, priority)) == ways


@pytest.mark.parametrize(
    ("notify", "way"),
    [(["slack", "email"], "slack"), (["sms", "teams"], "teams"), (["sms"], "email")],
)
def test_anything_else_comes_by_the_preferred_way(notify: list[str], way: str) -> None:
    assert list(ways_for(person(*notify), MessageKind.TRIAGE)) == [way]


def test_a_notice_into_a_chat_names_the_chat_alone() -> None:
    found = notices_of(make.handoff(), person("slack", "teams"), NOW)
    assert [(str(one.key), one.via, one.to, one.receiver) for one in found] == [
        ("handoff#1#slack", Via.WEBHOOK, "slack", "sam"),
        ("handoff#1#teams", Via.WEBHOOK, "teams", "sam"),
        ("handoff#1#sns", Via.SNS, None, None),
    ]


# --- what a chat shows ----------------------------------------------------------------------------


def in_chat(chat: str, url: str | None = URL, **profile: Any) -> ChatMessage | Skip:
    facts = NoticeFacts(
        now=NOW,
        profile={**make.BEST_FIT, "phone": "+4930901820", **profile},
        moved=make.recorded(),
        recent=[make.form(fields={"message": "An audit."})],
    )
    notices = Notices(
        facts=lambda _message: facts,
        webhook=lambda person_id, name: url if (person_id, name) == ("sam", chat) else None,
    )
    notice = make.handoff_message(Via.WEBHOOK, key=f"handoff#1#{chat}", to=chat, receiver="sam")
    composed = notices.compose(notice)
    assert isinstance(composed, (ChatMessage, Skip))
    return composed


def texts_in(found: Any) -> list[str]:
    """Return every text that a chat shows."""
    if isinstance(found, dict):
        shown = [found["text"]] if isinstance(found.get("text"), str) else []
        return shown + [text for one in found.values() for text in texts_in(one)]
    return [text for one in found for text in texts_in(one)] if isinstance(found, list) else []


@pytest.mark.parametrize("chat", ["slack", "teams"])
def test_a_chat_shows_who_and_how_to_reach_them(chat: str) -> None:
    message = in_chat(chat, first_name="Ann", company="Acme")
    assert isinstance(message, ChatMessage)
    assert message.url == URL
    shown = texts_in(json.loads(message.body))
    assert any("Ann" in text and "Acme" in text for text in shown)
    assert any("+4930901820, ann@acme.example" in text for text in shown)
    assert URL not in message.body


def test_slack_gets_plain_text_and_teams_runs_of_text() -> None:
    """Neither looks for markup in these."""
    slack, teams = in_chat("slack"), in_chat("teams")
    assert isinstance(slack, ChatMessage)
    assert isinstance(teams, ChatMessage)
    assert '"mrkdwn"' not in slack.body
    assert '"TextBlock"' not in teams.body


@pytest.mark.parametrize("chat", ["slack", "teams"])
@pytest.mark.parametrize(
    "typed",
    [
        *NASTY,
        "\u2039!channel\u203a",
        "\u2039https://evil.com|Acme\u203a",
        "`rm -rf`",
        "*bold* _it_ ~no~",
        ":rotating_light:",
        "{{DATE(2026-11-22T10:00:00Z,SHORT)}}",
        "${payload.secret}",
        "\u202eelpmaxe.live\u202c",
        "<at>Sam</at>",
    ],
)
def test_nothing_typed_acts_in_a_chat(chat: str, typed: str) -> None:
    message = in_chat(chat, first_name=typed, company=typed, email="ann@acme.example")
    assert isinstance(message, ChatMessage)
    for text in texts_in(json.loads(message.body)):
        shown = text.replace("+4930901820, ann@acme.example", "").replace("&amp;", "&")
        assert found_in(shown) == set(), text
        assert not set(shown) & set("*_~`|{}\u202e"), text


def test_a_chat_that_is_not_named_any_more_gets_nothing() -> None:
    skipped = in_chat("slack", url=None)
    assert isinstance(skipped, Skip)
    assert skipped.reason == "no_address"


def test_a_stored_message_knows_its_receiver() -> None:
    from chalicelib.store.outbox_items import message_item, message_of

    (notice, _) = notices_of(make.handoff(), person("slack"), NOW)
    assert message_of(message_item(notice)) == replace(notice)


@pytest.mark.parametrize(
    ("person_id", "key"), [("sam", "handoff#1#email"), ("kim", "handoff#1#slack#fallback")]
)
def test_what_a_chat_refuses_becomes_an_email(person_id: str, key: str) -> None:
    """To the same person; to whoever stands in when the routing no longer knows them."""
    routing = {"people": [{**SAM, "id": person_id}], "fallback": person_id}
    (notice, _) = notices_of(make.handoff(), person("slack"), NOW)
    email = instead_of(replace(notice, cause=("p", "e")), routing, NOW)
    assert email is not None
    assert (str(email.key), email.via, email.to) == (key, Via.EMAIL, SAM["email"])
    assert (email.receiver, email.cause) == (person_id, ("p", "e"))
