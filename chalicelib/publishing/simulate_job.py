"""The job of a simulation that takes longer than a request: count what the draft changes."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from typing import Any

from chalicelib.jobs.job import Job, JobStatus, end_job
from chalicelib.jobs.ports import JobStep
from chalicelib.publishing.counting import ChangeCounter, with_leads
from chalicelib.publishing.ports import PublishStore
from chalicelib.publishing.state import CountState, decode_count

SIMULATE = "simulate"


class SimulateHandler:
    """Does the steps of a simulation."""

    kind = SIMULATE

    def __init__(self, *, store: PublishStore, counter: ChangeCounter) -> None:
        self._store = store
        self._counter = counter

    def encode(self, state: CountState) -> Mapping[str, Any]:
        """Return a state in JSON values."""
        return asdict(state)

    def decode(self, kept: Mapping[str, Any]) -> CountState:
        """Return the state that `encode` gave these values of."""
        return decode_count(kept)

    def step(self, job: Job[CountState], until: datetime) -> JobStep[CountState]:
        """Count on; when every lead is counted, the job is done."""
        document = self._store.document(job.id) if job.state.version is None else None
        counted = self._counter.step(job.state, document, until)
        after = replace(job, state=counted.state, done=counted.done, total=counted.total)
        if counted.over:
            after = end_job(after, JobStatus.DONE, self._counter.report(counted.state))
        return JobStep(job=after, save=partial(self._store.save, findings=counted.findings))

    def report(self, job: Job[CountState]) -> Mapping[str, Any] | None:
        """Return a job's report with the leads that change."""
        first = job.state.first_part
        return with_leads(job.report, lambda: list(self._store.parts(job.id, first)))

    def failure(self, state: CountState) -> Mapping[str, Any]:  # noqa: ARG002  it changed nothing
        """Return nothing: an unfinished count is worth nothing."""
        return {}
