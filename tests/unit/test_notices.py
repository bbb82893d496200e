"""The one parser of what services report: every shape, and whatever else a topic may bring."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.delivery.notices import (
    TEXT_KINDS,
    NoticeKind,
    UnreadableReason,
    parse_notice,
)
from chalicelib.delivery.references import tag_of
from tests.baton import ANN, InMemoryBaton

PLAIN = some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=9)
ANYTHING = some.recursive(
    PLAIN, lambda one: some.lists(one, max_size=3) | some.dictionaries(some.text(), one, max_size=3)
)
KINDS = [
    *("Send", "Delivery", "Bounce", "Complaint", "Reject", "Rendering Failure"),
    *("DeliveryDelay", "Open", "Click", "Subscription", "TEXT_DELIVERED", "TEXT_BLOCKED"),
]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Successfully validated SNS topic for Amazon SES event publishing.", "greeting"),
        ("You have successfully subscribed your Amazon SNS topic 'x' to receive.", "greeting"),
        ('{"notificationType": "AmazonSnsSubscriptionSucceeded"}', "greeting"),
        ("", "not_json"),
        ("{", "not_json"),
        ("[" * 100_000, "not_json"),
        ("null", "not_an_object"),
        ("[]", "not_an_object"),
        ('"Bounce"', "not_an_object"),
        ("{}", "unknown_kind"),
        ('{"eventType": "Surprise", "mail": {"messageId": "m"}}', "unknown_kind"),
        ('{"eventType": "TEXT_SURPRISE", "messageId": "m"}', "unknown_kind"),
        ('{"eventType": "Bounce"}', "no_message_id"),
        ('{"eventType": "Bounce", "mail": null}', "no_message_id"),
        ('{"eventType": "Bounce", "mail": {"messageId": 7}}', "no_message_id"),
        ('{"eventType": "Bounce", "mail": {"messageId": "' + "m" * 300 + '"}}', "no_message_id"),
        ('{"eventType": "TEXT_SENT", "messageId": null}', "no_message_id"),
    ],
)
def test_why_a_notice_cannot_be_read(text: str, reason: str) -> None:
    notice = parse_notice(text)
    assert (notice.kind, notice.reason) == (NoticeKind.UNREADABLE, UnreadableReason(reason))


@pytest.mark.parametrize("shape", ["eventType", "notificationType"])
def test_both_shapes_say_the_same(shape: str) -> None:
    bounce = {
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "feedbackId": "f",
        "timestamp": "2026-11-22T10:00:05.000Z",
    }
    mail = {"messageId": "m", "tags": {"message": ["t"]}, "timestamp": "2018-10-08 +0000"}
    notice = parse_notice(json.dumps({shape: "Bounce", "bounce": bounce, "mail": mail}) + "\n")
    assert (notice.kind, notice.tag, notice.identity) == ("hard_bounce", "t", "m/hard_bounce/f")
    assert notice.at == datetime(2026, 11, 22, 10, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize("kind", TEXT_KINDS)
def test_a_text_is_reported_with_our_reference(kind: str) -> None:
    told = {"eventType": kind, "messageId": "m", "context": {"message": "t"}, "isFinal": True}
    notice = parse_notice(json.dumps(told))
    assert (notice.kind, notice.tag, notice.message_id) == (TEXT_KINDS[kind], "t", "m")


@given(text=some.text() | ANYTHING.map(json.dumps))
def test_nothing_makes_the_parser_raise(text: str) -> None:
    notice = parse_notice(text)
    assert (notice.kind is NoticeKind.UNREADABLE) == (notice.reason is not None)


@pytest.fixture(scope="module")
def baton() -> InMemoryBaton:
    """A Baton that has sent an email and a handoff."""
    baton = InMemoryBaton()
    baton.form("guide", consent=True, **ANN)
    baton.form("demo", **ANN)
    baton.until_quiet()
    return baton


@given(
    shape=some.sampled_from(["eventType", "notificationType"]),
    kind=some.sampled_from(KINDS),
    about=some.dictionaries(
        some.sampled_from(["bounceType", "bounceSubType", "feedbackId", "timestamp", "x"]),
        some.sampled_from(["Permanent", "Transient", "General", "9999-12-31T00:00:00Z"]) | ANYTHING,
    )
    | ANYTHING,
    mail=some.dictionaries(some.sampled_from(["messageId", "destination"]), ANYTHING),
    tags=some.sampled_from(["nurture#1#welcome#1", "handoff#1#email", "handoff#9#email"])
    | ANYTHING,
)
def test_no_content_makes_feedback_raise(
    baton: InMemoryBaton, shape: str, kind: str, about: Any, mail: dict[str, Any], tags: Any
) -> None:
    """What raises comes twice more, and then fills the failure queue and its alarm."""
    lead_id = baton.world.lead_id(ANN["email"])
    tagged = [tag_of(f"{lead_id}#{tags}")] if isinstance(tags, str) else tags
    told = {
        shape: kind,
        kind.lower(): about,
        "messageId": "m",
        "context": {"message": tagged},
        "mail": {"messageId": "m", "tags": {"message": tagged}, **mail},
    }
    baton.world.mail_event(json.dumps(told))
