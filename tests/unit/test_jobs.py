"""Jobs: what a request leaves, the clock goes on with; one runner at a time, and nothing is done
twice.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.clock.tasks import Due
from chalicelib.commands.rebuild import start_rebuild
from chalicelib.errors import ConflictError
from chalicelib.jobs.job import LEASE, Job, JobStatus, end_job, shape_job, take_job
from chalicelib.limits import CHANGED_MAX_LEADS, REQUEST_SLICE_SECONDS, WORK_SECONDS
from chalicelib.publishing.state import CountState
from chalicelib.publishing.versions import Active
from chalicelib.wiring.due import JOB_TASK
from chalicelib.wiring.world import World
from tests.baton import InMemoryBaton
from tests.drafts import EASY_MQL, TickingClock, baton_of, draft, stages, transitions
from tests.fakes import NOW

STATE = CountState(digest="d", version=2, base=Active(1, 1), day=NOW.toordinal())
JOB = Job(id="j", kind="simulate", state=STATE, created_at=NOW, due_at=NOW)


def test_a_taken_job_is_due_again_after_its_lease() -> None:
    assert take_job(JOB, NOW) == replace(JOB, due_at=NOW + LEASE, tries=1)
    assert timedelta(seconds=60) < LEASE, "the clock's function lives a minute"


def test_a_job_that_is_over_is_never_due() -> None:
    over = end_job(JOB, JobStatus.DONE, {"changes": {}})
    assert (over.status, over.due_at) == (JobStatus.DONE, None)


def test_a_job_is_told_as_the_api_promises() -> None:
    told = {
        "id": "j",
        "kind": "simulate",
        "state": "running",
        "done": 0,
        "total": 0,
        "report": None,
    }
    assert shape_job(JOB, JOB.report) == told


# --- a simulation that takes longer than a request ------------------------------------------------


def long_simulation(number: int = 400) -> tuple[InMemoryBaton, Any]:
    """A Baton in which every look at the clock takes long, and the job that its request left."""
    baton, _ = baton_of(number, TickingClock(timedelta(milliseconds=50)))
    found = baton.world.publishing.simulate(document=draft(mql=EASY_MQL))
    assert found.report is None
    return baton, found.job


def job(baton: InMemoryBaton, found: Any) -> Any:
    return World(baton.ports).job_runner.show(found["id"])


def test_a_large_simulation_is_a_job_that_shows_progress() -> None:
    baton, found = long_simulation()
    assert (found["kind"], found["state"], found["report"]) == ("simulate", "running", None)
    assert 0 < found["done"] < 400
    assert 200 < found["total"] < 800
    seen = [found["done"]]
    while job(baton, found)["state"] == "running":
        baton.minutes_later(1)
        seen.append(job(baton, found)["done"])
    assert seen == sorted(set(seen))
    over = job(baton, found)
    assert (over["state"], over["done"], over["total"]) == ("done", 400, 400)
    assert over["report"]["changes"] == {"lead->mql": 400}
    assert len({one["lead_id"] for one in over["report"]["leads"]}) == 400
    assert {"from": "lead", "to": "mql"}.items() <= over["report"]["leads"][0].items()
    assert "truncated" not in over["report"]


def test_it_finds_what_a_request_would_have_found() -> None:
    baton, found = long_simulation()
    while job(baton, found)["state"] == "running":
        baton.minutes_later(1)
    quick, _ = baton_of(400)
    report = quick.world.publishing.simulate(document=draft(mql=EASY_MQL)).report
    assert job(baton, found)["report"] == report


def test_a_publish_may_rest_on_it() -> None:
    baton, found = long_simulation(120)
    version = baton.world.publishing.draft(draft(mql=EASY_MQL)).version
    while job(baton, found)["state"] == "running":
        baton.minutes_later(1)
    assert baton.world.publishing.publish(version, 120)["kind"] == "publish"


def test_a_simulation_writes_no_lead() -> None:
    baton, found = long_simulation(120)
    before = {
        key: item for key, item in baton.ports.memory.items.items() if key[0].startswith("LEAD#")
    }
    while job(baton, found)["state"] == "running":
        baton.minutes_later(1)
    assert {
        key: item for key, item in baton.ports.memory.items.items() if key[0].startswith("LEAD#")
    } == before


def test_only_so_many_leads_are_listed_and_the_others_counted() -> None:
    baton, ids = baton_of(CHANGED_MAX_LEADS + 7)
    report = baton.world.publishing.simulate(document=draft(mql=EASY_MQL)).report
    assert report is not None
    assert report["changes"] == {"lead->mql": len(ids)}
    assert (len(report["leads"]), report["truncated"]) == (CHANGED_MAX_LEADS, True)


# --- one runner at a time -------------------------------------------------------------------------


def publishing(number: int = 300) -> tuple[InMemoryBaton, list[str], Any]:
    """A Baton in the middle of a publish."""
    baton, ids = baton_of(number, TickingClock())
    version = baton.world.publishing.draft(draft(mql=EASY_MQL)).version
    return baton, ids, baton.world.publishing.publish(version, None, force=True)


def test_a_job_that_another_runner_has_is_left_alone() -> None:
    baton, _, found = publishing()
    jobs = baton.world.job_store
    kept = jobs.read(found["id"])
    assert kept is not None
    leased = replace(take_job(kept, baton.ports.now()), version=kept.version + 1)
    jobs.save(kept, leased)
    baton.minutes_later(1)
    assert jobs.read(found["id"]) == leased
    baton.minutes_later(1)
    assert jobs.read(found["id"]) != leased


def test_a_runner_whose_lease_is_over_writes_nothing_more() -> None:
    """It moves the lead that it had in its hands, which the other runner finds moved."""
    baton, ids, found = publishing()
    jobs = baton.world.job_store
    version = 0
    moved = baton.world.qualify.published

    def moved_while_another_takes_the_job(lead_id: str) -> bool:
        nonlocal version
        kept = jobs.read(found["id"])
        assert kept is not None
        if not version:
            version = kept.version + 1
            jobs.save(kept, replace(kept, version=version))
        return moved(lead_id)

    baton.world.qualify.published = moved_while_another_takes_the_job  # type: ignore[method-assign]
    baton.minutes_later(1)
    kept = jobs.read(found["id"])
    assert kept is not None
    baton.world.qualify.published = moved  # type: ignore[method-assign]
    for _ in range(20):
        baton.minutes_later(1)
    assert job(baton, found)["state"] == "done"
    assert stages(baton, ids) == {"mql": 300}
    assert set(transitions(baton, ids)) == {1}


def test_a_job_is_written_by_the_version_that_was_read() -> None:
    baton, _, found = publishing(1)
    jobs = baton.world.job_store
    kept = jobs.read(found["id"])
    assert kept is not None
    jobs.save(kept, replace(kept, version=kept.version + 1))
    with pytest.raises(ConflictError):
        jobs.save(kept, replace(kept, version=kept.version + 1, done=7))


def test_jobs_survive_a_busy_table() -> None:
    baton, ids = baton_of(60, TickingClock())
    version = baton.world.publishing.draft(draft(mql=EASY_MQL)).version
    baton.ports.memory.be_busy(3)
    found = baton.world.publishing.publish(version, None, force=True)
    for _ in range(20):
        baton.ports.clock.tick(timedelta(minutes=1))
        baton.tick()
    assert job(baton, found)["state"] == "done"
    assert stages(baton, ids) == {"mql": 60}
    assert set(transitions(baton, ids)) == {1}


def test_leads_that_are_captured_meanwhile_are_brought_along() -> None:
    baton, _, found = publishing(100)
    late = "late@acme.example"
    baton.page("/blog/a", "late")
    baton.form("newsletter", "late", email=late)
    baton.until_quiet()
    for _ in range(20):
        baton.minutes_later(1)
    assert job(baton, found)["state"] == "done"
    assert baton.world.leads.read(baton.world.lead_id(late)).activation == 2


# --- beside everything else that is due -----------------------------------------------------------


def test_each_job_has_the_whole_time_of_a_worker() -> None:
    baton = InMemoryBaton()
    slices: list[tuple[str, timedelta]] = []

    def handle(due: Due, until: datetime) -> None:
        slices.append((due.key, until - baton.ports.now()))
        baton.ports.clock.time = until

    baton.world.due_tasks = {**baton.world.due_tasks, JOB_TASK: handle}
    ids = [start_rebuild(baton.world.job_runner)["id"] for _ in range(3)]
    baton.tick()
    assert slices == [(job_id, timedelta(seconds=WORK_SECONDS)) for job_id in ids]


def test_a_job_that_fails_is_told_and_comes_again(capsys: pytest.CaptureFixture[str]) -> None:
    baton = InMemoryBaton()
    calls: list[str] = []

    def broken(due: Due, _until: datetime) -> None:
        calls.append(due.key)
        raise OSError

    baton.world.due_tasks = {**baton.world.due_tasks, JOB_TASK: broken}
    job_id = start_rebuild(baton.world.job_runner)["id"]
    baton.tick()
    baton.minutes_later(1)
    assert calls == [job_id, job_id]
    assert capsys.readouterr().out.count('"event":"due_failed","task":"job"') == 2


def test_a_request_works_on_its_job_for_a_few_seconds() -> None:
    baton, _, found = publishing()
    assert found["state"] == "running"
    assert baton.ports.clock.time - NOW < timedelta(seconds=2 * REQUEST_SLICE_SECONDS)
