"""The clock: takes what is due, does all of it, and does it on the right day."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest

from chalicelib.clock.clock import Clock
from chalicelib.clock.tasks import Due, Handler, Task, refuse_overlaps
from chalicelib.delivery.due import MESSAGE_TASK
from chalicelib.delivery.messages import Unclear, Waiting
from chalicelib.delivery.outbox import NotSentReason
from chalicelib.qualify.due import REPLAY_TASK, REVIEW_TASK
from chalicelib.store import keys
from chalicelib.store.due import DueList
from chalicelib.store.table import ABSENT, Put
from chalicelib.wiring.due import DUE_TASKS, JOB_TASK, handlers
from tests.baton import ANN, InMemoryBaton
from tests.fakes import NOW, MemoryTable, runtime


class Worker:
    """Stands in for all use cases: notes what it is asked, and fails where it is told to."""

    def __init__(self, *broken: str) -> None:
        self.broken, self.asked = broken, list[tuple[str, ...]]()

    def note(self, *asked: str) -> None:
        self.asked.append(asked)
        if asked[1] in self.broken:
            raise OSError

    def tasks(self) -> dict[Task, Handler]:
        """All tasks that there are, each noted by its name."""
        return dict.fromkeys(DUE_TASKS, self.handle)

    def handle(self, due: Due, _until: datetime) -> None:
        self.note(due.task.name, *filter(None, (due.lead_id, due.key)))


DUE = [
    Due(REVIEW_TASK, "A", ""),
    Due(REPLAY_TASK, "B", ""),
    Due(MESSAGE_TASK, "C", "handoff#1#sms"),
    Due(REVIEW_TASK, "D", ""),
]


def clock(worker: Worker, due: Iterable[Due] = DUE) -> Clock:
    def until(now: datetime) -> Iterable[Due]:
        assert now == NOW
        return due

    return Clock(tasks=worker.tasks(), due=until, runtime=runtime())


def test_everything_that_is_due_is_done() -> None:
    worker = Worker()
    assert clock(worker).tick() == 4
    assert worker.asked == [
        ("review", "A"),
        ("replay", "B"),
        ("message", "C", "handoff#1#sms"),
        ("review", "D"),
    ]


def test_nothing_due_is_nothing_done() -> None:
    assert clock(Worker(), []).tick() == 0


def test_one_failure_delays_no_other_and_is_raised_last() -> None:
    worker = Worker("A", "C")
    with pytest.raises(RuntimeError, match="2 of 4"):
        clock(worker).tick()
    assert len(worker.asked) == 4


# --- the table of tasks ---------------------------------------------------------------------------


def due_item(sort_key: str, lead_id: str = "A") -> Put:
    place = {"due_pk": keys.due(0), "due_sk": keys.due_at(NOW, sort_key)}
    return Put({"pk": keys.lead(lead_id), "sk": sort_key, **place}, ABSENT)


def test_a_task_is_added_without_a_change_to_the_clock() -> None:
    baton, done = InMemoryBaton(), list[tuple[str, str]]()
    toy = Task(name="toy", family="TOY#")

    def play(due: Due, _until: datetime) -> None:
        done.append((due.lead_id, due.key))

    tasks = {**handlers(baton.world), toy: play}
    table = baton.ports.memory
    table.write(due_item("TOY#ball"), due_item("TOY#bear#small"))
    due = DueList(table, tasks).until
    assert Clock(tasks=tasks, due=due, runtime=baton.world.runtime).tick() == 2
    assert done == [("A", "ball"), ("A", "bear#small")]


def test_a_task_that_takes_minutes_comes_last() -> None:
    table, done = MemoryTable(), list[str]()
    quick = Task(name="quick", family="QUICK")
    toy = Task(name="toy", family="DUE#TOYS", takes_minutes=True)

    def play(due: Due, _until: datetime) -> None:
        done.append(f"{due.task.name} {due.lead_id}{due.key}")

    place = {"due_pk": "DUE#TOYS", "due_sk": keys.due_at(NOW, "ball")}
    table.write(Put({"pk": "TOY#ball", "sk": "TOY", **place}, ABSENT), due_item("QUICK"))
    tasks = {quick: play, toy: play}
    Clock(tasks=tasks, due=DueList(table, tasks).until, runtime=runtime()).tick()
    assert done == ["quick A", "toy ball"]


def test_a_due_item_without_a_task_is_counted_and_skipped(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It was skipped in silence, so that half a task could pass unnoticed."""
    table = MemoryTable()
    for lead_id in "AB":
        table.write(due_item("TOY#ball", lead_id), due_item("STANDING", lead_id))
    found = list(DueList(table, DUE_TASKS).until(NOW))
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
    tasks = {**Worker().tasks(), toy: Worker().handle}
    with pytest.raises(ValueError, match="cannot be told apart"):
        Clock(tasks=tasks, due=lambda _now: [], runtime=runtime())


def test_two_tasks_of_one_name_are_refused() -> None:
    tasks = {**Worker().tasks(), Task(name="review", family="TOY"): Worker().handle}
    with pytest.raises(ValueError, match="two tasks are named review"):
        Clock(tasks=tasks, due=lambda _now: [], runtime=runtime())


@pytest.mark.parametrize("family", ["OUTBOX", "STANDING#", "STAND", "DUE#JOBS"])
def test_families_that_only_look_alike_are_not_refused(family: str) -> None:
    refuse_overlaps([*DUE_TASKS, Task(name="toy", family=family)])


def test_the_tasks_stand_where_the_store_puts_their_items() -> None:
    assert {task: task.family for task in DUE_TASKS} == {
        REVIEW_TASK: keys.STANDING,
        REPLAY_TASK: keys.REPLAY,
        MESSAGE_TASK: keys.OUTBOX,
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
    baton.ports.senders.answers = [Unclear()] * 3
    baton.form("demo", **ANN)
    baton.until_quiet()
    assert {item["state"] for item in baton.outbox()} == {"unknown"}
    baton.minutes_later(14)
    assert baton.ports.senders.sent == []
    baton.minutes_later(1)
    assert len(baton.ports.senders.sent) == 3


def test_when_nothing_is_due_a_tick_writes_nothing() -> None:
    baton = warm()
    before = dict(baton.ports.memory.items)
    assert baton.world.clock.tick() == 0
    assert baton.ports.memory.items == before


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
    assert {item["state"] for item in baton.outbox()} == {"planned"}
    baton.ports.senders.answers = []
    baton.minutes_later(60)
    assert {item["state"] for item in baton.outbox()} == {"sent"}
