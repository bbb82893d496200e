"""What the clock must do next: one bounded, paged read of each shard of the due index."""

from collections.abc import Iterator
from datetime import datetime

from chalicelib.clock.clock import Due, Task
from chalicelib.limits import DUE_MAX_ITEMS, JOBS_MAX_PER_TICK
from chalicelib.store import keys
from chalicelib.store.table import Table

TASKS = {keys.STANDING: Task.REVIEW, keys.REPLAY: Task.REPLAY}


class DueList:
    """Reads what is due."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def until(self, now: datetime) -> Iterator[Due]:
        """What is due by now: jobs, which are few, before all else; then the oldest first in each
        shard, at most 500 of a shard.

        Each minute begins with another shard, so that none waits behind the others when time runs
        out.
        """
        last = keys.due_at(now, keys.END)
        for item in self._table.query(
            keys.DUE_JOBS, last=last, limit=JOBS_MAX_PER_TICK, index="due"
        ):
            yield Due(Task.JOB, "", str(item["pk"]).removeprefix(keys.job("")))
        for number in range(keys.DUE_SHARDS):
            shard = (now.minute + number) % keys.DUE_SHARDS
            found = self._table.query(keys.due(shard), last=last, limit=DUE_MAX_ITEMS, index="due")
            for item in list(found):
                lead_id, sk = str(item["pk"]).removeprefix(keys.LEAD), str(item["sk"])
                if sk in TASKS:
                    yield Due(TASKS[sk], lead_id, "")
                elif sk.startswith(keys.OUTBOX):
                    yield Due(Task.MESSAGE, lead_id, sk.removeprefix(keys.OUTBOX))
