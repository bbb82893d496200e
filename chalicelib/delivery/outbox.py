"""Messages: one effect each that must happen once, and the states it goes through.

planned -> claimed -> sent -> delivered | bounced | complained; claimed -> planned (throttled),
refused, unknown; unknown -> sent (evidence), planned (handoffs), lost; planned -> suppressed |
cancelled | lost.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.limits import EVIDENCE_MINUTES, LEASE_SECONDS


class MessageState(StrEnum):
    """What has become of a message."""

    PLANNED = "planned"  # decided, not yet taken
    CLAIMED = "claimed"  # a worker is sending it now
    SENT = "sent"  # the service took it
    DELIVERED = "delivered"  # the recipient's server took it
    BOUNCED = "bounced"  # the recipient's server refused it
    COMPLAINED = "complained"  # the recipient called it spam
    REFUSED = "refused"  # the service will never take it
    UNKNOWN = "unknown"  # its worker was lost between sending and settling
    SUPPRESSED = "suppressed"  # the person does not want it
    CANCELLED = "cancelled"  # the decision was taken back
    LOST = "lost"  # cannot be known to have left, and must not leave twice


# Feedback only ever raises the rank.
RANK = {
    MessageState.SENT: 1,
    MessageState.DELIVERED: 2,
    MessageState.BOUNCED: 3,
    MessageState.COMPLAINED: 4,
}
OPEN = frozenset({MessageState.PLANNED, MessageState.CLAIMED, MessageState.UNKNOWN})
LEFT = frozenset({MessageState.CLAIMED, MessageState.UNKNOWN, *RANK})  # has left, or may have


class Via(StrEnum):
    """By what a message leaves."""

    EMAIL = "email"
    SNS = "sns"
    SMS = "sms"


class NotSentReason(StrEnum):
    """Why something was not sent. A closed set: each is counted, and named in
    docs/architecture.md.
    """

    NO_CONSENT = "no_consent"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    NO_ADDRESS = "no_address"
    NO_PHONE = "no_phone"
    NO_EMAIL = "no_email"
    NOT_RENDERED = "not_rendered"
    REJECTED = "rejected"
    THROTTLED = "throttled"
    UNCLEAR = "unclear"
    NO_EVIDENCE = "no_evidence"
    TAKEN_BACK = "taken_back"


NURTURE, HANDOFF = "nurture", "handoff"
CORRECTION, WARNING, TRIAGE = (
    "correction",
    "warning",
    "triage",
)  # what sales is told beside a handoff
THROTTLED_MAX_CLAIMS = 20  # with the growing wait below: half a day of trying
UNCLEAR_MAX_CLAIMS = (
    5  # a handoff that stays unclear for an hour is an outage, not a reason to send for ever
)
FIRST_LOOK = timedelta(
    minutes=2
)  # the stream delivers within seconds; later the clock looks after it


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxMessage:
    """One effect. key: what it means, for example `nurture#1#welcome#1` or `handoff#1#email`.

    to: an address, a phone number, or None for a topic and for a person without one. about: the
    standing's version of the transition that wants it. claims: how often a worker took it. due_at:
    when the clock looks after it, None when nothing is left to do.
    """

    lead_id: str
    key: str
    via: Via
    to: str | None
    about: int
    created_at: datetime
    due_at: datetime | None
    email: str | None = None
    state: MessageState = MessageState.PLANNED
    reason: str | None = None
    message_id: str | None = None
    claims: int = 0
    claimed_at: datetime | None = None
    version: int = 1

    @property
    def kind(self) -> str:
        """email, handoff, correction, warning or triage."""
        return self.key.partition("#")[0]

    @property
    def id(self) -> str:
        """The message's id, by which mail events name it."""
        return f"{self.lead_id}#{self.key}"


def planned(
    lead_id: str,
    key: str,
    via: Via,
    to: str | None,
    about: int,
    now: datetime,
    email: str | None = None,
) -> OutboxMessage:
    """A new message, as the decision that wants it writes it."""
    return OutboxMessage(
        lead_id=lead_id,
        key=key,
        via=via,
        to=to,
        about=about,
        created_at=now,
        due_at=now + FIRST_LOOK,
        email=email,
    )


def claimed(message: OutboxMessage, now: datetime) -> OutboxMessage:
    """The message taken by a worker. Its lease ends at due_at: then nobody knows whether it
    left.
    """
    due_at = now + timedelta(seconds=LEASE_SECONDS)
    return replace(
        message,
        state=MessageState.CLAIMED,
        claims=message.claims + 1,
        claimed_at=now,
        due_at=due_at,
        version=message.version + 1,
    )


def settled(
    message: OutboxMessage,
    state: MessageState,
    *,
    reason: NotSentReason | None = None,
    message_id: str | None = None,
) -> OutboxMessage:
    """The message in a state that needs no further look."""
    return replace(
        message,
        state=state,
        reason=reason,
        message_id=message_id or message.message_id,
        due_at=None,
        version=message.version + 1,
    )


def cancelled(message: OutboxMessage) -> OutboxMessage:
    """The planned message of a decision that was taken back."""
    return settled(message, MessageState.CANCELLED, reason=NotSentReason.TAKEN_BACK)


def throttled(message: OutboxMessage, now: datetime) -> OutboxMessage:
    """The claimed message put back: a minute's wait, doubling up to an hour; lost after twenty
    tries.
    """
    if message.claims >= THROTTLED_MAX_CLAIMS:
        return settled(message, MessageState.LOST, reason=NotSentReason.THROTTLED)
    wait = timedelta(minutes=min(60, 2 ** (message.claims - 1)))
    return replace(
        message,
        state=MessageState.PLANNED,
        reason=NotSentReason.THROTTLED,
        due_at=now + wait,
        version=message.version + 1,
    )


def unclear(message: OutboxMessage) -> OutboxMessage:
    """The claimed message of which nobody knows whether it left: fifteen minutes are given for
    evidence.
    """
    assert message.claimed_at is not None, "a message that was never claimed cannot be unclear"
    due_at = message.claimed_at + timedelta(minutes=EVIDENCE_MINUTES)
    return replace(
        message,
        state=MessageState.UNKNOWN,
        reason=NotSentReason.UNCLEAR,
        due_at=due_at,
        version=message.version + 1,
    )


def without_evidence(message: OutboxMessage, now: datetime) -> OutboxMessage:
    """The unknown message after fifteen minutes: an email is given up (at most once), a handoff
    goes again, with the same reference (at least once), five times in all.
    """
    if message.kind == NURTURE or message.claims >= UNCLEAR_MAX_CLAIMS:
        return settled(message, MessageState.LOST, reason=NotSentReason.NO_EVIDENCE)
    return replace(
        message,
        state=MessageState.PLANNED,
        reason=NotSentReason.NO_EVIDENCE,
        due_at=now,
        version=message.version + 1,
    )


def with_evidence(
    message: OutboxMessage, state: MessageState, message_id: str
) -> OutboxMessage | None:
    """The message after a mail event, or None when the event tells nothing new: the rank only ever
    rises.
    """
    if message.state in (MessageState.CLAIMED, MessageState.UNKNOWN) or RANK[state] > RANK.get(
        message.state, len(RANK)
    ):
        return settled(replace(message, reason=None), state, message_id=message_id)
    return None
