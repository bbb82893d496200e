"""A task: a kind of thing that can be due. Each room declares its own."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A kind of thing that can be due."""

    name: str
    """What logs and metrics call it."""
    family: str
    """How its items are known. The sort key of the one item that a lead has of it (`STANDING`);
    with a `#` at its end, what the sort keys of its items begin with (`OUTBOX#`); of a task that
    takes minutes, the partition of the due index that it has for itself (`DUE#JOBS`)."""
    takes_minutes: bool = False
    """Whether one item may take minutes. It is then done last, until the tick is over."""

    def has(self, sort_key: str) -> bool:
        """Return whether an item of that sort key, or of that partition, is of this task."""
        if self.family.endswith("#"):
            return sort_key.startswith(self.family)
        return sort_key == self.family

    def key_of(self, sort_key: str) -> str:
        """Return what tells an item of this task from the others of its lead: the rest of its sort
        key.
        """
        return sort_key.removeprefix(self.family)


@dataclass(frozen=True, slots=True)
class Due:
    """One thing that is due."""

    task: Task
    lead_id: str
    """Empty for what takes minutes: that is no lead's."""
    key: str
    """What tells it from the others of its task: a message's key, a job's id. Empty where a lead
    has only one."""


#: Does what is due. The time is when its part of the tick is over; what takes seconds ignores it.
Handler = Callable[[Due, datetime], None]


def refuse_overlaps(tasks: Collection[Task]) -> None:
    """Check that each due item is of one task at most. Raises ValueError for two tasks that could
    claim the same item, or that logs could not tell apart.
    """
    for one, other in combinations(tasks, 2):
        if one.name == other.name:
            raise ValueError(f"two tasks are named {one.name}")
        overlap = one.has(other.family) or other.has(one.family)
        if overlap and one.takes_minutes == other.takes_minutes:
            raise ValueError(f"the items of {one.name} and {other.name} cannot be told apart")
