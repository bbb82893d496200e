"""A simulation, a publish and a release may be killed anywhere: the clock goes on, each lead moves
once, each held email leaves once, the report is right.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import replace
from datetime import timedelta
from functools import cache
from io import StringIO
from typing import Any

from chalicelib.errors import StateError
from chalicelib.lifecycle.stages import Stage
from chalicelib.scoring.tally import Tally
from chalicelib.store.keys import STANDING
from chalicelib.wiring.world import World
from tests.baton import InMemoryBaton
from tests.drafts import (
    EASY_MQL,
    EASY_SQL,
    TickingClock,
    consent,
    draft,
    fill,
    leads,
    stages,
    transitions,
)
from tests.fakes import FakeClock, FakePorts, MemoryTable
from tests.sizes import SIZES
from tests.stepper import Call, Crash, CrashError, Killable, kills, said

MINUTES = 9  # the lease of a killed runner, the minute for stale workers, and the passes
SMALL = 4


class Town(Killable):
    """A small population, of which some leads will move to sql."""

    def __init__(self, crash: Crash | None, clock: FakeClock | None = None) -> None:
        super().__init__(crash, clock)
        self.baton = InMemoryBaton(self.ports)
        self.movers = fill(self.baton, leads(SMALL))
        self.others = fill(self.baton, leads(SMALL, tally=Tally(), first=50))
        self.baton.world.models.draft(draft(sql=EASY_SQL))


def published(crash: Crash | None) -> Town:
    """A town after a publish. A client that got no answer asks again, and is told when one runs
    already.
    """
    town = Town(crash)

    def publish(world: World) -> None:
        with suppress(StateError):
            world.publishing.publish(2, None, force=True)

    while not town.run("publish", publish):
        pass
    town.minutes(MINUTES)
    return town


def jobs_of(town: Town) -> list[Any]:
    ids = {pk.removeprefix("JOB#") for pk, sk in town.ports.memory.items if sk == "JOB"}
    return [World(town.ports).job_runner.show(job_id) for job_id in sorted(ids)]


@cache
def publish_calls() -> list[Call]:
    return published(None).breaker.log


def test_a_publish_killed_before_and_after_every_port_call(
    record_property: Callable[[str, object], None],
) -> None:
    calls = publish_calls()
    numbers = kills(calls)
    for number in numbers:
        for after in (False, True):
            town = published(Crash(number, after))
            where = f"{'after' if after else 'before'} call {number} ({calls[number]})"
            assert stages(town.baton, town.movers) == {"sql": SMALL}, where
            assert stages(town.baton, town.others) == {"lead": SMALL}, where
            assert (
                transitions(town.baton, [*town.movers, *town.others]) == [1] * SMALL + [0] * SMALL
            ), where
            every = [
                town.baton.world.leads.read(one).activation for one in (*town.movers, *town.others)
            ]
            assert every == [2] * 2 * SMALL, where
            (job,) = jobs_of(town)
            assert job["state"] == "done", where
            assert job["report"]["moved"] == {"lead->sql": SMALL}, where
            assert job["report"]["handoffs_held"] == SMALL, where
            assert town.baton.outbox() == [], where
    record_property("crashes", said(numbers, calls))


def simulated(crash: Crash | None) -> tuple[Town, str]:
    """A town after a simulation that a request could not finish."""
    town = Town(crash, TickingClock(timedelta(seconds=1)))
    told: list[str] = []

    def simulate(world: World) -> None:
        job = world.publishing.simulate(version=2).job
        assert job is not None
        told.append(job["id"])

    while not town.run("simulate", simulate):
        pass
    town.minutes(MINUTES)
    return town, told[0]


def test_a_simulation_killed_before_and_after_every_port_call(
    record_property: Callable[[str, object], None],
) -> None:
    calls = simulated(None)[0].breaker.log
    numbers = kills(calls)
    for number in numbers:
        for after in (False, True):
            town, job_id = simulated(Crash(number, after))
            where = f"{'after' if after else 'before'} call {number} ({calls[number]})"
            job = World(town.ports).job_runner.show(job_id)
            assert (job["state"], job["done"]) == ("done", 2 * SMALL), where
            assert job["report"]["changes"] == {"lead->sql": SMALL}, where
            assert sorted(one["lead_id"] for one in job["report"]["leads"]) == sorted(
                town.movers
            ), where
            assert stages(town.baton, town.movers) == {"lead": SMALL}, where
    record_property("crashes", said(numbers, calls))


class MailTown(Town):
    """A town whose movers become mqls and may be written to; one of them moves on meanwhile."""

    def __init__(self, crash: Crash | None) -> None:
        super().__init__(crash)
        consent(self.baton, self.movers)
        self.baton.world.models.draft(draft(mql=EASY_MQL))

    def publish(self) -> str:
        """Publish, in calls that are not counted. Return the job."""
        job = self.baton.world.publishing.publish(3, None, force=True)
        for _ in range(MINUTES):
            self.baton.minutes_later(1)
        self.baton.world.commands.move(self.movers[0], Stage.DISQUALIFIED, "a student")
        return str(job["id"])


def held_by_a_killed_publish(crash: Crash | None) -> Town:
    town = MailTown(crash)

    def publish(world: World) -> None:
        with suppress(StateError):
            world.publishing.publish(3, None, force=True)

    while not town.run("publish", publish):
        pass
    town.minutes(MINUTES)
    return town


def test_a_publish_killed_anywhere_holds_each_email_once(
    record_property: Callable[[str, object], None],
) -> None:
    calls = held_by_a_killed_publish(None).breaker.log
    numbers = kills(calls)
    for number in numbers:
        for after in (False, True):
            town = held_by_a_killed_publish(Crash(number, after))
            where = f"{'after' if after else 'before'} call {number} ({calls[number]})"
            (job,) = jobs_of(town)
            report = job["report"]
            assert (job["state"], report["moved"]) == ("done", {"lead->mql": SMALL}), where
            assert (report["emails"], report["emails_held"]) == (SMALL, SMALL), where
            found = {(one["state"], one["held_by"]) for one in town.baton.outbox()}
            assert found == {("held", job["id"])}, where
            assert len(town.baton.outbox()) == SMALL, where
    record_property("crashes", said(numbers, calls))


def released(crash: Crash | None) -> tuple[MailTown, list[Any]]:
    """A town after a release, and its jobs. A client that got no answer asks again."""
    town = MailTown(crash)
    publish_id = town.publish()
    while not town.run("release", lambda world: world.publishing.release(publish_id)):
        pass
    town.minutes(MINUTES)
    town.minutes(
        MINUTES
    )  # a message whose worker was lost waits for evidence for a quarter of an hour
    town.minutes(MINUTES)
    return town, [one for one in jobs_of(town) if one["kind"] == "release"]


def test_a_release_killed_before_and_after_every_port_call(
    record_property: Callable[[str, object], None],
) -> None:
    calls = released(None)[0].breaker.log
    numbers = kills(calls)
    for number in numbers:
        for after in (False, True):
            town, jobs = released(Crash(number, after))
            where = f"{'after' if after else 'before'} call {number} ({calls[number]})"
            assert {one["state"] for one in jobs} == {"done"}, where
            # A client whose job was written, but not yet answered for, is given that job.
            reports = [one["report"] for one in jobs]
            assert sum(one["released"] for one in reports) == SMALL - 1, where
            assert sum(one["cancelled"] for one in reports) == 1, where
            assert sum(one["failed"] for one in reports) == 0, where
            states = sorted(one["state"] for one in town.baton.outbox())
            # An email whose worker died between claim and settlement is lost, never sent twice.
            lost = states.count("lost")
            left = ["lost"] * lost + ["sent"] * (SMALL - 1 - lost)
            assert states == ["cancelled", *left], where
            assert lost <= (calls[number].worker == "clock"), where
            sent = [one.to for one in town.ports.senders.sent]  # type: ignore[union-attr]
            assert len(sent) == len(set(sent)), where
            assert len(sent) >= SMALL - 1 - lost, where
    record_property("crashes", said(numbers, calls))


# --- many leads -----------------------------------------------------------------------------------

MANY = SIZES.swept_leads
MOVERS = MANY // 20
CRASH_AT_WRITE = 3 * MANY // 10
# What a look at the clock costs, so that the work takes many passes, however few the leads.
A_LOOK = timedelta(seconds=60 / MANY)


class CrashingTable:
    """The table, killed at a write."""

    def __init__(self, memory: MemoryTable) -> None:
        self._memory = memory
        self.writes = 0
        self.crash_at = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._memory, name)

    def write(self, *writes: Any) -> None:
        """Write, unless it is the one."""
        self.writes += 1
        if self.writes == self.crash_at:
            raise CrashError
        self._memory.write(*writes)


@contextmanager
def silence() -> Iterator[None]:
    """Keep quiet: there is a line for each lead."""
    with redirect_stdout(StringIO()):
        yield


def large_town() -> tuple[InMemoryBaton, CrashingTable, list[str], list[str]]:
    """Return a Baton with many leads. Only those that will move did anything, which is quick."""
    tables: list[CrashingTable] = []

    def wrap(name: str, port: Any) -> Any:
        if name != "table":
            return port
        tables.append(CrashingTable(port))
        return tables[0]

    baton = InMemoryBaton(FakePorts(MemoryTable(), TickingClock(A_LOOK), wrap=wrap))
    movers = fill(baton, leads(MOVERS))
    (template,) = leads(1, tally=Tally())
    others = fill(
        baton,
        (replace(template, lead_id=one.lead_id) for one in leads(MANY - MOVERS, first=MOVERS)),
    )
    baton.ports.memory.inserted.clear()
    baton.world.models.draft(draft(sql=EASY_SQL))
    return baton, tables[0], movers, others


def test_many_leads_move_with_progress_across_a_crash_each_once() -> None:
    baton, table, movers, others = large_town()
    table.writes, table.crash_at = 0, CRASH_AT_WRITE
    seen: list[Any] = []
    with silence():
        job = baton.world.publishing.publish(2, None, force=True)
        for _ in range(60):
            baton.ports.clock.tick(timedelta(minutes=1))
            with suppress(CrashError):
                baton.tick()
            baton.world = World(baton.ports)
            seen.append(baton.world.job_runner.show(job["id"]))
            if seen[-1]["state"] != "running":
                break
    assert table.writes > CRASH_AT_WRITE
    assert (seen[-1]["state"], seen[-1]["done"], seen[-1]["total"]) == ("done", MANY, MANY)
    assert seen[-1]["report"]["moved"] == {"lead->sql": MOVERS}
    assert seen[-1]["report"]["handoffs_held"] == MOVERS
    moving = [one["done"] for one in seen if one["report"] and one["report"]["phase"] == "moving"]
    assert moving == sorted(moving)
    assert len(set(moving)) > 3
    items = baton.ports.memory.items
    assert {items[f"LEAD#{one}", STANDING]["activation"] for one in (*movers, *others)} == {2}
    assert {items[f"LEAD#{one}", STANDING]["stage"] for one in movers} == {"sql"}
    assert {items[f"LEAD#{one}", STANDING]["stage"] for one in others} == {"lead"}
    moved = [pk for pk, sk in items if sk.startswith("TRANSITION#")]
    assert sorted(moved) == sorted(f"LEAD#{one}" for one in movers)
