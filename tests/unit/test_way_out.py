"""The way out of an email: nothing more, some topics, or fewer; and taking that back (ADR 0063)."""

import re
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest

from chalicelib.consent.consent import SuppressionReason
from chalicelib.consent.way_out import WayOut
from chalicelib.delivery.links import UNDO, UNSUBSCRIBE
from chalicelib.delivery.message_keys import MessageKey, MessageKind
from chalicelib.delivery.messages import Email
from chalicelib.delivery.outbox import MessageState, Via, planned
from chalicelib.events import Kind, lead_partition
from chalicelib.nurture.topics import topics_of, topics_written_about
from chalicelib.store.choices import read_choice
from tests import factories as make
from tests.baton import ANN, TOKEN, InMemoryBaton

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SEQUENCES: dict[str, dict[str, Any]] = {
    "tips": {"enter": {"stage": ["mql"], "topic": ["learn", "none"]}},
    "prices": {"enter": [{"stage": ["mql"], "topic": "pricing"}]},
    "news": {"enter": {"stage": ["mql"]}},
}


@pytest.fixture
def baton() -> InMemoryBaton:
    """A lead that agreed to emails, and sequences about three things. Nothing is planned."""
    baton = InMemoryBaton()
    for sequence_id, one in SEQUENCES.items():
        steps = [{"id": "a", "wait": "0d", "email": "welcome"}]
        baton.world.documents.put(
            "sequence", {"id": sequence_id, "steps": steps, **one}, sequence_id
        )
    baton.form("newsletter", consent=True, **ANN)
    baton.until_quiet()
    return baton


def lead_id(baton: InMemoryBaton) -> str:
    return str(baton.lead()["lead_id"])


def path(baton: InMemoryBaton, sequence: str = "news", query: str = "") -> str:
    way_out = WayOut(lead_id(baton), f"nurture#1#{sequence}#a")
    return f"/u/{baton.world.links.sign(UNSUBSCRIBE, str(way_out))}{query}"


def press(baton: InMemoryBaton, **fields: Any) -> Any:
    return baton.http("POST", path(baton), urlencode(fields, doseq=True), FORM)


def undo_of(answer: Any) -> str | None:
    found = re.search(r'name="undo" value="([^"]+)"', answer.body.decode())
    return unescape(found[1]) if found else None


def send(baton: InMemoryBaton, sequence: str) -> str:
    """Plan an email of a sequence, deliver it, and return what became of it."""
    key = MessageKey(MessageKind.NURTURE, 1, (sequence, "a"))
    message = planned(
        lead_id=lead_id(baton),
        key=key,
        via=Via.EMAIL,
        to=ANN["email"],
        about=1,
        now=baton.ports.now(),
        email="welcome",
    )
    plan(baton, message)
    baton.world.deliver.message(message.lead_id, key)
    found = baton.world.outbox.read(message.lead_id, key)
    assert found is not None
    return found.reason or found.state.value


def plan(baton: InMemoryBaton, message: Any) -> None:
    from chalicelib.store.outbox import put_message

    baton.ports.table.write(put_message(message))


# --- the page -------------------------------------------------------------------------------------


def test_the_page_offers_nothing_some_and_fewer(baton: InMemoryBaton) -> None:
    before = baton.kept()
    page = baton.http("GET", path(baton)).body.decode()
    assert page.count('<form method="post">') == 2
    assert 'name="choice" value="none"' in page
    topics = re.findall(r'name="topic" value="(\w+)" checked>', page)
    assert topics == ["learn", "pricing", "other"]
    assert "Tips and know-how" in page
    assert re.search(r'name="fewer" value="yes"><span>Fewer', page)
    assert "<script" not in page
    assert baton.kept() == before


def test_topics_have_the_companys_own_words(baton: InMemoryBaton) -> None:
    topics = {"learn": {"en": "Better <mornings>", "de": "Bessere Morgen"}, "pricing": "Offers"}
    baton.world.documents.put("settings", {"topics": topics, "double_opt_in": "never"})
    baton.ports.clock.tick(timedelta(minutes=1))
    page = baton.http("GET", path(baton)).body.decode()
    assert "Better &lt;mornings&gt;" in page
    assert "Offers" in page
    german = baton.http("GET", path(baton, query="?lang=de")).body.decode()
    assert "Bessere Morgen" in german


