"""The mould of jobs, shown with a kind that no room of Baton has: the mould knows none by name."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.errors import NotFoundError
from chalicelib.jobs.job import JOB_EDGES, LEASE, Job, JobStatus, end_job
from chalicelib.jobs.ports import JobStep
from chalicelib.jobs.runner import JobRunner
from chalicelib.limits import JOB_TRIES
from chalicelib.runtime import Runtime
from chalicelib.store.jobs import Jobs
from chalicelib.store.table import GUARDED, Item, Put
from chalicelib.wiring.jobs import JOB_HANDLERS
from chalicelib.wiring.world import World
from tests.drafts import TickingClock
from tests.fakes import NOW, FakePorts, MemoryTable

TOY = "toy"
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class ToyState:
    """How far a toy has counted."""

    counted: int = 0
    target: int = 3


class ToyHandler:
    """Counts to its target, one at a step."""

    kind = TOY

    def __init__(self, table: MemoryTable) -> None:
        self.table = table
        self.rest: timedelta | None = None
        self.broken = False

    def encode(self, state: ToyState) -> Mapping[str, Any]:
        return {"n": state.counted, "of": state.target}

    def decode(self, kept: Mapping[str, Any]) -> ToyState:
        return ToyState(kept["n"], kept["of"])

    def step(self, job: Job[ToyState], until: datetime) -> JobStep[ToyState]:
        if self.broken:
            raise OSError
        state = replace(job.state, counted=job.state.counted + 1)
        job = replace(job, state=state, done=state.counted, total=state.target)
        if self.rest is not None:
            job = replace(job, not_before=until + self.rest)
        if state.counted == state.target:
            job = end_job(job, JobStatus.DONE, {"counted": state.counted})
        return JobStep(job=job, save=self.save if state.counted == 2 else None)

    def save(self, before: Job[ToyState], after: Job[ToyState]) -> None:
        """The second step is written with an item of the toy's own."""
        jobs = Jobs(table=self.table, codec_of=lambda _kind: self)
        note: Item = {"pk": "TOY", "sk": "TWO", "from": before.state.counted}
        self.table.write(jobs.put(before, after), Put(note, GUARDED))

    def report(self, job: Job[ToyState]) -> Mapping[str, Any] | None:
        return {**job.report, "shown": True} if job.report else None

    def failure(self, state: ToyState) -> Mapping[str, Any]:
        return {"counted": state.counted}


class Toy:
    """A table with a toy on it, and one runner or several."""

    def __init__(self, clock: TickingClock | None = None) -> None:
        self.table = MemoryTable()
        self.ports = FakePorts(self.table, clock)
        self.handler = ToyHandler(self.table)
        self.jobs = Jobs(table=self.table, codec_of={TOY: self.handler}.__getitem__)
        self.runner = self.another()

    def another(self, handler: ToyHandler | None = None) -> JobRunner:
        ports = self.ports
        return JobRunner(
            jobs=self.jobs,
            handler_of={TOY: handler or self.handler}.__getitem__,
            runtime=Runtime(now=ports.now, new_id=ports.new_id, pause=ports.pause),
        )

    def start(self, target: int = 3) -> str:
        return str(self.runner.start(TOY, ToyState(target=target))["id"])

    def run(self, job_id: str, time: timedelta = MINUTE) -> None:
        self.runner.run(job_id, self.ports.now() + time)

    def kept(self, job_id: str) -> Job[ToyState]:
        job = self.jobs.read(job_id)
        assert job is not None
        return job


# --- the edges ------------------------------------------------------------------------------------

LEGAL = {("running", "held"), ("running", "done"), ("running", "failed")}


def test_the_table_of_edges_has_every_status() -> None:
    assert set(JOB_EDGES) == set(JobStatus)


@pytest.mark.parametrize("target", JobStatus)
@pytest.mark.parametrize("origin", JobStatus)
def test_a_status_changes_along_legal_edges_only(origin: JobStatus, target: JobStatus) -> None:
    job = Job(id="j", kind=TOY, state=None, created_at=NOW, due_at=NOW, status=origin)
    if (origin.value, target.value) in LEGAL:
        ended = end_job(job, target, {"why": "so"})
        assert (ended.status, ended.due_at, ended.report) == (target, None, {"why": "so"})
    else:
        with pytest.raises(AssertionError, match=f"no edge {origin} -> {target}"):
            end_job(job, target, {})


# --- the runner -----------------------------------------------------------------------------------


