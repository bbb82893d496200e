"""Hand-overs: nothing twice within its lease, nothing lost, and poison is put aside."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.clock.tasks import Due, QueueName
from chalicelib.commands.rebuild import start_rebuild
from chalicelib.limits import (
    HANDOVER_KEPT_DAYS,
    HANDOVER_MINUTES,
    HANDOVER_TRIES,
    JOB_TRIES,
    LEASE_SECONDS,
)
from chalicelib.qualify.due import REPLAY_TASK, REVIEW_TASK
from chalicelib.store import keys
from chalicelib.store.table import GUARDED, Put
from chalicelib.wiring.due import JOB_TASK
from infra.paths import ROOT
from tests.baton import InMemoryBaton, received, work
from tests.fakes import FakeQueues, QueuedMessage
from tests.stepper import CrashError
from tests.unit.test_clock import due_item, put_due

IN_QUEUE = timedelta(minutes=HANDOVER_MINUTES)
AT_WORK = timedelta(seconds=LEASE_SECONDS)
A_MINUTE = timedelta(minutes=1)
LONG = 30  # minutes: longer than any poison takes to be put aside


class Toy:
    """A Baton whose reviews and replays are noted, or fail as they are told to.

    A lead that is done leaves the list, as by a real review.
    """

    def __init__(self, **errors: type[BaseException]) -> None:
        self.baton = InMemoryBaton()
        self.errors = errors
        self.done: list[str] = []
        self.when: dict[str, datetime] = {}
        tasks = dict.fromkeys((REVIEW_TASK, REPLAY_TASK), self.handle)
        self.baton.world.due_tasks = {**self.baton.world.due_tasks, **tasks}

    def handle(self, due: Due, _until: datetime) -> None:
        self.done.append(due.lead_id)
        if due.lead_id in self.errors:
            raise self.errors[due.lead_id]
        self.when[due.lead_id] = self.baton.ports.now()
        self.take_off(due.lead_id)

    def take_off(self, lead_id: str) -> None:
        self.baton.ports.memory.write(Put({"pk": keys.lead(lead_id), "sk": "STANDING"}, GUARDED))

    def messages(self) -> Iterator[tuple[QueueName, QueuedMessage]]:
        return received(self.baton.ports)

    def work_off(self) -> None:
        """Let the workers do what waits. One that is killed leaves its message hidden."""
        for queue, message in self.messages():
            with suppress(CrashError):
                assert work(self.baton.world, queue, message)

    def later(self, step: timedelta) -> int:
        """Let the clock hand over after a while. Return how much that was."""
        self.baton.ports.clock.tick(step)
        return self.baton.world.clock.tick()

    def minute(self) -> None:
        """A minute of clock and workers."""
        self.later(A_MINUTE)
        self.work_off()


def toy(*lead_ids: str, **errors: type[BaseException]) -> Toy:
    """A toy in which reviews of these leads are due."""
    made = Toy(**errors)
    put_due(made.baton, *(due_item("STANDING", lead_id) for lead_id in lead_ids))
    return made


def lines(capsys: pytest.CaptureFixture[str], event: str) -> list[Any]:
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line for line in found if line["event"] == event]


# --- once -----------------------------------------------------------------------------------------


def test_nothing_is_handed_over_twice_within_its_lease() -> None:
    one = toy("A")
    assert one.later(timedelta(0)) == 1
    assert one.later(IN_QUEUE - timedelta(milliseconds=1)) == 0
    assert one.later(timedelta(milliseconds=1)) == 1


def test_two_clocks_hand_a_thing_over_once() -> None:
    """Two ticks overlap, and both have read that it is in nobody's hands."""
    one = toy("A")
    dispatcher = one.baton.world.dispatcher
    free = dispatcher.free([Due(REVIEW_TASK, "A", "")])
    assert (dispatcher.send(free), dispatcher.send(free)) == ((1, 0), (0, 0))