@pytest.mark.parametrize(("accepted", "query"), [("en", "?lang=de"), ("de", "")])
def test_the_page_speaks_the_language_of_the_email(
    baton: InMemoryBaton, accepted: str, query: str
) -> None:
    answer = baton.http("GET", path(baton, query=query), headers={"Accept-Language": accepted})
    assert answer.headers["Content-Language"] == "de"
    assert "Alle E-Mails abbestellen" in answer.body.decode()


def test_where_there_is_one_topic_only_fewer_is_offered() -> None:
    baton = InMemoryBaton()
    baton.form("contact", consent=True, **ANN)
    baton.until_quiet()
    page = baton.http("GET", path(baton)).body.decode()
    assert "fieldset>" not in page
    assert 'name="fewer"' in page
    press(baton, choice="some", fewer="yes")
    wanted = baton.world.choosing.look(WayOut(lead_id(baton))).wanted
    assert (wanted.topics, wanted.fewer) == (None, True)


def test_sequences_say_what_they_are_about() -> None:
    assert topics_of(SEQUENCES["tips"]) == {"learn"}
    assert topics_of(SEQUENCES["prices"]) == {"pricing"}
    assert topics_of(SEQUENCES["news"]) == topics_of(None) == {"other"}
    off = {"active": False, "enter": {"topic": ["secret"]}}
    assert topics_written_about([off, *SEQUENCES.values()]) == ["learn", "pricing", "other"]


# --- what is chosen -------------------------------------------------------------------------------


def test_only_sequences_about_chosen_topics_may_write(baton: InMemoryBaton) -> None:
    answer = press(baton, choice="some", topic=["pricing", "unknown"])
    assert "Prices and offers" in answer.body.decode()
    assert baton.lead()["suppressed"] is None
    assert send(baton, "prices") == "sent"
    assert send(baton, "tips") == "unsubscribed"
    assert send(baton, "news") == "unsubscribed"


def test_everything_is_also_what_comes_later(baton: InMemoryBaton) -> None:
    press(baton, choice="some", topic=["pricing"])
    press(baton, choice="some", topic=["learn", "pricing", "other"])
    assert baton.world.choosing.look(WayOut(lead_id(baton))).wanted.topics is None


def test_no_topic_at_all_is_an_unsubscribe(baton: InMemoryBaton) -> None:
    press(baton, choice="some", fewer="yes")
    assert baton.lead()["suppressed"] == "unsubscribed"


def test_fewer_is_kept_for_the_mailbox(baton: InMemoryBaton) -> None:
    press(baton, choice="some", topic=["learn", "pricing", "other"], fewer="yes")
    mailbox = baton.world.mailbox_of("Ann+tag@ACME.example")
    assert read_choice(baton.ports.table, mailbox.id).wanted.fewer


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (FORM["Content-Type"], "List-Unsubscribe=One-Click"),
        (FORM["Content-Type"], "List-Unsubscribe=One-Click&choice=some&topic=learn"),
        (FORM["Content-Type"], "choice=whatever"),
        (FORM["Content-Type"], "&".join(f"topic={number}" for number in range(300))),
        ("multipart/form-data; boundary=b", '--b\r\nContent-Disposition: form-data; name="choice"'),
        ("application/json", '{"choice": "some"}'),
        ("text/plain", "choice=some"),
    ],
)
def test_one_click_is_always_none(baton: InMemoryBaton, kind: str, body: str) -> None:
    assert baton.http("POST", path(baton), body, {"Content-Type": kind}).status_code == 200
    assert baton.lead()["suppressed"] == "unsubscribed"


def test_a_choice_does_not_resubscribe(baton: InMemoryBaton) -> None:
    press(baton, choice="none")
    answer = press(baton, choice="some", topic=["learn"])
    assert "You are unsubscribed" in answer.body.decode()
    assert undo_of(answer) is None
    assert baton.lead()["suppressed"] == "unsubscribed"
    page = baton.http("GET", path(baton)).body.decode()
    assert "<form" not in page