def test_a_toy_runs_on_the_mould() -> None:
    toy = Toy()
    job_id = toy.start()
    assert toy.runner.show(job_id) == {
        "id": job_id,
        "kind": "toy",
        "state": "running",
        "done": 0,
        "total": 0,
        "report": None,
    }
    toy.run(job_id)
    assert toy.runner.show(job_id) == {
        "id": job_id,
        "kind": "toy",
        "state": "done",
        "done": 3,
        "total": 3,
        "report": {"counted": 3, "shown": True},
    }


def test_each_step_is_saved_on_the_version_that_was_read() -> None:
    toy = Toy()
    job_id = toy.start()
    toy.run(job_id)
    assert toy.kept(job_id).version == 5, "created, taken, and three steps"


def test_a_step_may_write_an_item_of_its_kind() -> None:
    toy = Toy()
    toy.run(toy.start())
    assert toy.table.get("TOY", "TWO") == {"pk": "TOY", "sk": "TWO", "from": 1}


def test_a_job_out_of_time_is_due_again_at_once() -> None:
    toy = Toy(TickingClock(SECOND))
    job_id = toy.start(target=1_000)
    toy.run(job_id)
    kept = toy.kept(job_id)
    assert 0 < kept.done < 100
    assert kept.due_at is not None
    assert kept.due_at <= toy.ports.now()
    assert kept.tries == 0


def test_a_waiting_job_is_due_when_it_may_continue() -> None:
    toy = Toy()
    toy.handler.rest = MINUTE
    job_id = toy.start()
    toy.run(job_id, SECOND)
    kept = toy.kept(job_id)
    assert (kept.done, kept.due_at, kept.not_before) == (1, *2 * [NOW + SECOND + MINUTE])
    toy.run(job_id)
    assert toy.kept(job_id) == kept
    toy.ports.clock.tick(SECOND + MINUTE)
    toy.run(job_id, SECOND)
    assert toy.kept(job_id).done == 2


def test_a_job_that_comes_no_further_is_given_up() -> None:
    toy = Toy()
    job_id = toy.start()
    toy.handler.broken = True
    for _ in range(JOB_TRIES):
        with pytest.raises(OSError):  # noqa: PT011  the toy's own
            toy.run(job_id)
        toy.ports.clock.tick(LEASE)
    toy.run(job_id)
    assert toy.kept(job_id).status is JobStatus.FAILED
    reason = f"stopped after {JOB_TRIES} tries without any progress"
    assert toy.kept(job_id).report == {"counted": 0, "reason": reason}


def test_progress_forgives_the_tries_before() -> None:
    toy = Toy()
    job_id = toy.start()
    toy.handler.broken = True
    for _ in range(JOB_TRIES - 1):
        with pytest.raises(OSError):  # noqa: PT011  the toy's own
            toy.run(job_id)
        toy.ports.clock.tick(LEASE)
    toy.handler.broken = False
    toy.run(job_id)
    assert toy.kept(job_id).status is JobStatus.DONE


def test_a_superseded_runner_writes_nothing_more() -> None:
    toy = Toy()
    job_id = toy.start()
    seen: list[int] = []

    class Slow(ToyHandler):
        """Takes longer than its lease."""

        def step(self, job: Job[ToyState], until: datetime) -> JobStep[ToyState]:
            toy.run(job_id)
            seen.append(toy.kept(job_id).done)  # another runner left it alone
            toy.ports.clock.tick(LEASE)
            toy.run(job_id)
            seen.append(toy.kept(job_id).done)
            return super().step(job, until)

    toy.another(Slow(toy.table)).run(job_id, NOW + MINUTE)
    assert seen == [0, 3]
    assert toy.kept(job_id).version == 6, "created, taken twice, and three steps of one runner"


def test_a_busy_table_is_tried_again() -> None:
    toy = Toy()
    toy.table.be_busy(3)
    job_id = toy.start(target=20)
    toy.run(job_id)
    assert toy.kept(job_id).status is JobStatus.DONE
    assert toy.ports.paused


def test_a_finished_or_unknown_job_is_left_alone() -> None:
    toy = Toy()
    job_id = toy.start()
    toy.run(job_id)
    over = toy.kept(job_id)
    toy.ports.clock.tick(LEASE)
    toy.run(job_id)
    toy.run("another")
    assert toy.kept(job_id) == over
    for unknown in ("another", "", "a#b", "x" * 65):
        with pytest.raises(NotFoundError):
            toy.runner.show(unknown)


# --- the kinds there are --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", JOB_HANDLERS)
def test_every_kind_has_a_handler_that_bears_its_name(kind: str) -> None:
    assert World(FakePorts()).job_handler(kind).kind == kind
