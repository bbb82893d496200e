"""Notices: what SES and AWS End User Messaging report about a message, as a closed type. Pure.

The one parser of what the feedback topic brings. SES reports in two shapes: `eventType` (event
publishing) and `notificationType` (feedback of an identity). Nothing in a notice can make this
raise: what cannot be read is a notice of its own kind. AWS documents the shapes in the SES
Developer Guide, "Examples of event data that Amazon SES publishes to Amazon SNS", and in the End
User Messaging SMS guide, "Event types".
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from chalicelib.delivery.references import MESSAGE_TAG
from chalicelib.events import parse_time

TAG_MAX_CHARS = 256
"""Of an id or a tag; SES allows a tag 256 characters, and its ids are shorter."""


class NoticeKind(StrEnum):
    """What a notice reports."""

    SENT = "sent"  # the service has taken it
    DELIVERED = "delivered"  # the recipient's server took it
    AUTOMATIC_REPLY = "automatic_reply"  # an out-of-office answer, which SES reports as a bounce
    SOFT_BOUNCE = "soft_bounce"  # the recipient's server did not take it; it may take another
    CONTENT_BOUNCE = "content_bounce"  # it did not take this email, for what is in it
    HARD_BOUNCE = "hard_bounce"  # the recipient's server refused it for good
    COMPLAINT = "complaint"  # the recipient called it spam
    NOT_SPAM = "not_spam"  # the recipient took it out of the spam folder
    REJECTED = "rejected"  # the service found something bad in it, and did not send it
    RENDERING_FAILURE = "rendering_failure"  # the service could not render it
    DELAY = "delay"  # the recipient's server does not take it yet
    OPENED = "opened"
    CLICKED = "clicked"
    SUBSCRIPTION = "subscription"  # a preference of a list that the service manages
    UNREADABLE = "unreadable"  # not a notice that we know how to read


class UnreadableReason(StrEnum):
    """Why a notice cannot be read."""

    GREETING = "greeting"  # what SES sends to a topic that it may publish to from now on
    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    UNKNOWN_KIND = "unknown_kind"
    NO_MESSAGE_ID = "no_message_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One report of a service."""

    kind: NoticeKind
    reason: UnreadableReason | None = None
    """Why it cannot be read; None when it can."""
    message_id: str = ""
    """The service's id for the message."""
    tag: str | None = None
    """What we gave the service to tell the message by; None when the notice does not carry it."""
    feedback_id: str = ""
    """Tells two bounces or complaints about one message apart."""
    at: datetime | None = None
    """By the clock of the recipient's server, which may be wrong; None when it cannot be read."""
    is_general: bool = False
    """Whether a bounce has no reason of its own, as an automatic reply has none."""
    is_kept_back: bool = False
    """Whether SES has not sent it: the address stands on a suppression list of its own."""

    @property
    def identity(self) -> str:
        """What tells this notice from others about the same message. Never its time: the same
        notice may come again with another one (ADR 0028).
        """
        return f"{self.message_id}/{self.kind}/{self.feedback_id}"


#: SES's type of an event, in lower case and without blanks, that needs no second look.
PLAIN_KINDS: Mapping[str, NoticeKind] = {
    "send": NoticeKind.SENT,
    "delivery": NoticeKind.DELIVERED,
    "reject": NoticeKind.REJECTED,
    "renderingfailure": NoticeKind.RENDERING_FAILURE,
    "deliverydelay": NoticeKind.DELAY,
    "open": NoticeKind.OPENED,
    "click": NoticeKind.CLICKED,
    "subscription": NoticeKind.SUBSCRIPTION,
}
#: End User Messaging's type of an event.
TEXT_KINDS: Mapping[str, NoticeKind] = {
    "TEXT_QUEUED": NoticeKind.SENT,
    "TEXT_PENDING": NoticeKind.SENT,
    "TEXT_SENT": NoticeKind.SENT,
    "TEXT_SUCCESSFUL": NoticeKind.SENT,  # the carrier took it; nobody knows whether the phone did
    "TEXT_DELIVERED": NoticeKind.DELIVERED,
    "TEXT_UNREACHABLE": NoticeKind.SOFT_BOUNCE,
    "TEXT_CARRIER_UNREACHABLE": NoticeKind.SOFT_BOUNCE,
    "TEXT_TTL_EXPIRED": NoticeKind.SOFT_BOUNCE,
    "TEXT_UNKNOWN": NoticeKind.SOFT_BOUNCE,
    "TEXT_INVALID": NoticeKind.HARD_BOUNCE,
    "TEXT_INVALID_MESSAGE": NoticeKind.HARD_BOUNCE,
    "TEXT_BLOCKED": NoticeKind.HARD_BOUNCE,
    "TEXT_CARRIER_BLOCKED": NoticeKind.HARD_BOUNCE,
    "TEXT_PROTECT_BLOCKED": NoticeKind.HARD_BOUNCE,
    "TEXT_SPAM": NoticeKind.HARD_BOUNCE,
}
#: SES's sub-types of a bounce that is about the email, not about the mailbox.
CONTENT_FAULTS = frozenset({"contentrejected", "attachmentrejected", "messagetoolarge"})
#: Those of a bounce that SES reports of an email that it has not sent.
KEPT_BACK = frozenset({"suppressed", "onaccountsuppressionlist"})
GREETINGS = ("Successfully validated SNS topic", "You have successfully subscribed")
GREETING_TYPE = "AmazonSnsSubscriptionSucceeded"


