"""Runs a job: takes it, does its steps until the time is over, saves how far it came."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from chalicelib.errors import BatonError, ConflictError
from chalicelib.events import epoch_ms
from chalicelib.limits import JOB_CHECKPOINT_SECONDS, JOB_TRIES
from chalicelib.publishing.counting import Counted, count, estimate, found_so_far, in_parts
from chalicelib.publishing.ports import Jobs, Leads, Models, Part, Qualify
from chalicelib.publishing.simulate import WhatIf, report
from chalicelib.publishing.sweep import Moving
from chalicelib.publishing.work import (
    Job,
    JobKind,
    JobState,
    Phase,
    Simulated,
    Work,
    differs,
    ended,
    taken,
)
from chalicelib.scoring.model import compiled
from chalicelib.telemetry import log
from chalicelib.writing import persist

CHECKPOINT = timedelta(seconds=JOB_CHECKPOINT_SECONDS)


class SupersededError(BatonError):
    """Another runner has the job: this one's lease is over."""


class Runner:
    """Does the steps of jobs. capacity: handoffs a week that sales takes; shards: of the walk over
    all leads.
    """

    def __init__(
        self,
        leads: Leads,
        jobs: Jobs,
        models: Models,
        qualify: Qualify,
        capacity: Callable[[], int],
        shards: int,
        now: Callable[[], datetime],
        pause: Callable[[int], None],
    ) -> None:
        self._leads, self._jobs, self._models, self._qualify = leads, jobs, models, qualify
        self._capacity, self._shards, self._now, self._pause = capacity, shards, now, pause
        self._moving = Moving(leads, jobs, qualify, shards)

    def run(self, job_id: str, until: datetime) -> None:
        """Work on a job until a time, if it is due and nobody else has it."""
        job, now = self._jobs.read(job_id), self._now()
        if job is None or job.due_at is None or job.due_at > now or now >= until:
            return
        self.work(job, until)

    def work(self, job: Job, until: datetime) -> None:
        """Take a job and work on it until a time. Another runner that was quicker has it; then
        nothing is done.
        """
        try:
            job = self._saved(job, taken(job, self._now()))
            if job.tries > JOB_TRIES:
                job = self._saved(
                    job, _failed(job, f"stopped after {JOB_TRIES} tries without any progress")
                )
            while (
                job.state is JobState.RUNNING
                and self._now() < until
                and not _waits(job, self._now())
            ):
                job = self._step(job, until)
            if job.state is JobState.RUNNING and not _waits(job, self._now()):
                job = self._saved(job, replace(job, due_at=self._now()))
        except SupersededError:
            return
        log(
            "job_worked", key=job.id, kind=job.kind, state=job.state, done=job.done, total=job.total
        )

    def what_if(self, work: Work, document: Mapping[str, Any] | None) -> WhatIf:
        """The two models of a work. document: the draft, when it is no version."""
        active = self._models.model(work.base_version)
        assert active is not None, "versions are never deleted"
        draft = (
            compiled(document, 0, zone=active.zone)
            if document is not None
            else self._models.model(work.version or 0)
        )
        assert draft is not None, "versions are never deleted, and a job keeps its document"
        return WhatIf(active, draft, date.fromordinal(work.day), self._qualify.counted_as)

    def count(self, what_if: WhatIf, work: Work, until: datetime) -> Counted:
        """Count on until a time, or until a part of the list is full."""
        return count(self._leads, self._shards, what_if, work, lambda: self._now() < until)

    def estimate(self, work: Work) -> int:
        """About how many leads there are, by how far the count came."""
        return estimate(found_so_far(work).leads, work.shard, work.after, self._shards)

    def found(self, work: Work) -> dict[str, Any]:
        """What a finished count found, but for the list of leads."""
        found = found_so_far(work)
        return report(found, [], self._capacity(), truncated=found.changed > work.listed)

    def _step(self, job: Job, until: datetime) -> Job:
        if job.work.phase is Phase.COUNTING:
            return self._count(job, until)
        return self._activate(job) if job.work.phase is Phase.ACTIVATING else self._move(job, until)

    def _count(self, job: Job, until: datetime) -> Job:
        """Count on, up to a checkpoint."""
        what_if = self.what_if(
            job.work, self._jobs.document(job.id) if job.work.version is None else None
        )
        counted = self.count(what_if, job.work, min(until, self._now() + CHECKPOINT))
        work, parts = counted.work, in_parts(counted.listed)
        done = found_so_far(work).leads
        total = done if counted.over else self.estimate(work)
        job_then = replace(
            job, work=work, done=done, total=total, parts=job.parts + len(parts), tries=0
        )
        if not counted.over:
            return self._saved(job, job_then, parts)
        return self._counted(job, job_then, parts)

    def _counted(self, before: Job, job: Job, parts: list[Part]) -> Job:
        """What follows from a finished count: a simulation is done; a publish goes on, or is
        held.
        """
        work = job.work
        changed = found_so_far(work).changed
        simulated = Simulated(changed, self._now())
        if job.kind is JobKind.SIMULATE:
            return self._saved(
                before, ended(job, JobState.DONE, self.found(work)), parts, simulated
            )
        if not work.force and differs(work.expected or 0, changed):
            return self._saved(
                before, ended(job, JobState.HELD, self._held_report(work)), parts, simulated
            )
        job = replace(job, work=replace(work, phase=Phase.ACTIVATING, part=work.first_part))
        return self._saved(before, job, parts, simulated)

    def _activate(self, job: Job) -> Job:
        """Make the version the active one, unless another one became it since the count: then count
        again.
        """
        work, active = job.work, self._models.pointer()
        if (
            active is None
            or active.activation != work.base_activation
            or active.version != work.base_version
        ):
            return self._saved(
                job,
                _recounted(
                    job, active.version if active else 0, active.activation if active else 0
                ),
            )
        now = self._now()
        work = replace(
            work,
            phase=Phase.MOVING,
            activation=active.activation + 1,
            activated_at_ms=epoch_ms(now),
            shard=0,
            after="",
        )
        after = replace(job, work=work, done=0, total=job.done, version=job.version + 1, tries=0)
        assert work.version is not None, "what is published is a version"
        version = work.version
        self._written(lambda: self._jobs.activate(job, after, version, active))
        return after

    def _move(self, job: Job, until: datetime) -> Job:
        """Move a page of leads, and plan the next."""
        model = (
            self._models.current()
        )  # a container that was there before the activation must not work by its cache
        now = self._now()
        after = self._moving.step(job, model, now, lambda: self._now() < until)
        work = after.work
        if self._moving.has_lost(work):
            return self._saved(job, _failed(after, "too many leads could not be moved"))
        if self._moving.is_over(work):
            whole = replace(after, done=after.total)
            return self._saved(
                job, ended(whole, JobState.DONE, publish_report(replace(work, phase=Phase.OVER)))
            )
        due_at = after.due_at
        if self._moving.is_walked(work):
            work, due_at = self._moving.next_pass(work, self._now())
            due_at = due_at if due_at > self._now() else after.due_at
        return self._saved(
            job, replace(after, work=work, due_at=due_at, tries=0, report=publish_report(work))
        )

    def _held_report(self, work: Work) -> dict[str, Any]:
        changed = found_so_far(work).changed
        reason = (
            f"{work.expected} leads were expected to change stage, and {changed} would; nothing was"
            f" changed. Publish with expected_changes {changed}, or with force"
        )
        return {
            **publish_report(replace(work, phase=Phase.OVER)),
            **self.found(work),
            "reason": reason,
        }

    def _saved(
        self,
        before: Job,
        after: Job,
        parts: list[Part] | None = None,
        simulated: Simulated | None = None,
    ) -> Job:
        after = replace(after, version=before.version + 1)
        self._written(lambda: self._jobs.save(before, after, parts or [], simulated))
        return after

    def _written(self, write: Callable[[], None]) -> None:
        """Write, again while the table is only busy. Raises SupersededError when the job is another
        runner's.
        """

        def attempt() -> None:
            try:
                write()
            except ConflictError as conflict:
                if conflict.failed:
                    raise SupersededError("another runner has the job") from None
                raise

        persist(attempt, self._pause)


