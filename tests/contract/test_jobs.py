"""Jobs as they are stored, on every engine: a step is one write, one publish runs, and it activates
with its job.
"""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from chalicelib.clock.tasks import Due
from chalicelib.commands.rebuild import REBUILD, RebuildState
from chalicelib.errors import ConflictError
from chalicelib.jobs.job import Job, JobStatus, end_job
from chalicelib.jobs.walk import Place
from chalicelib.publishing.ports import Findings, ListPart
from chalicelib.publishing.publish_job import PUBLISH
from chalicelib.publishing.release_job import RELEASE
from chalicelib.publishing.simulate_job import SIMULATE
from chalicelib.publishing.state import (
    CountState,
    Phase,
    PublishState,
    ReleaseState,
    Simulated,
    SweepState,
)
from chalicelib.publishing.versions import Active
from chalicelib.store.jobs import Jobs
from chalicelib.store.models import Models
from chalicelib.store.publishing import PublishJobs
from chalicelib.store.table import GUARDED, Item, Put, Table
from chalicelib.wiring.due import JOB_TASK
from chalicelib.wiring.jobs import publish_store
from chalicelib.wiring.world import World
from tests.baton import model_document
from tests.factories import all_due
from tests.fakes import NOW, FakePorts

MINUTE = timedelta(minutes=1)
COUNT = CountState(
    digest="0123456789abcdef",
    version=2,
    base=Active(1, 1),
    day=NOW.toordinal(),
    place=Place(3, "A" * 26),
    found={"leads": 3, "changes": {"lead->mql": 2}},
    listed=2,
    parts=2,
)
PUBLISHING = PublishState(
    count=COUNT,
    phase=Phase.MOVING,
    expected=7,
    force=True,
    sweep=SweepState(
        began_at_ms=5,
        place=Place(4, "D" * 26),
        page={"B" * 26: "lead"},
        moved={"lead->mql": 1},
        failed={"C" * 26: 2},
    ),
)
RELEASING = ReleaseState(
    publish_id="id-9",
    before="2026-11-22T10:00:00.000Z#a#nurture#1#welcome#1",
    page=("a#nurture#1#welcome#1",),
    is_walked=True,
    released=3,
    cancelled=2,
    failed=1,
)
REBUILDING = RebuildState(
    place=Place(1, "A" * 26),
    walked=3,
    page={"B" * 26: ["tally.blog"]},
    rebuilt=2,
    differed=1,
    differences={"C" * 26: ["profile.email"]},
    failed=1,
    failed_ids=["D" * 26],
    left=1,
    left_ids=["E" * 26],
)


def job(job_id: str = "id-1", **parts: object) -> Job[Any]:
    known = {
        "id": job_id,
        "kind": PUBLISH,
        "state": PUBLISHING,
        "created_at": NOW,
        "due_at": NOW,
    }
    return Job(**{**known, **parts})  # type: ignore[arg-type]


def simulation(job_id: str = "id-1", **parts: object) -> Job[Any]:
    return job(job_id, **{"kind": SIMULATE, "state": replace(COUNT, parts=0), **parts})


class Frozen:
    """A table that still shows an item as it was."""

    def __init__(self, table: Table, item: Item) -> None:
        self._table = table
        self._item = item

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)

    def get(self, pk: str, sk: str) -> Item | None:
        """The item as it was, and others as they are."""
        is_frozen = (pk, sk) == (self._item["pk"], self._item["sk"])
        return self._item if is_frozen else self._table.get(pk, sk)


def world_of(table: Table) -> World:
    """Baton on a table."""
    return World(FakePorts(wrap=lambda name, port: table if name == "table" else port))


def jobs_of(table: Table) -> tuple[Jobs, PublishJobs]:
    """The stores of all jobs, and of what publishing keeps beside its own."""
    world = world_of(table)
    return world.job_store, publish_store(world)


def next_of(before: Job[Any], **parts: object) -> Job[Any]:
    return replace(before, version=before.version + 1, **parts)  # type: ignore[arg-type]


def findings(*parts: ListPart, first: int = 0, simulated: Simulated | None = None) -> Findings:
    return Findings(parts=parts, first=first, digest=COUNT.digest, simulated=simulated)


