"""Claim, send, settle.

    planned --claim (consent checked in the same transaction)--> claimed --send--> settle
                       |                                            |
                       no: suppressed                               crash: the lease ends, unknown

Every arrow is a conditional write, so two workers with one message send it once.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from chalicelib.consent.consent import Consent
from chalicelib.delivery import outbox
from chalicelib.delivery.messages import Outgoing, Refused, SendResult, Sent, Skip, Throttled
from chalicelib.delivery.outbox import NURTURE, MessageState, NotSentReason, OutboxMessage
from chalicelib.errors import ConflictError
from chalicelib.telemetry import log
from chalicelib.writing import persist


class Outbox(Protocol):
    """Where messages are kept."""

    def read(self, lead_id: str, key: str) -> OutboxMessage | None:
        """The message as it stands now."""

    def save(self, before: OutboxMessage, after: OutboxMessage) -> None:
        """Replace a message. Raises ConflictError when it is no longer as before."""

    def claim(self, before: OutboxMessage, after: OutboxMessage, *, needs_consent: bool) -> None:
        """Replace a message, in one transaction with the check of the lead's consent. Raises
        ConflictError.
        """

    def consent(self, lead_id: str) -> Consent:
        """The lead's consent as it stands now."""


class Deliver:
    """Sends what was decided, once.

    compose: the message of a message, or why there is none; send: gives a message to its service.
    pause: waits before another try at a busy table.
    """

    def __init__(
        self,
        outbox: Outbox,
        compose: Callable[[OutboxMessage], Outgoing | Skip],
        send: Callable[[Outgoing], SendResult],
        now: Callable[[], datetime],
        pause: Callable[[int], None],
    ) -> None:
        self._outbox, self._compose, self._send = outbox, compose, send
        self._now, self._pause = now, pause

    def message(self, lead_id: str, key: str) -> None:
        """Do what a message needs next: send it, or look after one whose worker was lost."""
        found = self._outbox.read(lead_id, key)
        if found is None or found.state not in outbox.OPEN:
            return
        is_due = found.due_at is not None and found.due_at <= self._now()
        if found.state is MessageState.PLANNED and (
            is_due or not found.claims
        ):  # one that was put back waits
            self._take(found)
        elif found.state is not MessageState.PLANNED and is_due:
            self._look_after(found)

    def _take(self, message: OutboxMessage) -> None:
        outgoing = self._compose(message)
        if isinstance(outgoing, Skip):
            self._save(message, outbox.settled(message, outgoing.state, reason=outgoing.reason))
            return
        claimed = outbox.claimed(message, self._now())
        if self._write(
            lambda: self._outbox.claim(message, claimed, needs_consent=message.kind == NURTURE)
        ):
            self._save(claimed, _settle(claimed, self._send(outgoing), self._now()))
        else:
            self._unclaimed(message)

    def _unclaimed(self, message: OutboxMessage) -> None:
        """A claim that lost: to another worker, which sends it; or to a person who does not want
        it.
        """
        reason = self._outbox.consent(message.lead_id).refusal
        if message.kind == NURTURE and reason is not None:
            self._save(
                message,
                outbox.settled(message, MessageState.SUPPRESSED, reason=NotSentReason(reason)),
            )

    def _look_after(self, message: OutboxMessage) -> None:
        if message.state is MessageState.CLAIMED:
            message = self._save(message, outbox.unclear(message)) or message
        if (
            message.state is MessageState.UNKNOWN
            and message.due_at is not None
            and message.due_at <= self._now()
        ):
            again = self._save(message, outbox.without_evidence(message, self._now()))
            if again is not None and again.state is MessageState.PLANNED:
                self._take(again)

    def _save(self, before: OutboxMessage, after: OutboxMessage) -> OutboxMessage | None:
        """Write a settlement; None when another worker or a mail event was first, which then
        stands.
        """
        if not self._write(lambda: self._outbox.save(before, after)):
            return None
        log("message", lead_id=after.lead_id, key=after.key, state=after.state, reason=after.reason)
        return after

    def _write(self, write: Callable[[], None]) -> bool:
        """Whether the write was made; False when its expectation did not hold. While the table is
        only busy it is tried again: what was sent must not go unsettled. Raises ConflictError when
        it stays busy.
        """

        def tried() -> bool:
            try:
                write()
            except ConflictError as conflict:
                if not conflict.failed:
                    raise
                return False
            return True

        return persist(tried, self._pause)


def _settle(message: OutboxMessage, outcome: SendResult, now: datetime) -> OutboxMessage:
    match outcome:
        case Sent(message_id):
            return outbox.settled(message, MessageState.SENT, message_id=message_id)
        case Throttled():
            return outbox.throttled(message, now)
        case Refused(reason):
            return outbox.settled(message, MessageState.REFUSED, reason=reason)
        case _:
            return outbox.unclear(message)
