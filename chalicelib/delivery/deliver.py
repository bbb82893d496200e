"""Claim, send, settle.

    planned --claim (consent checked in the same transaction)--> claimed --send--> settle
                       |                                            |
                       no: suppressed                               crash: the lease ends, unknown

Every arrow is a conditional write, so two workers with one intent send it once.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from chalicelib.consent.consent import Consent
from chalicelib.delivery import outbox as intents
from chalicelib.delivery.messages import Message, Outcome, Refused, Sent, Skip, Throttled
from chalicelib.delivery.outbox import LETTER, Intent, Reason, State
from chalicelib.errors import ConflictError
from chalicelib.telemetry import log
from chalicelib.writing import until_written


class Ledger(Protocol):
    """Where intents are kept."""

    def read(self, lead_id: str, key: str) -> Intent | None:
        """The intent as it stands now."""

    def save(self, before: Intent, after: Intent) -> None:
        """Replace an intent. Raises ConflictError when it is no longer as before."""

    def claim(self, before: Intent, after: Intent, *, needs_consent: bool) -> None:
        """Replace an intent, in one transaction with the check of the lead's consent. Raises ConflictError."""

    def consent(self, lead_id: str) -> Consent:
        """The lead's consent as it stands now."""


class Deliver:
    """Sends what was decided, once.

    compose: the message of an intent, or why there is none; send: gives a message to its service.
    pause: waits before another try at a busy table.
    """

    def __init__(
        self,
        ledger: Ledger,
        compose: Callable[[Intent], Message | Skip],
        send: Callable[[Message], Outcome],
        now: Callable[[], datetime],
        pause: Callable[[int], None],
    ) -> None:
        self._ledger, self._compose, self._send = ledger, compose, send
        self._now, self._pause = now, pause

    def intent(self, lead_id: str, key: str) -> None:
        """Do what an intent needs next: send it, or look after one whose worker was lost."""
        found = self._ledger.read(lead_id, key)
        if found is None or found.state not in intents.OPEN:
            return
        is_due = found.due_at is not None and found.due_at <= self._now()
        if found.state is State.PLANNED and (is_due or not found.claims):  # one that was put back waits
            self._take(found)
        elif found.state is not State.PLANNED and is_due:
            self._look_after(found)

    def _take(self, intent: Intent) -> None:
        message = self._compose(intent)
        if isinstance(message, Skip):
            self._save(intent, intents.settled(intent, message.state, reason=message.reason))
            return
        claimed = intents.claimed(intent, self._now())
        if self._write(lambda: self._ledger.claim(intent, claimed, needs_consent=intent.kind == LETTER)):
            self._save(claimed, _settle(claimed, self._send(message), self._now()))
        else:
            self._unclaimed(intent)

    def _unclaimed(self, intent: Intent) -> None:
        """A claim that lost: to another worker, which sends it; or to a person who does not want it."""
        reason = self._ledger.consent(intent.lead_id).refusal
        if intent.kind == LETTER and reason is not None:
            self._save(intent, intents.settled(intent, State.SUPPRESSED, reason=Reason(reason)))

    def _look_after(self, intent: Intent) -> None:
        if intent.state is State.CLAIMED:
            intent = self._save(intent, intents.unclear(intent)) or intent
        if intent.state is State.UNKNOWN and intent.due_at is not None and intent.due_at <= self._now():
            again = self._save(intent, intents.without_evidence(intent, self._now()))
            if again is not None and again.state is State.PLANNED:
                self._take(again)

    def _save(self, before: Intent, after: Intent) -> Intent | None:
        """Write a settlement; None when another worker or a mail event was first, which then stands."""
        if not self._write(lambda: self._ledger.save(before, after)):
            return None
        log("intent", lead_id=after.lead_id, key=after.key, state=after.state, reason=after.reason)
        return after

    def _write(self, write: Callable[[], None]) -> bool:
        """Whether the write was made; False when its expectation did not hold. While the table is only busy it is
        tried again: what was sent must not go unsettled. Raises ConflictError when it stays busy."""

        def tried() -> bool:
            try:
                write()
            except ConflictError as conflict:
                if not conflict.failed:
                    raise
                return False
            return True

        return until_written(tried, self._pause)


def _settle(intent: Intent, outcome: Outcome, now: datetime) -> Intent:
    match outcome:
        case Sent(message_id):
            return intents.settled(intent, State.SENT, message_id=message_id)
        case Throttled():
            return intents.throttled(intent, now)
        case Refused(reason):
            return intents.settled(intent, State.REFUSED, reason=reason)
        case _:
            return intents.unclear(intent)
