"""Messages and what became of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from datetime import datetime

from chalicelib.consent.consent import BasisKind, Consent
from chalicelib.consent.mailbox import MailboxOf
from chalicelib.delivery.counts import Count, count_change
from chalicelib.delivery.marks import Mark
from chalicelib.delivery.message_keys import SEPARATOR, MessageKey, MessageKind
from chalicelib.delivery.outbox import MessageState, OutboxMessage
from chalicelib.errors import ConflictError
from chalicelib.events import Event, epoch_ms
from chalicelib.limits import FIRST_EMAILS_PER_HOUR
from chalicelib.nurture.spacing import SHIPPED, SendLimits
from chalicelib.store import keys, mailboxes, places
from chalicelib.store.budgets import put_entry
from chalicelib.store.claims import CLAIM_COUNTERS, Claims
from chalicelib.store.consent_items import consent_of
from chalicelib.store.left_emails import put_left
from chalicelib.store.marks import write_mark
from chalicelib.store.numbers import added_up, count_messages, read_numbers
from chalicelib.store.outbox_items import message_item, message_of
from chalicelib.store.sends import read_sends
from chalicelib.store.standing_claims import check_may_leave
from chalicelib.store.table import ABSENT, Put, Table, Write


class Outbox:
    """Reads and replaces messages; lists them by their state.

    first_emails_max: to new addresses in an hour; kept_days: of a message, 0 for good; send_limits:
    reads how many of marketing's emails a mailbox gets; topics_of: returns what one is about.
    """

    def __init__(
        self,
        table: Table,
        mailbox_of: MailboxOf,
        first_emails_max: int = FIRST_EMAILS_PER_HOUR,
        kept_days: int = 0,
        send_limits: Callable[[], SendLimits] = lambda: SHIPPED,
        topics_of: Callable[[OutboxMessage], frozenset[str]] = lambda _: frozenset(),
    ) -> None:
        self._table = table
        self._mailbox_of = mailbox_of
        self._claims = Claims(table, mailbox_of, first_emails_max, send_limits, topics_of)
        self._kept_days = kept_days

    def read(self, lead_id: str, key: MessageKey) -> OutboxMessage | None:
        """The message as it stands now."""
        item = self._table.get(keys.lead(lead_id), keys.message(key))
        return message_of(item) if item else None

    def plan(self, message: OutboxMessage) -> None:
        """Plan a message, unless it exists. Raise ConflictError when the table was busy."""
        try:
            self._table.write(
                put_message(message, self._kept_days), *count_messages((None, message))
            )
        except ConflictError as conflict:
            if not conflict.failed:
                raise

    def save(
        self, before: OutboxMessage, after: OutboxMessage, instead: OutboxMessage | None = None
    ) -> None:
        """Replace a message, and plan another one with it unless that exists.

        Raise ConflictError when the first one is no longer as before.
        """
        self._write_with(self._replacing(before, after), [instead] if instead else [])

    def put_into_digest(
        self, before: OutboxMessage, after: OutboxMessage, digests: Sequence[OutboxMessage]
    ) -> None:
        """Replace a message, and have the digests of one time name its lead; plan those that do not
        exist.

        Raise ConflictError when the message is no longer as before.
        """
        # A digest leaves minutes after the last worker that lists something in it (ADR 0073).
        missing = [one for one in digests if self.read(one.lead_id, one.key) is None]
        change = [*self._replacing(before, after), put_entry(digests[0], before)]
        self._write_with(change, missing)

    def _write_with(self, change: Sequence[Write], also: Sequence[OutboxMessage]) -> None:
        """Make a change, and plan messages with it unless they exist. Raise ConflictError."""
        planned = {keys.message(one.key): put_message(one, self._kept_days) for one in also}
        try:
            self._table.write(*change, *planned.values())
        except ConflictError as conflict:
            if not conflict.failed or not conflict.failed.keys() <= planned.keys():
                raise
            # Earlier writers planned them.
            left = [put for key, put in planned.items() if key not in conflict.failed]
            self._table.write(*change, *left)

    def claim(
        self, before: OutboxMessage, after: OutboxMessage, *, rests_on: frozenset[BasisKind]
    ) -> None:
        """Replace a message, in one transaction with the checks of the lead's consent and of the
        mailbox that it is sent to. The first email to a lead is counted in it, and an answer to a
        form, too.

        None leaves for somebody who was erased since it was planned, to whomever it goes, and no
        marketing email to whom sales talks, or our people stopped the emails to.
        rests_on: the kinds of basis of which a marketing email needs one. Raise ConflictError;
        OverBudgetError for a first email when the hour's are spent, or the mailbox's of this day;
        MailboxLimitError for an answer when the mailbox's of this day are spent.
        """
        # Claim against unsubscribe: read first and claimed then, an email would leave to a person
        # who unsubscribed in between. In one transaction, one of the two is first. ADR 0003
        also = self._claims.writes(before, after, rests_on)
        also.append(check_may_leave(self._table, before))
        try:
            self._table.write(*self._replacing(before, after), *also)
        except ConflictError as conflict:
            if conflict.failed.keys() and conflict.failed.keys() <= CLAIM_COUNTERS:
                # Claim against another email: only a counter was busy, so the claim may be tried
                # again with what it says now.
                raise ConflictError({}) from None
            raise

    def marketing(self, lead_id: str) -> list[OutboxMessage]:
        """Return all marketing emails to a lead, whatever became of them."""
        kinds = [kind for kind in MessageKind if kind.is_marketing]
        return [
            message
            for kind in kinds
            for message in messages_of_lead(self._table, lead_id, f"{kind}{SEPARATOR}")
        ]

    def sends(self, message: OutboxMessage, address: str) -> list[datetime]:
        """Return when marketing's other emails left for the mailbox of an address."""
        return read_sends(self._table, self._mailbox_of(address).id, message)

    def asked_of(
        self, message: OutboxMessage, address: str, now: datetime
    ) -> list[tuple[str, str]]:
        """Return the keys of what a claim of a marketing email asks of the mailbox of an address,
        and of the counters of first emails.
        """
        return self._claims.asked_of(message, address, now)

    def mark(
        self,
        lead_id: str,
        key: MessageKey,
        *add: Mark,
        takes_back: Set[Mark] = frozenset(),
        event: Event | None = None,
    ) -> bool:
        """Mark a message, see `write_mark`."""
        return write_mark(self._table, lead_id, key, *add, takes_back=takes_back, event=event)

    def consent(self, message: OutboxMessage) -> Consent:
        """Return what a claim of a message to a lead asks, as it stands now."""
        return self._claims.consent(message)

    def _replacing(self, before: OutboxMessage, after: OutboxMessage) -> list[Write]:
        """Return the writes that bring a message into another state, and count it."""
        return [
            replace_message(before, after, self._kept_days),
            *count_messages((before, after)),
            *put_left(before, after),
        ]

    def outbox(
        self, states: Sequence[MessageState], before: str, most: int
    ) -> list[tuple[str, OutboxMessage]]:
        """Messages in these states, newest first, at most `most`, each with its position; `before`
        is the position to go on from, or empty.
        """
        found: list[tuple[str, tuple[str, str]]] = []
        for state in states:
            for shard in range(keys.OUTBOX_SHARDS):
                items = self._table.query(
                    places.by_state(state, shard),
                    last=before,
                    newest_first=True,
                    limit=most + 1,
                    index="list",
                )
                found += [
                    (str(item["list_sk"]), (str(item["pk"]), str(item["sk"]))) for item in items
                ]
        # one that changes its state meanwhile is found under both: a place is listed once
        unique = {(place, key) for place, key in found if place != before}
        page = sorted(unique, reverse=True)[:most]
        stored = self._table.get_many([key for _, key in page])
        by_key = {(item["pk"], item["sk"]): item for item in stored}
        return [(place, message_of(by_key[key])) for place, key in page if key in by_key]

    def numbers(self, sequence_id: str) -> Mapping[str, int]:
        """Return what was counted of a sequence, by what it is."""
        return read_numbers(self._table, sequence_id)

    def of_lead(self, lead_id: str) -> list[tuple[str, OutboxMessage]]:
        """All messages of a lead, newest first, each with its position."""
        found = [
            (places.by_creation(message.created_at, message.id), message)
            for message in messages_of_lead(self._table, lead_id)
        ]
        return sorted(found, key=lambda one: one[0], reverse=True)

    def sendable(self, emails: Sequence[tuple[OutboxMessage, frozenset[BasisKind]]]) -> int:
        """How many of these emails to leads would go out, were they planned now.

        Those with an address that no earlier decision planned, to a lead that may be written to.
        emails: each with the kinds of basis that it may rest on.
        """
        to_somebody = [
            (
                one,
                rests_on,
                (keys.lead(one.lead_id), keys.CONSENT),
                mailboxes.keys_of(self._mailbox_of(one.to)),
            )
            for one, rests_on in emails
            if one.to is not None
        ]
        wanted = {
            key
            for one, _, consent, mailbox in to_somebody
            for key in (_key_of(one), consent, *mailbox)
        }
        stored = self._table.get_many(sorted(wanted))
        found = {(str(item["pk"]), str(item["sk"])): item for item in stored}
        return sum(
            _key_of(one) not in found
            and consent_of(found.get(consent)).refusal(rests_on) is None
            and not mailboxes.suppressions_of(found[key] for key in mailbox if key in found)
            for one, rests_on, consent, mailbox in to_somebody
        )