@pytest.mark.parametrize(
    ("kind", "state"),
    [(PUBLISH, PUBLISHING), (SIMULATE, COUNT), (REBUILD, REBUILDING), (RELEASE, RELEASING)],
)
def test_a_job_is_read_as_it_was_written(table: Table, kind: str, state: object) -> None:
    jobs, _ = jobs_of(table)
    whole = job(
        kind=kind,
        state=state,
        done=3,
        total=9,
        report={"phase": "moving"},
        tries=1,
        not_before=NOW + MINUTE,
    )
    assert jobs.read("id-1") is None
    jobs.create(whole)
    assert jobs.read("id-1") == whole
    with pytest.raises(ConflictError):
        jobs.create(whole)


def test_a_step_is_saved_on_its_version_with_its_list(
    table: Table,
) -> None:
    jobs, publishes = jobs_of(table)
    first = simulation()
    publishes.create(first)
    second = next_of(first, done=5, state=replace(COUNT, parts=1))
    publishes.save(first, second, findings([{"lead_id": "a"}]))
    third = next_of(second, state=replace(COUNT, parts=3))
    publishes.save(
        second,
        third,
        findings([{"lead_id": "ü"}, {"lead_id": "c"}], [{"lead_id": "d"}], first=1),
    )
    with pytest.raises(ConflictError):
        publishes.save(first, second, findings([{"lead_id": "x"}]))
    assert jobs.read("id-1") == third
    assert [one["lead_id"] for one in publishes.parts("id-1", 0)] == ["a", "ü", "c", "d"]
    assert [one["lead_id"] for one in publishes.parts("id-1", 1)] == ["ü", "c", "d"]
    assert publishes.part("id-1", 2) == [{"lead_id": "d"}]
    assert publishes.part("id-1", 3) == []


def test_a_publish_that_began_before_emails_were_held_goes_on(table: Table) -> None:
    """A deploy comes in the middle of one: its state lacks what the newer code keeps."""
    jobs, _ = jobs_of(table)
    jobs.create(job(kind=PUBLISH, state=PUBLISHING))
    item = table.get("JOB#id-1", "JOB")
    assert item is not None
    state = json.loads(str(item["state"]))
    del state["hold_emails"], state["sweep"]["emails_held"]
    table.write(Put({**item, "state": json.dumps(state)}, GUARDED))
    found = jobs.read("id-1")
    assert found is not None
    assert found.state == PUBLISHING


def test_a_job_alone_is_saved_on_its_version(table: Table) -> None:
    jobs, _ = jobs_of(table)
    first = job(kind=REBUILD, state=REBUILDING)
    jobs.create(first)
    second = next_of(first, done=5)
    jobs.save(first, second)
    with pytest.raises(ConflictError):
        jobs.save(first, next_of(first, done=7))
    assert jobs.read("id-1") == second


def test_a_job_keeps_its_document_and_its_requests_list(table: Table) -> None:
    _, publishes = jobs_of(table)
    publishes.create(simulation(), [[{"lead_id": "a"}]], {"name": "x"})
    assert publishes.document("id-1") == {"name": "x"}
    assert publishes.document("id-2") is None
    assert list(publishes.parts("id-1", 0)) == [{"lead_id": "a"}]


def test_everything_of_a_job_is_forgotten_after_a_month(table: Table) -> None:
    _, publishes = jobs_of(table)
    publishes.create(simulation(), [[{"lead_id": "a"}]], {"name": "x"})
    items = list(table.query("JOB#id-1"))
    assert [item["sk"] for item in items] == ["DOCUMENT", "JOB", "PART#00000"]
    assert {item["expires_at_epoch_s"] for item in items} == {
        int((NOW + timedelta(days=30)).timestamp())
    }


def test_one_publish_runs_and_then_gives_its_turn_away(table: Table) -> None:
    """The next one gets the turn when the first is over."""
    jobs, publishes = jobs_of(table)
    first = job("id-1")
    assert publishes.begin(first) is None
    assert publishes.begin(job("id-2")) == "id-1"
    assert jobs.read("id-2") is None
    on = next_of(first, done=5)
    jobs.save(first, on)
    assert publishes.begin(job("id-2")) == "id-1"
    over = next_of(end_job(on, JobStatus.HELD, {"reason": "no"}))
    jobs.save(on, over)
    assert jobs.read("id-1") == over
    assert publishes.begin(job("id-2")) is None
    assert publishes.begin(job("id-3")) == "id-2"


