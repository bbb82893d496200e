"""The bench's arithmetic. Timings are never asserted."""

from datetime import timedelta
from typing import Any

import pytest

from bench import cost, history, imports
from bench.cost import Prices, Use
from bench.pairs import by_turns, compare
from bench.sizes import index_units, item_bytes, transaction_units, units
from tests.factories import LEAD_ID, model
from tests.fakes import NOW


def test_a_ratio_is_the_median_of_the_pairs_and_not_of_the_sides() -> None:
    found = compare([(2.0, 1.0), (30.0, 10.0), (4.0, 4.0)])
    assert (found.value, found.floor, found.ratio) == (4.0, 4.0, 2.0)


@pytest.mark.parametrize("pairs", [[], [(1.0, 0.0)]])
def test_without_a_floor_there_is_no_ratio(pairs: list[tuple[float, float]]) -> None:
    with pytest.raises(ValueError, match="floors above zero"):
        compare(pairs)


def test_pairs_are_measured_by_turns() -> None:
    order: list[str] = []

    def note(what: str) -> str:
        order.append(what)
        return what

    assert by_turns(3, lambda: note("value"), lambda: note("floor")) == [("value", "floor")] * 3
    assert order == ["floor", "value", "value", "floor", "floor", "value"]


def test_an_item_is_as_large_as_its_names_and_values() -> None:
    item: dict[str, dict[str, Any]] = {"pk": {"S": "ä"}, "n": {"N": "-12345"}, "b": {"B": b"123"}, "f": {"BOOL": True}}
    assert item_bytes(item) == (2 + 2) + (1 + 4) + (1 + 3) + (1 + 1)
    assert [units(size) for size in (0, 1, 1024, 1025)] == [1, 1, 1, 2]


def test_an_index_entry_costs_one_unit_to_come_or_go_and_two_to_move() -> None:
    here, there = ({"list_pk": {"S": "a"}, "list_sk": {"S": sk}} for sk in "12")
    assert [index_units(None, here, "list"), index_units(here, {}, "list")] == [1, 1]
    assert [index_units(here, there, "list"), index_units(here, here, "list")] == [2, 0]


def test_a_transaction_costs_twice_the_kilobytes_of_each_item_and_each_index_entry_once() -> None:
    small, large = {"pk": {"S": "a"}, "due_pk": {"S": "x"}, "due_sk": {"S": "y"}}, {"pk": {"S": "a" * 1500}}
    assert transaction_units([(None, small), (large, small)]) == {"table": 2 + 4, "list": 0, "due": 2}


def test_a_cost_is_the_sum_of_its_parts() -> None:
    found = cost.per_million(Use(read=2, write=6, requests=1, mails=1), Prices())
    assert (found["api"], found["dynamodb writes"], found["dynamodb reads"], found["mail"]) == (3.5, 3.75, 0.25, 100.0)
    assert found["total"] == pytest.approx(sum(dollars for part, dollars in found.items() if part != "total"), abs=0.02)


def test_a_duration_is_longer_on_a_part_of_a_processor() -> None:
    assert cost.duration_ms(Use(cpu_ms=512, calls=2)) == pytest.approx(1769 + 2 * cost.CALL_MS)


@pytest.mark.parametrize("number", [10, 10_000])
def test_a_past_counts_every_event_and_remembers_at_most_forty(number: int) -> None:
    past = history.past(model(), LEAD_ID, "ann@acme.example", number, NOW)
    assert len({event.id for event in past.pings}) == number
    assert sum(event.captured_at > NOW - history.RECENT for event in past.pings) <= history.RECENT_MAX
    assert len(past.lead.counted) <= history.RECENT_MAX
    assert min(event.at for event in past.pings) > NOW - timedelta(days=history.DAYS)
    assert len(past.lead.tally.days) == history.KINDS


def test_imports_beyond_the_floor_are_summed_by_library() -> None:
    said = """import time: self [us] | cumulative | imported package
import time:      1000 |       3000 |   jinja2.sandbox
import time:      2000 |       2000 | jinja2
import time:       500 |        500 | json
"""
    assert imports.beyond(imports.parse(said), {"json"}) == {"ms": 3.0, "dearest": {"jinja2": 3.0}}
