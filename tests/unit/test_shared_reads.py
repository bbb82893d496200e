"""A message asks the table once for all that gate, email and claim want to know (ADR 0066)."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from chalicelib.errors import ConflictError
from chalicelib.store import keys
from chalicelib.store.shared_reads import SharedReads
from chalicelib.store.table import ABSENT, GUARDED, Item, Put
from tests.baton import ANN, InMemoryBaton
from tests.fakes import FakePorts, MemoryTable
from tests.unit.test_read_ahead import CountingTable


@contextmanager
def shared() -> Iterator[tuple[CountingTable, SharedReads]]:
    """Yield a table with three items, and the one that gives out again what was read."""
    table = CountingTable()
    for number in "123":
        put(table, number, "before")
    table.calls.clear()
    reads = SharedReads(table)
    with reads.sharing():
        yield table, reads


def put(table: MemoryTable | SharedReads, sk: str, said: str) -> None:
    table.write(Put({"pk": "A", "sk": sk, "said": said}, GUARDED))


def said(reads: SharedReads, sk: str) -> object:
    item = reads.get("A", sk)
    return item and item["said"]


def test_what_was_read_is_given_out_again() -> None:
    with shared() as (table, reads):
        assert said(reads, "1") == "before"
        put(table, "1", "after")
        assert said(reads, "1") == "before"
        assert table.calls.count("get") == 1


def test_that_there_is_no_item_is_known_too() -> None:
    with shared() as (table, reads):
        reads.fetch([("A", "1"), ("A", "9")])
        assert [said(reads, sk) for sk in "19"] == ["before", None]
        assert table.calls == ["get_many"]


def test_a_query_answers_all_that_lies_within() -> None:
    with shared() as (table, reads):
        assert len(list(reads.query("A"))) == 3
        assert [item["sk"] for item in reads.query("A", first="2", newest_first=True)] == ["3", "2"]
        assert [said(reads, sk) for sk in "29"] == ["before", None]
        assert [item["sk"] for item in reads.get_many([("A", "3"), ("A", "9")])] == ["3"]
        assert table.calls == ["query"]


def test_a_query_that_was_broken_off_is_not_known() -> None:
    with shared() as (table, reads):
        next(reads.query("A"))
        assert len(list(reads.query("A"))) == 3
        assert table.calls == ["query", "query"]


@pytest.mark.parametrize("sk", ["1", "2"])
def test_a_write_makes_it_look_anew(sk: str) -> None:
    with shared() as (table, reads):
        list(reads.query("A"))
        put(table, "1", "after")
        put(reads, sk, "after")
        assert said(reads, "1") == "after"


def test_a_write_that_lost_makes_it_look_anew() -> None:
    with shared() as (table, reads):
        assert said(reads, "1") == "before"
        put(table, "1", "after")
        with pytest.raises(ConflictError):
            reads.write(Put({"pk": "A", "sk": "1"}, ABSENT))
        assert said(reads, "1") == "after"


def test_a_query_that_a_write_overtook_is_not_kept() -> None:
    with shared() as (_, reads):
        found = reads.query("A")
        next(found)
        put(reads, "3", "after")
        list(found)
        assert said(reads, "3") == "after"


def test_whoever_changes_what_was_read_changes_only_that() -> None:
    with shared() as (_, reads):
        (reads.get("A", "1") or {})["said"] = "mine"
        assert said(reads, "1") == "before"


def test_outside_of_the_work_nothing_is_kept() -> None:
    with shared() as (table, reads):
        assert said(reads, "1") == "before"
    put(table, "1", "after")
    assert said(reads, "1") == "after"


class CountingBaton(InMemoryBaton):
    """Counts the calls that each message makes."""

    def __init__(self) -> None:
        self.table = CountingTable()
        self.calls: dict[str, list[str]] = {}
        super().__init__(FakePorts(self.table))

    def handle(self, item: Item) -> bool:
        self.table.calls.clear()
        done = super().handle(item)
        self.calls[str(item["pk"]) + str(item["sk"])] = list(self.table.calls)
        return done


def test_an_email_of_marketing_makes_at_most_six_calls() -> None:
    baton = CountingBaton()
    for email in ("first@acme.example", "ann@acme.example"):  # documents and settings are kept
        baton.page("/")
        baton.form("guide", consent=True, **{**ANN, "email": email})
        baton.until_quiet()
    key = keys.lead(baton.world.lead_id("ann@acme.example")) + "OUTBOX#nurture#1#welcome#1"
    calls = baton.calls[key]
    assert calls.count("write") == 2
    assert len(calls) <= 6, calls
