"""What mail services tell us afterwards, in the very shape that SES sends it."""

import json
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.delivery.messages import Email, Unclear
from chalicelib.delivery.references import outbox_id_of, tag_of
from tests.baton import ANN, InMemoryBaton, ask
from tests.sizes import seeds

HARD: dict[str, Any] = {"bounceType": "Permanent"}
SOFT: dict[str, Any] = {"bounceType": "Transient"}


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


def notice(
    outbox_id: str, kind: str, shape: str = "eventType", *, number: int = 0, **detail: Any
) -> str:
    """An SES event as event publishing sends it to a topic. number: of the feedback."""
    mail = {
        "timestamp": "2026-11-22T10:00:00.000Z",
        "source": "baton@keybook.example",
        "messageId": "message-1",
        "destination": ["ann@acme.example"],
        "tags": {"ses:configuration-set": ["baton"], "message": [tag_of(outbox_id)]},
    }
    about = {"timestamp": "2026-11-22T10:00:05.000Z", "feedbackId": f"f-{number}", **detail}
    given = {name: value for name, value in about.items() if value is not ...}
    return json.dumps({shape: kind, "mail": mail, kind.lower(): given})


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
        (["Bounce"], "soft_bounced"),
        (["Bounce", "Delivery"], "delivered"),
        (["Bounce", "Send"], "soft_bounced"),
        (["Delivery", "Complaint"], "complained"),
        (["Complaint", "Bounce", "Delivery", "Send"], "complained"),
        (["Open"], "sent"),
        (["DeliveryDelay"], "sent"),
        (["Reject"], "refused"),
        (["Rendering Failure"], "refused"),
        (["Delivery", "Reject"], "delivered"),
    ],
)
def test_the_rank_only_ever_rises(baton: InMemoryBaton, kinds: list[str], state: str) -> None:
    for kind in kinds:
        tell(baton, kind, **(SOFT if kind == "Bounce" else {}))
    assert email(baton)["state"] == state


def test_a_delivered_email_counts_once_for_its_lead(baton: InMemoryBaton) -> None:
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
    assert heard(baton) == [email(baton)["state"].removeprefix("soft_")]


def test_a_repeated_bounce_is_one_bounce(baton: InMemoryBaton) -> None:
    for _ in range(3):
        tell(baton, "Bounce", **HARD)
    assert heard(baton) == ["bounced"]
    reasons = {reason["rule"]: reason for reason in baton.lead()["score"]["reasons"]}
    assert reasons["hard-bounce"]["points"] == -10


@pytest.mark.parametrize("kinds", [["Bounce", "Complaint"], ["Complaint", "Bounce"]])
def test_the_strongest_reason_is_the_operative_one(baton: InMemoryBaton, kinds: list[str]) -> None:
    for kind in kinds:
        tell(baton, kind, **(HARD if kind == "Bounce" else {}))
    assert baton.lead()["suppressed"] == "complained"
    assert sorted(heard(baton)) == ["bounced", "complained"]
    reasons = baton.world.consents.read(baton.lead()["lead_id"]).suppressions
    assert set(reasons) == {"bounced", "complained"}


@pytest.mark.parametrize("shape", ["eventType", "notificationType"])
@pytest.mark.parametrize(
    ("kind", "detail", "state", "suppressed"),
    [
        ("Complaint", {"complaintFeedbackType": "abuse"}, "complained", "complained"),
        ("Complaint", {"complaintFeedbackType": None}, "complained", "complained"),
        ("Complaint", {"complaintSubType": "OnAccountSuppressionList"}, "complained", "complained"),
        ("Complaint", {"complaintFeedbackType": "not-spam"}, "sent", None),
        ("Complaint", {"complaintFeedbackType": "Not-Spam"}, "sent", None),
        ("Bounce", {"bounceType": "PERMANENT"}, "bounced", "bounced"),
        ("Bounce", {**HARD, "bounceSubType": "OnAccountSuppressionList"}, "bounced", "bounced"),
        ("Bounce", {**HARD, "bounceSubType": "Suppressed"}, "bounced", "bounced"),
        ("Bounce", {**HARD, "bounceSubType": "General"}, "bounced", "bounced"),
        ("Bounce", {**SOFT, "bounceSubType": "MailboxFull"}, "soft_bounced", None),
        ("Bounce", {"bounceType": 7}, "soft_bounced", None),
        ("Bounce", {**SOFT, "bounceSubType": "General"}, "sent", None),  # without a status
        (
            "Bounce",
            {**SOFT, "bounceSubType": "General", "bouncedRecipients": [{"status": "4.3.0"}]},
            "soft_bounced",
            None,
        ),
    ],
)
def test_what_a_notice_means(
    baton: InMemoryBaton,
    shape: str,
    kind: str,
    detail: dict[str, Any],
    state: str,
    suppressed: str | None,
) -> None:
    baton.world.mail_event(notice(email(baton)["id"], kind, shape, **detail))
    assert email(baton)["state"] == state
    assert baton.lead()["suppressed"] == suppressed


