"""What keeps a message that is in order from leaving now: a switch, the hour's budget, or a ticked
box that has yet to be confirmed. Pure.

None is a try, and none is held against the message (ADR 0039).
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from chalicelib.days import hour_of
from chalicelib.delivery.message_keys import MessageKind
from chalicelib.delivery.messages import Hold
from chalicelib.delivery.outbox import MessageState, OutboxMessage, change_state, settled
from chalicelib.delivery.outcomes import WAIT_MAX
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.limits import FIRST_EMAIL_SPREAD_MINUTES, UNCONFIRMED_WAIT_HOURS
from chalicelib.switches import Switch, SwitchState, next_look

HOUR = timedelta(hours=1)
UNCONFIRMED_WAIT = timedelta(hours=UNCONFIRMED_WAIT_HOURS)
SPREAD_SECONDS = FIRST_EMAIL_SPREAD_MINUTES * 60


def switches_over(kind: MessageKind) -> tuple[Switch, ...]:
    """Return the switches that keep messages of a kind from leaving."""
    match kind:
        case MessageKind.NURTURE:
            return (Switch.OUTBOUND, Switch.NURTURE)
        case MessageKind.ACKNOWLEDGEMENT | MessageKind.CONFIRMATION:
            return (Switch.OUTBOUND, Switch.ACKNOWLEDGEMENTS)
        case (
            MessageKind.HANDOFF
            | MessageKind.CORRECTION
            | MessageKind.REMINDER
            | MessageKind.ESCALATION
            | MessageKind.WARNING
            | MessageKind.TRIAGE
            | MessageKind.REPLY
            | MessageKind.DIGEST
            | MessageKind.CODE
        ):
            return (Switch.OUTBOUND,)
        case _:
            assert_never(kind)


def switched_off(message: OutboxMessage, off: SwitchState, now: datetime) -> OutboxMessage:
    """Return the planned message as it waits for a switch.

    What sales gets is owed for as long as it takes: its week begins anew each time. An email to the
    lead is lost, as stale, a week after it was planned: nobody wants last week's welcome.
    """
    if not message.kind.goes_to_lead:
        message = replace(message, owed_from=now)
    elif now - message.waits_since >= WAIT_MAX:
        return settled(message, MessageState.LOST, reason=NotSentReason.STALE)
    return change_state(
        message,
        MessageState.PLANNED,
        due_at=next_look(off.at, now),
        reason=NotSentReason.SWITCHED_OFF,
    )


def over_budget(message: OutboxMessage, now: datetime) -> OutboxMessage:
    """Return the planned email as it waits for the next hour, in which it has another chance.

    It is never lost for that: its week begins anew each time.
    """
    next_hour = hour_of(now) + HOUR
    # Spread, so that a flood that waits does not come due in one minute.
    spread = int.from_bytes(message.lead_id[:4].encode(), "big") % SPREAD_SECONDS
    return change_state(
        replace(message, owed_from=now),
        MessageState.PLANNED,
        due_at=next_hour + timedelta(seconds=spread),
        reason=NotSentReason.OVER_BUDGET,
    )


def held_up(message: OutboxMessage, hold: Hold, now: datetime) -> OutboxMessage:
    """Return the planned email as it waits for what keeps it from leaving; lost, as stale, once
    its time is over.
    """
    if hold.is_owed:
        message = replace(message, owed_from=now)
        return change_state(message, MessageState.PLANNED, due_at=hold.until, reason=hold.reason)
    if now >= hold.ends_at:
        return settled(message, MessageState.LOST, reason=NotSentReason.STALE)
    # A day on which nothing opens again would come after the end: then that is the next look.
    due_at = min(hold.until, hold.ends_at)
    return change_state(message, MessageState.PLANNED, due_at=due_at, reason=hold.reason)


def awaiting_confirmation(message: OutboxMessage, now: datetime) -> OutboxMessage:
    """Return the planned email as it waits for the person to confirm a ticked box (ADR 0045).

    The confirmation brings it forward. Without one it is lost, as stale, a week after its planning.
    """
    if now - message.waits_since >= WAIT_MAX:
        return settled(message, MessageState.LOST, reason=NotSentReason.STALE)
    return change_state(
        message,
        MessageState.PLANNED,
        due_at=now + UNCONFIRMED_WAIT,
        reason=NotSentReason.UNCONFIRMED,
    )


def brought_forward(message: OutboxMessage, now: datetime) -> OutboxMessage | None:
    """Return the email that waited for a confirmation, due now; None for any other message."""
    is_waiting = message.state is MessageState.PLANNED
    if not is_waiting or message.reason is not NotSentReason.UNCONFIRMED:
        return None
    return change_state(message, MessageState.PLANNED, due_at=now, reason=message.reason)
