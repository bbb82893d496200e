"""The job of a publish: count again, activate the version, bring every lead to it (ADR 0022)."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from typing import Any

from chalicelib.events import epoch_ms
from chalicelib.jobs.job import Job, JobStatus, end_job
from chalicelib.jobs.ports import JobStep
from chalicelib.publishing.counting import ChangeCounter, found_so_far, with_leads
from chalicelib.publishing.ports import ModelStore, PublishStore
from chalicelib.publishing.state import (
    CountState,
    Phase,
    PublishState,
    SweepState,
    decode_publish,
    differs,
)
from chalicelib.publishing.sweep import Sweep
from chalicelib.publishing.versions import Active
from chalicelib.runtime import Runtime

PUBLISH = "publish"
NEVER = Active(version=0, activation=0)


class PublishHandler:
    """Does the steps of a publish."""

    kind = PUBLISH

    def __init__(
        self,
        *,
        store: PublishStore,
        models: ModelStore,
        counter: ChangeCounter,
        sweep: Sweep,
        runtime: Runtime,
    ) -> None:
        self._store = store
        self._models = models
        self._counter = counter
        self._sweep = sweep
        self._runtime = runtime

    def encode(self, state: PublishState) -> Mapping[str, Any]:
        """Return a state in JSON values."""
        return asdict(state)

    def decode(self, kept: Mapping[str, Any]) -> PublishState:
        """Return the state that `encode` gave these values of."""
        return decode_publish(kept)

    def step(self, job: Job[PublishState], until: datetime) -> JobStep[PublishState]:
        """Count on, or activate the version, or move a page of leads."""
        match job.state.phase:
            case Phase.COUNTING:
                return self._count(job, until)
            case Phase.ACTIVATING:
                return self._activate(job)
            case Phase.MOVING:
                return self._move(job, until)
            case Phase.OVER:
                raise AssertionError("a publish that is over has no step")

    def report(self, job: Job[PublishState]) -> Mapping[str, Any] | None:
        """Return a job's report; that of a held one with the leads that change."""
        first = job.state.count.first_part
        return with_leads(job.report, lambda: list(self._store.parts(job.id, first)))

    def failure(self, state: PublishState) -> Mapping[str, Any]:
        """Return how far it came."""
        return publish_report(state)

    def _count(self, job: Job[PublishState], until: datetime) -> JobStep[PublishState]:
        """Count on. When every lead is counted, go on to activate, or hold the job."""
        counted = self._counter.step(job.state.count, None, until)
        state = replace(job.state, count=counted.state)
        after = replace(job, state=state, done=counted.done, total=counted.total)
        if counted.over:
            after = self._counted(after)
        return JobStep(job=after, save=partial(self._store.save, findings=counted.findings))

    def _counted(self, job: Job[PublishState]) -> Job[PublishState]:
        state = job.state
        changed = found_so_far(state.count).changed
        if not state.force and differs(state.expected or 0, changed):
            over = replace(state, phase=Phase.OVER)
            return end_job(replace(job, state=over), JobStatus.HELD, self._held_report(over))
        sweep = SweepState(part=state.count.first_part)
        return replace(job, state=replace(state, phase=Phase.ACTIVATING, sweep=sweep))

    def _activate(self, job: Job[PublishState]) -> JobStep[PublishState]:
        """Make the version the active one, unless another one became it since the count: then count
        again.
        """
        state = job.state
        active = self._models.pointer()
        if active is None or active != state.count.base:
            return JobStep(job=_recounted(job, active or NEVER))
        now = self._runtime.now()
        moving = replace(state, phase=Phase.MOVING, activated_at_ms=epoch_ms(now))
        assert state.count.version is not None, "what is published is a version"
        save = partial(self._store.activate, version=state.count.version, active=active)
        return JobStep(job=replace(job, state=moving, done=0, total=job.done), save=save)

    def _move(self, job: Job[PublishState], until: datetime) -> JobStep[PublishState]:
        """Move a page of leads, and plan the next."""
        # Read anew: a container that was there before the activation must not work by its cache.
        model = self._models.current()
        now = self._runtime.now()
        after = self._sweep.step(job, model, now, lambda: self._runtime.now() < until)
        state = after.state
        if self._sweep.has_lost(state.sweep):
            reason = "too many leads could not be moved"
            report = {**publish_report(state), "reason": reason}
            return JobStep(job=end_job(_over(after), JobStatus.FAILED, report))
        if self._sweep.is_over(state):
            over = _over(replace(after, done=after.total))
            return JobStep(job=end_job(over, JobStatus.DONE, publish_report(over.state)))
        if self._sweep.is_walked(state.sweep):
            sweep, at = self._sweep.next_pass(state, self._runtime.now())
            state = replace(state, sweep=sweep)
            after = replace(after, state=state, not_before=at)
        return JobStep(job=replace(after, report=publish_report(state)))

    def _held_report(self, state: PublishState) -> dict[str, Any]:
        changed = found_so_far(state.count).changed
        reason = (
            f"{state.expected} leads were expected to change stage, and {changed} would; nothing"
            f" was changed. Publish with expected_changes {changed}, or with force"
        )
        return {**publish_report(state), **self._counter.report(state.count), "reason": reason}


def publish_report(state: PublishState) -> dict[str, Any]:
    """Return what a publish has done so far."""
    found = found_so_far(state.count)
    return {
        "phase": state.phase.value,
        "version": state.count.version,
        "expected": state.expected,
        "simulated": found.changed,
        "changes": dict(sorted(found.changes.items())),
        "moved": dict(sorted(state.sweep.moved.items())),
        "handoffs_held": state.sweep.held,
        "emails": found.emails,
        "emails_held": state.sweep.emails_held,
        "failed": sorted(state.sweep.failed),
        "left_to_clock": state.sweep.left,
    }


def _over(job: Job[PublishState]) -> Job[PublishState]:
    return replace(job, state=replace(job.state, phase=Phase.OVER))


def _recounted(job: Job[PublishState], active: Active) -> Job[PublishState]:
    """Return the job at the beginning of another count, against another active model; its list
    begins anew.
    """
    old = job.state.count
    count = CountState(
        digest=old.digest,
        version=old.version,
        base=active,
        day=old.day,
        first_part=old.parts,
        parts=old.parts,
    )
    return replace(job, done=0, state=replace(job.state, count=count, phase=Phase.COUNTING))