def test_a_message_that_comes_twice_is_worked_on_once() -> None:
    one = toy("A")
    one.baton.world.clock.tick()
    ((queue, message),) = one.messages()
    for _ in range(2):
        put_back(one)
        assert work(one.baton.world, queue, message)
    assert one.done == ["A"]


def test_of_two_messages_the_first_to_come_counts() -> None:
    """A queue that is longer than the lease must not wait for its own end again and again."""
    one = toy("A")
    one.later(timedelta(0))
    one.later(IN_QUEUE)
    first, second = one.messages()
    assert work(one.baton.world, *first)
    put_back(one)
    assert work(one.baton.world, *second)
    assert one.done == ["A"]


def test_what_is_not_due_any_more_is_left_alone() -> None:
    """The stream, or a command, was quicker."""
    one = toy("A")
    one.baton.world.clock.tick()
    one.take_off("A")
    one.work_off()
    assert one.done == []
    put_back(one)
    assert one.later(timedelta(0)) == 1, "it is in nobody's hands any more"


def test_what_ended_can_be_due_again_at_once() -> None:
    one = toy("A")
    one.minute()
    put_back(one)
    one.minute()
    assert one.done == ["A", "A"]


# --- nothing lost ---------------------------------------------------------------------------------


def test_a_clock_killed_before_it_sends_costs_the_lease_only() -> None:
    one = toy("A")
    dispatcher = one.baton.world.dispatcher

    def killed(*_: object) -> None:
        raise CrashError

    one.baton.ports.queues = SimpleNamespace(send=killed)
    with pytest.raises(CrashError):
        dispatcher.hand_over(Due(REVIEW_TASK, "A", ""))
    one.baton.ports.queues = one.baton.ports.queued
    assert one.later(IN_QUEUE) == 1


def test_a_worker_killed_before_it_begins_costs_no_try() -> None:
    one = toy("A")
    one.baton.world.clock.tick()
    ((queue, message),) = one.messages()  # received, and lost
    one.baton.ports.clock.tick(FakeQueues.VISIBILITY)
    ((again, same),) = one.messages()
    assert (again, same) == (queue, message)
    assert work(one.baton.world, queue, message)
    assert one.done == ["A"]


