"""A job: work on all leads in steps, each saved with how far it came, so that a crash costs a step
and no more.

running -> done | held | failed. One runner at a time: it takes the job by a lease, and every save
expects the version that it read, so a runner that lost its lease writes nothing more.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from chalicelib.limits import LEASE_SECONDS, LEEWAY_LEADS

LEASE = timedelta(seconds=LEASE_SECONDS)


class JobKind(StrEnum):
    """What a job does."""

    SIMULATE = "simulate"
    PUBLISH = "publish"


class JobState(StrEnum):
    """What has become of a job."""

    RUNNING = "running"
    HELD = "held"  # reality differs from what was expected: nothing was changed
    DONE = "done"
    FAILED = "failed"  # it could not go on; the report says why


class Phase(StrEnum):
    """What a job is at; also the `phase` of a running publish's report."""

    COUNTING = "counting"  # what the draft changes, lead by lead
    ACTIVATING = "activating"
    MOVING = "moving"  # every lead is brought to the model, those that change stage first
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a job is about and how far it came, in plain values, as it is kept.

    version: the draft's, None for a document of the job's own; base_*: the model that it is
    compared with; day: as an ordinal, the one that every lead is judged on. phase; shard, after:
    where the walk over all leads stands; found: what was counted; listed, listed_bytes: of the
    leads that change, first_part: the part that their list begins in.

    Of a publish: expected, force: what was asked; activation, activated_at_ms: what it became;
    began_at_ms: when the pass began; passes: how many there were; walked: leads that the first one
    has behind it; part: the next one of the list whose leads move; page: the leads that are being
    moved, each with the stage it had; moved: `from->to` -> leads; held: handoffs that nobody was
    told of; failed: lead -> tries.
    """

    digest: str
    version: int | None
    base_version: int
    base_activation: int
    day: int
    phase: Phase = Phase.COUNTING
    shard: int = 0
    after: str = ""
    found: Mapping[str, Any] | None = None
    listed: int = 0
    listed_bytes: int = 0
    first_part: int = 0
    expected: int | None = None
    force: bool = False
    activation: int = 0
    activated_at_ms: int = 0
    began_at_ms: int = 0
    passes: int = 0
    walked: int = 0
    part: int = 0
    page: Mapping[str, str] = field(default_factory=dict)
    moved: Mapping[str, int] = field(default_factory=dict)
    held: int = 0
    failed: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job. done, total: leads, of the phase that it is at; parts: how many its list has.

    due_at: when the clock looks after it, None when it is over; while it is worked on, the end of
    the lease. tries: how often it was taken since it last came further. version: of the item, for
    its conditional writes.
    """

    id: str
    kind: JobKind
    work: Work
    created_at: datetime
    due_at: datetime | None
    state: JobState = JobState.RUNNING
    done: int = 0
    total: int = 0
    report: Mapping[str, Any] | None = None
    parts: int = 0
    tries: int = 0
    version: int = 1


@dataclass(frozen=True, slots=True)
class Simulated:
    """That a document was simulated: when it was finished, and how many leads would change their
    stage.
    """

    changed: int
    at: datetime


def work_of(kept: Mapping[str, Any]) -> Work:
    """A work, of what `dataclasses.asdict` made of it and JSON brought back."""
    return Work(**{**kept, "phase": Phase(kept["phase"])})


def taken(job: Job, now: datetime) -> Job:
    """The job in the hands of a runner."""
    return replace(job, due_at=now + LEASE, tries=job.tries + 1)


def ended(job: Job, state: JobState, report: Mapping[str, Any]) -> Job:
    """The job when it is over."""
    return replace(
        job, state=state, report=report, due_at=None, work=replace(job.work, phase=Phase.OVER)
    )


def differs(stated: int, other: int) -> bool:
    """Whether a number of leads differs from the stated one by more than a tenth of it, and more
    than five leads (playbook, rule 9).
    """
    return 10 * abs(other - stated) > max(10 * LEEWAY_LEADS, stated)


def shape(job: Job) -> dict[str, Any]:
    """A job as api.md has it."""
    return {
        "id": job.id,
        "kind": job.kind.value,
        "state": job.state.value,
        "done": job.done,
        "total": job.total,
        "report": dict(job.report) if job.report is not None else None,
    }
