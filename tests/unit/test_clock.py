"""The clock: takes what is due, does all of it, and does it on the right day."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from bench.nurture import Backlog
from chalicelib.clicks.due import CLICK_TASK
from chalicelib.clock.tasks import Due, QueueName, Task, refuse_overlaps
from chalicelib.commands.rebuild import start_rebuild
from chalicelib.delivery.due import MESSAGE_TASK
from chalicelib.delivery.messages import Unclear, Waiting
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.handoff.due import HANDOFF_TASK
from chalicelib.limits import (
    DUE_MAX_ITEMS,
    DUE_MAX_PER_LEAD,
    DUE_MAX_READ,
    DUE_PAGE_ITEMS,
    NURTURE_PER_MINUTE,
    TICK_SECONDS,
)
from chalicelib.nurture.due import ENROLMENT_TASK
from chalicelib.qualify.due import REPLAY_TASK, REVIEW_TASK
from chalicelib.store import keys, places
from chalicelib.store.due import DueList
from chalicelib.store.outbox import put_message
from chalicelib.store.table import ABSENT, Put
from chalicelib.wiring.due import DUE_TASKS, JOB_TASK, handlers
from tests import factories as make
from tests.baton import ANN, InMemoryBaton
from tests.factories import MINUTE, all_due
from tests.fakes import NOW, MemoryTable


def due_item(sort_key: str, lead_id: str = "A", at: datetime = NOW, shard: int = 0) -> Put:
    place = {"due_pk": places.due(shard), "due_sk": places.due_at(at, f"{lead_id}#{sort_key}")}
    return Put({"pk": keys.lead(lead_id), "sk": sort_key, **place}, ABSENT)


def put_due(baton: InMemoryBaton, *items: Put) -> None:
    for item in items:
        baton.ports.memory.write(item)


def queued(baton: InMemoryBaton, queue: QueueName) -> list[tuple[str, str, str]]:
    """Return task, lead and key of the messages of a queue."""
    texts = [json.loads(one.text) for one in baton.ports.queued.waiting[queue]]
    return [(said["task"], said["lead_id"], said["key"]) for said in texts]


# --- a tick ---------------------------------------------------------------------------------------


def test_everything_that_is_due_goes_to_its_queue() -> None:
    baton = InMemoryBaton()
    job_id = start_rebuild(baton.world.job_runner)["id"]
    put_due(
        baton,
        due_item("STANDING", "A"),
        due_item("REPLAY", "B"),
        due_item("OUTBOX#handoff#1#sms", "C"),
        due_item("OUTBOX#nurture#1#welcome#1", "D"),
    )
    assert baton.world.clock.tick() == 5
    assert queued(baton, QueueName.LEADS) == [("review", "A", ""), ("replay", "B", "")]
    assert queued(baton, QueueName.URGENT) == [("message", "C", "handoff#1#sms")]
    assert queued(baton, QueueName.NURTURE) == [("message", "D", "nurture#1#welcome#1")]
    assert queued(baton, QueueName.JOBS) == [("job", "", job_id)]


def test_nothing_due_is_nothing_handed_over() -> None:
    assert InMemoryBaton().world.clock.tick() == 0


def test_a_queue_that_fails_keeps_no_other_waiting() -> None:
    baton = InMemoryBaton()
    put_due(baton, due_item("OUTBOX#handoff#1#sms", "A"), due_item("STANDING", "B"))

    def send(queue: QueueName, texts: Sequence[str]) -> None:
        if queue is QueueName.URGENT:
            raise OSError
        baton.ports.queued.send(queue, texts)

    baton.ports.queues = SimpleNamespace(send=send)
    with pytest.raises(RuntimeError, match="did not take 1 of 2"):
        baton.world.clock.tick()
    assert queued(baton, QueueName.LEADS) == [("review", "B", "")]


def test_marketings_emails_go_at_the_rate_of_the_setting() -> None:
    baton = InMemoryBaton()
    baton.ports.settings = replace(baton.ports.settings, nurture_per_minute=5)
    for number in range(12):
        put_due(baton, due_item("OUTBOX#nurture#1#welcome#1", f"L{number}", shard=number % 8))
    put_due(baton, due_item("OUTBOX#handoff#1#sms", at=NOW))
    assert [baton.world.clock.tick() for _ in range(4)] == [6, 5, 2, 0]


def test_emails_that_wait_for_the_rate_stand_in_nobodys_way() -> None:
    table = MemoryTable()
    table.write(put_message(make.nurture_message()))
    (place,) = {str(item["due_pk"]) for item in table.items.values()}
    assert place.startswith(keys.DUE_NURTURE)


def test_a_tick_reads_as_much_of_any_backlog() -> None:
    """At most one page more: once the rate is used up, one item of each other place is read."""
    (few, read_of_few, _), (many, read_of_many, passed) = (Backlog(n).tick() for n in (800, 1_600))
    assert few == many == NURTURE_PER_MINUTE
    assert read_of_many <= read_of_few + DUE_PAGE_ITEMS
    assert passed


def test_one_leads_crowd_leaves_room_for_another() -> None:
    baton = InMemoryBaton()
    for number in range(DUE_MAX_PER_LEAD + 10):
        put_due(baton, due_item(f"OUTBOX#handoff#{number + 1}#sms", at=NOW - MINUTE))
    put_due(baton, due_item("OUTBOX#handoff#1#sms", "B"))
    assert baton.world.clock.tick() == DUE_MAX_PER_LEAD + 1
    assert queued(baton, QueueName.URGENT)[-1] == ("message", "B", "handoff#1#sms")
    assert baton.world.clock.tick() == 10


def test_a_tick_takes_only_its_share_of_a_shard() -> None:
    """What is handed over stays due in front: the next tick looks behind it."""
    baton = InMemoryBaton()
    for number in range(DUE_MAX_ITEMS + 10):
        put_due(baton, due_item("STANDING", f"L{number:04}", at=NOW - MINUTE))
    assert [baton.world.clock.tick() for _ in range(3)] == [DUE_MAX_ITEMS, 10, 0]
    first, *_, last = queued(baton, QueueName.LEADS)
    assert (first[1], last[1]) == ("L0000", f"L{DUE_MAX_ITEMS + 9:04}")


def test_a_tick_looks_at_so_many_of_a_shard_only() -> None:
    table = MemoryTable()
    for number in range(DUE_MAX_READ + 10):
        table.write(due_item("STANDING", f"L{number:04}", at=NOW - MINUTE))
    assert len(all_due(table, NOW)) == DUE_MAX_READ


def test_a_tick_ends_before_its_function_does() -> None:
    baton = InMemoryBaton()
    put_due(baton, *(due_item("STANDING", f"L{number:03}") for number in range(250)))
    send = baton.ports.queued.send

    def slow(queue: QueueName, texts: Sequence[str]) -> None:
        baton.ports.clock.tick(timedelta(seconds=TICK_SECONDS))
        send(queue, texts)

    baton.ports.queues = SimpleNamespace(send=slow)
    assert baton.world.clock.tick() == 2 * DUE_PAGE_ITEMS


# --- the table of tasks ---------------------------------------------------------------------------


def test_a_task_is_added_without_a_change_to_the_clock() -> None:
    baton, done = InMemoryBaton(), list[tuple[str, str]]()
    toy = Task(name="toy", family="TOY#")

    def play(due: Due, _until: datetime) -> None:
        done.append((due.lead_id, due.key))

    baton.world.due_tasks = {**handlers(baton.world), toy: play}
    put_due(baton, due_item("TOY#ball"), due_item("TOY#bear#small"))
    assert baton.tick() == 2
    assert done == [("A", "ball"), ("A", "bear#small")]


def test_a_due_item_without_a_task_is_counted_and_skipped(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It was skipped in silence, so that half a task could pass unnoticed."""
    table = MemoryTable()
    for lead_id in "AB":
        table.write(due_item("TOY#ball", lead_id), due_item("STANDING", lead_id))
    found = all_due(table, NOW)
    assert found == [Due(REVIEW_TASK, "A", ""), Due(REVIEW_TASK, "B", "")]
    (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (line["event"], line["level"]) == ("due_unknown", "ERROR")
    assert (line["family"], line["due_unknown"]) == ("TOY", 2)


@pytest.mark.parametrize(
    "toy",
    [
        Task(name="toy", family="STANDING"),
        Task(name="toy", family="OUTBOX#"),
        Task(name="toy", family="OUTBOX#nurture"),
        Task(name="toy", family="OUTBOX#nurture#"),
        Task(name="toy", family="DUE#JOBS", takes_minutes=True),
    ],
)
def test_two_tasks_with_overlapping_families_are_refused(toy: Task) -> None:
    with pytest.raises(ValueError, match="cannot be told apart"):
        DueList(MemoryTable(), [*DUE_TASKS, toy])


def test_two_tasks_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two tasks are named review"):
        DueList(MemoryTable(), [*DUE_TASKS, Task(name="review", family="TOY")])


@pytest.mark.parametrize("family", ["OUTBOX", "STANDING#", "STAND", "DUE#JOBS"])
def test_families_that_only_look_alike_are_not_refused(family: str) -> None:
    refuse_overlaps([*DUE_TASKS, Task(name="toy", family=family)])


def test_the_tasks_stand_where_the_store_puts_their_items() -> None:
    assert {task: task.family for task in DUE_TASKS} == {
        REVIEW_TASK: keys.STANDING,
        REPLAY_TASK: keys.REPLAY,
        MESSAGE_TASK: keys.OUTBOX,
        CLICK_TASK: keys.CLICKED,
        ENROLMENT_TASK: keys.ENROL,
        HANDOFF_TASK: keys.HANDOFF,
        JOB_TASK: keys.DUE_JOBS,
    }


# --- through the whole of Baton -------------------------------------------------------------------


def warm() -> InMemoryBaton:
    """A Baton in which Ann became an MQL by a guide and one visit."""
    baton = InMemoryBaton()
    baton.page("/")
    baton.form("guide", consent=True, **ANN)
    baton.until_quiet()
    assert baton.lead()["stage"] == "mql"
    return baton


def test_an_mql_cools_on_the_foreseen_day_not_before() -> None:
    baton = warm()
    for _ in range(3):  # no review is more than 28 days ahead
        review_on = datetime.fromisoformat(baton.lead()["review_on"] + "T00:00:00+00:00")
        baton.ports.clock.time = review_on - timedelta(minutes=1)
        baton.minutes_later(0)
        assert baton.lead()["stage"] == "mql"
        baton.minutes_later(1)
        if baton.lead()["stage"] == "lead":
            break
    lead = baton.lead()
    assert lead["stage"] == "lead"
    assert (
        lead["score"]["as_of"] == "2027-01-01"
    )  # 13 points of a guide and a visit are below 5 after 40 days
    timeline = baton.get(f"/v1/leads/{lead['lead_id']}/timeline")["items"]
    (cooled,) = (item for item in timeline if item["name"] == "mql -> lead")
    assert cooled["detail"]["actor"] == "clock"
    assert cooled["detail"]["why"] == "cooled: activity below 5"


def test_a_lead_that_warms_up_again_gets_no_second_email() -> None:
    """Not in the same cycle."""
    baton = warm()
    baton.ports.clock.tick(timedelta(days=41))
    baton.minutes_later(0)
    baton.form("webinar", consent=True, **ANN)
    baton.form("guide", consent=True, **ANN)
    baton.page("/blog/b")
    baton.until_quiet()
    assert baton.lead()["stage"] == "mql"
    assert len([item for item in baton.outbox() if item["kind"] == "nurture"]) == 1


def test_the_clock_sends_a_message_whose_record_was_lost() -> None:
    baton = warm()
    baton.form("demo", **ANN)
    for item in baton.ports.memory.inserted[baton.drained :]:
        if str(item["sk"]).startswith("EVENT#"):
            baton.handle(item)
    baton.drained = len(baton.ports.memory.inserted)  # the records of the messages never come
    baton.minutes_later(1)
    assert {item["state"] for item in baton.outbox() if item["kind"] == "handoff"} == {"planned"}
    baton.minutes_later(1)
    assert {item["state"] for item in baton.outbox() if item["kind"] == "handoff"} == {"sent"}


def test_what_was_throttled_goes_out_with_the_clock() -> None:
    baton = InMemoryBaton()
    baton.ports.senders.answers = [Waiting(NotSentReason.THROTTLED)] * 3
    baton.form("demo", **ANN)
    baton.until_quiet()
    assert {item["state"] for item in baton.outbox()} == {"planned"}
    baton.minutes_later(1)
    assert {item["state"] for item in baton.outbox()} == {"sent"}
    assert len(baton.ports.senders.sent) == 3


def test_a_handoff_without_evidence_goes_again_after_fifteen_minutes() -> None:
    baton = InMemoryBaton()
    baton.forget_deadlines()
    baton.ports.senders.answers = [Unclear()] * 3
    baton.form("demo", **ANN)
    baton.until_quiet()
    assert {item["state"] for item in baton.outbox()} == {"unknown"}
    baton.minutes_later(14)
    assert baton.ports.senders.sent == []
    baton.minutes_later(1)
    assert len(baton.ports.senders.sent) == 3


def test_without_anything_due_a_tick_writes_that_it_ran() -> None:
    baton = warm()
    baton.minutes_later(15)  # until the sequence has seen that its email left
    before = baton.kept()
    assert baton.tick() == 0
    written = {key for key, item in baton.ports.memory.items.items() if before.get(key) != item}
    assert written == {(keys.ALLOWANCE, keys.ALLOWANCE)}


def test_the_clock_reads_the_due_list_page_by_page() -> None:
    """More than one tick may take from a shard: the rest waits a minute, and nothing is left for
    ever.
    """
    baton = InMemoryBaton()
    baton.ports.senders.answers = [Waiting(NotSentReason.THROTTLED)] * 2_000
    for number in range(8):
        baton.form("demo", None, email=f"lead{number}@acme.example")
    baton.until_quiet()
    baton.minutes_later(1)
    assert _states(baton) == {"planned"}
    baton.ports.senders.answers = []
    baton.minutes_later(60)
    assert _states(baton) == {"sent"}


def _states(baton: InMemoryBaton) -> set[str]:
    """Return the states of all messages but the texts that are over their budget."""
    return {item["state"] for item in baton.outbox() if item["reason"] != "over_budget"}
