"""Runs a job: take it, do its steps until the time is over, save how far it came."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.errors import BatonError, ConflictError, NotFoundError
from chalicelib.jobs.job import Job, JobStatus, end_job, shape_job, take_job
from chalicelib.jobs.ports import JobHandler, JobStore, Save
from chalicelib.limits import JOB_TRIES
from chalicelib.runtime import Runtime
from chalicelib.telemetry import log
from chalicelib.writing import until_written

AT_ONCE = timedelta(0)
JOB_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


class SupersededError(BatonError):
    """Another runner has the job: the lease of this one is over."""


class JobRunner:
    """Starts jobs, does their steps, and shows how far they are.

    handler_of: the handler of a kind.
    """

    def __init__(
        self,
        *,
        jobs: JobStore,
        handler_of: Callable[[str], JobHandler[Any]],
        runtime: Runtime,
    ) -> None:
        self._jobs = jobs
        self._handler_of = handler_of
        self.runtime = runtime

    def start(self, kind: str, state: Any, after: timedelta = AT_ONCE) -> dict[str, Any]:
        """Write a new job, due after a time. Return it as the API shows it."""
        now = self.runtime.now()
        due_at = now + after
        job = Job(id=self.runtime.new_id(), kind=kind, state=state, created_at=now, due_at=due_at)
        self._create(job)
        return shape_job(job, job.report)

    def show(self, job_id: str) -> dict[str, Any]:
        """Return a job as the API shows it. Raise NotFoundError."""
        job = self._jobs.read(job_id) if JOB_ID.fullmatch(job_id) else None
        if job is None:
            raise NotFoundError("there is no such job")
        return shape_job(job, self._handler_of(job.kind).report(job))

    def run(self, job_id: str, until: datetime) -> None:
        """Work on a job until a time, if it is due and no other runner has it."""
        job = self._jobs.read(job_id)
        now = self.runtime.now()
        if job is None or job.due_at is None or job.due_at > now or now >= until:
            return
        self.work(job, until)

    def work(self, job: Job[Any], until: datetime) -> None:
        """Take a job and work on it until a time.

        When another runner was quicker, it has the job, and nothing is done.
        """
        handler = self._handler_of(job.kind)
        try:
            job = self._saved(job, take_job(job, self.runtime.now()))
            if job.tries > JOB_TRIES:
                reason = f"stopped after {JOB_TRIES} tries without any progress"
                report = {**handler.failure(job.state), "reason": reason}
                job = self._saved(job, end_job(job, JobStatus.FAILED, report))
            while self._goes_on(job) and self.runtime.now() < until:
                step = handler.step(job, until)
                job = self._saved(job, self._further(step.job), step.save)
            if self._goes_on(job):
                job = self._saved(job, replace(job, due_at=self.runtime.now()))
        except SupersededError:
            return
        log(
            "job_worked",
            key=job.id,
            kind=job.kind,
            state=job.status,
            done=job.done,
            total=job.total,
        )

    def _goes_on(self, job: Job[Any]) -> bool:
        return job.status is JobStatus.RUNNING and not job.waits(self.runtime.now())

    def _further(self, job: Job[Any]) -> Job[Any]:
        """Return a job that came further. One that waits gives its lease back until then."""
        if job.status is JobStatus.RUNNING and job.waits(self.runtime.now()):
            job = replace(job, due_at=job.not_before)
        return replace(job, tries=0)

    def _saved(self, before: Job[Any], after: Job[Any], save: Save[Any] | None = None) -> Job[Any]:
        after = replace(after, version=before.version + 1)
        self._write(save or self._jobs.save, before, after)
        return after

    @until_written
    def _write(self, save: Save[Any], before: Job[Any], after: Job[Any]) -> None:
        """Save, again while the table is only busy. Raise SupersededError."""
        try:
            save(before, after)
        except ConflictError as conflict:
            # Somebody took the job since: whatever this runner still holds is out of date. ADR 0022
            if conflict.failed:
                raise SupersededError("another runner has the job") from None
            raise

    @until_written
    def _create(self, job: Job[Any]) -> None:
        self._jobs.create(job)