def test_an_automatic_reply_is_no_bounce(baton: InMemoryBaton) -> None:
    """An out-of-office answer used to turn a delivered email into a bounced one."""
    tell(baton, "Delivery")
    reply = {**SOFT, "bounceSubType": "General"}
    tell(baton, "Bounce", **reply)
    tell(baton, "Bounce", number=1, **reply, bouncedRecipients=[{"status": "5.0.0"}])
    assert email(baton)["state"] == "delivered"
    assert heard(baton) == ["delivered"]


@pytest.mark.parametrize("fault", ["ContentRejected", "AttachmentRejected", "MessageTooLarge"])
def test_a_refused_content_says_nothing_about_the_mailbox(
    baton: InMemoryBaton, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(6):
        tell(baton, "Bounce", number=number, **{**SOFT, "bounceSubType": fault})
    assert (email(baton)["state"], email(baton)["reason"]) == ("soft_bounced", "rejected")
    assert baton.lead()["suppressed"] is None
    assert baton.world.consents.read(baton.lead()["lead_id"]).soft_bounces == 0
    failed = [line for line in capsys.readouterr().out.splitlines() if "message_failed" in line]
    assert len(failed) == 6, "the operator is told"


@pytest.mark.parametrize("kind", ["OnAccountSuppressionList", "Suppressed"])
def test_what_the_service_kept_back_was_not_sent(baton: InMemoryBaton, kind: str) -> None:
    tell(baton, "Bounce", **{**HARD, "bounceSubType": kind})
    assert (email(baton)["state"], email(baton)["reason"]) == ("bounced", "suppressed")
    sequence, step = email(baton)["id"].split("#")[3:5]
    numbers = baton.get(f"/v1/sequences/{sequence}/numbers")["steps"]
    (found,) = [one for one in numbers if one["id"] == step]
    assert (found["sent"], found["not_sent"]) == (0, {"suppressed": 1})


def test_the_fifth_soft_bounce_in_a_row_stops_the_emails(baton: InMemoryBaton) -> None:
    for number in range(12):
        assert (baton.lead()["suppressed"] == "bounced") == (number >= 5)
        tell(baton, "Bounce", number=number, **SOFT)
        baton.ports.clock.tick(timedelta(days=1))
    assert heard(baton) == ["bounced"] * 12


def test_a_delivery_between_soft_bounces_begins_the_count_anew(baton: InMemoryBaton) -> None:
    for number in range(8):
        if number == 4:
            tell(baton, "Delivery")
        tell(baton, "Bounce", number=number, **SOFT)
    assert baton.lead()["suppressed"] is None


@pytest.mark.parametrize("again", [..., "2026-11-22T10:00:07.000Z", None, 12])
def test_the_same_notice_with_another_time_is_one_event(
    baton: InMemoryBaton, again: object
) -> None:
    for stamp in ("2026-11-22T10:00:05.000Z", again, again):
        tell(baton, "Bounce", **SOFT, timestamp=stamp)
        baton.ports.clock.tick(timedelta(minutes=1))
    assert heard(baton) == ["bounced"]


@pytest.mark.parametrize(
    "stamp",
    [
        ...,
        None,
        1795000000,
        "",
        "yesterday",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        [],
        {},
    ],
)
def test_a_suppression_does_not_hang_on_a_time(baton: InMemoryBaton, stamp: object) -> None:
    tell(baton, "Bounce", **HARD, timestamp=stamp)
    assert baton.lead()["suppressed"] == "bounced"
    assert heard(baton) == ["bounced"]


def test_an_email_that_was_given_up_and_arrived_is_delivered() -> None:
    """The outbox said lost for ever, and the timeline delivered."""
    baton = InMemoryBaton()
    baton.ports.senders.answers = [Unclear()]
    baton.form("guide", consent=True, **ANN)
    baton.until_quiet()
    baton.minutes_later(16)
    assert email(baton)["state"] == "lost"
    tell(baton, "Delivery")
    assert (email(baton)["state"], email(baton)["reason"]) == ("delivered", None)


def test_late_evidence_keeps_a_handoff_from_going_again() -> None:
    """It waited to be sent once more, and the report that it had arrived was ignored."""
    baton = InMemoryBaton()
    baton.ports.senders.answers = [Unclear(), Unclear(), Unclear(), Unclear()]
    handed_over(baton)
    for _ in range(2):
        baton.minutes_later(16)
    assert handoff_email(baton)["state"] == "planned"
    tell(baton, "Delivery", handoff_email(baton)["id"])
    baton.minutes_later(120)
    assert handoff_email(baton)["state"] == "delivered"
    assert not [one for one in baton.ports.senders.sent if isinstance(one, Email)]


def test_a_suppression_that_lost_is_written_by_the_repeat(baton: InMemoryBaton) -> None:
    """The event was there, so the repeat was taken for one, and the emails went on."""
    whole = notice(email(baton)["id"], "Complaint")
    baton.world.mail_event(whole)
    key = (f"LEAD#{baton.lead()['lead_id']}", "CONSENT")
    consent = dict(baton.ports.memory.items[key])
    for name in ("suppressed", "suppressed_at_ms", "suppressions"):
        del consent[name]
    baton.ports.memory.items[key] = consent
    baton.world.mail_event(whole)
    assert baton.lead()["suppressed"] == "complained"


def test_a_suppression_stands_on_a_busy_table() -> None:
    for seed in seeds(20):
        baton = InMemoryBaton()
        baton.form("guide", consent=True, **ANN)
        baton.until_quiet()
        outbox_id = email(baton)["id"]
        baton.ports.memory.be_busy(seed)
        for kind in ("Bounce", "Complaint"):
            baton.world.mail_event(notice(outbox_id, kind, **(HARD if kind == "Bounce" else {})))
        reasons = baton.world.consents.read(baton.lead()["lead_id"]).suppressions
        assert set(reasons) == {"bounced", "complained"}


@pytest.mark.parametrize(
    ("kinds", "detail", "own", "other"),
    [
        (["Complaint"], {}, "complained", "complained"),
        (["Bounce"], HARD, "bounced", None),
        (["Bounce"] * 5, SOFT, "bounced", None),
        (["Bounce"] * 4, SOFT, None, None),
    ],
)
def test_a_complaint_is_the_mailboxs_and_a_bounce_its_addresss(
    baton: InMemoryBaton,
    kinds: list[str],
    detail: dict[str, Any],
    own: str | None,
    other: str | None,
) -> None:
    outbox_id = email(baton)["id"]
    for number, kind in enumerate(kinds):
        tell(baton, kind, outbox_id, number=number, **detail)
    another = "Ann+offers@acme.example"
    baton.form("guide", "v2", consent=True, **{**ANN, "email": another})
    baton.until_quiet()
    assert (baton.lead()["suppressed"], baton.lead(another)["suppressed"]) == (own, other)
    lead_id = baton.world.lead_id(another)
    (sent,) = baton.get(f"/v1/outbox?lead_id={lead_id}")["items"]
    assert (sent["state"], sent["reason"]) == (("suppressed", other) if other else ("sent", None))
    erased = f"LEAD#{baton.lead()['lead_id']}"
    items = baton.ports.memory.items
    baton.ports.memory.items = {key: item for key, item in items.items() if key[0] != erased}
    baton.form("guide", "v3", consent=True, **ANN)
    baton.until_quiet()
    assert baton.lead()["suppressed"] == own


def test_a_complaint_follows_a_merged_lead(baton: InMemoryBaton) -> None:
    outbox_id = email(baton)["id"]
    eve = "eve@acme.example"
    baton.form("contact", "v2", email=eve, consent=True)
    baton.until_quiet()
    ask(baton, "merge", {"other_lead_id": baton.lead()["lead_id"]}, email=eve)
    baton.world.mail_event(notice(outbox_id, "Complaint"))
    assert baton.lead(eve)["suppressed"] == "complained"


def handoff_email(baton: InMemoryBaton, part: str = "email") -> Any:
    return next(one for one in baton.outbox() if one["id"].endswith(f"#handoff#1#{part}"))


def handed_over(baton: InMemoryBaton) -> None:
    """A handoff to Sam, for whom Kim stands in."""
    people = [
        {"id": "sam", "name": "Sam", "email": "sam@keybook.example"},
        {"id": "kim", "name": "Kim", "email": "kim@keybook.example", "active": False},
    ]
    baton.world.documents.put("routing", {"people": people, "fallback": "kim"})
    baton.form("demo", **ANN)
    baton.until_quiet()


@pytest.mark.parametrize(
    ("kind", "detail"),
    [
        ("Bounce", HARD),
        ("Bounce", {**SOFT, "bounceSubType": "MailboxFull"}),
        ("Complaint", {}),
        ("Reject", {"reason": "Bad content"}),
    ],
)
def test_a_handoff_that_bounced_goes_to_the_fallback_person_once(
    baton: InMemoryBaton, kind: str, detail: dict[str, str]
) -> None:
    """A salesperson whose mailbox was closed got no lead any more, and nobody knew."""
    handed_over(baton)
    for number in range(3):
        tell(baton, kind, handoff_email(baton)["id"], number=number, **detail)
        tell(baton, "Complaint", handoff_email(baton)["id"], number=number)
    instead = [one for one in baton.ports.senders.sent if getattr(one, "to", "").startswith("kim")]
    assert len(instead) == 1
    assert isinstance(instead[0], Email)
    assert "did not arrive" in instead[0].text
    tell(baton, "Bounce", handoff_email(baton, "email#fallback")["id"], **HARD)
    keys = sorted(one["id"].partition("#")[2] for one in baton.outbox() if one["kind"] == "handoff")
    assert keys == [f"handoff#1#{part}" for part in ("email", "email#fallback", "sms", "sns")]


def test_a_late_bounce_passes_on_no_lead_that_was_called(baton: InMemoryBaton) -> None:
    """A complaint about the email of a lead that sales had won called the fallback person."""
    handed_over(baton)
    ask(baton, "stage", {"stage": "accepted", "reason": "called"})
    tell(baton, "Bounce", handoff_email(baton)["id"], **HARD)
    instead = handoff_email(baton, "email#fallback")
    assert (instead["state"], instead["reason"]) == ("cancelled", "taken_back")


def test_an_automatic_reply_to_a_handoff_is_not_passed_on(baton: InMemoryBaton) -> None:
    handed_over(baton)
    tell(baton, "Bounce", handoff_email(baton)["id"], **SOFT, bounceSubType="General")
    assert not any("fallback" in one["id"] for one in baton.outbox())


def test_the_fallback_person_with_the_same_mailbox_is_passed_over(baton: InMemoryBaton) -> None:
    people = [
        {"id": "sam", "name": "Sam", "email": "sam@keybook.example"},
        {"id": "kim", "name": "Kim", "email": "Sam@Keybook.example"},
        {"id": "max", "name": "Max", "email": "max@keybook.example"},
    ]
    routing = {"people": people, "fallback": "kim", "manager": "max"}
    baton.world.documents.put("routing", routing)
    baton.form("demo", **ANN)
    baton.until_quiet()
    tell(baton, "Bounce", handoff_email(baton)["id"], **HARD)
    assert handoff_email(baton, "email#fallback")["to"] == "max@keybook.example"


def test_a_text_is_told_by_its_own_service(baton: InMemoryBaton) -> None:
    baton.form("demo", **ANN)
    baton.until_quiet()
    text = next(one for one in baton.outbox() if one["via"] == "sms")
    for kind in ("TEXT_DELIVERED", "TEXT_SENT"):
        told = {"eventType": kind, "messageId": "t-1", "context": {"message": tag_of(text["id"])}}
        baton.world.mail_event(json.dumps(told))
    assert next(one for one in baton.outbox() if one["via"] == "sms")["state"] == "delivered"


def lines(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str | None]]:
    """What was logged of notices: the event, and its kind or reason."""
    every = map(json.loads, capsys.readouterr().out.splitlines())
    return [
        (line["event"], line.get("kind") or line.get("reason"))
        for line in every
        if line["event"].startswith("mail_event")
    ]


