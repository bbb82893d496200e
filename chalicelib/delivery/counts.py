"""What is counted of sequences, each with the write that makes it true (ADR 0060)."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.delivery.marks import Mark
from chalicelib.delivery.outbox import LEFT, OPEN, MessageState, OutboxMessage
from chalicelib.delivery.reasons import NotSentReason

MAY_LEAVE = OPEN | {MessageState.HELD}
"""States of an email that is neither sent nor given up."""


class NumberOf(StrEnum):
    """What is counted of a sequence, or of one of its steps."""

    ENTERED = "entered"  # leads
    EXITED = "exited"  # leads, by why
    WAITING = "waiting"  # leads that wait for the step
    PLANNED = "planned"  # emails, as all below
    SENT = "sent"
    NOT_SENT = "not_sent"  # by reason
    HELD_UP = "held_up"  # it waits, by reason
    DELIVERED = "delivered"
    SOFT_BOUNCED = "soft_bounced"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    CLICKED = "clicked"  # by people
    MACHINES = "machines"  # clicked by machines
    REPLIED = "replied"
    UNSUBSCRIBED = "unsubscribed"


COUNTED_MARKS = {
    Mark.DELIVERED: NumberOf.DELIVERED,
    Mark.SOFT_BOUNCED: NumberOf.SOFT_BOUNCED,
    Mark.BOUNCED: NumberOf.BOUNCED,
    Mark.COMPLAINED: NumberOf.COMPLAINED,
    Mark.CLICKED: NumberOf.CLICKED,
    Mark.MACHINE: NumberOf.MACHINES,
    Mark.REPLIED: NumberOf.REPLIED,
    Mark.UNSUBSCRIBED: NumberOf.UNSUBSCRIBED,
}
"""What each mark of an email counts as."""


@dataclass(frozen=True, slots=True)
class Count:
    """Something that is counted with a decision, in its own transaction."""

    sequence: str
    """The sequence that it is counted for."""
    what: str
    """For example `entered`, or `exited:reply`; of a step with its id: `waiting:1`."""
    by: int = 1


def count_change(before: OutboxMessage | None, after: OutboxMessage | None) -> Iterator[Count]:
    """Yield what a write of a message changes in the numbers of its step, nothing unless it is a
    marketing email.

    before: None for one that is planned; after: None for one that an erasure deletes. An email is
    always one of three: it was sent, it waits, or it was not sent for a reason. So planned is the
    sum of these, whatever becomes of it.
    """
    one = after or before
    if one is None or one.key.step is None or not one.is_counted:
        return
    sequence, step = one.key.step
    was = _counted(before, step) if before else frozenset()
    now = _counted(after, step) if after else _erased(one, step)
    for what in sorted(now - was):
        yield Count(sequence, what)
    for what in sorted(was - now):
        yield Count(sequence, what, -1)


def _counted(message: OutboxMessage, step: str) -> frozenset[str]:
    """Return in which numbers a message is one."""
    numbers = [NumberOf.PLANNED, *(COUNTED_MARKS[mark] for mark in message.marks)]
    found = {f"{number}:{step}" for number in numbers}
    if message.state in MAY_LEAVE:
        # How many wait is the rest: what is planned, without what was sent and what was not.
        held_up = {f"{NumberOf.HELD_UP}:{step}:{message.reason}"} if message.reason else set()
        return frozenset(found | held_up)
    reason = _not_sent(message)
    ended = f"{NumberOf.NOT_SENT}:{step}:{reason}" if reason else f"{NumberOf.SENT}:{step}"
    return frozenset(found | {ended})


def _not_sent(message: OutboxMessage) -> NotSentReason | None:
    """Return why a message that ended was not sent, None when it was.

    What the service kept back itself, for its own list of suppressed addresses, it reports as a
    bounce: that never left either.
    """
    if message.state in LEFT and message.reason is not NotSentReason.SUPPRESSED:
        return None
    return message.reason or NotSentReason.TAKEN_BACK


def _erased(message: OutboxMessage, step: str) -> frozenset[str]:
    """Return in which numbers an email stays one whose person was erased."""
    numbers = _counted(message, step)
    if message.state not in MAY_LEAVE:
        return numbers
    held_up = f"{NumberOf.HELD_UP}:{step}:{message.reason}"
    return (numbers - {held_up}) | {f"{NumberOf.NOT_SENT}:{step}:{NotSentReason.ERASED}"}