def messages_of_lead(table: Table, lead_id: str, begins_with: str = "") -> list[OutboxMessage]:
    """The messages of a lead whose keys begin so, in the order of their keys."""
    first = keys.OUTBOX + begins_with
    items = table.query(keys.lead(lead_id), first=first, last=first + keys.END)
    return [message_of(item) for item in items]


def put_message(message: OutboxMessage, kept_days: int = 0) -> Put:
    """The write that plans a message: a second decision cannot create a second one."""
    return Put(message_item(message, kept_days), ABSENT)


def replace_message(before: OutboxMessage, after: OutboxMessage, kept_days: int = 0) -> Put:
    """The write that brings a message into another state, if it is still as before."""
    # The version alone could be that of another life: an erased lead plans the same keys anew.
    read = {"version": before.version, "created_at_ms": epoch_ms(before.created_at)}
    return Put(message_item(after, kept_days), read)


def message_writes(
    planned: Sequence[OutboxMessage],
    changed: Sequence[tuple[OutboxMessage, OutboxMessage]],
    *,
    lead_id: str,
    kept_days: int,
    counts: Iterable[Count] = (),
) -> list[Write]:
    """Return the writes of messages that are planned or changed with something else of a lead, and
    of what is counted by them.

    counts: what is counted besides.
    """
    pairs = [*((None, one) for one in planned), *changed]
    counted = [*counts, *(count for pair in pairs for count in count_change(*pair))]
    return [
        *(put_message(one, kept_days) for one in planned),
        *(replace_message(*pair, kept_days) for pair in changed),
        *added_up(counted, lead_id),
    ]


def _key_of(message: OutboxMessage) -> tuple[str, str]:
    return keys.lead(message.lead_id), keys.message(message.key)
