"""What this room needs of a kind of job, and of the store."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol

from chalicelib.jobs.job import Job, StateT

Save = Callable[[Job[StateT], Job[StateT]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStep(Generic[StateT]):
    """What a step came to. It is not done before it is saved."""

    job: Job[StateT]
    """The job after the step."""
    save: Save[StateT] | None = None
    """Replace the job by a newer one, in one transaction with what belongs to the step; raise
    ConflictError. None: the job alone is replaced."""


class StateCodec(Protocol[StateT]):
    """How the state of a kind of job is kept."""

    def encode(self, state: StateT) -> Mapping[str, Any]:
        """Return a state in JSON values."""

    def decode(self, kept: Mapping[str, Any]) -> StateT:
        """Return the state that `encode` gave these values of."""


class JobHandler(StateCodec[StateT], Protocol[StateT]):
    """What does the work of a kind of job.

    A step may be done again after a crash, also when it had its effect: it must then find that
    effect, and come to the same result.
    """

    @property
    def kind(self) -> str:
        """The name of the kind."""

    def step(self, job: Job[StateT], until: datetime) -> JobStep[StateT]:
        """Do the next step of a running job, which should end about then, and come further."""

    def report(self, job: Job[StateT]) -> Mapping[str, Any] | None:
        """Return a job's report with what is kept of it elsewhere."""

    def failure(self, state: StateT) -> Mapping[str, Any]:
        """Return what the report of a failed job says besides the reason."""


class JobStore(Protocol):
    """Where jobs are kept."""

    def read(self, job_id: str) -> Job[Any] | None:
        """Return a job as it stands, or None."""

    def create(self, job: Job[Any]) -> None:
        """Write a new job. Raise ConflictError."""

    def save(self, before: Job[Any], after: Job[Any]) -> None:
        """Replace a job, if it is still as before. Raise ConflictError."""