def parse_notice(text: str) -> Notice:
    """Return what a message of the feedback topic reports. Never raise for what is in it."""
    try:
        found = json.loads(text)
    # TypeError: a topic's message that is not text; RecursionError: a thousand brackets.
    except (TypeError, ValueError, RecursionError):
        is_greeting = str(text).startswith(GREETINGS)
        return _unreadable(UnreadableReason.GREETING if is_greeting else UnreadableReason.NOT_JSON)
    if not isinstance(found, dict):
        return _unreadable(UnreadableReason.NOT_AN_OBJECT)
    kind = _text(found, "eventType") or _text(found, "notificationType")
    if kind == GREETING_TYPE:
        return _unreadable(UnreadableReason.GREETING)
    if kind.startswith("TEXT_"):
        return _of_text(kind, found)
    return _of_email("".join(kind.split()).lower(), found)


def _of_email(kind: str, notice: Mapping[str, Any]) -> Notice:
    """Return a notice about an email. kind: in lower case, without blanks."""
    detail = _part(notice, kind)
    found = _kind_of_email(kind, detail)
    if found is None:
        return _unreadable(UnreadableReason.UNKNOWN_KIND)
    mail = _part(notice, "mail")
    message_id = _text(mail, "messageId")
    if not message_id:
        return _unreadable(UnreadableReason.NO_MESSAGE_ID)
    tags = _part(mail, "tags").get(MESSAGE_TAG)
    first = tags[0] if isinstance(tags, list) and tags else None
    return Notice(
        kind=found,
        message_id=message_id,
        tag=_plain(first) or None,
        feedback_id=_text(detail, "feedbackId"),
        at=_time(detail.get("timestamp")),
        is_general=_word(detail, "bounceSubType") == "general",
        is_kept_back=kind == "bounce" and _word(detail, "bounceSubType") in KEPT_BACK,
    )


def _kind_of_email(kind: str, detail: Mapping[str, Any]) -> NoticeKind | None:
    if kind == "bounce":
        return _kind_of_bounce(detail)
    if kind == "complaint":
        is_rescue = _word(detail, "complaintFeedbackType") == "not-spam"
        return NoticeKind.NOT_SPAM if is_rescue else NoticeKind.COMPLAINT
    return PLAIN_KINDS.get(kind)


def _kind_of_bounce(bounce: Mapping[str, Any]) -> NoticeKind:
    """Return what a bounce is. A general one whose recipients have no status is an answer that the
    mailbox gave by itself: a server that refuses an email gives a status (RFC 3464).
    """
    if _word(bounce, "bounceType") == "permanent":
        return NoticeKind.HARD_BOUNCE
    if _word(bounce, "bounceSubType") in CONTENT_FAULTS:
        return NoticeKind.CONTENT_BOUNCE
    recipients = bounce.get("bouncedRecipients")
    has_status = isinstance(recipients, list) and any(
        isinstance(one, dict) and _text(one, "status") for one in recipients
    )
    is_transient = _word(bounce, "bounceType") == "transient"
    is_general = _word(bounce, "bounceSubType") == "general"
    is_reply = is_transient and is_general and not has_status
    return NoticeKind.AUTOMATIC_REPLY if is_reply else NoticeKind.SOFT_BOUNCE


def _of_text(kind: str, notice: Mapping[str, Any]) -> Notice:
    """Return a notice about a text message."""
    found = TEXT_KINDS.get(kind)
    if found is None:
        return _unreadable(UnreadableReason.UNKNOWN_KIND)
    message_id = _text(notice, "messageId")
    if not message_id:
        return _unreadable(UnreadableReason.NO_MESSAGE_ID)
    tag = _text(_part(notice, "context"), MESSAGE_TAG) or None
    return Notice(kind=found, message_id=message_id, tag=tag)


def _unreadable(reason: UnreadableReason) -> Notice:
    return Notice(kind=NoticeKind.UNREADABLE, reason=reason)


def _part(whole: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = whole.get(name)
    return found if isinstance(found, dict) else {}


def _text(part: Mapping[str, Any], name: str) -> str:
    return _plain(part.get(name))


def _word(part: Mapping[str, Any], name: str) -> str:
    """Return a word in lower case: mailbox providers do not agree on one (RFC 5965, section 3)."""
    return _text(part, name).lower()


def _plain(value: object) -> str:
    """Return a text that can be stored and hashed, an empty one for anything else."""
    is_plain = isinstance(value, str) and len(value) <= TAG_MAX_CHARS and value.isprintable()
    return str(value) if is_plain else ""


def _time(value: object) -> datetime | None:
    try:
        return parse_time(value) if isinstance(value, str) else None
    except ValueError:
        return None
