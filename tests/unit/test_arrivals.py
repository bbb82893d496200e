"""The counter of arrivals: cheap, and true enough however many workers count."""

import random
from datetime import timedelta

import pytest

from chalicelib.errors import ConflictError
from chalicelib.limits import ARRIVALS_STEP, PINGS_MAX_PER_DAY, PINGS_STORED_MAX_PER_DAY
from chalicelib.store import keys
from chalicelib.store.arrivals import CARRIED_MAX_PARTITIONS, Arrivals
from chalicelib.store.captured import Captured
from chalicelib.store.table import Item, Write
from tests.factories import VISITOR
from tests.fakes import NOW, MemoryTable
from tests.sizes import SIZES, seeds

MOST = 2_000
DAY = timedelta(days=1)


class Replicas(MemoryTable):
    """A table whose lagging reads show any of the last states of an item, and that counts calls."""

    def __init__(self, seed: int, states: int = 2) -> None:
        super().__init__()
        self.most = states
        self.random = random.Random(seed)
        self.states: dict[tuple[str, str], list[Item]] = {}
        self.writes = 0
        self.reads = 0

    def get(self, pk: str, sk: str, *, lagging: bool = False) -> Item | None:
        self.reads += 1
        last = self.states.get((pk, sk), [])[-self.most :]
        return dict(self.random.choice(last)) if lagging and last else super().get(pk, sk)

    def write(self, *writes: Write) -> None:
        self.writes += 1
        super().write(*writes)
        for key, item in self.items.items():
            self.states.setdefault(key, []).append(item)


def counter(table: MemoryTable, key: str = "key") -> Arrivals:
    return Arrivals(table, key)


def worker(table: MemoryTable, key: str) -> Captured:
    return Captured(table, lambda: key)


def known(table: MemoryTable, partition: str = VISITOR) -> int:
    return counter(table).busiest(partition, NOW)


@pytest.mark.parametrize("seed", seeds(SIZES.cases // 4))
def test_storing_stops_within_a_quarter_of_the_cap(seed: int) -> None:
    """However many requests, batches and workers bring the pings, in whatever order."""
    table = Replicas(seed)
    drawn = table.random
    workers = [worker(table, f"{seed}/{number}") for number in range(drawn.randint(1, 20))]
    most = drawn.choice([1, 5, 100])
    stored = 0
    for _ in range(3_000 // most):
        number = drawn.randint(1, most)
        admitted = drawn.choice(workers).admit(VISITOR, number, NOW)
        assert 0 <= admitted <= number
        stored += admitted
    assert PINGS_MAX_PER_DAY <= stored <= PINGS_MAX_PER_DAY * 1.25


@pytest.mark.parametrize("most", [1, 3, 100])
def test_counting_a_ping_takes_a_seventh_of_a_write(most: int) -> None:
    table = Replicas(most, states=1)
    captured = Captured(table, lambda: "key")
    arrived = 0
    while arrived < PINGS_STORED_MAX_PER_DAY:
        captured.admit(VISITOR, most, NOW)
        arrived += most
    assert table.writes <= 0.15 * arrived


def test_far_from_the_cap_a_worker_reads_once() -> None:
    table = Replicas(1, states=1)
    captured = Captured(table, lambda: "key")
    for _ in range(80):
        assert captured.admit(VISITOR, 1, NOW) == 1
    assert table.reads == 1
    assert known(table) >= 80 - ARRIVALS_STEP


def test_batches_of_the_same_moment_know_of_each_other() -> None:
    """Each has read the counter before any of them has written it."""
    table = MemoryTable()

    class Late(MemoryTable):
        def get(self, pk: str, sk: str, *, lagging: bool = False) -> Item | None:  # noqa: ARG002
            return None  # what every one of them saw

        def write(self, *writes: Write) -> None:
            table.write(*writes)

    workers = [worker(Late(), str(number)) for number in range(20)]
    stored = sum(one.admit(VISITOR, 100, NOW) for one in workers)
    assert PINGS_MAX_PER_DAY <= stored <= PINGS_MAX_PER_DAY * 1.25


@pytest.mark.parametrize("number", [1, 3])
def test_workers_that_count_once_miss_nothing_on_average(number: int) -> None:
    table = MemoryTable()
    workers = 4_000
    for one in range(workers):
        counter(table, f"worker {one}").add(VISITOR, number, NOW, 10 * workers)
    assert known(table) == pytest.approx(workers * number, rel=0.1)


def test_a_repeat_neither_helps_nor_hurts() -> None:
    """A batch that is sent a hundred times counts once, and so does a single event."""
    table = MemoryTable()
    one = counter(table)
    one.add(VISITOR, 100, NOW, MOST)
    for number in [100] * 100 + [1] * 100:
        one.add(VISITOR, number, NOW, MOST)
        one.add(VISITOR, -number, NOW, MOST)
    assert abs(known(table) - 100) <= ARRIVALS_STEP


def test_a_new_day_begins_anew_and_remembers_the_day_before() -> None:
    table = MemoryTable()
    one = counter(table)
    assert [one.add(VISITOR, 40, NOW, MOST), one.add(VISITOR, 40, NOW, MOST)] == [0, 40]
    assert one.add(VISITOR, 24, NOW + DAY, MOST) == 0
    assert one.busiest(VISITOR, NOW + DAY) == 80
    assert one.busiest(VISITOR, NOW + 2 * DAY) == 24
    assert one.busiest(VISITOR, NOW + 3 * DAY) == 0


def test_a_worker_that_is_behind_at_midnight_counts_on() -> None:
    table = MemoryTable()
    counter(table).add(VISITOR, 40, NOW + DAY, MOST)
    counter(table).add(VISITOR, 16, NOW, MOST)
    assert counter(table).busiest(VISITOR, NOW + DAY) == 56


def test_above_the_most_that_is_asked_for_nothing_is_written() -> None:
    table = Replicas(0)
    one = counter(table)
    one.add(VISITOR, MOST, NOW, MOST)
    before = table.writes
    assert one.add(VISITOR, 100, NOW, MOST) == MOST
    assert table.writes == before


def test_a_worker_remembers_a_bounded_number_of_partitions() -> None:
    table = MemoryTable()
    one = counter(table)
    for number in range(3 * CARRIED_MAX_PARTITIONS):
        one.add(f"VISITOR#{number}", 1, NOW, MOST)
    assert len(one._carried) <= CARRIED_MAX_PARTITIONS
    counted = sum(int(item["number"]) for item in table.items.values())
    assert counted == pytest.approx(3 * CARRIED_MAX_PARTITIONS, rel=0.2)


def test_a_counter_that_others_always_win_admits_nothing() -> None:
    class Busy(MemoryTable):
        def write(self, *writes: Write) -> None:  # noqa: ARG002
            raise ConflictError({keys.ARRIVALS: None})

    assert Captured(Busy(), lambda: "key").admit(VISITOR, 100, NOW) == 0
