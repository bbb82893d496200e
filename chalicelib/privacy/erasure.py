"""Erasure: from the request on, nothing of a person counts, is shown or is sent; a job deletes it.

    closed in the request -> what is in flight has ended -> swept, lead by lead -> done

Closing is one transaction on the version of the standing. Whoever read the lead before it cannot
write the lead any more, and whatever was captured before it is dropped where it is read, so that
only what was about to be captured may still be stored. The job waits until that has ended, and
deletes everything once (ADR 0046).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from chalicelib.errors import NotFoundError
from chalicelib.events import epoch_ms, from_epoch_ms, is_lead_id, rfc3339
from chalicelib.jobs.job import CHECKPOINT, Job, JobStatus, end_job, shape_job
from chalicelib.jobs.ports import JobStep
from chalicelib.leads.lead import Lead, find_survivor
from chalicelib.limits import ERASURE_SETTLES_SECONDS
from chalicelib.runtime import Runtime
from chalicelib.telemetry import log
from chalicelib.writing import until_written

ERASE = "erase"
SETTLES = timedelta(seconds=ERASURE_SETTLES_SECONDS)
NO_LEAD = "there is no such lead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What one walk over the items of a lead came to."""

    deleted: int
    is_whole: bool
    """Whether nothing is left that has to go."""
    merged: str | None = None
    """A lead that was merged into it, at whose event the walk stopped."""


class ErasureStore(Protocol):
    """What deletes. Each write may raise ConflictError."""

    def knows(self, lead_id: str) -> bool:
        """Return whether anything is stored of a lead."""

    def begin(self, lead: Lead, erased_at: datetime, job: Job[Any]) -> None:
        """Close a lead, and write the job that deletes its items."""

    def close(self, lead_id: str, erased_at: datetime) -> None:
        """Close a lead that is erased with another one."""

    def sweep(
        self, lead_id: str, erased_at: datetime, known: Sequence[str], go_on: Callable[[], bool]
    ) -> Swept:
        """Delete what was held on a closed lead by then, as far as there is time."""


class JobReader(Protocol):
    """Where jobs are kept."""

    def read(self, job_id: str) -> Job[Any] | None:
        """Return a job as it stands, or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureState:
    """How far an erasure came."""

    erased_at: datetime
    lead_ids: tuple[str, ...]
    """The lead, and those merged into it, in the order in which they are found."""
    swept: int = 0
    """How many of them are behind the job."""
    deleted: int = 0
    """Items."""


class Erasures:
    """Takes requests to erase a person. read_lead: returns a lead as it stands."""

    def __init__(
        self,
        *,
        read_lead: Callable[[str], Lead],
        store: ErasureStore,
        jobs: JobReader,
        runtime: Runtime,
    ) -> None:
        self._read_lead = read_lead
        self._store = store
        self._jobs = jobs
        self.runtime = runtime

    @until_written
    def erase(self, lead_id: str) -> dict[str, Any]:
        """Close a lead, or its survivor, and begin to delete what is held. Return the job.

        A request that comes again is answered with the same job, while that is kept; one whose job
        failed begins anew. Raise NotFoundError.
        """
        lead = find_survivor(self._read_lead, lead_id) if is_lead_id(lead_id) else None
        if lead is None or not (lead.exists or self._store.knows(lead.lead_id)):
            raise NotFoundError(NO_LEAD)
        if lead.is_erased:
            before = self._job_of(lead)
            if before is None:
                raise NotFoundError(NO_LEAD)
            if before.status is not JobStatus.FAILED:
                return shape_job(before, before.report)
        now = self.runtime.now()
        state = ErasureState(erased_at=now, lead_ids=(lead.lead_id,))
        job = Job(
            id=_job_id(lead.lead_id, now),
            kind=ERASE,
            state=state,
            created_at=now,
            due_at=now + SETTLES,
            not_before=now + SETTLES,
            report=_report(state),
        )
        self._store.begin(lead, now, job)
        log("erasure", lead_id=lead.lead_id, key=job.id, state="begun")
        return shape_job(job, job.report)

    def is_under_way(self, lead: Lead) -> bool:
        """Return whether what was held on a lead is still being deleted."""
        job = self._job_of(lead)
        return job is not None and job.status is not JobStatus.DONE

    def _job_of(self, lead: Lead) -> Job[Any] | None:
        return self._jobs.read(_job_id(lead.lead_id, lead.erased_at)) if lead.erased_at else None


class ErasureHandler:
    """Does the steps of an erasure."""

    kind = ERASE

    def __init__(self, *, store: ErasureStore, runtime: Runtime) -> None:
        self._store = store
        self.runtime = runtime

    def encode(self, state: ErasureState) -> Mapping[str, Any]:
        """Return a state in JSON values."""
        return {
            "erased_at_ms": epoch_ms(state.erased_at),
            "lead_ids": list(state.lead_ids),
            "swept": state.swept,
            "deleted": state.deleted,
        }

    def decode(self, kept: Mapping[str, Any]) -> ErasureState:
        """Return the state that `encode` gave these values of."""
        return ErasureState(
            erased_at=from_epoch_ms(kept["erased_at_ms"]),
            lead_ids=tuple(kept["lead_ids"]),
            swept=kept["swept"],
            deleted=kept["deleted"],
        )

    def step(self, job: Job[ErasureState], until: datetime) -> JobStep[ErasureState]:
        """Delete the items of the next lead, as far as there is time.

        Done again after a crash, it finds less to delete, and no lead that it has not saved.
        """
        end = min(until, self.runtime.now() + CHECKPOINT)
        state = self._swept(job.state, end)
        total = len(state.lead_ids)
        after = replace(job, state=state, done=state.swept, total=total, report=_report(state))
        if state.swept == total:
            after = end_job(after, JobStatus.DONE, _report(state))
            log("erasure", lead_id=state.lead_ids[0], key=job.id, state="done")
        return JobStep(job=after)

    def report(self, job: Job[ErasureState]) -> Mapping[str, Any] | None:
        """Return a job's report."""
        return job.report

    def failure(self, state: ErasureState) -> Mapping[str, Any]:
        """Return how far it came. Somebody must look: the person was told that it is done."""
        log("erasure_failed", lead_id=state.lead_ids[0])
        return _report(state)

    @until_written
    def _swept(self, state: ErasureState, end: datetime) -> ErasureState:
        lead_id = state.lead_ids[state.swept]
        if state.swept:
            self._store.close(lead_id, state.erased_at)
        swept = self._store.sweep(
            lead_id, state.erased_at, state.lead_ids, lambda: self.runtime.now() < end
        )
        found = () if swept.merged is None else (swept.merged,)
        return replace(
            state,
            lead_ids=(*state.lead_ids, *found),
            swept=state.swept + int(swept.is_whole),
            deleted=state.deleted + swept.deleted,
        )


def _job_id(lead_id: str, erased_at: datetime) -> str:
    """Return the id of the job of an erasure. What is left of the lead is enough to find it."""
    return f"{ERASE}-{lead_id}-{epoch_ms(erased_at)}"


def _report(state: ErasureState) -> dict[str, Any]:
    return {
        "lead_ids": list(state.lead_ids),
        "erased_at": rfc3339(state.erased_at),
        "deleted": state.deleted,
    }
