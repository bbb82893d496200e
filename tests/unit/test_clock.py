"""The clock: takes what is due, does all of it, and does it on the right day."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.clock.clock import Clock, Due, Task
from chalicelib.delivery.message_keys import MessageKey
from chalicelib.delivery.messages import Throttled, Unclear
from tests.baton import ANN, InMemoryBaton
from tests.fakes import FakeClock


class Worker:
    """Stands in for qualify and deliver: notes what it is asked, and fails where it is told to."""

    def __init__(self, *broken: str) -> None:
        self.broken, self.asked = broken, list[tuple[str, ...]]()

    def note(self, *asked: str) -> None:
        self.asked.append(asked)
        if asked[1] in self.broken:
            raise OSError

    def review(self, lead_id: str) -> None:
        self.note("review", lead_id)

    def replay(self, lead_id: str) -> None:
        self.note("replay", lead_id)

    def message(self, lead_id: str, key: MessageKey) -> None:
        self.note("message", lead_id, str(key))

    def job(self, job_id: str, _until: datetime) -> None:
        self.note("job", job_id)


DUE = [
    Due(Task.REVIEW, "A", ""),
    Due(Task.REPLAY, "B", ""),
    Due(Task.MESSAGE, "C", "handoff#1#sms"),
    Due(Task.REVIEW, "D", ""),
]


def clock(worker: Any, due: Iterable[Due] = DUE) -> Clock:
    def until(now: datetime) -> Iterable[Due]:
        assert now == FakeClock()()
        return due

    return Clock(until, worker, worker, worker.job, FakeClock())


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


def test_one_failure_does_not_keep_the_others_waiting_and_is_told_at_the_end() -> None:
    worker = Worker("A", "C")
    with pytest.raises(RuntimeError, match="2 of 4"):
        clock(worker).tick()
    assert len(worker.asked) == 4


# --- through the house ----------------------------------------------------------------------------


def warm() -> InMemoryBaton:
    """A house in which Ann became an MQL by a guide and one visit."""
    baton = InMemoryBaton()
    baton.page("/")
    baton.form("guide", consent=True, **ANN)
    baton.until_quiet()
    assert baton.lead()["stage"] == "mql"
    return baton


def test_an_mql_cools_on_the_day_that_was_foreseen_and_not_before() -> None:
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


def test_a_lead_that_cools_and_warms_up_again_is_not_written_to_twice_in_one_cycle() -> None:
    baton = warm()
    baton.ports.clock.tick(timedelta(days=41))
    baton.minutes_later(0)
    baton.form("webinar", consent=True, **ANN)
    baton.form("guide", consent=True, **ANN)
    baton.page("/blog/b")
    baton.until_quiet()
    assert baton.lead()["stage"] == "mql"
    assert len([item for item in baton.outbox() if item["kind"] == "nurture"]) == 1


def test_a_message_whose_record_was_lost_is_sent_by_the_clock() -> None:
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
    baton.ports.senders.answers = [Throttled()] * 3
    baton.form("demo", **ANN)
    baton.until_quiet()
    assert {item["state"] for item in baton.outbox()} == {"planned"}
    baton.minutes_later(1)
    assert {item["state"] for item in baton.outbox()} == {"sent"}
    assert len(baton.ports.senders.sent) == 3


def test_a_handoff_without_evidence_goes_again_after_a_quarter_of_an_hour() -> None:
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
    baton.ports.senders.answers = [Throttled()] * 2_000
    for number in range(8):
        baton.form("demo", None, email=f"lead{number}@acme.example")
    baton.until_quiet()
    baton.minutes_later(1)
    assert {item["state"] for item in baton.outbox()} == {"planned"}
    baton.ports.senders.answers = []
    baton.minutes_later(60)
    assert {item["state"] for item in baton.outbox()} == {"sent"}