def test_each_publish_has_a_turn_for_its_releases(table: Table) -> None:
    jobs, publishes = jobs_of(table)
    publishes.begin(job("id-1"))
    first = replace(job("id-2"), kind=RELEASE, state=ReleaseState(publish_id="id-1"))
    assert publishes.begin(first, of="id-1") is None
    assert publishes.begin(replace(first, id="id-3"), of="id-1") == "id-2"
    assert publishes.begin(replace(first, id="id-4"), of="another") is None
    assert jobs.read("id-2") == first
    jobs.save(first, next_of(end_job(first, JobStatus.DONE, {})))
    assert publishes.begin(replace(first, id="id-3"), of="id-1") is None
    turn = table.get("JOB#id-1", "TURN")
    assert turn is not None
    assert turn["expires_at_epoch_s"] == int((NOW + timedelta(days=30)).timestamp())


def test_of_two_publishes_at_once_one_begins(table: Table) -> None:
    """Both find the earlier one over; neither has seen the other."""
    jobs, publishes = jobs_of(table)
    publishes.begin(job("id-1"))
    jobs.save(job("id-1"), next_of(end_job(job("id-1"), JobStatus.DONE, {})))
    turn = table.get("PUBLISHING", "TURN")
    assert turn is not None
    publishes.begin(job("id-2"))
    late = PublishJobs(
        table=cast(Table, Frozen(table, turn)), jobs=jobs, models=world_of(table).models
    )
    with pytest.raises(ConflictError):
        late.begin(job("id-3"))
    assert jobs.read("id-3") is None


def test_a_publish_without_its_lease_keeps_the_turn(table: Table) -> None:
    jobs, publishes = jobs_of(table)
    first = job("id-1")
    publishes.begin(first)
    jobs.save(first, next_of(first, done=5))
    with pytest.raises(ConflictError):
        jobs.save(first, next_of(end_job(first, JobStatus.DONE, {})))
    assert publishes.begin(job("id-2")) == "id-1"


def test_an_activation_and_its_job_are_written_together(table: Table) -> None:
    models = Models(table, lambda: NOW)
    jobs, publishes = jobs_of(table)
    models.load(model_document())
    assert models.draft({**model_document(), "name": "another"}) == 2
    first = job()
    publishes.begin(first)
    second = next_of(first, tries=1)
    publishes.activate(first, second, version=2, active=Active(1, 1))
    assert models.pointer() == Active(2, 2)
    assert jobs.read("id-1") == second
    with pytest.raises(ConflictError):  # the job is not as it was
        publishes.activate(first, second, version=1, active=Active(2, 2))
    with pytest.raises(ConflictError):  # another one is active
        publishes.activate(second, next_of(second), version=1, active=Active(1, 1))
    assert models.pointer() == Active(2, 2)
    assert jobs.read("id-1") == second


def test_the_newest_simulation_of_a_document_is_kept(table: Table) -> None:
    _, publishes = jobs_of(table)
    first = simulation()
    assert publishes.simulated(COUNT.digest) is None
    publishes.remember(COUNT.digest, Simulated(7, NOW))
    assert publishes.simulated(COUNT.digest) == Simulated(7, NOW)
    publishes.create(first)
    over = next_of(end_job(first, JobStatus.DONE, {}))
    publishes.save(first, over, findings(simulated=Simulated(9, NOW + MINUTE)))
    assert publishes.simulated(COUNT.digest) == Simulated(9, NOW + MINUTE)
    assert publishes.simulated("another") is None


def test_the_clock_finds_a_due_job_before_all_else(table: Table) -> None:
    jobs, _ = jobs_of(table)
    later = simulation("later", due_at=NOW + MINUTE)
    first = simulation("first")
    jobs.create(later)
    jobs.create(first)
    assert all_due(table, NOW) == [Due(JOB_TASK, "", "first")]
    both = [Due(JOB_TASK, "", "first"), Due(JOB_TASK, "", "later")]
    assert all_due(table, NOW + MINUTE) == both
    jobs.save(first, next_of(end_job(first, JobStatus.DONE, {})))
    assert all_due(table, NOW + MINUTE) == [Due(JOB_TASK, "", "later")]