@pytest.mark.parametrize(
    ("kind", "detail", "counted"),
    [
        ("Send", {}, "sent"),
        ("Delivery", {}, "delivered"),
        ("Bounce", HARD, "hard_bounce"),
        ("Bounce", SOFT, "soft_bounce"),
        ("Bounce", {**SOFT, "bounceSubType": "General"}, "automatic_reply"),
        ("Complaint", {}, "complaint"),
        ("Complaint", {"complaintFeedbackType": "not-spam"}, "not_spam"),
        ("Reject", {}, "rejected"),
        ("Rendering Failure", {}, "rendering_failure"),
        ("DeliveryDelay", {"delayType": "MailboxFull"}, "delay"),
        ("Open", {"ipAddress": "192.0.2.1"}, "opened"),
        ("Click", {"ipAddress": "192.0.2.1"}, "clicked"),
        ("Subscription", {"unsubscribeAll": True}, "subscription"),
    ],
)
def test_each_notice_is_counted(
    baton: InMemoryBaton,
    capsys: pytest.CaptureFixture[str],
    kind: str,
    detail: dict[str, Any],
    counted: str,
) -> None:
    outbox_id = email(baton)["id"]
    capsys.readouterr()
    baton.world.mail_event(notice(outbox_id, kind, **detail))
    assert lines(capsys) == [("mail_event", counted)]


