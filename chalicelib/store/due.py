"""What is due: bounded, paged reads of each shard of the due index (ADR 0009).

The tasks themselves say which items are theirs: no family is named here.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

from chalicelib.clock.tasks import Due, Task, refuse_overlaps
from chalicelib.limits import DUE_MAX_READ
from chalicelib.store import keys, places
from chalicelib.store.table import Item, Table
from chalicelib.telemetry import log


class DueList:
    """Reads what is due. tasks: every one; no two may overlap."""

    def __init__(self, table: Table, tasks: Collection[Task]) -> None:
        refuse_overlaps(tasks)
        self._table = table
        self._quick = [task for task in tasks if not task.takes_minutes]
        self._slow = [task for task in tasks if task.takes_minutes]

    def places(self, now: datetime) -> Iterator[Iterator[Due]]:
        """Yield each partition of the index with what is due in it by now, the oldest first, and
        no more of it than a tick looks at. It is read as far as it is asked for.

        First what takes minutes, then the shards of leads, then those of marketing's emails. Each
        minute begins with another shard, so that none waits behind the others when time runs out.
        An item of an unknown family is logged and left: it stays due.
        """
        for task in self._slow:
            yield (
                Due(task, "", keys.id_of(str(item["pk"]))) for item in self._read(task.family, now)
            )
        for partition in (places.due, places.due_nurture):
            for number in range(keys.DUE_SHARDS):
                shard = (now.minute + number) % keys.DUE_SHARDS
                yield self._known(self._read(partition(shard), now))

    def _read(self, partition: str, now: datetime) -> Iterator[Item]:
        last = places.due_at(now, keys.END)
        return self._table.query(partition, last=last, limit=DUE_MAX_READ, index="due")

    def _known(self, items: Iterable[Item]) -> Iterator[Due]:
        """Yield the items that are of a task. Log how many were of none, at the end or wherever
        the reading is given up.
        """
        unknown = Counter[str]()
        try:
            for item in items:
                lead_id = str(item["pk"]).removeprefix(keys.LEAD)
                sort_key = str(item["sk"])
                task = next((task for task in self._quick if task.has(sort_key)), None)
                if task is None:
                    unknown[keys.family_of(sort_key)] += 1
                else:
                    yield Due(task, lead_id, task.key_of(sort_key))
        finally:
            for family, count in unknown.items():
                log("due_unknown", count=count, family=family)
