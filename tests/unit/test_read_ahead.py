"""A form asks the table for all that it needs at once: a call costs more than what it reads."""

from typing import Any

from chalicelib.store.read_ahead import ReadAhead
from chalicelib.store.table import GUARDED, Put
from tests.baton import ANN, InMemoryBaton
from tests.fakes import FakePorts, MemoryTable

READS = ("get", "get_many", "query")


class CountingTable(MemoryTable):
    """A table that counts its calls."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    def __getattribute__(self, name: str) -> Any:
        if name in (*READS, "write"):
            self.calls.append(name)
        return super().__getattribute__(name)


def test_a_form_makes_at_most_four_calls() -> None:
    table = CountingTable()
    baton = InMemoryBaton(FakePorts(table))
    baton.form("demo", email="first@acme.example")  # documents and settings are kept
    table.calls.clear()
    baton.post(
        "/v1/forms/demo", {"fields": ANN, "visitor_id": "v2", "consent": {"marketing": True}}
    )
    assert table.calls.count("write") == 2
    assert len(table.calls) <= 4, table.calls


def test_what_was_read_is_given_out_once() -> None:
    table = MemoryTable()
    table.write(Put({"pk": "A", "sk": "1", "said": "before"}, GUARDED))
    ahead = ReadAhead(table, [("A", "1"), ("A", "2")])
    table.write(Put({"pk": "A", "sk": "1", "said": "after"}, GUARDED))
    table.write(Put({"pk": "A", "sk": "2", "said": "after"}, GUARDED))
    first = [ahead.get("A", sk) for sk in ("1", "2")]
    again = [ahead.get("A", sk) for sk in ("1", "2")]
    assert [one and one["said"] for one in first] == ["before", None]
    assert [one and one["said"] for one in again] == ["after", "after"]
