"""Requests: what was counted of them, and those that wait for a replay (ADR 0071)."""

from collections.abc import Mapping
from datetime import datetime

from chalicelib.events import epoch_ms, from_epoch_ms
from chalicelib.handoff.figures import COUNTED_UNDER
from chalicelib.store import keys, places
from chalicelib.store.numbers import read_numbers
from chalicelib.store.table import Table

WAITING_MAX = 1_000  # of a shard: so many leads wait only while something is out of order


class RequestCountItems:
    """Reads what is known of requests."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def counted(self, year: int) -> Mapping[str, int]:
        """Return what was counted in a year, by month, day and outcome."""
        return read_numbers(self._table, f"{COUNTED_UNDER}{year}")

    def waiting(self, since: datetime, until: datetime) -> list[datetime]:
        """Return when those leads asked, from a time to another, whose replay is still to come."""
        found: list[datetime] = []
        for shard in range(keys.ASKED_SHARDS):
            items = self._table.query(
                places.asked(shard),
                first=f"{epoch_ms(since):013d}",
                last=f"{epoch_ms(until):013d}",
                limit=WAITING_MAX,
                index="list",
            )
            found += [from_epoch_ms(int(str(item["list_sk"])[:13])) for item in items]
        return found
