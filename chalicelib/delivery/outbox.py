"""Messages: one effect each that must happen once, and the states it goes through (ADR 0003).

`MESSAGE_EDGES` is the one table of the changes that are legal. Every change of a state goes through
`change_state`, which asserts that it stands there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.delivery.marks import Mark
from chalicelib.delivery.message_keys import MessageKey, MessageKind, outbox_id
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.limits import LEASE_SECONDS

#: The stream delivers within seconds; later the clock looks after the message.
FIRST_LOOK = timedelta(minutes=2)


class MessageState(StrEnum):
    """What has become of a message."""

    HELD = "held"  # a publish caused it: it waits until a person releases it
    PLANNED = "planned"  # decided, not yet taken; or put back, and waits to be sent again
    CLAIMED = "claimed"  # a worker is sending it now
    SENT = "sent"  # the service took it
    SOFT_BOUNCED = "soft_bounced"  # the recipient's server did not take it; it may take another
    DELIVERED = "delivered"  # the recipient's server took it
    BOUNCED = "bounced"  # the recipient's server refused it for good
    COMPLAINED = "complained"  # the recipient called it spam
    REFUSED = "refused"  # it cannot be sent, or the service will never take it
    UNKNOWN = "unknown"  # its worker was lost between sending and settling
    SUPPRESSED = "suppressed"  # the person does not want it
    CANCELLED = "cancelled"  # the decision was taken back
    LOST = "lost"  # given up: it waited for too long, or it must not leave twice


class Via(StrEnum):
    """By what a message leaves."""

    EMAIL = "email"
    SNS = "sns"
    SMS = "sms"
    WEBHOOK = "webhook"  # into a chat: Slack or Teams


#: What a notice can report of a message that has left, as its rank rises.
REPORTED = (
    MessageState.SENT,
    MessageState.SOFT_BOUNCED,
    MessageState.DELIVERED,
    MessageState.BOUNCED,
    MessageState.COMPLAINED,
)

#: From -> to. What has left in one state may be reported in each of a higher rank. A notice only
#: ever raises the rank.
MESSAGE_EDGES: Mapping[MessageState, frozenset[MessageState]] = {
    MessageState.HELD: frozenset(
        {
            MessageState.PLANNED,  # released
            MessageState.CANCELLED,  # its lead moved on, or turned out to be another
        }
    ),
    MessageState.PLANNED: frozenset(
        {
            MessageState.CLAIMED,
            # it waits: a switch is off, the hour's budget is spent, a box is not confirmed yet
            MessageState.PLANNED,
            *REPORTED,  # a late notice: it had left before it was put back
            MessageState.REFUSED,  # it cannot be composed
            MessageState.LOST,  # its switch was off for too long
            MessageState.SUPPRESSED,
            MessageState.CANCELLED,
        }
    ),
    MessageState.CLAIMED: frozenset(
        {
            *REPORTED,  # by the worker, or by a notice that was quicker
            MessageState.REFUSED,
            MessageState.PLANNED,  # it waits, to be sent again
            MessageState.LOST,  # it has waited for too long
            MessageState.UNKNOWN,
        }
    ),
    MessageState.UNKNOWN: frozenset(
        {
            *REPORTED,  # a notice is the evidence that it left
            MessageState.REFUSED,
            MessageState.PLANNED,  # without evidence, for sales: once more
            MessageState.LOST,  # without evidence, for the lead: never twice
        }
    ),
    MessageState.SENT: frozenset({*REPORTED[1:], MessageState.REFUSED}),
    MessageState.SOFT_BOUNCED: frozenset(REPORTED[2:]),
    MessageState.DELIVERED: frozenset(REPORTED[3:]),
    MessageState.BOUNCED: frozenset(REPORTED[4:]),
    MessageState.COMPLAINED: frozenset(),
    MessageState.REFUSED: frozenset(),
    MessageState.SUPPRESSED: frozenset(),
    MessageState.CANCELLED: frozenset(),
    MessageState.LOST: frozenset({*REPORTED, MessageState.REFUSED}),  # late evidence that it left
}

#: Something is left to do, so the clock looks after it.
OPEN = frozenset({MessageState.PLANNED, MessageState.CLAIMED, MessageState.UNKNOWN})
#: It has left, or may have.
LEFT = frozenset({MessageState.CLAIMED, MessageState.UNKNOWN, *REPORTED})
#: Nobody has read it, and nothing more will be done about it.
ENDED_BADLY = frozenset(
    {MessageState.REFUSED, MessageState.LOST, MessageState.BOUNCED, MessageState.COMPLAINED}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxMessage:
    """One effect."""

    lead_id: str
    key: MessageKey
    """What it means; one message of a lead has it."""
    via: Via
    to: str | None
    """An address or a phone number; of a chat its name, since the URL is a secret. None for the
    topic, and for a person without one."""
    about: int
    """The standing's version of the transition that wants it."""
    created_at: datetime
    due_at: datetime | None
    """When the clock looks after it; None when nothing is left to do."""
    receiver: str | None = None
    """The salesperson whom it goes to, by the id in the routing document; None: nobody there."""
    email: str | None = None
    """The id of the stored email that it sends; None where there is none."""
    email_version: int | None = None
    """Which version of that it was made from; None before that."""
    held_by: str | None = None
    """The job of the publish that held it, or still does; None: nothing ever did."""
    captured_at: datetime | None = None
    """When the event that caused it was captured; None when only time had passed."""
    cause: tuple[str, str] | None = None
    """The partition and the id of the event that a notice is about, which it shows first."""
    trace: str | None = None
    """What the log lines from that event on have in common (ADR 0031)."""
    subject: str | None = None
    """What it was sent under; None before that, and for a text."""
    state: MessageState = MessageState.PLANNED
    reason: NotSentReason | None = None
    """Why it was not sent, or not yet."""
    message_id: str | None = None
    """The service's id for it, once it has left."""
    claims: int = 0
    """How often a worker took it."""
    doubts: int = 0
    """After how many of these nobody could tell whether it had left."""
    claimed_at: datetime | None = None
    owed_from: datetime | None = None
    """When a switch or a budget last kept it from leaving, though it is owed: its week counts from
    then. None: never, so it counts from its planning."""
    heard: Mapping[str, datetime] = field(default_factory=dict)
    """The notices that became events of the lead: the identity of each, and the event's time."""
    marks: frozenset[Mark] = frozenset()
    """What became of it, and what the person did with it."""
    is_counted: bool = True
    """Whether the numbers of its step know of it; False for one that earlier code planned."""
    detail: str | None = None
    """What its reason is about, where that has a name: of `exited` the goal."""
    version: int = 1
    """Grows with each change: a write holds only on the version that was read."""

    @property
    def kind(self) -> MessageKind:
        """What it is for."""
        return self.key.kind

    @property
    def sequence(self) -> str | None:
        """The sequence that it is a step of; None for what is not an email of marketing's."""
        return self.key.parts[0] if self.kind is MessageKind.NURTURE else None

    @property
    def waits_since(self) -> datetime:
        """From when it counts how long it waits: for a week at most."""
        return self.owed_from or self.created_at

    @property
    def id(self) -> str:
        """The message's id, by which mail events name it."""
        return outbox_id(self.lead_id, self.key)


