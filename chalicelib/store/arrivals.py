"""How many events arrived in a partition today: one small item, counted in steps (ADR 0033).

A worker carries what is less than a step in its memory and writes whole steps, so that counting
costs a fraction of a write for each event. Where it begins within a step is drawn with a key that
is the worker's own: nobody can choose events that are not counted, and on average none is missed,
however many workers count, and however soon they are gone.
"""

from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import cast

from chalicelib.days import day_of, end_of
from chalicelib.errors import ConflictError
from chalicelib.limits import ARRIVALS_KEPT_DAYS, ARRIVALS_STEP, WRITE_ATTEMPTS
from chalicelib.store import keys
from chalicelib.store.expiry import expires_after
from chalicelib.store.table import Item, Put, Table, as_read

CARRIED_MAX_PARTITIONS = 1_000  # of a worker; fewer bytes than one import
ONE_DAY = timedelta(days=1)


class Arrivals:
    """Counts the arrivals of a day (in UTC) by partition.

    key: the worker's own, which nobody else knows.
    """

    def __init__(self, table: Table, key: str) -> None:
        self._table = table
        self._key = key
        self._carried: dict[tuple[str, date], int] = {}

    def add(
        self,
        partition: str,
        number: int,
        now: datetime,
        most: int,
        step: int = ARRIVALS_STEP,
    ) -> int | None:
        """Count arrivals, or take them back with a negative number. step: what a write stands for.

        Return how many were known before; None when so many others counted at the same moment that
        these are not counted. Above `most` nothing is counted any more: it costs one read. Raise
        ConflictError when the table is busy.
        """
        day = day_of(now, UTC)
        item = self._table.get(partition, keys.ARRIVALS, lagging=True)
        known = _number_of(item, day)
        if known >= most:
            return known
        steps = self._steps(partition, day, number, step)
        return self._write(partition, item, steps * step, day) if steps else known

    def busiest(self, partition: str, now: datetime) -> int:
        """Return how many arrived today or yesterday, whichever is more."""
        day = day_of(now, UTC)
        item = self._table.get(partition, keys.ARRIVALS, lagging=True)
        return max(_number_of(item, day), _number_of(item, day - ONE_DAY), _before(item, day))

    def _steps(self, partition: str, day: date, number: int, step: int) -> int:
        """Carry arrivals. Return how many whole steps are to be written, which may be negative."""
        place = (partition, day)
        if place not in self._carried:
            if len(self._carried) == CARRIED_MAX_PARTITIONS:
                self._carried.clear()
                # Another key, or whoever makes us forget would begin at the same place again.
                self._key = sha256(self._key.encode()).hexdigest()
            drawn = sha256(f"{self._key}\n{partition}\n{day}".encode()).digest()
            self._carried[place] = int.from_bytes(drawn, "big") % step
        carried = self._carried[place] + number
        # Towards zero: what is taken back is written in whole steps, too.
        steps = carried // step if carried >= 0 else -(-carried // step)
        self._carried[place] = carried - steps * step
        return steps

    def _write(self, partition: str, item: Item | None, number: int, day: date) -> int | None:
        """Write a number more. Return how many there were before; None if others never let us."""
        for _ in range(WRITE_ATTEMPTS):
            if item is not None:  # at midnight another worker may be in the next day already
                day = max(day, date.fromisoformat(str(item["day"])))
            try:
                self._table.write(self._put(partition, item, number, day))
            except ConflictError as conflict:
                # The read was eventually consistent, or another worker was first: the conflict says
                # what is there now, and another read would cost more.
                if not conflict.failed:
                    raise
                item = cast("Item | None", conflict.failed[keys.ARRIVALS])
            else:
                return _number_of(item, day)
        return None

    def _put(self, partition: str, item: Item | None, number: int, day: date) -> Put:
        after: Item = {
            "pk": partition,
            "sk": keys.ARRIVALS,
            "schema": keys.SCHEMA,
            "day": day.isoformat(),
            "number": max(0, _number_of(item, day) + number),
            "before": _before(item, day),
            **expires_after(end_of(day, UTC), ARRIVALS_KEPT_DAYS),
        }
        return Put(after, as_read(item, "day", "number", "before"))


def _number_of(item: Item | None, day: date) -> int:
    """Return how many arrived on the day that an item counts, 0 when it counts another one."""
    return int(item["number"]) if item and item["day"] == day.isoformat() else 0


def _before(item: Item | None, day: date) -> int:
    """Return how many arrived on the day before, as far as an item says it."""
    if item and item["day"] == day.isoformat():
        return int(item["before"])
    return _number_of(item, day - ONE_DAY)
