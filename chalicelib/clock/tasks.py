"""A task: a kind of thing that can be due. Each room declares its own."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import combinations

from chalicelib.limits import HANDOVER_TRIES


class QueueName(StrEnum):
    """A queue that due things are handed to. Each has workers of its own (ADR 0035)."""

    URGENT = "urgent"  # messages that somebody waits for
    NURTURE = "nurture"  # marketing's emails, only as many as the rate allows
    LEADS = "leads"  # what is due of a lead itself
    JOBS = "jobs"  # what takes minutes


def _to_leads(_key: str) -> QueueName:
    return QueueName.LEADS


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
    """Whether one item may take minutes."""
    queue_of: Callable[[str], QueueName] = _to_leads
    """The queue that an item of that key is handed to."""
    tries: int = HANDOVER_TRIES
    """How many workers in a row it may cost before it is quarantined."""

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
    """Empty for what takes minutes: such a task is not about one lead."""
    key: str
    """What tells it from the others of its task: a message's key, a job's id. Empty where a lead
    has only one."""

    @property
    def queue(self) -> QueueName:
        """The queue that it is handed to."""
        return self.task.queue_of(self.key)


#: Does what is due. The time is when its worker's time is over; what takes seconds ignores it.
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