def publish_report(work: Work) -> dict[str, Any]:
    """What a publish has done so far."""
    found = found_so_far(work)
    failed = [lead_id for lead_id, _ in sorted(work.failed.items())]
    return {
        "phase": work.phase.value,
        "version": work.version,
        "expected": work.expected,
        "simulated": found.changed,
        "changes": dict(sorted(found.changes.items())),
        "moved": dict(sorted(work.moved.items())),
        "handoffs_held": work.held,
        "failed": failed,
    }


def _waits(job: Job, now: datetime) -> bool:
    """Whether the next step of a job is for a later time than its lease's end says."""
    return job.work.phase is Phase.MOVING and job.work.began_at_ms > epoch_ms(now)


def _recounted(job: Job, version: int, activation: int) -> Job:
    """The job at the beginning of another count, against another active model; its list begins
    anew.
    """
    work = replace(
        job.work,
        base_version=version,
        base_activation=activation,
        phase=Phase.COUNTING,
        shard=0,
        after="",
        found=None,
        listed=0,
        listed_bytes=0,
        first_part=job.parts,
    )
    return replace(job, work=work, done=0)


def _failed(job: Job, reason: str) -> Job:
    told = publish_report(job.work) if job.kind is JobKind.PUBLISH else {}
    return ended(job, JobState.FAILED, {**told, "reason": reason})
