"""A new room with a reaction, a due task and a job touches no other room: only the wiring's tables.

The toy room thanks each lead that becomes an MQL, one day later, and counts thanked leads in a job.
Nothing in qualify, clock or jobs knows it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from chalicelib.clock.tasks import Due, Handler, Task
from chalicelib.jobs.job import Job, JobStatus, end_job
from chalicelib.jobs.ports import JobHandler, JobStep
from chalicelib.leads.records import Record
from chalicelib.lifecycle.stages import Stage
from chalicelib.qualify.qualify import Qualify
from chalicelib.qualify.reactions import NO_PLAN, Plan, Situation
from chalicelib.wiring.due import handlers
from chalicelib.wiring.reactions import reactions
from chalicelib.wiring.world import World
from tests.baton import ANN, InMemoryBaton

THANKS_TASK = Task(name="thanks", family="THANKS")
COUNT_THANKS = "count-thanks"
DAY = timedelta(days=1)


# --- the room -------------------------------------------------------------------------------------


def thank(situation: Situation) -> Plan:
    """React: keep a record that is due a day after the lead became an MQL."""
    if not situation.moved or situation.moved[-1].transition.target is not Stage.MQL:
        return NO_PLAN
    due_at = situation.now + DAY
    return Plan(
        records=[Record(key=THANKS_TASK.family, values={}, expect={"pk": None}, due_at=due_at)]
    )


@dataclass(frozen=True)
class CountState:
    """How far the count came."""

    counted: int = 0


class CountHandler:
    """The job: count one thanked lead in each step."""

    kind = COUNT_THANKS

    def __init__(self, thanked: list[str]) -> None:
        self._thanked = thanked

    def encode(self, state: CountState) -> Mapping[str, Any]:
        return asdict(state)

    def decode(self, kept: Mapping[str, Any]) -> CountState:
        return CountState(**kept)

    def step(self, job: Job[CountState], until: datetime) -> JobStep[CountState]:  # noqa: ARG002
        state = CountState(job.state.counted + 1)
        after = replace(job, state=state, done=state.counted, total=len(self._thanked))
        if state.counted >= len(self._thanked):
            after = end_job(after, JobStatus.DONE, {"counted": state.counted})
        return JobStep(job=after)

    def report(self, job: Job[CountState]) -> Mapping[str, Any] | None:
        return job.report

    def failure(self, state: CountState) -> Mapping[str, Any]:
        return asdict(state)


# --- its lines in the wiring's tables -------------------------------------------------------------


class WorldWithToyRoom(World):
    """The world with the toy room's reaction, task and job beside those of the other rooms."""

    @cached_property
    def thanked(self) -> list[str]:
        return []

    @cached_property
    def qualify(self) -> Qualify:
        return Qualify(
            leads=self.leads,
            events=self.events,
            model=self.models.active,
            reactions=[
                *reactions(self.leads, self.documents, self.models, lambda: self.dealing),
                thank,
            ],
            urgent=lambda _lead_id: None,
            runtime=self.runtime,
        )

    @cached_property
    def due_tasks(self) -> dict[Task, Handler]:
        def say_thanks(due: Due, _until: datetime) -> None:
            if due.lead_id not in self.thanked:
                self.thanked.append(due.lead_id)

        return {**handlers(self), THANKS_TASK: say_thanks}

    def job_handler(self, kind: str) -> JobHandler[Any]:
        return CountHandler(self.thanked) if kind == COUNT_THANKS else super().job_handler(kind)


def baton_with_toy_room() -> tuple[InMemoryBaton, WorldWithToyRoom]:
    baton = InMemoryBaton()
    world = WorldWithToyRoom(baton.ports)
    baton.world = world
    return baton, world


# --- what it does ---------------------------------------------------------------------------------


def test_the_toy_room_reacts_and_its_task_comes_due() -> None:
    baton, world = baton_with_toy_room()
    baton.form("guide", consent=True, **ANN)
    baton.page("/blog/a")
    baton.until_quiet()
    assert baton.lead()["stage"] == "mql"
    assert [item["kind"] for item in baton.outbox()] == ["nurture"], "the others react as before"
    baton.minutes_later(23 * 60)
    assert world.thanked == []
    baton.minutes_later(2 * 60)
    assert world.thanked == [world.lead_id(ANN["email"])]


def test_the_toy_rooms_job_runs_on_the_clock() -> None:
    baton, world = baton_with_toy_room()
    world.thanked.extend(["A", "B", "C"])
    job = world.job_runner.start(COUNT_THANKS, CountState())
    baton.minutes_later(1)
    shown = baton.get(f"/v1/jobs/{job['id']}")
    assert (shown["kind"], shown["state"], shown["done"]) == (COUNT_THANKS, "done", 3)
    assert shown["report"] == {"counted": 3}
