"""Jobs as they are stored, on every engine: a step is one write, one publish runs, and it activates
with its job.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.clock.tasks import Due
from chalicelib.errors import ConflictError
from chalicelib.publishing.versions import Active
from chalicelib.publishing.work import Job, JobKind, JobState, Phase, Simulated, Work, ended
from chalicelib.store.due import DueList
from chalicelib.store.jobs import Jobs
from chalicelib.store.models import Models
from chalicelib.store.table import Table
from chalicelib.wiring.due import DUE_TASKS, JOB_TASK
from tests.baton import model_document
from tests.fakes import NOW, FakeClock

MINUTE = timedelta(minutes=1)
WORK = Work(
    digest="0123456789abcdef",
    version=2,
    base_version=1,
    base_activation=1,
    day=NOW.toordinal(),
    phase=Phase.MOVING,
    shard=3,
    after="A" * 26,
    found={"leads": 3, "changes": {"lead->mql": 2}},
    listed=2,
    expected=7,
    force=True,
    began_at_ms=5,
    page={"B" * 26: "lead"},
    moved={"lead->mql": 1},
    failed={"C" * 26: 2},
)


def job(job_id: str = "id-1", kind: JobKind = JobKind.PUBLISH, **parts: object) -> Job:
    known = {"id": job_id, "kind": kind, "work": WORK, "created_at": NOW, "due_at": NOW}
    return Job(**{**known, **parts})  # type: ignore[arg-type]


def jobs_of(table: Table) -> Jobs:
    return Jobs(table, Models(table, FakeClock()))


def next_of(before: Job, **parts: object) -> Job:
    return replace(before, version=before.version + 1, **parts)  # type: ignore[arg-type]


def test_a_job_is_read_as_it_was_written(table: Table) -> None:
    jobs, whole = jobs_of(table), job(done=3, total=9, report={"phase": "moving"}, parts=2, tries=1)
    assert jobs.read("id-1") is None
    jobs.create(whole)
    assert jobs.read("id-1") == whole
    with pytest.raises(ConflictError):
        jobs.create(whole)


def test_a_step_is_saved_on_the_version_that_was_read_with_its_part_of_the_list(
    table: Table,
) -> None:
    jobs, first = jobs_of(table), job(kind=JobKind.SIMULATE)
    jobs.create(first)
    second = next_of(first, done=5, parts=1)
    jobs.save(first, second, [[{"lead_id": "a"}]])
    third = next_of(second, parts=3)
    jobs.save(second, third, [[{"lead_id": "ü"}, {"lead_id": "c"}], [{"lead_id": "d"}]])
    with pytest.raises(ConflictError):
        jobs.save(first, second, [[{"lead_id": "x"}]])
    assert jobs.read("id-1") == third
    assert [one["lead_id"] for one in jobs.parts("id-1", 0)] == ["a", "ü", "c", "d"]
    assert [one["lead_id"] for one in jobs.parts("id-1", 1)] == ["ü", "c", "d"]
    assert jobs.part("id-1", 2) == [{"lead_id": "d"}]
    assert jobs.part("id-1", 3) == []


def test_a_job_keeps_its_document_and_the_list_that_a_request_made(table: Table) -> None:
    jobs = jobs_of(table)
    jobs.create(job(kind=JobKind.SIMULATE, parts=1), [[{"lead_id": "a"}]], {"name": "x"})
    assert jobs.document("id-1") == {"name": "x"}
    assert jobs.document("id-2") is None
    assert list(jobs.parts("id-1", 0)) == [{"lead_id": "a"}]


def test_everything_of_a_job_is_forgotten_after_a_month(table: Table) -> None:
    jobs_of(table).create(job(kind=JobKind.SIMULATE, parts=1), [[{"lead_id": "a"}]], {"name": "x"})
    items = list(table.query("JOB#id-1"))
    assert [item["sk"] for item in items] == ["DOCUMENT", "JOB", "PART#00000"]
    assert {item["expires_at_epoch_s"] for item in items} == {
        int((NOW + timedelta(days=30)).timestamp())
    }


def test_one_publish_runs_and_gives_its_turn_to_the_next_when_it_is_over(table: Table) -> None:
    jobs, first = jobs_of(table), job("id-1")
    assert jobs.begin(first) is None
    assert jobs.begin(job("id-2")) == "id-1"
    assert jobs.read("id-2") is None
    on = next_of(first, done=5)
    jobs.save(first, on)
    assert jobs.begin(job("id-2")) == "id-1"
    over = next_of(ended(on, JobState.HELD, {"reason": "no"}))
    jobs.save(on, over)
    assert jobs.read("id-1") == over
    assert jobs.begin(job("id-2")) is None
    assert jobs.begin(job("id-3")) == "id-2"


def test_a_publish_that_lost_its_lease_does_not_give_the_turn_away(table: Table) -> None:
    jobs, first = jobs_of(table), job("id-1")
    jobs.begin(first)
    jobs.save(first, next_of(first, done=5))
    with pytest.raises(ConflictError):
        jobs.save(first, next_of(ended(first, JobState.DONE, {})))
    assert jobs.begin(job("id-2")) == "id-1"


def test_an_activation_and_its_job_are_written_together_or_not_at_all(table: Table) -> None:
    models = Models(table, FakeClock())
    jobs = Jobs(table, models)
    models.load(model_document())
    assert models.draft({**model_document(), "name": "another"}) == 2
    first = job()
    jobs.begin(first)
    second = next_of(first, tries=1)
    jobs.activate(first, second, 2, Active(1, 1))
    assert models.pointer() == Active(2, 2)
    assert jobs.read("id-1") == second
    with pytest.raises(ConflictError):  # the job is not as it was
        jobs.activate(first, second, 1, Active(2, 2))
    with pytest.raises(ConflictError):  # another one is active
        jobs.activate(second, next_of(second), 1, Active(1, 1))
    assert models.pointer() == Active(2, 2)
    assert jobs.read("id-1") == second


def test_the_newest_simulation_of_a_document_is_kept(table: Table) -> None:
    jobs, first = jobs_of(table), job(kind=JobKind.SIMULATE)
    assert jobs.simulated(WORK.digest) is None
    jobs.remember(WORK.digest, Simulated(7, NOW))
    assert jobs.simulated(WORK.digest) == Simulated(7, NOW)
    jobs.create(first)
    jobs.save(first, next_of(ended(first, JobState.DONE, {})), simulated=Simulated(9, NOW + MINUTE))
    assert jobs.simulated(WORK.digest) == Simulated(9, NOW + MINUTE)
    assert jobs.simulated("another") is None


def test_the_clock_finds_a_running_job_when_it_is_due_and_before_all_else(table: Table) -> None:
    jobs, later = jobs_of(table), job("later", JobKind.SIMULATE, due_at=NOW + MINUTE)
    first = job("first", JobKind.SIMULATE)
    jobs.create(later)
    jobs.create(first)
    due = DueList(table, DUE_TASKS).until
    assert list(due(NOW)) == [Due(JOB_TASK, "", "first")]
    assert list(due(NOW + MINUTE)) == [Due(JOB_TASK, "", "first"), Due(JOB_TASK, "", "later")]
    jobs.save(first, next_of(ended(first, JobState.DONE, {})))
    assert list(due(NOW + MINUTE)) == [Due(JOB_TASK, "", "later")]
