"""What the claim of a message checks and counts, in its own transaction."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from chalicelib.consent.choice import Choice, Wanted
from chalicelib.consent.consent import BasisKind, Consent, also_suppressed
from chalicelib.consent.mailbox import Mailbox, MailboxOf
from chalicelib.delivery.message_keys import ANSWER_KINDS
from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.nurture.spacing import SendLimits
from chalicelib.store import keys
from chalicelib.store.allowance import Allowances
from chalicelib.store.answers import check_may_answer, count_answer
from chalicelib.store.budgets import Budgets
from chalicelib.store.choices import check_wanted, read_choice
from chalicelib.store.consent_items import consent_of
from chalicelib.store.first_emails import FirstEmails
from chalicelib.store.mailboxes import (
    check_may_write,
    keys_of,
    must_hold,
    read_suppressions,
)
from chalicelib.store.open_replies import check_no_open_reply
from chalicelib.store.sending import check_not_paused
from chalicelib.store.sends import count_send
from chalicelib.store.sequence_claims import check_sequence
from chalicelib.store.table import Put, Table, Write

CLAIM_COUNTERS = frozenset({keys.FIRST_EMAILS, keys.ANSWERS, keys.SENDS, keys.SENT, keys.BUDGET})
"""The names of the items that count what is claimed."""


class Claims:
    """Decides what goes into the transaction of a claim, besides the message itself.

    first_emails_max: to new addresses in an hour; send_limits: reads how many of marketing's emails
    a mailbox gets; topics_of: returns what a marketing email is about.
    """

    def __init__(
        self,
        table: Table,
        mailbox_of: MailboxOf,
        first_emails_max: int,
        send_limits: Callable[[], SendLimits],
        topics_of: Callable[[OutboxMessage], frozenset[str]],
    ) -> None:
        self._table = table
        self._topics_of = topics_of
        self._mailbox_of = mailbox_of
        self._send_limits = send_limits
        self._first_emails = FirstEmails(table, first_emails_max)
        self._allowances = Allowances(table)
        self._budgets = Budgets(table)

    def writes(
        self,
        before: OutboxMessage,
        after: OutboxMessage,
        rests_on: frozenset[BasisKind],
    ) -> list[Write]:
        """Return the checks of consent and mailbox, and the counts, of a claim.

        rests_on: the kinds of basis of which a marketing email needs one. Raise ConflictError,
        OverBudgetError, MailboxLimitError.
        """
        mailbox = self._mailbox_of(after.to) if after.to else None
        mailbox_id = mailbox.id if mailbox else None
        if before.kind.is_marketing:
            choice = read_choice(self._table, mailbox_id) if mailbox_id else Choice()
            checks = check_may_write(
                before.lead_id, mailbox, must_hold(rests_on, lambda: self.consent(after))
            )
            return [
                *checks,
                *check_wanted(choice, before, mailbox_id, self._topics_of),
                *check_not_paused(before),
                *self._allowances.writes(after),
                check_no_open_reply(before.lead_id),
                *check_sequence(self._table, before),
                *self._counted(after, mailbox, choice.wanted),
                *self._first_emails.writes(before, after, mailbox_id),
            ]
        if before.kind not in ANSWER_KINDS or mailbox is None:
            return [*self._budgets.writes(before, after)]
        return [
            *check_may_answer(self._table, before.lead_id, mailbox),
            # First the mailbox's: what is over those must not use up anybody else's.
            *count_answer(self._table, before, after, mailbox.id),
            *self._first_emails.writes(before, after, None),
        ]

    def asked_of(
        self, message: OutboxMessage, address: str, now: datetime
    ) -> list[tuple[str, str]]:
        """Return the keys of what a claim of a marketing email asks of the mailbox of an address,
        and of the counters of first emails.
        """
        mailbox = self._mailbox_of(address)
        return [
            *keys_of(mailbox),
            (keys.mailbox(mailbox.id), keys.CHOICE),
            (keys.mailbox(mailbox.id), keys.SENDS),
            *self._first_emails.counters(message, mailbox.id, now),
        ]

    def _counted(
        self, claimed: OutboxMessage, mailbox: Mailbox | None, wanted: Wanted
    ) -> list[Put]:
        """Return the write that counts a marketing email at its mailbox. Raise ConflictError."""
        if mailbox is None:
            return []
        limits = self._send_limits()
        limits = limits.fewer() if wanted.fewer else limits
        return count_send(self._table, claimed, mailbox.id, limits)

    def consent(self, message: OutboxMessage) -> Consent:
        """Return what a claim of a message to a lead asks, as it stands now."""
        partition = keys.lead(message.lead_id)
        consent = consent_of(self._table.get(partition, keys.CONSENT))
        if not consent.marketing:
            waiting = self._table.query(
                partition, first=keys.PENDING, last=keys.PENDING + keys.END, limit=1
            )
            consent = replace(consent, awaits_confirmation=any(waiting))
        if message.to is None:
            return consent
        mailbox = self._mailbox_of(message.to)
        return also_suppressed(consent, read_suppressions(self._table, mailbox))
