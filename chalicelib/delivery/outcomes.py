"""What comes of a message once a worker has taken it: it waits, stays unclear, or is reported.

Each is one of the edges of `outbox.MESSAGE_EDGES`. Pure.
"""

from collections.abc import Set
from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from chalicelib.delivery.marks import Mark
from chalicelib.delivery.messages import Refused, SendResult, Sent, Unclear, Waiting
from chalicelib.delivery.outbox import (
    MESSAGE_EDGES,
    MessageState,
    OutboxMessage,
    Via,
    change_state,
    settled,
)
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.limits import (
    EVIDENCE_MINUTES,
    NOTICES_MAX_PER_MESSAGE,
    WAIT_MAX_HOURS,
    WAIT_MAX_MINUTES,
)

#: A message that was planned longer ago is no longer worth sending.
WAIT_MAX = timedelta(hours=WAIT_MAX_HOURS)
#: The longest wait before what stays unclear goes to sales again: each time may be one too many.
UNCLEAR_MAX_MINUTES = 24 * 60


def after_sending(message: OutboxMessage, result: SendResult, now: datetime) -> OutboxMessage:
    """Return the claimed message after its service, or the attempt to reach it, gave a result."""
    match result:
        case Sent(message_id):
            return settled(message, MessageState.SENT, message_id=message_id)
        case Waiting(reason):
            return waiting(message, reason, now)
        case Refused(reason):
            return settled(message, MessageState.REFUSED, reason=reason)
        case Unclear():
            return unclear(message)
        case _:
            assert_never(result)


def waiting(message: OutboxMessage, reason: NotSentReason, now: datetime) -> OutboxMessage:
    """Return the claimed message put back: for a minute, then for twice as long each time, up to
    an hour. It does not count as a try. A week after it was planned it is lost, as stale
    (ADR 0028).

    reason: why the service does not take it now; nothing that is about the message itself. An email
    that waits for the daily quota is never lost for that (ADR 0057).
    """
    if reason is NotSentReason.OVER_QUOTA and message.via is Via.EMAIL:
        message = replace(message, owed_from=now)
    elif now - message.waits_since >= WAIT_MAX:
        return settled(message, MessageState.LOST, reason=NotSentReason.STALE)
    minutes = min(WAIT_MAX_MINUTES, 2 ** (message.claims - 1))
    due_at = now + timedelta(minutes=minutes)
    return change_state(message, MessageState.PLANNED, due_at=due_at, reason=reason)


def unclear(message: OutboxMessage) -> OutboxMessage:
    """Return the claimed message when nobody knows whether it left: it waits for evidence until
    fifteen minutes after its claim.
    """
    assert message.claimed_at is not None, "a message that was never claimed cannot be unclear"
    doubted = replace(message, doubts=message.doubts + 1)
    due_at = message.claimed_at + timedelta(minutes=EVIDENCE_MINUTES)
    return change_state(doubted, MessageState.UNKNOWN, due_at=due_at, reason=NotSentReason.UNCLEAR)


def without_evidence(message: OutboxMessage, now: datetime) -> OutboxMessage:
    """Return the unknown message after fifteen minutes: what goes to the lead is given up (at most
    once), what goes to sales goes again under the same reference (at least once).

    It goes again at once, then after half an hour, and after twice as long each time, up to a day.
    A week after it was planned it is lost.
    """
    reason = NotSentReason.NO_EVIDENCE
    if message.kind.goes_to_lead or now - message.waits_since >= WAIT_MAX:
        return settled(message, MessageState.LOST, reason=reason)
    minutes = 0
    if message.doubts > 1:
        minutes = min(UNCLEAR_MAX_MINUTES, EVIDENCE_MINUTES * 2 ** (message.doubts - 1))
    due_at = now + timedelta(minutes=minutes)
    return change_state(message, MessageState.PLANNED, due_at=due_at, reason=reason)


def with_evidence(
    message: OutboxMessage,
    state: MessageState,
    message_id: str,
    *,
    reason: NotSentReason | None = None,
) -> OutboxMessage | None:
    """Return the message after a notice that reports a state, or None when it reports nothing new.
    Notices come in any order: what was reported later may be the lower rank.
    """
    if state not in MESSAGE_EDGES[message.state]:
        return None
    return settled(message, state, reason=reason, message_id=message_id)


def with_notice(message: OutboxMessage, identity: str, at: datetime) -> OutboxMessage:
    """Return the message with a notice that becomes an event of the lead at a time. Of a message
    that has more notices than any service sends, no further one is remembered.
    """
    if identity in message.heard or len(message.heard) >= NOTICES_MAX_PER_MESSAGE:
        return message
    heard = {**message.heard, identity: at}
    return replace(message, heard=heard, version=message.version + 1)


def with_marks(
    message: OutboxMessage, *add: Mark, takes_back: Set[Mark] = frozenset()
) -> OutboxMessage:
    """Return the message with these marks, and without those that turned out to be wrong.

    It is the message itself when that changes nothing.
    """
    marks = (message.marks | {*add}) - takes_back
    if marks == message.marks:
        return message
    return replace(message, marks=marks, version=message.version + 1)
