"""A job: work in steps, each saved with how far it came.

running -> done | held | failed. One runner at a time: it takes the job by a lease, and every save
expects the version that was read, so a runner that lost its lease writes nothing (ADR 0022).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Generic, TypeVar

from chalicelib.limits import JOB_CHECKPOINT_SECONDS, LEASE_SECONDS

LEASE = timedelta(seconds=LEASE_SECONDS)
CHECKPOINT = timedelta(seconds=JOB_CHECKPOINT_SECONDS)  # at most what a crash costs

StateT = TypeVar("StateT")


class JobStatus(StrEnum):
    """What has become of a job."""

    RUNNING = "running"
    HELD = "held"  # reality differs from what was expected: nothing was changed
    DONE = "done"
    FAILED = "failed"  # it could not go on; the report says why


JOB_EDGES: Mapping[JobStatus, frozenset[JobStatus]] = {
    JobStatus.RUNNING: frozenset({JobStatus.HELD, JobStatus.DONE, JobStatus.FAILED}),
    JobStatus.HELD: frozenset(),
    JobStatus.DONE: frozenset(),
    JobStatus.FAILED: frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Generic[StateT]):
    """A job of some kind."""

    id: str
    kind: str
    """What it does: a name that a room registered."""
    state: StateT
    """How far it came, as the handler of its kind understands it."""
    created_at: datetime
    due_at: datetime | None
    """When the clock looks after it: while it is worked on, the end of the lease; None: never."""
    not_before: datetime | None = None
    """When its next step may begin; None: at once."""
    status: JobStatus = JobStatus.RUNNING
    done: int = 0
    """Leads, or whatever it works on, that are behind it."""
    total: int = 0
    """How many there are, as far as it knows."""
    report: Mapping[str, Any] | None = None
    """What it has found or done so far, in JSON values."""
    tries: int = 0
    """How often it was taken since it last came further."""
    version: int = 1
    """Of the stored item, for its conditional writes."""

    def waits(self, now: datetime) -> bool:
        """Whether its next step is for a later time."""
        return self.not_before is not None and self.not_before > now


def take_job(job: Job[StateT], now: datetime) -> Job[StateT]:
    """Return the job in the hands of a runner."""
    return replace(job, due_at=now + LEASE, tries=job.tries + 1)


def end_job(job: Job[StateT], status: JobStatus, report: Mapping[str, Any]) -> Job[StateT]:
    """Return the job when it is over. Assert that the change of status is a legal edge.

    Every change of a job's status is made here.
    """
    assert status in JOB_EDGES[job.status], f"no edge {job.status} -> {status}"
    return replace(job, status=status, report=report, due_at=None)


def shape_job(job: Job[Any], report: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a job as api.md has it, with its report in full."""
    return {
        "id": job.id,
        "kind": job.kind,
        "state": job.status.value,
        "done": job.done,
        "total": job.total,
        "report": dict(report) if report is not None else None,
    }
