"""What mail services tell us afterwards, in the very shape that SES sends it."""

import json
from typing import Any

import pytest

from chalicelib.delivery.references import outbox_id_of, tag_of
from tests.baton import ANN, InMemoryBaton

HARD, SOFT = {"bounceType": "Permanent"}, {"bounceType": "Transient"}


@pytest.fixture
def baton() -> InMemoryBaton:
    """A Baton in which Ann, who said yes, was sent her first email."""
    baton = InMemoryBaton()
    baton.form("guide", consent=True, **ANN)
    baton.page("/blog/a")
    baton.until_quiet()
    assert email(baton)["state"] == "sent"
    return baton


def email(baton: InMemoryBaton) -> Any:
    (found,) = (item for item in baton.outbox() if item["kind"] == "nurture")
    return found


def notice(outbox_id: str, kind: str, **detail: Any) -> str:
    """An SES event as event publishing sends it to a topic."""
    mail = {
        "timestamp": "2026-11-22T10:00:00.000Z",
        "source": "baton@keybook.example",
        "messageId": "message-1",
        "destination": ["ann@acme.example"],
        "tags": {"ses:configuration-set": ["baton"], "message": [tag_of(outbox_id)]},
    }
    about = {"timestamp": "2026-11-22T10:00:05.000Z", **detail}
    return json.dumps({"eventType": kind, "mail": mail, kind.lower(): about})


def tell(baton: InMemoryBaton, kind: str, outbox_id: str | None = None, **detail: Any) -> None:
    baton.world.mail_event(notice(outbox_id or email(baton)["id"], kind, **detail))
    baton.until_quiet()


def heard(baton: InMemoryBaton) -> list[str]:
    timeline = baton.get(f"/v1/leads/{baton.lead()['lead_id']}/timeline")["items"]
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
def test_the_rank_only_ever_rises(baton: InMemoryBaton, kinds: list[str], state: str) -> None:
    for kind in kinds:
        tell(baton, kind, **(SOFT if kind == "Bounce" else {}))
    assert email(baton)["state"] == state


def test_a_delivered_email_is_an_event_of_its_lead_and_counts_once(baton: InMemoryBaton) -> None:
    before = baton.lead()["score"]["groups"]["engagement"]
    for _ in range(3):
        tell(baton, "Delivery")
    assert heard(baton) == ["delivered"]
    assert baton.lead()["score"]["groups"]["engagement"] == before - 1


def test_a_send_event_is_no_event_of_the_lead(baton: InMemoryBaton) -> None:
    tell(baton, "Send")
    assert heard(baton) == []


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
    baton: InMemoryBaton, kind: str, detail: dict[str, str], suppressed: str | None
) -> None:
    tell(baton, kind, **detail)
    assert baton.lead()["suppressed"] == suppressed
    assert heard(baton) == [email(baton)["state"]]


def test_a_repeated_bounce_is_one_bounce(baton: InMemoryBaton) -> None:
    for _ in range(3):
        tell(baton, "Bounce", **HARD)
    assert heard(baton) == ["bounced"]
    reasons = {reason["rule"]: reason for reason in baton.lead()["score"]["reasons"]}
    assert reasons["hard-bounce"]["points"] == -10


def test_the_first_suppression_stays_on_record(baton: InMemoryBaton) -> None:
    tell(baton, "Bounce", **HARD)
    tell(baton, "Complaint")
    assert baton.lead()["suppressed"] == "bounced"
    assert sorted(heard(baton)) == ["bounced", "complained"]


def test_a_bounced_handoff_says_nothing_of_the_lead(baton: InMemoryBaton) -> None:
    baton.form("demo", **ANN)
    baton.until_quiet()
    (mail,) = (
        item for item in baton.outbox() if (item["kind"], item["via"]) == ("handoff", "email")
    )
    tell(baton, "Bounce", mail["id"], **HARD)
    assert {item["state"] for item in baton.outbox() if item["id"] == mail["id"]} == {"bounced"}
    assert heard(baton) == []
    assert baton.lead()["suppressed"] is None


@pytest.mark.parametrize(
    "message",
    [
        "Successfully validated SNS topic for Amazon SES event publishing.",
        "{}",
        '{"eventType": "Delivery"}',
        '{"eventType": "Delivery", "mail": {"messageId": "m", "tags": {}}}',
        '{"eventType": "Delivery", "mail": {"messageId": "m", "tags": {"message": []}}}',
        '{"eventType": "Delivery", "mail": {"messageId": "m", "tags": {"message": ["%%%"]}}}',
        '{"eventType": "Delivery", "mail": {"messageId": "m", "tags": {"message": ["TEVBRA"]}}}',
        (
            '{"eventType": "Rendering Failure", "mail": {"messageId": "m", "tags": {"message":'
            ' ["TEVBRA"]}}}'
        ),
    ],
)
def test_what_is_not_about_a_message_of_ours_is_left(baton: InMemoryBaton, message: str) -> None:
    before = dict(baton.ports.memory.items)
    baton.world.mail_event(message)
    assert baton.ports.memory.items == before


@pytest.mark.parametrize(
    "outbox_id", ["L#nurture#1#welcome#1", "L#handoff#12#email", "ü#" + "x" * 100]
)
def test_a_tag_holds_a_messages_id_in_the_letters_ses_allows(outbox_id: str) -> None:
    tag = tag_of(outbox_id)
    assert outbox_id_of(tag) == outbox_id
    assert tag.isascii()
    assert tag.replace("-", "").replace("_", "").isalnum()


def test_the_longest_messages_id_fits_a_tag() -> None:
    longest = f"{'L' * 26}#nurture#{10**6}#{'s' * 64}#{'p' * 64}"
    assert len(tag_of(longest)) <= 256