def planned(
    *,
    lead_id: str,
    key: MessageKey,
    via: Via,
    to: str | None,
    about: int,
    now: datetime,
    receiver: str | None = None,
    email: str | None = None,
    held_by: str | None = None,
    waits: tuple[NotSentReason, datetime] | None = None,
) -> OutboxMessage:
    """Return a new message, as the decision that wants it writes it: planned, unless it is held.

    waits: why it does not leave at once, and until when.
    """
    reason, due_at = waits or (None, now + FIRST_LOOK)
    return OutboxMessage(
        lead_id=lead_id,
        key=key,
        via=via,
        to=to,
        about=about,
        created_at=now,
        due_at=None if held_by else due_at,
        receiver=receiver,
        email=email,
        held_by=held_by,
        state=MessageState.HELD if held_by else MessageState.PLANNED,
        reason=reason,
    )


def change_state(
    message: OutboxMessage,
    state: MessageState,
    *,
    due_at: datetime | None,
    reason: NotSentReason | None,
) -> OutboxMessage:
    """Return the message in another state. Asserts that the edge is legal, and that exactly an
    open message has a time at which the clock looks after it.
    """
    assert state in MESSAGE_EDGES[message.state], f"no edge {message.state} -> {state}"
    assert (due_at is not None) == (state in OPEN), f"{state} and due at {due_at}"
    return replace(message, state=state, due_at=due_at, reason=reason, version=message.version + 1)


def claimed(message: OutboxMessage, now: datetime) -> OutboxMessage:
    """Return the planned message as a worker takes it. Its lease ends at due_at: from then on
    nobody knows whether it left.
    """
    taken = replace(message, claims=message.claims + 1, claimed_at=now)
    due_at = now + timedelta(seconds=LEASE_SECONDS)
    return change_state(taken, MessageState.CLAIMED, due_at=due_at, reason=message.reason)


def settled(
    message: OutboxMessage,
    state: MessageState,
    *,
    reason: NotSentReason | None = None,
    message_id: str | None = None,
) -> OutboxMessage:
    """Return the message in a state that needs no further look."""
    known = replace(message, message_id=message_id or message.message_id)
    return change_state(known, state, due_at=None, reason=reason)


def released(message: OutboxMessage, now: datetime) -> OutboxMessage:
    """Return the held message as one that goes out like any other, from the clock's next tick on.

    No new item is made, so the stream does not deliver it. It counts as
    planned at its release: it is not given up for the time that a person held it.
    """
    anew = replace(message, created_at=now)
    return change_state(anew, MessageState.PLANNED, due_at=now, reason=None)


def cancelled(message: OutboxMessage) -> OutboxMessage:
    """Return the planned or held message of a decision that was taken back."""
    return settled(message, MessageState.CANCELLED, reason=NotSentReason.TAKEN_BACK)
