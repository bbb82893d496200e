"""What mail services tell us afterwards, in the very shape that SES sends it."""

import json
from typing import Any

import pytest

from chalicelib.delivery.references import intent_id_of, tag_of
from tests.baton import ANN, House

HARD, SOFT = {"bounceType": "Permanent"}, {"bounceType": "Transient"}


@pytest.fixture
def house() -> House:
    """A house in which Ann, who said yes, was sent her first letter."""
    house = House()
    house.form("guide", consent=True, **ANN)
    house.page("/blog/a")
    house.until_quiet()
    assert letter(house)["state"] == "sent"
    return house


def letter(house: House) -> Any:
    (found,) = (item for item in house.outbox() if item["kind"] == "letter")
    return found


def notice(intent_id: str, kind: str, **detail: Any) -> str:
    """An SES event as event publishing sends it to a topic."""
    mail = {
        "timestamp": "2026-11-22T10:00:00.000Z",
        "source": "baton@keybook.example",
        "messageId": "message-1",
        "destination": ["ann@acme.example"],
        "tags": {"ses:configuration-set": ["baton"], "intent": [tag_of(intent_id)]},
    }
    about = {"timestamp": "2026-11-22T10:00:05.000Z", **detail}
    return json.dumps({"eventType": kind, "mail": mail, kind.lower(): about})


def tell(house: House, kind: str, intent_id: str | None = None, **detail: Any) -> None:
    house.world.mail_event(notice(intent_id or letter(house)["id"], kind, **detail))
    house.until_quiet()


def heard(house: House) -> list[str]:
    timeline = house.get(f"/v1/leads/{house.lead()['lead_id']}/timeline")["items"]
    return [item["name"] for item in timeline if item["kind"] == "mail"]


@pytest.mark.parametrize(
    ("kinds", "state"),
    [
        (["Send"], "sent"),
        (["Delivery"], "delivered"),
        (["Delivery", "Send"], "delivered"),
        (["Bounce", "Delivery"], "bounced"),
        (["Delivery", "Complaint"], "complained"),
        (["Complaint", "Bounce", "Delivery", "Send"], "complained"),
        (["Open"], "sent"),
    ],
)
def test_the_rank_only_ever_rises(house: House, kinds: list[str], state: str) -> None:
    for kind in kinds:
        tell(house, kind, **(SOFT if kind == "Bounce" else {}))
    assert letter(house)["state"] == state


def test_a_delivered_letter_is_an_event_of_its_lead_and_counts_once(house: House) -> None:
    before = house.lead()["score"]["groups"]["engagement"]
    for _ in range(3):
        tell(house, "Delivery")
    assert heard(house) == ["delivered"]
    assert house.lead()["score"]["groups"]["engagement"] == before - 1


def test_a_send_event_is_no_event_of_the_lead(house: House) -> None:
    tell(house, "Send")
    assert heard(house) == []


@pytest.mark.parametrize(
    ("kind", "detail", "suppressed"),
    [
        ("Bounce", HARD, "bounced"),
        ("Bounce", SOFT, None),
        ("Bounce", {"bounceType": "Undetermined"}, None),
        ("Complaint", {}, "complained"),
        ("Delivery", {}, None),
    ],
)
def test_a_hard_bounce_and_a_complaint_suppress_at_once(
    house: House, kind: str, detail: dict[str, str], suppressed: str | None
) -> None:
    tell(house, kind, **detail)
    assert house.lead()["suppressed"] == suppressed
    assert heard(house) == [letter(house)["state"]]


def test_a_repeated_bounce_is_one_bounce(house: House) -> None:
    for _ in range(3):
        tell(house, "Bounce", **HARD)
    assert heard(house) == ["bounced"]
    reasons = {reason["rule"]: reason for reason in house.lead()["score"]["reasons"]}
    assert reasons["hard-bounce"]["points"] == -10


def test_the_first_suppression_stays_on_record(house: House) -> None:
    tell(house, "Bounce", **HARD)
    tell(house, "Complaint")
    assert house.lead()["suppressed"] == "bounced"
    assert sorted(heard(house)) == ["bounced", "complained"]


def test_a_bounced_handoff_says_nothing_of_the_lead(house: House) -> None:
    house.form("demo", **ANN)
    house.until_quiet()
    (mail,) = (item for item in house.outbox() if (item["kind"], item["channel"]) == ("handoff", "mail"))
    tell(house, "Bounce", mail["id"], **HARD)
    assert {item["state"] for item in house.outbox() if item["id"] == mail["id"]} == {"bounced"}
    assert heard(house) == []
    assert house.lead()["suppressed"] is None


@pytest.mark.parametrize(
    "message",
    [
        "Successfully validated SNS topic for Amazon SES event publishing.",
        "{}",
        '{"eventType": "Delivery"}',
        '{"eventType": "Delivery", "mail": {"messageId": "m", "tags": {}}}',
        '{"eventType": "Delivery", "mail": {"messageId": "m", "tags": {"intent": []}}}',
        '{"eventType": "Delivery", "mail": {"messageId": "m", "tags": {"intent": ["%%%"]}}}',
        '{"eventType": "Delivery", "mail": {"messageId": "m", "tags": {"intent": ["TEVBRA"]}}}',
        '{"eventType": "Rendering Failure", "mail": {"messageId": "m", "tags": {"intent": ["TEVBRA"]}}}',
    ],
)
def test_what_is_not_about_an_intent_of_ours_is_left(house: House, message: str) -> None:
    before = dict(house.ports.memory.items)
    house.world.mail_event(message)
    assert house.ports.memory.items == before


@pytest.mark.parametrize("intent_id", ["L#letter#welcome#1#1", "L#handoff#12#mail", "ü#" + "x" * 100])
def test_a_tag_holds_an_intents_id_in_the_letters_that_ses_allows(intent_id: str) -> None:
    tag = tag_of(intent_id)
    assert intent_id_of(tag) == intent_id
    assert tag.isascii()
    assert tag.replace("-", "").replace("_", "").isalnum()


def test_the_longest_intents_id_fits_a_tag() -> None:
    longest = f"{'L' * 26}#letter#{'s' * 64}#{10**6}#{'p' * 64}"
    assert len(tag_of(longest)) <= 256