def test_an_error_is_due_again_and_never_quarantined(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An outage fails everything, for as long as it lasts."""
    one = toy("A", A=OSError)
    for _ in range(LONG):
        one.minute()
    assert one.done == ["A"] * LONG
    assert len(lines(capsys, "due_failed")) == LONG
    one.errors = {}
    one.minute()
    assert "A" in one.when


def test_a_message_nobody_can_read_ends_in_the_failure_queue() -> None:
    one = toy()
    one.baton.ports.queued.send(QueueName.LEADS, ["{", '{"task": "of a later version"}'])
    for _ in range(FakeQueues.MOST_RECEIVES + 1):
        for queue, message in one.messages():
            assert not work(one.baton.world, queue, message)
        one.baton.ports.clock.tick(FakeQueues.VISIBILITY)
    assert len(one.baton.ports.queued.failures) == 2


# --- poison ---------------------------------------------------------------------------------------


def test_a_killed_worker_is_followed_by_another_after_its_lease() -> None:
    one = toy("A", A=CrashError)
    one.minute()
    assert one.later(AT_WORK - timedelta(milliseconds=1)) == 0
    assert one.later(timedelta(milliseconds=1)) == 1


def test_what_keeps_killing_its_worker_is_quarantined(capsys: pytest.CaptureFixture[str]) -> None:
    one = toy("A", A=CrashError)
    for _ in range(LONG):
        one.minute()
    assert one.done == ["A"] * HANDOVER_TRIES
    (line,) = lines(capsys, "due_quarantined")
    assert (line["level"], line["task"], line["lead_id"]) == ("ERROR", "review", "A")
    assert line["due_quarantined"] == 1
    assert one.baton.world.hand_overs.in_quarantine(10) == [("LEAD#A", "HANDOVER#review")]


def test_a_lead_that_kills_its_workers_delays_no_other() -> None:
    """Issue F: every other lead's review, step and job is on time."""
    others = [f"L{number}" for number in range(50)]
    one = toy("A", *others, A=CrashError, B=CrashError)
    put_due(one.baton, due_item("REPLAY", "B"), due_item("STANDING", "B"))
    jobs: list[str] = []
    one.baton.world.due_tasks[JOB_TASK] = lambda due, _until: jobs.append(due.key)
    job_id = start_rebuild(one.baton.world.job_runner)["id"]
    one.minute()
    assert {one.when[lead_id] for lead_id in others} == {one.baton.ports.now()}
    assert jobs == [job_id]
    late = [f"M{number}" for number in range(50)]
    put_due(one.baton, *(due_item("STANDING", lead_id) for lead_id in late))
    one.minute()
    assert {one.when[lead_id] for lead_id in late} == {one.baton.ports.now()}


def test_many_in_quarantine_hide_nothing_behind_them() -> None:
    poison = [f"A{number:04}" for number in range(600)]
    one = toy(*poison)
    now = one.baton.ports.now()
    dispatcher = one.baton.world.dispatcher
    for lead_id in poison:
        (free,) = dispatcher.free([Due(REVIEW_TASK, lead_id, "")])
        dispatcher._quarantine(free, now)
    put_due(one.baton, due_item("STANDING", "Z"))
    one.minute()
    assert one.done == ["Z"]


def test_what_is_released_has_all_its_tries_again() -> None:
    one = toy("A", A=CrashError)
    for _ in range(LONG):
        one.minute()
    release_by_hand(one)
    for _ in range(LONG):
        one.minute()
    assert one.done == ["A"] * 2 * HANDOVER_TRIES
    release_by_hand(one)
    one.errors = {}
    one.minute()
    assert "A" in one.when


def test_a_worker_lost_long_ago_says_nothing_about_the_next() -> None:
    """Its lead was reviewed; only that it came to an end was not written down."""
    one = toy("A", A=CrashError)
    for _ in range(HANDOVER_TRIES - 1):
        one.minute()
        one.baton.ports.clock.tick(AT_WORK)
    one.baton.ports.clock.tick(timedelta(days=HANDOVER_KEPT_DAYS + 1))
    one.done.clear()
    for _ in range(LONG):
        one.minute()
    assert one.done == ["A"] * HANDOVER_TRIES


def test_a_job_that_kills_its_workers_ends_as_failed() -> None:
    one = toy()
    runner = one.baton.world.job_runner
    job_id = start_rebuild(runner)["id"]

    class Killing:
        def __getattr__(self, name: str) -> Any:
            if name == "step":
                raise CrashError
            return getattr(one.baton.world.job_handler("rebuild"), name)

    handler = one.baton.world.job_handler("rebuild")
    runner._handler_of = lambda _kind: Killing()
    for _ in range(3 * JOB_TRIES):
        one.minute()
    runner._handler_of = lambda _kind: handler
    assert runner.show(job_id)["state"] == "failed"
    assert one.baton.world.hand_overs.in_quarantine(10) == []


# --- what the tests above are made of -------------------------------------------------------------


def release_by_hand(one: Toy) -> None:
    """Do what the runbook has an operator do with the command line."""
    page = (ROOT / "docs" / "runbook.md").read_text()
    found = re.search(r"--update-expression 'SET tries = :none REMOVE (?P<names>.+)'", page)
    assert found
    ((pk, sk),) = one.baton.world.hand_overs.in_quarantine(10)
    items = one.baton.ports.memory.items
    removed = [name.strip() for name in found["names"].split(",")]
    kept = {name: value for name, value in items[pk, sk].items() if name not in removed}
    items[pk, sk] = {**kept, "tries": 0}
    assert one.baton.world.hand_overs.in_quarantine(10) == []


def put_back(one: Toy) -> None:
    """Let the review of lead A be due once more."""
    item = due_item("STANDING", "A").item
    one.baton.ports.memory.write(Put(item, GUARDED))
