"""All leads are derived anew by a job, and its report is right wherever the job is killed."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from chalicelib.commands.rebuild import start_rebuild
from chalicelib.leads.lead import Lead
from chalicelib.limits import (
    JOB_FAILED_IN_A_ROW,
    JOB_TRIES,
    REBUILD_NAMED_MAX_LEADS,
    REBUILD_NAMED_MAX_PARTS,
)
from chalicelib.qualify.reactions import LeadChange
from chalicelib.scoring.tally import Tally
from chalicelib.wiring.world import World
from tests.baton import TOKEN, InMemoryBaton, tick
from tests.drafts import TickingClock, baton_of, fill, leads
from tests.fakes import FakePorts, Items, MemoryTable
from tests.stepper import Breaker, Call, Crash, CrashError, kills, said

EMAILS = [f"ann{number}@acme.example" for number in range(4)]
CORRUPTED = EMAILS[:2]
MINUTES = 8  # the lease of a killed clock or runner, and then some
NOT_LEFT = {"left_to_clock": 0, "left_ids": []}
HEALTHY = {"rebuilt": 4, "differed": 0, "differences": [], "failed": 0, "failed_ids": []} | NOT_LEFT
NO_LEADS = {**HEALTHY, "rebuilt": 0}


def baton_of_four() -> InMemoryBaton:
    """Four people who looked at the prices, each of whom left an address."""
    baton = InMemoryBaton()
    for number, email in enumerate(EMAILS):
        baton.page("/pricing", f"v{number}")
        baton.form("newsletter", f"v{number}", email=email)
    baton.until_quiet()
    return baton


def lead(world: World, email: str) -> Lead:
    return world.leads.read(world.lead_id(email))


def corrupt(world: World, email: str) -> None:
    """Let a lead forget what it did, as no event would."""
    before = lead(world, email)
    world.leads.write(
        before, replace(before, version=before.version + 1, tally=Tally()), LeadChange()
    )


def start(baton: InMemoryBaton) -> str:
    return str(start_rebuild(baton.world.job_runner)["id"])


def show(baton: InMemoryBaton, job_id: str) -> Any:
    return World(baton.ports).job_runner.show(job_id)


def over(baton: InMemoryBaton, job_id: str, minutes: int = 10) -> Any:
    """The job when it is over."""
    for _ in range(minutes):
        if show(baton, job_id)["state"] != "running":
            break
        baton.minutes_later(1)
    return show(baton, job_id)


def rebuilt(baton: InMemoryBaton) -> Any:
    return over(baton, start(baton))


def named(world: World, emails: list[str]) -> list[Any]:
    """What a report says of leads that forgot what they did."""
    ids = sorted(map(world.lead_id, emails))
    parts = ["tally.newsletter-signup", "tally.pricing-page", "tally.site-visit"]
    return [{"lead_id": lead_id, "parts": parts} for lead_id in ids]


# --- what it does ---------------------------------------------------------------------------------


def test_on_a_healthy_table_nothing_differs_or_is_written() -> None:
    baton = baton_of_four()
    before = baton.kept()
    job = rebuilt(baton)
    assert (job["kind"], job["state"], job["done"], job["total"]) == ("rebuild", "done", 4, 4)
    assert job["report"] == HEALTHY
    after = baton.ports.memory.items
    assert {key: after[key] for key in before if not key[0].startswith("JOB#")} == before


def test_a_corrupted_tally_is_put_right_and_named() -> None:
    baton = baton_of_four()
    whole = lead(baton.world, EMAILS[0])
    corrupt(baton.world, EMAILS[0])
    report = rebuilt(baton)["report"]
    assert lead(baton.world, EMAILS[0]).tally == whole.tally
    assert (report["rebuilt"], report["differed"], report["failed"]) == (4, 1, 0)
    assert report["differences"] == named(baton.world, EMAILS[:1])
    assert rebuilt(baton)["report"] == HEALTHY


def test_an_empty_table_is_rebuilt_at_once() -> None:
    job = rebuilt(InMemoryBaton())
    assert (job["state"], job["done"], job["total"], job["report"]) == ("done", 0, 0, NO_LEADS)


def test_an_absorbed_lead_does_not_count() -> None:
    baton = baton_of_four()
    baton.world.corrections.merge(*map(baton.world.lead_id, EMAILS[:2]))
    baton.until_quiet()
    assert rebuilt(baton)["report"] == {**HEALTHY, "rebuilt": 3}


def test_only_so_many_leads_and_parts_are_named() -> None:
    """Leads of which there are no events: all that is known of them is wrong."""
    signals = {f"signal-{number:02d}": {1: 1} for number in range(REBUILD_NAMED_MAX_PARTS)}
    baton, _ = baton_of(0)
    for one in leads(REBUILD_NAMED_MAX_LEADS + 5):
        today = baton.ports.now().date().toordinal()
        tally = Tally({signal: {today: 1} for signal in signals})
        fill(baton, [replace(one, tally=tally)])
    report = rebuilt(baton)["report"]
    assert report["differed"] == REBUILD_NAMED_MAX_LEADS + 5
    assert len(report["differences"]) == REBUILD_NAMED_MAX_LEADS
    assert {len(one["parts"]) for one in report["differences"]} == {REBUILD_NAMED_MAX_PARTS}


def test_progress_is_shown_while_leads_are_rebuilt() -> None:
    baton, _ = baton_of(300, TickingClock())
    seen = [show(baton, start(baton))]
    while seen[-1]["state"] == "running" and len(seen) < 30:
        baton.minutes_later(1)
        seen.append(show(baton, seen[0]["id"]))
    assert (seen[-1]["state"], seen[-1]["done"], seen[-1]["total"]) == ("done", 300, 300)
    done = [one["done"] for one in seen]
    assert done == sorted(done)
    assert len(set(done)) > 2
    counted = [one["report"]["rebuilt"] for one in seen if one["report"]]
    assert counted == sorted(counted)


# --- over HTTP ------------------------------------------------------------------------------------


def test_a_rebuild_is_begun_and_followed_over_http() -> None:
    baton = baton_of_four()
    answer = baton.post("/v1/leads/rebuild", {}, TOKEN)
    job = json.loads(answer.body)
    assert answer.status_code == 202
    assert job == {
        "id": job["id"],
        "kind": "rebuild",
        "state": "running",
        "done": 0,
        "total": 0,
        "report": None,
    }
    baton.minutes_later(1)
    assert baton.get(f"/v1/jobs/{job['id']}") == {
        **job,
        "state": "done",
        "done": 4,
        "total": 4,
        "report": HEALTHY,
    }


def test_a_rebuild_needs_the_token() -> None:
    baton = InMemoryBaton()
    assert baton.post("/v1/leads/rebuild", {}).status_code == 401
    assert not [key for key in baton.ports.memory.items if key[0].startswith("JOB#")]


# --- what goes wrong ------------------------------------------------------------------------------


def break_leads(baton: InMemoryBaton, broken: set[str]) -> None:
    """Let some leads fail to be derived anew."""
    inspect = baton.world.corrections.inspect

    def inspected(lead_id: str) -> Any:
        if lead_id in broken:
            raise OSError
        return inspect(lead_id)

    baton.world.corrections.inspect = inspected  # type: ignore[method-assign]


def test_a_lead_that_fails_is_named_and_delays_no_other() -> None:
    baton = baton_of_four()
    corrupt(baton.world, EMAILS[0])
    broken = baton.world.lead_id(EMAILS[3])
    break_leads(baton, {broken})
    job = rebuilt(baton)
    assert (job["state"], job["done"]) == ("done", 4)
    assert job["report"] == {
        "rebuilt": 3,
        "differed": 1,
        "differences": named(baton.world, EMAILS[:1]),
        "failed": 1,
        "failed_ids": [broken],
        **NOT_LEFT,
    }


def test_a_job_whose_leads_all_fail_ends_after_ten_tries() -> None:
    baton, ids = baton_of(40 * JOB_FAILED_IN_A_ROW)
    break_leads(baton, set(ids))
    job_id = start(baton)
    for _ in range(3 * JOB_TRIES):
        baton.ports.clock.tick(timedelta(minutes=1))
        try:
            baton.tick()
        except RuntimeError:
            continue
    job = show(baton, job_id)
    assert job["state"] == "failed"
    assert job["report"]["reason"] == "stopped after 10 tries without any progress"
    assert job["report"]["rebuilt"] == 0


def test_two_rebuilds_at_once_write_each_lead_once() -> None:
    baton = baton_of_four()
    for email in CORRUPTED:
        corrupt(baton.world, email)
    before = [lead(baton.world, email).version for email in EMAILS]
    first = start(baton)
    second = start(baton)
    rebuild = baton.world.corrections.rebuild
    until = baton.ports.now() + timedelta(minutes=1)

    def rebuild_while_the_other_runs(lead_id: str) -> Any:
        World(baton.ports).job_runner.run(second, until)
        return rebuild(lead_id)

    baton.world.corrections.rebuild = rebuild_while_the_other_runs  # type: ignore[method-assign]
    baton.world.job_runner.run(first, until)
    jobs = [show(baton, job_id) for job_id in (first, second)]
    assert [(job["state"], job["report"]["rebuilt"]) for job in jobs] == 2 * [("done", 4)]
    seen, all_seen = (job["report"]["differences"] for job in jobs)
    assert all_seen == named(baton.world, CORRUPTED)
    assert len(seen) == 1, "the other one was mended before this one came to it"
    assert seen[0] in all_seen
    after = [lead(baton.world, email).version for email in EMAILS]
    assert after == [before[0] + 1, before[1] + 1, *before[2:]]


# --- killed anywhere ------------------------------------------------------------------------------


@cache
def corrupted_items() -> Any:
    """The table with four leads, two of them corrupted; and the tallies that they should have."""
    baton = baton_of_four()
    whole = [lead(baton.world, email).tally for email in EMAILS]
    for email in CORRUPTED:
        corrupt(baton.world, email)
    return baton.kept(), whole


class KilledRebuild:
    """A corrupted table whose ports can be killed, and a rebuild of it."""

    def __init__(self, crash: Crash | None) -> None:
        self.breaker = Breaker(crash)
        table = MemoryTable()
        table.items = Items(corrupted_items()[0])
        self.ports = FakePorts(table, wrap=self.breaker.wrap)
        self.job_id = start_rebuild(World(self.ports).job_runner)["id"]
        self.before = self.versions()
        self.seen: list[Any] = []
        for _ in range(MINUTES):
            self.ports.clock.tick(timedelta(minutes=1))
            self.tick()
            self.seen.append(World(self.ports).job_runner.show(self.job_id))

    def tick(self) -> None:
        """One minute of the clock, in a container of its own, which may be killed."""
        with suppress(CrashError), self.breaker.works("clock"):
            tick(World(self.ports), self.ports)

    def versions(self) -> list[int]:
        return [lead(World(self.ports), email).version for email in EMAILS]


def test_a_rebuild_killed_before_and_after_every_port_call(
    record_property: Callable[[str, object], None],
) -> None:
    calls = KilledRebuild(None).breaker.log
    whole = corrupted_items()[1]
    assert Call("clock", "table.write") in calls
    numbers = kills(calls)
    for number in numbers:
        for after in (False, True):
            rebuild = KilledRebuild(Crash(number, after))
            where = f"{'after' if after else 'before'} call {number} ({calls[number]})"
            world = World(rebuild.ports)
            job = rebuild.seen[-1]
            assert (job["state"], job["done"], job["total"]) == ("done", 4, 4), where
            assert job["report"] == {
                **HEALTHY,
                "differed": 2,
                "differences": named(world, CORRUPTED),
            }, where
            assert [lead(world, email).tally for email in EMAILS] == whole, where
            first, second, *others = rebuild.before
            assert rebuild.versions() == [first + 1, second + 1, *others], where
            done = [one["done"] for one in rebuild.seen]
            assert done == sorted(done), where
    record_property("crashes", said(numbers, calls))


@pytest.mark.parametrize("path", ["/v1/leads/rebuild", "/v1/leads/{lead_id}/rebuild"])
def test_one_lead_or_all_are_rebuilt_over_http(path: str) -> None:
    baton = baton_of_four()
    whole = lead(baton.world, EMAILS[0])
    corrupt(baton.world, EMAILS[0])
    answer = baton.post(path.format(lead_id=whole.lead_id), {}, TOKEN)
    assert answer.status_code in (200, 202)
    baton.minutes_later(1)
    assert lead(baton.world, EMAILS[0]).tally == whole.tally
