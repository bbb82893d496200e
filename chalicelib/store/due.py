"""What the clock must do next: one bounded, paged read of each shard of the due index (ADR 0009).

Which items are of which task is what the tasks themselves say: no family is named here.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

from chalicelib.clock.tasks import Due, Task
from chalicelib.limits import DUE_MAX_ITEMS, JOBS_MAX_PER_TICK
from chalicelib.store import keys
from chalicelib.store.table import Item, Table
from chalicelib.telemetry import log


class DueList:
    """Reads what is due. tasks: all that there are, no two of which may overlap."""

    def __init__(self, table: Table, tasks: Collection[Task]) -> None:
        self._table = table
        self._quick = [task for task in tasks if not task.takes_minutes]
        self._slow = [task for task in tasks if task.takes_minutes]

    def until(self, now: datetime) -> Iterator[Due]:
        """Yield what is due by now: first what takes minutes, of which there is little; then the
        oldest first in each shard, at most 500 of a shard.

        Each minute begins with another shard, so that none waits behind the others when time runs
        out. An item of an unknown family is logged and left: it stays due.
        """
        for task in self._slow:
            for item in self._read(task.family, now, JOBS_MAX_PER_TICK):
                yield Due(task, "", keys.id_of(str(item["pk"])))
        for number in range(keys.DUE_SHARDS):
            shard = (now.minute + number) % keys.DUE_SHARDS
            # A shard is read whole before its items are done: they move in the index meanwhile.
            yield from self._known(list(self._read(keys.due(shard), now, DUE_MAX_ITEMS)))

    def _read(self, partition: str, now: datetime, limit: int) -> Iterator[Item]:
        last = keys.due_at(now, keys.END)
        return self._table.query(partition, last=last, limit=limit, index="due")

    def _known(self, items: Iterable[Item]) -> list[Due]:
        """Return the items that are of a task, and log how many are of none."""
        known: list[Due] = []
        unknown = Counter[str]()
        for item in items:
            lead_id = str(item["pk"]).removeprefix(keys.LEAD)
            sort_key = str(item["sk"])
            task = next((task for task in self._quick if task.has(sort_key)), None)
            if task is None:
                unknown[keys.family_of(sort_key)] += 1
            else:
                known.append(Due(task, lead_id, task.key_of(sort_key)))
        for family, count in unknown.items():
            log("due_unknown", count=count, family=family)
        return known