def test_a_choice_is_on_the_timeline(baton: InMemoryBaton) -> None:
    press(baton, choice="some", topic=["learn"], fewer="yes")
    items = baton.get(f"/v1/leads/{lead_id(baton)}/timeline")["items"]
    (chose,) = [item for item in items if item["name"] == "chose"]
    assert chose["detail"]["properties"] == {"topics": "learn", "fewer": True}


def test_a_claim_after_the_choice_fails(baton: InMemoryBaton) -> None:
    """What the gate let go a moment before must not slip through."""
    key = MessageKey(MessageKind.NURTURE, 1, ("tips", "a"))
    message = planned(
        lead_id=lead_id(baton),
        key=key,
        via=Via.EMAIL,
        to=ANN["email"],
        about=1,
        now=baton.ports.now(),
        email="welcome",
    )
    plan(baton, message)
    compose = baton.world.deliver._compose  # between the gate and the claim

    def chosen_meanwhile(one: Any) -> Any:
        outgoing = compose(one)
        press(baton, choice="some", topic=["pricing"])
        return outgoing

    baton.world.deliver._compose = chosen_meanwhile
    baton.world.deliver.message(message.lead_id, key)
    found = baton.world.outbox.read(message.lead_id, key)
    assert found is not None
    assert found.state is MessageState.PLANNED


def test_a_choice_outlives_a_merge(baton: InMemoryBaton) -> None:
    press(baton, choice="some", topic=["pricing"])
    baton.form("contact", visitor="v2", consent=True, **{**ANN, "email": "ann@home.example"})
    baton.until_quiet()
    home = baton.world.lead_id("ann@home.example")
    merge = {"other_lead_id": lead_id(baton)}
    assert baton.post(f"/v1/leads/{home}/merge", merge, TOKEN).status_code == 200
    mailbox = baton.world.mailbox_of("ann@home.example")
    assert read_choice(baton.ports.table, mailbox.id).wanted.topics == frozenset({"pricing"})


# --- taking it back -------------------------------------------------------------------------------


def test_an_unsubscribe_is_taken_back_within_ten_minutes(baton: InMemoryBaton) -> None:
    score = baton.lead()["score"]["total"]
    undo = undo_of(press(baton, choice="none"))
    baton.until_quiet()
    assert baton.lead()["suppressed"] == "unsubscribed"
    baton.ports.clock.tick(timedelta(minutes=9))
    assert "taken back" in press(baton, undo=undo).body.decode()
    baton.minutes_later(1)
    assert baton.lead()["suppressed"] is None
    assert baton.lead()["score"]["total"] == score
    assert send(baton, "tips") == "sent"


def test_after_ten_minutes_it_stands(baton: InMemoryBaton) -> None:
    undo = undo_of(press(baton, choice="none"))
    baton.ports.clock.tick(timedelta(minutes=11))
    assert press(baton, undo=undo).status_code == 410
    assert baton.lead()["suppressed"] == "unsubscribed"


def test_a_complaint_meanwhile_stays(baton: InMemoryBaton) -> None:
    undo = undo_of(press(baton, choice="none"))
    complained = make.event(Kind.MAIL, "complained", partition=lead_partition(lead_id(baton)))
    reason = SuppressionReason.COMPLAINED
    baton.world.suppression.suppress(lead_id(baton), reason, complained)
    press(baton, undo=undo)
    assert baton.lead()["suppressed"] == "complained"
    assert set(baton.world.consents.read(lead_id(baton)).suppressions) == {reason}


def test_exactly_that_choice_is_taken_back(baton: InMemoryBaton) -> None:
    first = undo_of(press(baton, choice="none"))
    press(baton, undo=first)
    baton.ports.clock.tick(timedelta(minutes=1))
    press(baton, choice="none")
    assert press(baton, undo=first).status_code == 410
    assert baton.lead()["suppressed"] == "unsubscribed"


