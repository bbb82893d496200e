"""The bench's arithmetic. Timings are never asserted."""

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bench import BenchError, before, cost, history, imports, load, paths, rivals, table
from bench.cost import Prices, Use
from bench.pairs import by_turns, compare
from bench.scoring import TARGETS, evaluations
from bench.sizes import index_units, item_bytes, transaction_units, units
from chalicelib.events import Kind
from chalicelib.leads.decision import next_review
from chalicelib.scoring.evidence import Evidence
from chalicelib.scoring.score import score, worth
from chalicelib.scoring.tally import Tally, count_events
from tests.factories import LEAD_ID, model
from tests.fakes import NOW


def test_a_ratio_is_the_median_of_the_pairs() -> None:
    """It is not the ratio of the medians of both sides."""
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
    item: dict[str, dict[str, Any]] = {
        "pk": {"S": "ä"},
        "n": {"N": "-12345"},
        "b": {"B": b"123"},
        "f": {"BOOL": True},
    }
    assert item_bytes(item) == (2 + 2) + (1 + 4) + (1 + 3) + (1 + 1)
    assert [units(size) for size in (0, 1, 1024, 1025)] == [1, 1, 1, 2]


def test_an_index_entry_costs_one_unit_and_two_to_move() -> None:
    here, there = ({"list_pk": {"S": "a"}, "list_sk": {"S": sk}} for sk in "12")
    assert [index_units(None, here, "list"), index_units(here, {}, "list")] == [1, 1]
    assert [index_units(here, there, "list"), index_units(here, here, "list")] == [2, 0]


def test_a_transaction_costs_items_twice_and_index_entries_once() -> None:
    """By the kilobyte, each begun one counts whole."""
    small, large = (
        {"pk": {"S": "a"}, "due_pk": {"S": "x"}, "due_sk": {"S": "y"}},
        {"pk": {"S": "a" * 1500}},
    )
    assert transaction_units([(None, small), (large, small)]) == {
        "table": 2 + 4,
        "list": 0,
        "due": 2,
    }


def test_a_cost_is_the_sum_of_its_parts() -> None:
    found = cost.per_million(Use(read=2, write=6, requests=1, mails=1), Prices())
    assert (found["api"], found["dynamodb writes"], found["dynamodb reads"], found["mail"]) == (
        3.5,
        3.75,
        0.25,
        100.0,
    )
    assert found["total"] == pytest.approx(
        sum(dollars for part, dollars in found.items() if part != "total"), abs=0.02
    )


def test_a_duration_is_longer_on_a_part_of_a_processor() -> None:
    assert cost.duration_ms(Use(cpu_ms=512, calls=2)) == pytest.approx(1769 + 2 * cost.CALL_MS)


@pytest.mark.parametrize("number", [10, 10_000])
def test_a_past_counts_every_event_and_remembers_at_most_forty(number: int) -> None:
    past = history.past(model(), LEAD_ID, "ann@acme.example", number, NOW)
    assert len({event.id for event in past.pings}) == number
    assert (
        sum(event.captured_at > NOW - history.RECENT for event in past.pings) <= history.RECENT_MAX
    )
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


# --- scoring --------------------------------------------------------------------------------------


def test_matching_is_measured_on_fifty_signals_and_ten_thousand_pages() -> None:
    events = paths.events()
    assert len(paths.model().signals) == 50
    assert len({event.properties["path"] for event in events if event.kind is Kind.PAGE}) == 10_000


def test_scores_are_measured_on_a_large_model_and_tally() -> None:
    """Fifty rules, twelve signals and a hundred day cells."""
    model, (lead, *_) = load.scoring_model(), load.leads(3)
    assert (len(model.field_rules) + len(model.behaviour_rules), len(model.signals)) == (50, 12)
    assert sum(map(len, lead.tally.days.values())) == 100
    assert set(lead.tally.days) == set(model.signals)
    assert len(
        score(model, Evidence(lead.profile, lead.touches, lead.tally), load.TODAY).reasons
    ) > len(model.signals)


@pytest.mark.parametrize("name", rivals.RIVALS)
def test_a_rival_counts_what_baton_counts(name: str) -> None:
    events = paths.events()
    some = [*events[:150], *events[-100:]]
    model = paths.model()
    signals = list(model.signals.values())
    counted = rivals.RIVALS[name](signals)
    assert (
        counted([rivals.facts_of(event, signals) for event in some])
        == count_events(model, Tally(), some).days
    )


def test_evaluations_are_the_scores_that_some_work_makes() -> None:
    model, (lead,) = load.scoring_model(), load.leads(1)
    assert (
        evaluations(
            lambda: worth(model, Evidence(lead.profile, lead.touches, lead.tally), load.TODAY)
        )
        == 1
    )
    assert evaluations(lambda: None) == 0


def test_the_next_review_is_found_with_at_most_thirty_scores() -> None:
    model = load.scoring_model()
    leads = load.leads(20, cells=20)
    most = max(evaluations(partial(next_review, model, lead, load.TODAY)) for lead in leads)
    assert 1 <= most <= TARGETS["evaluations"]


def test_what_was_measured_is_a_table() -> None:
    one = {"per_s": 7_000, "loops": 2_000, "pairs": 9}
    found = {
        "calibration": {"per_s": 10_000_000},
        "matching": {
            "per_s": 300_000,
            "rivals": {"slow": {"per_s": 3_000, "ratio": 99.6}},
            "target_ratio": 50,
        },
        "score": {**one, "target_per_s": 6_000, "met": True},
        "worth": one,
        "review": {**one, "evaluations": 31, "target": 30, "met": False},
        "compile": one,
    }
    lines = table.render({"scoring": found}).splitlines()
    assert any("score " in line and "7,000" in line and "met" in line for line in lines)
    assert any("slow" in line and "100x" in line and "met" in line for line in lines)
    assert any("scores in a review" in line and "31" in line and "MISSED" in line for line in lines)


# --- beside the commit before ---------------------------------------------------------------------


def test_without_the_commit_before_the_section_says_so(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"is not there to compare with.*--unshallow"):
        before.measure(commit="0" * 40, home=tmp_path)


def test_the_table_prints_each_ratio_beside_its_floor() -> None:
    one = {"per_s": 13, "before_per_s": 10, "ratio": 1.3, "floor": 1.3, "met": True}
    found = {
        "faster": {"matching": one},
        "unused": {"equals": {"takes": 1.04, "met": False}},
        "unused_most": before.UNUSED_MOST,
    }
    text = table.render({"before": found})
    assert "matching" in text
    assert "1.30     1.3 met" in text
    assert "1.04 MISSED" in text
