"""How many of marketing's emails may leave, and how many did in each hour (ADR 0057).

An hour's count is spread over several items, each with its part of the room, as that of first
emails is: together they never let through more than there is room for.
"""

from collections import Counter
from datetime import UTC, datetime, tzinfo

from chalicelib.days import UTC_NAME, hour_of, zone_of
from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.errors import ConflictError
from chalicelib.events import epoch_ms, from_epoch_ms, rfc3339
from chalicelib.nurture.allowance import (
    Allowance,
    Room,
    SentByHour,
    WarmUp,
    first_hour,
    room_of,
)
from chalicelib.store import keys
from chalicelib.store.expiry import expires_after
from chalicelib.store.table import Item, Put, Table

SENT_KEPT_DAYS = 8
"""A warm-up asks for the day on which the clock last ran."""
HOUR_CHARS = len("2026-11-22T10")
OVER_QUOTA = "over_quota"


class Allowances:
    """Reads and replaces what may leave, and counts what does."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def read(self) -> Allowance | None:
        """Return what the clock last wrote down; None before it first ran."""
        item = self._table.get(keys.ALLOWANCE, keys.ALLOWANCE)
        return _allowance_of(item) if item is not None else None

    def save(self, allowance: Allowance) -> None:
        """Replace it. Raise ConflictError when another was first."""
        self._table.write(Put(_item(allowance), {"version": allowance.version - 1 or None}))

    def sent(self, first: datetime) -> SentByHour:
        """Return how many of marketing's emails were claimed in each hour, from one on."""
        counted = Counter[datetime]()
        for (hour, _), number in self._counters(first).items():
            counted[hour] += number
        return counted

    def room(self, now: datetime) -> Room | None:
        """Return how many may leave now; None: any number."""
        allowance = self.read()
        return room_of(allowance, self.sent(first_hour(allowance, now)), now) if allowance else None

    def writes(self, claimed: OutboxMessage) -> list[Put]:
        """Return the write that counts an email, for the transaction that claims it.

        Raise ConflictError when there is no room for it.
        """
        now = claimed.claimed_at
        assert now is not None, "a claimed message says when"
        allowance = self.read()
        hour = hour_of(now)
        counters = self._counters(first_hour(allowance, now) if allowance else hour)
        sent = Counter[datetime]()
        for (one, _), number in counters.items():
            sent[one] += number
        room = room_of(allowance, sent, now) if allowance else None
        has_room = room is None or room.left > 0
        own = keys.shard(claimed.lead_id, keys.SENT_SHARDS)
        for shard in ((own + number) % keys.SENT_SHARDS for number in range(keys.SENT_SHARDS)):
            spent = counters.get((hour, shard), 0)
            if has_room and (room is None or spent < _part(room.this_hour, shard)):
                return [_counter(hour, shard, spent)]
        # Claim against claim: there was room when the gate looked, and others took it. The next
        # look asks the gate again, which says until when the email waits.
        raise ConflictError({OVER_QUOTA: None})

    def imported(self) -> int:
        """Return how many people were imported so far."""
        item = self._table.get(keys.ALLOWANCE, keys.IMPORTED_PEOPLE)
        return int(item["imported"]) if item is not None else 0

    def count_imported(self, number: int) -> None:
        """Count people who were imported. Raise ConflictError when another was first."""
        before = self.imported()
        item: Item = {
            "pk": keys.ALLOWANCE,
            "sk": keys.IMPORTED_PEOPLE,
            "schema": keys.SCHEMA,
            "imported": before + number,
        }
        self._table.write(Put(item, {"imported": before or None}))

    def zone(self) -> tzinfo:
        """Return the company's time zone: that of the active model."""
        item = self._table.get(keys.config("model"), keys.ACTIVE) or {}
        return zone_of(str(item.get("zone", UTC_NAME)))

    def _counters(self, first: datetime) -> dict[tuple[datetime, int], int]:
        """Return the count of each hour and shard, from the hour of a moment on."""
        items = self._table.query(keys.SENT, first=_text(hour_of(first)))
        return {_hour_and_shard(str(item["sk"])): int(item["sent"]) for item in items}


def _part(most: int, shard: int) -> int:
    """Return how many of an hour's emails one of its counters may count."""
    return most // keys.SENT_SHARDS + (shard < most % keys.SENT_SHARDS)


def _counter(hour: datetime, shard: int, spent: int) -> Put:
    return Put(
        {
            "pk": keys.SENT,
            "sk": f"{_text(hour)}#{shard}",
            "schema": keys.SCHEMA,
            "sent": spent + 1,
            **expires_after(hour, SENT_KEPT_DAYS),
        },
        {"sent": spent or None},
        name=keys.SENT,
    )


def _text(hour: datetime) -> str:
    return rfc3339(hour)[:HOUR_CHARS]


def _hour_and_shard(sort_key: str) -> tuple[datetime, int]:
    hour, _, shard = sort_key.partition("#")
    return datetime.fromisoformat(f"{hour}:00").replace(tzinfo=UTC), int(shard)


def _item(allowance: Allowance) -> Item:
    item: Item = {
        "pk": keys.ALLOWANCE,
        "sk": keys.ALLOWANCE,
        "schema": keys.SCHEMA,
        "ticked_at_ms": epoch_ms(allowance.ticked_at),
        "others": allowance.others,
        "version": allowance.version,
    }
    warm_up = allowance.warm_up
    optional = {
        "per_day": allowance.per_day,
        "per_minute": allowance.per_minute,
        "warm_up_began_ms": epoch_ms(warm_up.began) if warm_up else None,
        "warm_up_ends_ms": epoch_ms(warm_up.ends) if warm_up else None,
        "warm_up_most": warm_up.most if warm_up else None,
        "warm_up_imported": warm_up.imported if warm_up else None,
    }
    return item | {name: value for name, value in optional.items() if value is not None}


def _allowance_of(item: Item) -> Allowance:
    def number(name: str) -> int | None:
        return int(item[name]) if name in item else None

    warm_up = None
    if "warm_up_most" in item:
        warm_up = WarmUp(
            began=from_epoch_ms(int(item["warm_up_began_ms"])),
            ends=from_epoch_ms(int(item["warm_up_ends_ms"])),
            most=int(item["warm_up_most"]),
            imported=int(item["warm_up_imported"]),
        )
    return Allowance(
        ticked_at=from_epoch_ms(int(item["ticked_at_ms"])),
        per_day=number("per_day"),
        others=int(item["others"]),
        per_minute=number("per_minute"),
        warm_up=warm_up,
        version=int(item["version"]),
    )