def test_an_unsubscribe_that_stood_already_offers_no_undo(baton: InMemoryBaton) -> None:
    press(baton, choice="none")
    assert undo_of(press(baton, choice="none")) is None


def test_a_choice_is_taken_back_to_the_one_before(baton: InMemoryBaton) -> None:
    press(baton, choice="some", topic=["pricing"])
    baton.ports.clock.tick(timedelta(minutes=1))
    undo = undo_of(press(baton, choice="some", topic=["learn"], fewer="yes"))
    press(baton, undo=undo)
    wanted = baton.world.choosing.look(WayOut(lead_id(baton))).wanted
    assert (wanted.topics, wanted.fewer) == (frozenset({"pricing"}), False)
    assert press(baton, undo=undo).status_code == 410


def test_taking_back_reaches_a_merged_address(baton: InMemoryBaton) -> None:
    old = path(baton)
    baton.form("contact", visitor="v2", consent=True, **{**ANN, "email": "ann@home.example"})
    baton.until_quiet()
    home = baton.world.lead_id("ann@home.example")
    baton.post(f"/v1/leads/{home}/merge", {"other_lead_id": lead_id(baton)}, TOKEN)
    baton.until_quiet()
    undo = undo_of(baton.http("POST", old, "choice=none", FORM))
    assert baton.lead("ann@home.example")["suppressed"] == "unsubscribed"
    baton.http("POST", old, urlencode({"undo": undo}), FORM)
    assert baton.lead("ann@home.example")["suppressed"] is None


@pytest.mark.parametrize("undo", ["x", "x.y", "é", "a" * 5_000])
def test_an_undo_that_we_did_not_sign_is_not_found(baton: InMemoryBaton, undo: str) -> None:
    before = baton.kept()
    assert press(baton, undo=undo).status_code == 404
    assert baton.kept() == before


def test_an_undo_of_somebody_else_is_not_found(baton: InMemoryBaton) -> None:
    event_id = "1795341600000-f8b2ac0ccdef4b04"
    text = f"none {'A' * 26} 1795341600000 {event_id}"
    assert press(baton, undo=baton.world.links.sign(UNDO, text)).status_code == 404


# --- for which email ------------------------------------------------------------------------------


def test_an_unsubscribe_is_counted_for_its_email() -> None:
    baton = InMemoryBaton()
    baton.form("guide", consent=True, **ANN)
    baton.until_quiet()
    key = "nurture#1#welcome#1"
    token = baton.world.links.sign(UNSUBSCRIBE, str(WayOut(lead_id(baton), key)))
    answer = baton.http("POST", f"/u/{token}", "", FORM)

    def counted() -> int:
        (step,) = baton.get("/v1/sequences/welcome/numbers")["steps"]
        return int(step["unsubscribed"])

    assert counted() == 1
    items = baton.get(f"/v1/leads/{lead_id(baton)}/timeline")["items"]
    (event,) = [item for item in items if item["name"] == "unsubscribed"]
    assert event["detail"]["properties"]["message"] == key
    baton.http("POST", f"/u/{token}", urlencode({"undo": undo_of(answer)}), FORM)
    assert counted() == 0


def test_an_email_names_itself_in_its_way_out() -> None:
    baton = InMemoryBaton()
    baton.form("guide", consent=True, **ANN)
    baton.until_quiet()
    emails = [one for one in baton.ports.senders.sent if isinstance(one, Email)]
    (sent,) = [one for one in emails if "List-Unsubscribe" in one.headers]
    url = sent.headers["List-Unsubscribe"].strip("<>")
    token = url.partition("/u/")[2].partition("?")[0]
    assert baton.world.links.read(UNSUBSCRIBE, token) == sent.reference


def test_whoever_wants_fewer_gets_half_as_many(baton: InMemoryBaton) -> None:
    """Two in seven days are allowed, and one then."""
    press(baton, choice="some", topic=["learn", "pricing", "other"], fewer="yes")
    assert send(baton, "tips") == "sent"
    baton.ports.clock.tick(timedelta(days=4))
    assert send(baton, "prices") == "capped"