@pytest.mark.parametrize("kind", ["Complaint", "Bounce"])
def test_a_complaint_about_nothing_of_ours_is_told(
    baton: InMemoryBaton, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    untagged = {"notificationType": kind, "mail": {"messageId": "message-1"}, kind.lower(): HARD}
    baton.world.mail_event(json.dumps(untagged))
    counted = "complaint" if kind == "Complaint" else "hard_bounce"
    assert lines(capsys)[-2:] == [("mail_event", counted), ("mail_event_unmatched", counted)]


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
        "",
        None,
        "null",
        "[]",
        "7",
        "NaN",
        '"Successfully validated"',
        "[" * 100_000,
        '{"eventType": null}',
        '{"eventType": ["Bounce"], "mail": {"messageId": "m"}}',
        '{"eventType": "Surprise", "mail": {"messageId": "m"}}',
        '{"notificationType": "AmazonSnsSubscriptionSucceeded", "message": "Hello"}',
        '{"eventType": "Bounce", "mail": null}',
        '{"eventType": "Bounce", "mail": []}',
        '{"eventType": "Bounce", "bounce": [], "mail": {"messageId": "m", "tags": null}}',
        '{"eventType": "Bounce", "bounce": null, "mail": {"messageId": "m", "tags": []}}',
        '{"eventType": "Bounce", "mail": {"messageId": 7, "tags": {"message": "QUJD"}}}',
        '{"eventType": "Bounce", "mail": {"messageId": "m", "tags": {"message": ["\\u00fc"]}}}',
        '{"eventType": "Bounce", "mail": {"messageId": "\\ud800", "tags": {"message": ["QQ"]}}}',
        '{"eventType": "TEXT_DELIVERED", "messageId": "t", "context": null}',
        '{"eventType": "TEXT_SURPRISE", "messageId": "t"}',
        (
            '{"eventType": "Rendering Failure", "mail": {"messageId": "m", "tags": {"message":'
            ' ["TEVBRA"]}}}'
        ),
    ],
)
def test_what_is_not_about_a_message_of_ours_is_left(baton: InMemoryBaton, message: str) -> None:
    """A notice that raises comes twice more, and then fills the failure queue."""
    before = baton.kept()
    baton.world.mail_event(message)
    assert baton.kept() == before


@pytest.mark.parametrize(
    "outbox_id", ["L#nurture#1#welcome#1", "L#handoff#12#email", "ü#" + "x" * 100]
)
def test_a_tag_holds_a_messages_id_as_ses_allows(outbox_id: str) -> None:
    tag = tag_of(outbox_id)
    assert outbox_id_of(tag) == outbox_id
    assert tag.isascii()
    assert tag.replace("-", "").replace("_", "").isalnum()


def test_the_longest_messages_id_fits_a_tag() -> None:
    longest = f"{'L' * 26}#nurture#{10**6}#{'s' * 64}#{'p' * 64}"
    assert len(tag_of(longest)) <= 256
