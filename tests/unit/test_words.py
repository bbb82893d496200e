"""What sales is told beside a handoff: a correction, a warning, a triage item; and nothing a lead
typed acts in it.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from chalicelib.delivery.message_keys import MessageKind
from chalicelib.delivery.messages import ChatMessage, Email, Outgoing, Skip, Sms, SnsMessage
from chalicelib.delivery.outbox import MessageState, OutboxMessage, Via
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.delivery.segments import count_segments
from chalicelib.events import Event, Value
from chalicelib.handoff.facts import NoticeFacts
from chalicelib.handoff.headlines import CLOSING
from chalicelib.handoff.notice import Notices
from chalicelib.handoff.unbroken import NO_BREAK
from chalicelib.lifecycle.stages import Actor, Recorded, Stage
from tests import factories as make
from tests.factories import LEAD_ID
from tests.fakes import NOW
from tests.unit.test_notice import DEEDS, LAYOUT_TAGS, NASTY, NASTY_DEEDS, PROFILE

REFERENCE = f"{LEAD_ID[:8]}-2"
TAKEN_BACK = make.recorded(
    transition=make.transition(
        Stage.LEAD, Stage.SQL, why="taken back: our own test", cycle=3, actor=Actor.PERSON
    ),
    total=41_000,
    grade="B",
)
KEYS = {"correction": "correction#2#{}", "warning": "warning#2#bad-fit", "triage": "triage#2#{}"}
EVERY = [
    *(("correction", via) for via in Via),
    ("warning", Via.EMAIL),
    ("triage", Via.SNS),
    ("triage", Via.EMAIL),
]


def message_of(kind: str, via: Via, **parts: Any) -> OutboxMessage:
    return make.handoff_message(via, key=KEYS[kind].format(via), **parts)


def compose(
    kind: str,
    via: Via,
    profile: Mapping[str, Value] = PROFILE,
    did: Sequence[Event] = DEEDS,
    **message: Any,
) -> Outgoing | Skip:
    moved: Recorded | None = (
        TAKEN_BACK if kind == "correction" else None
    )  # the others are of leads that stayed
    facts = NoticeFacts(now=NOW, profile=profile, moved=moved, recent=did)
    notices = Notices(
        facts=lambda _message: facts,
        webhook=lambda _person_id, chat: f"https://hooks.slack.com/{chat}",
    )
    return notices.compose(message_of(kind, via, **message))


def parts_of(message: Outgoing | Skip) -> list[str]:
    """Everything of a message that somebody reads."""
    found = [getattr(message, name, None) for name in ("subject", "text", "html", "body")]
    return [one for one in found if one is not None]


def mail(kind: str, **parts: Any) -> Email:
    composed = compose(kind, Via.EMAIL, **parts)
    assert isinstance(composed, Email)
    return composed


def test_each_kind_of_notice_has_its_closing_words() -> None:
    """An email of a sequence is the marketers' own text from the first word to the last, and what
    passes a reply on has words of its own."""
    own_words = {
        *(MessageKind.REPLY, MessageKind.DIGEST, MessageKind.CODE),
        *(MessageKind.REMINDER, MessageKind.ESCALATION),
    }
    assert set(CLOSING) == {kind for kind in MessageKind if not kind.goes_to_lead} - own_words


# --- what each says -------------------------------------------------------------------------------


def test_a_correction_says_stop_why_and_the_stage_now() -> None:
    notice = mail("correction")
    assert (
        notice.subject
        == f"Please stand down: Ann Example, CTO at Acme is no longer an SQL [{REFERENCE}]"
    )
    for body in (notice.text, notice.html or ""):
        assert "Please stand down. Taken back: our own test." in body
        assert "41 points, grade B" in body.replace(NO_BREAK, " ")
        assert CLOSING[MessageKind.CORRECTION] in body
        assert "accept it" not in body


def test_a_correction_as_a_text_is_short() -> None:
    notice = compose("correction", Via.SMS)
    assert isinstance(notice, Sms)
    assert notice.body.startswith(
        "Please stand down: Ann Example, CTO at Acme is no longer an SQL."
    )
    assert REFERENCE in notice.body
    assert count_segments(notice.body) <= 2


def test_a_warning_names_the_rule_and_lets_the_owner_decide() -> None:
    notice = mail("warning")
    assert notice.subject == f"Ann Example, CTO at Acme looks disqualified [{REFERENCE}]"
    for body in (notice.text, notice.html or ""):
        assert "The rule “bad fit” disqualifies them." in body
        assert CLOSING[MessageKind.WARNING] in body
        assert "points" not in body


@pytest.mark.parametrize("kind", ["correction", "triage"])
def test_an_sns_message_says_its_subject_and_is_json(kind: str) -> None:
    notice = compose(kind, Via.SNS)
    assert isinstance(notice, SnsMessage)
    assert notice.subject == f"{kind.capitalize()} {REFERENCE}"
    facts = json.loads(notice.body)
    assert (facts["about"], facts["lead_id"]) == (kind, LEAD_ID)
    assert facts["closing"].endswith(CLOSING[MessageKind(kind)])
    assert facts["profile"]["email"] == "ann@acme.example"
    assert facts["headline"]


def test_rule_1_triage_asks_a_human_and_quotes_the_lead() -> None:
    notice = compose("triage", Via.SNS)
    assert isinstance(notice, SnsMessage)
    facts = json.loads(notice.body)
    assert facts["headline"] == (
        "Ann Example, CTO at Acme: wants a demo. Our rules do not hand this lead to sales; please"
        " take a look"
    )
    assert any("We have an audit in March." in deed["what"] for deed in facts["did"])
    assert (facts["score"], facts["reasons"]) == (None, [])


@pytest.mark.parametrize(
    ("kind", "via", "reason"),
    [
        ("correction", Via.EMAIL, NotSentReason.NO_ADDRESS),
        ("correction", Via.SMS, NotSentReason.NO_PHONE),
        ("warning", Via.EMAIL, NotSentReason.NO_ADDRESS),
    ],
)
def test_without_anybody_to_tell_it_is_refused_with_the_reason(
    kind: str, via: Via, reason: NotSentReason
) -> None:
    assert compose(kind, via, to=None) == Skip(MessageState.REFUSED, reason)


# --- nothing that a lead typed acts ---------------------------------------------------------------


@pytest.mark.parametrize(("kind", "via"), EVERY)
def test_links_and_addresses_that_a_lead_typed_are_broken_up(kind: str, via: Via) -> None:
    told = parts_of(compose(kind, via, profile={**PROFILE, **NASTY}, did=NASTY_DEEDS))
    assert told
    for part in told:
        assert "evil.example" not in part
        assert "://evil" not in part
        assert "mallory@" not in part


@pytest.mark.parametrize("kind", ["correction", "warning", "triage"])
def test_html_is_escaped_and_templates_do_not_run(kind: str) -> None:
    html = mail(kind, profile={**PROFILE, **NASTY}, did=NASTY_DEEDS).html or ""
    assert set(re.findall(r"<(\w+)", html)) <= LAYOUT_TAGS
    assert "{{ 7*7 }}" in html


@pytest.mark.parametrize(("kind", "via"), EVERY)
def test_a_name_of_several_lines_forges_no_line(kind: str, via: Via) -> None:
    forged = {
        **PROFILE,
        "first_name": "Ann\r\nBcc: mallory",
        "company": "A\tB\n\nWhy this lead\n  a forgery",
    }
    composed = compose(kind, via, profile=forged)
    for line in (getattr(composed, "subject", ""), getattr(composed, "body", "")):
        assert not re.search(r"[\r\n\t]", line)
    if isinstance(composed, Email):
        assert composed.text.splitlines().count("Why this lead") <= 1
        assert not any(line.strip() == "a forgery" for line in composed.text.splitlines())


@pytest.mark.parametrize("length", [100, 300])
@pytest.mark.parametrize(("kind", "via"), EVERY)
def test_a_long_name_does_not_push_out_what_matters(kind: str, via: Via, length: int) -> None:
    long = {**PROFILE, "first_name": "A" * length, "company": "B" * length}
    composed = compose(kind, via, profile=long)
    if isinstance(composed, Sms):
        assert count_segments(composed.body) <= 2
        assert REFERENCE in composed.body
        assert ("+49 30 901820" in composed.body) == (kind != "correction")
    elif isinstance(composed, ChatMessage):
        assert REFERENCE in composed.body
    else:
        assert REFERENCE in str(getattr(composed, "subject", ""))
        assert len(str(getattr(composed, "subject", ""))) <= 200


@pytest.mark.parametrize(("kind", "via"), EVERY)
def test_somebody_of_whom_nothing_is_known_is_somebody(kind: str, via: Via) -> None:
    told = parts_of(compose(kind, via, profile={}, did=[]))
    assert any("Somebody" in part for part in told)
