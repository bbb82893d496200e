"""How many first emails an hour, and a mailbox on a day, have seen: a form must not become a mail
bomb (ADR 0039).

The hour's count is spread over several items, so that parallel claims seldom meet at one, and a
part of the budget belongs to each. Together they never let through more than the budget.
"""

from datetime import UTC, datetime

from chalicelib.days import day_of, hour_of
from chalicelib.delivery.message_keys import SEPARATOR, MessageKind
from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.errors import OverBudgetError
from chalicelib.limits import FIRST_EMAIL_SHARDS, FIRST_EMAILS_PER_MAILBOX
from chalicelib.store import keys
from chalicelib.store.expiry import expires_after
from chalicelib.store.table import Item, Put, Table, as_read

COUNTER_KEPT_DAYS = 2


class FirstEmails:
    """Counts first emails. most: in an hour, for the whole deployment."""

    def __init__(self, table: Table, most: int) -> None:
        self._table = table
        self._most = most
        self._spent_hour: datetime | None = None
        """The hour whose budget is known to be spent: nothing gives back any of it."""

    def writes(
        self, before: OutboxMessage, claimed: OutboxMessage, mailbox_id: str | None
    ) -> list[Put]:
        """Return the writes that count an email, for the transaction that claims it; none for what
        is not a first email. So each is counted once, whatever crashes.

        mailbox_id: of the address, None where none is known. Raise OverBudgetError when the hour's
        are spent, or the mailbox's of this day.
        """
        if not self._is_first(before):
            return []
        now = claimed.claimed_at
        assert now is not None, "a claimed message says when"
        # First the mailbox's: what is over those must not keep anybody else's from the hour's.
        counted = [self._of_mailbox(mailbox_id, now)] if mailbox_id else []
        hour = hour_of(now)
        if hour != self._spent_hour:
            shards = min(FIRST_EMAIL_SHARDS, self._most)
            for number in range(shards):
                shard = (keys.shard(claimed.lead_id, shards) + number) % shards
                room = self._most // shards + (shard < self._most % shards)
                partition = keys.first_email_counter(hour, shard)
                item = self._table.get(partition, keys.FIRST_EMAILS)
                spent = int(item["spent"]) if item else 0
                if spent < room:
                    return [*counted, _put(partition, spent, hour)]
            self._spent_hour = hour
        raise OverBudgetError(f"this hour's {self._most} first emails are spent")

    def counters(
        self, message: OutboxMessage, mailbox_id: str, now: datetime
    ) -> list[tuple[str, str]]:
        """Return the keys of the counters that an email asks first; none for what is not a first
        email.
        """
        if not self._is_first(message):
            return []
        shard = keys.shard(message.lead_id, min(FIRST_EMAIL_SHARDS, self._most))
        hour = keys.first_email_counter(hour_of(now), shard)
        return [(keys.mailbox(mailbox_id), keys.FIRST_EMAILS), (hour, keys.FIRST_EMAILS)]

    def _of_mailbox(self, mailbox_id: str, now: datetime) -> Put:
        """Return the write that counts an email to a mailbox on a day in UTC.

        Plus tags make a lead each of one mailbox, and each asks for its own first email.
        """
        partition = keys.mailbox(mailbox_id)
        day = day_of(now, UTC).isoformat()
        item = self._table.get(partition, keys.FIRST_EMAILS)
        spent = int(item["spent"]) if item and item["day"] == day else 0
        if spent >= FIRST_EMAILS_PER_MAILBOX:
            raise OverBudgetError(f"this day's {spent} first emails to this mailbox are spent")
        counted = _put(partition, spent, now)
        return Put(counted.item | {"day": day}, as_read(item, "day", "spent"))

    def _is_first(self, message: OutboxMessage) -> bool:
        """Return whether no email to this lead was ever claimed."""
        if not message.kind.goes_to_lead or message.claims:
            return False
        messages = self._table.query(
            keys.lead(message.lead_id), first=keys.OUTBOX, last=keys.OUTBOX + keys.END
        )
        return not any(_goes_to_lead(item) and item["claims"] for item in messages)


def _goes_to_lead(item: Item) -> bool:
    kind, _, _ = str(item["sk"]).removeprefix(keys.OUTBOX).partition(SEPARATOR)
    return MessageKind(kind).goes_to_lead


def _put(partition: str, spent: int, at: datetime) -> Put:
    return Put(
        {
            "pk": partition,
            "sk": keys.FIRST_EMAILS,
            "schema": keys.SCHEMA,
            "spent": spent + 1,
            **expires_after(at, COUNTER_KEPT_DAYS),
        },
        {"spent": spent or None},
    )
