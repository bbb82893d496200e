"""How many messages a salesperson got in each hour, and what a digest will list (ADR 0073).

Both stand in the partition of the person, and name no lead but by its id.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.days import hour_of
from chalicelib.delivery.budgets import (
    HOURS_OF_DAY,
    PER_DAY,
    PER_HOUR,
    has_room,
    is_counted,
    person_of_digest,
    slot_of,
)
from chalicelib.delivery.message_keys import MessageKind
from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.errors import OverBudgetError
from chalicelib.events import epoch_ms, from_epoch_ms, rfc3339
from chalicelib.limits import DIGEST_KEPT_DAYS
from chalicelib.store import keys
from chalicelib.store.expiry import expires_after
from chalicelib.store.table import GUARDED, Item, Put, Table, as_read

BUDGET_KEPT_DAYS = 2
TO_THE_HOUR = len("2026-11-22T10")
BEGUN = "texts_begun"
"""Of texts, the count of a day: each once, in the hour of its first claim."""
BUDGETED = (*(via.value for via in PER_HOUR), BEGUN)


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestEntry:
    """A lead that a digest names."""

    lead_id: str
    kind: MessageKind
    """Of the message that was not sent."""
    cycle: int
    at: datetime
    """When that message was planned."""


class Budgets:
    """Counts what leaves to each person."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def writes(self, before: OutboxMessage, claimed: OutboxMessage) -> list[Put]:
        """Return the write that counts a message, for the transaction that claims it; none for what
        no budget counts. Raise OverBudgetError when the hour's are spent, or the day's.

        One that waits for its service is counted once in each hour in which it may leave.
        """
        now = claimed.claimed_at
        assert now is not None, "a claimed message says when"
        earlier = before.claimed_at
        is_again = earlier is not None and hour_of(earlier) == hour_of(now)
        if is_again or not is_counted(claimed):
            return []
        pk = keys.person(str(claimed.receiver))
        first = hour_of(now) - timedelta(hours=HOURS_OF_DAY - 1)
        hours = list(self._table.query(pk, first=_hour_key(first), last=_hour_key(now)))
        item = next((one for one in hours if one["sk"] == _hour_key(now)), None)
        spent = {name: int(item[name]) for name in BUDGETED if name in item} if item else {}
        via = claimed.via
        is_new = not before.claims
        day = sum(int(one.get(BEGUN, 0)) for one in hours) if is_new else 0
        if not has_room(via, this_hour=spent.get(via.value, 0), day=day):
            raise OverBudgetError(f"{via}: what {claimed.receiver} gets is spent")
        spent[via.value] = spent.get(via.value, 0) + 1
        if is_new and via in PER_DAY:
            spent[BEGUN] = spent.get(BEGUN, 0) + 1
        counted: Item = {
            "pk": pk,
            "sk": _hour_key(now),
            "schema": keys.SCHEMA,
            **spent,
            **expires_after(hour_of(now), BUDGET_KEPT_DAYS),
        }
        # Claim against claim: of two that read the same number one is second, and reads anew. Above
        # the budget nobody writes here, so a flood waits for this item thirty times and no more.
        return [Put(counted, as_read(item, *BUDGETED), name=keys.BUDGET)]

    def entries(self, digest: OutboxMessage) -> Iterator[DigestEntry]:
        """Yield what a digest lists, each lead once for each kind of message."""
        pk = keys.person(person_of_digest(digest))
        prefix = f"{keys.DIGEST}{slot_of(digest)}#"
        for item in self._table.query(pk, first=prefix, last=prefix + keys.END):
            yield DigestEntry(
                lead_id=str(item["lead_id"]),
                kind=MessageKind(str(item["kind"])),
                cycle=int(item["cycle"]),
                at=from_epoch_ms(int(item["at_ms"])),
            )


def put_entry(digest: OutboxMessage, listed: OutboxMessage) -> Put:
    """Return the write that has a digest name the lead of a message that is not sent.

    An item of its own: a flood must not wait for the item of the digest.
    """
    about = f"{listed.lead_id}#{listed.kind}#{listed.key.cycle}"
    item: Item = {
        "pk": keys.person(person_of_digest(digest)),
        "sk": f"{keys.DIGEST}{slot_of(digest)}#{about}",
        "schema": keys.SCHEMA,
        "lead_id": listed.lead_id,
        "kind": listed.kind.value,
        "cycle": listed.key.cycle,
        "at_ms": epoch_ms(listed.created_at),
        **expires_after(listed.created_at, DIGEST_KEPT_DAYS),
    }
    return Put(item, GUARDED)


def _hour_key(at: datetime) -> str:
    return keys.BUDGET + rfc3339(hour_of(at))[:TO_THE_HOUR]
