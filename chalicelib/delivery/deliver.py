"""Claim, send, settle (ADR 0003).

    planned --claim (consent checked in the same transaction)--> claimed --send--> settle
                       |                                            |
                       no: suppressed                               crash: the lease ends, unknown

Every arrow is a conditional write, so two workers with one message send it once.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime
from typing import Protocol, assert_never

from chalicelib.consent.consent import CONSENT_ONLY, NO_CONSENT, BasisKind, Consent
from chalicelib.delivery import holding, outbox, outcomes
from chalicelib.delivery.budgets import IN_DIGEST, Listing, after_the_hour, digests_for
from chalicelib.delivery.endings import Endings
from chalicelib.delivery.message_keys import MessageKey, MessageKind
from chalicelib.delivery.messages import (
    ChatMessage,
    Email,
    Hold,
    Outgoing,
    SendResult,
    Skip,
    Sms,
    SnsMessage,
    Waiting,
)
from chalicelib.delivery.outbox import MessageState, OutboxMessage
from chalicelib.delivery.reasons import ACCOUNT_STATES, NotSentReason
from chalicelib.errors import ConflictError, MailboxLimitError, OverBudgetError
from chalicelib.events import elapsed_ms
from chalicelib.runtime import Runtime
from chalicelib.switches import SwitchState
from chalicelib.telemetry import log, tracing
from chalicelib.writing import until_written


class OutboxStore(Protocol):
    """Where messages are kept."""

    def read(self, lead_id: str, key: MessageKey) -> OutboxMessage | None:
        """Return the message as it stands now."""

    def claim(
        self, before: OutboxMessage, after: OutboxMessage, *, rests_on: frozenset[BasisKind]
    ) -> None:
        """Replace a message, in one transaction with the checks of the lead's consent and of the
        mailbox that it is sent to, and the counts of first emails and of answers.

        rests_on: a marketing email needs one of these kinds of basis. Raises ConflictError,
        OverBudgetError, MailboxLimitError.
        """

    def put_into_digest(
        self, before: OutboxMessage, after: OutboxMessage, digests: Sequence[OutboxMessage]
    ) -> None:
        """Replace a message, and have digests of one time name its lead. Raise ConflictError."""

    def consent(self, message: OutboxMessage) -> Consent:
        """Return what a claim of a message to a lead asks, as it stands now."""


class Deliver:
    """Sends what was decided, once.

    off: returns the first of some switches that is off; compose: turns a message into what is
    sent, or says why nothing is, or not yet; send: gives that to its service; reading: reads what
    is asked of a lead once for all that asks.
    """

    def __init__(
        self,
        *,
        outbox: OutboxStore,
        endings: Endings,
        off: Callable[..., SwitchState | None],
        compose: Callable[[OutboxMessage], Outgoing | Skip | Hold | Listing | Waiting],
        send: Callable[[Outgoing], SendResult],
        runtime: Runtime,
        reading: Callable[[str], AbstractContextManager[None]] = lambda _lead_id: nullcontext(),
    ) -> None:
        self._outbox = outbox
        self._reading = reading
        self._endings = endings
        self._off = off
        self._compose = compose
        self._send = send
        self.runtime = runtime

    def message(self, lead_id: str, key: MessageKey) -> None:
        """Do what a message needs next: send it, or look after one whose worker was lost."""
        with self._reading(lead_id):
            found = self._outbox.read(lead_id, key)
            if found is None:
                return
            # The clock's own trace would not lead back to the event. ADR 0031
            with tracing(found.trace):
                self._do_next(found)

    def _do_next(self, found: OutboxMessage) -> None:
        match found.state:
            case MessageState.PLANNED:
                # One that was put back waits, although its record of the stream comes again.
                is_new = not found.claims and found.reason is None
                if is_new or self._is_due(found):
                    self._take(found)
            case MessageState.CLAIMED | MessageState.UNKNOWN:
                if self._is_due(found):
                    self._look_after(found)
            case (
                MessageState.HELD
                | MessageState.SENT
                | MessageState.SOFT_BOUNCED
                | MessageState.DELIVERED
                | MessageState.BOUNCED
                | MessageState.COMPLAINED
                | MessageState.REFUSED
                | MessageState.SUPPRESSED
                | MessageState.CANCELLED
                | MessageState.LOST
            ):
                pass
            case _:
                assert_never(found.state)

    def _is_due(self, message: OutboxMessage) -> bool:
        return message.due_at is not None and message.due_at <= self.runtime.now()

    def _take(self, message: OutboxMessage) -> None:
        # Switch against claim: a switch that was turned off before this look, by the time that a
        # worker may keep what it has read, is respected; a claim before that goes on. ADR 0039
        off = self._off(*holding.switches_over(message.kind))
        if off is not None:
            log("held_back", switch=off.switch, lead_id=message.lead_id, key=str(message.key))
            self._save(message, holding.switched_off(message, off, self.runtime.now()))
            return
        # Composed before it is claimed: what fails here was not taken, and stays due.
        outgoing = self._compose(message)
        if isinstance(outgoing, Skip | Hold | Listing):
            self._keep(message, outgoing)
            return
        claimed = outbox.claimed(_addressed(message, outgoing), self.runtime.now())
        # Claim against unsubscribe: the claim's own transaction checks the consent, so a person who
        # unsubscribed before it gets nothing. An unsubscribe after it comes too late for this
        # email. ADR 0003
        rests_on = outgoing.rests_on if isinstance(outgoing, Email) else CONSENT_ONLY
        try:
            is_claimed = self._write(
                lambda: self._outbox.claim(message, claimed, rests_on=rests_on)
            )
        except OverBudgetError:
            self._wait_for_budget(message)
            return
        except MailboxLimitError:
            # It does not wait for tomorrow: whoever floods a mailbox would fill its week.
            reason = NotSentReason.MAILBOX_LIMIT
            self._save(message, outbox.settled(message, MessageState.SUPPRESSED, reason=reason))
            return
        if is_claimed:
            result = outgoing if isinstance(outgoing, Waiting) else self._send(outgoing)
            if isinstance(result, Waiting) and result.reason in ACCOUNT_STATES:
                log("sending_blocked", via=message.via, reason=result.reason)
            self._save(claimed, outcomes.after_sending(claimed, result, self.runtime.now()))
        else:
            self._suppress(message, claimed, rests_on)

    def _keep(self, message: OutboxMessage, decision: Skip | Hold | Listing) -> None:
        """Settle a message that is not sent, let it wait, or list its lead in a digest."""
        match decision:
            case Skip():
                after = outbox.settled(message, decision.state, reason=decision.reason)
                self._save(message, after)
            case Hold():
                self._save(message, holding.held_up(message, decision, self.runtime.now()))
            case Listing():
                self._list(message, decision)
            case _:
                assert_never(decision)

    def _wait_for_budget(self, message: OutboxMessage) -> None:
        """Let an email to a lead wait for the next hour, and list in a digest what sales gets."""
        now = self.runtime.now()
        if message.kind.goes_to_lead:
            self._save(message, holding.over_budget(message, now))
        else:
            self._list(message, Listing(NotSentReason.OVER_BUDGET, after_the_hour(now)))

    def _list(self, message: OutboxMessage, listing: Listing) -> None:
        """Have a digest name the lead of a message instead of sending it."""
        after = outbox.settled(message, MessageState.SUPPRESSED, reason=listing.reason)
        after = replace(after, detail=IN_DIGEST)
        digests = digests_for(message, listing, self.runtime.now())
        if self._write(lambda: self._outbox.put_into_digest(message, after, digests)):
            # Not as a message: an alarm counts the emails to leads that are over their budget.
            lead_id, key = after.lead_id, str(after.key)
            log("listed", lead_id=lead_id, key=key, reason=after.reason)

    def _suppress(
        self, message: OutboxMessage, claimed: OutboxMessage, rests_on: frozenset[BasisKind]
    ) -> None:
        """Settle a message whose claim lost against a person who does not want it. One that lost
        against another worker is left to that worker.

        claimed: as the claim would have made it, with the address.
        """
        if not message.kind.goes_to_lead:
            return
        # If it lost against both, the worker has raised the version, and this write fails too.
        consent = self._outbox.consent(claimed)
        is_marketing = message.kind.is_marketing
        reason = consent.refusal(rests_on) if is_marketing else consent.undeliverable
        if reason is None:
            return
        if reason == NO_CONSENT and consent.awaits_confirmation:
            self._save(message, holding.awaiting_confirmation(message, self.runtime.now()))
            return
        after = outbox.settled(message, MessageState.SUPPRESSED, reason=NotSentReason(reason))
        self._save(message, after)

    def _look_after(self, message: OutboxMessage) -> None:
        if message.state is MessageState.CLAIMED:
            # Lease end: its worker is lost, or slower than the lease allows. It may have sent the
            # message, so evidence is waited for before anything goes again. A slow worker's own
            # settlement now fails on the version. ADR 0003
            message = self._save(message, outcomes.unclear(message)) or message
        if message.state is MessageState.UNKNOWN and self._is_due(message):
            again = self._save(message, outcomes.without_evidence(message, self.runtime.now()))
            if again is not None and again.state is MessageState.PLANNED and self._is_due(again):
                self._take(again)

    def _save(self, before: OutboxMessage, after: OutboxMessage) -> OutboxMessage | None:
        """Write a change of state, and return the message then; None when others were first."""
        # Settle against feedback: a mail event may come before its own send is settled. What it
        # reported then stands, because it is the higher rank: it knows what became of the email,
        # the worker only that the service took it. ADR 0003
        if not self._write(lambda: self._endings.save(before, after)):
            return None
        log(
            "message",
            lead_id=after.lead_id,
            key=str(after.key),
            state=after.state,
            reason=after.reason,
            after_ms=_handed_off_after_ms(after, self.runtime.now()),
        )
        return after

    @until_written
    def _write(self, write: Callable[[], None]) -> bool:
        """Return whether the write was made; False when its expectation did not hold.

        While the table is only busy it is tried again: what was sent must not go unsettled. Raises
        ConflictError when it stays busy.
        """
        try:
            write()
        except ConflictError as conflict:
            if not conflict.failed:
                raise
            return False
        return True


def _handed_off_after_ms(message: OutboxMessage, now: datetime) -> int | None:
    """Return how long after its capture a handoff was sent; None for anything else.

    One that ends without being sent is an alarm of its own.
    """
    is_sent = message.kind is MessageKind.HANDOFF and message.state is MessageState.SENT
    return elapsed_ms(message.captured_at, now) if is_sent and message.captured_at else None


def _addressed(message: OutboxMessage, outgoing: Outgoing | Waiting) -> OutboxMessage:
    """Return the message with what is known of it once it is composed."""
    match outgoing:
        case Email():
            return replace(
                message,
                to=outgoing.to,
                subject=outgoing.subject,
                email_version=outgoing.version,
            )
        case SnsMessage():
            return replace(message, subject=outgoing.subject)
        case Sms() | ChatMessage() | Waiting():
            return message
        case _:
            assert_never(outgoing)
