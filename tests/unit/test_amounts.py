"""Numbers of events: their sum of each day, or the largest, however they arrive."""

import random
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.authoring.agreement import agreement
from chalicelib.authoring.format import check, load
from chalicelib.events import Event, Kind
from chalicelib.scoring.evidence import Evidence
from chalicelib.scoring.model import Model
from chalicelib.scoring.score import Score, score, worth
from chalicelib.scoring.tally import Since, Tally, count_events, pack, signals_of, unpack
from chalicelib.scoring.touches import Touches
from tests import factories as make
from tests.baton import model_document
from tests.factories import LEAD_ID, TODAY
from tests.fakes import NOW

SPENT = {"signal": "order", "sum": "value", "points": 0.01, "max_points": 20}
WATCHED = {"signal": "watched", "max": "percent", "points": 0.1, "max_points": 10}
SUMS = "order:sum:value"
LARGEST = "watched:max:percent"


def document(**rules: Any) -> dict[str, Any]:
    """Return the default model with orders, videos and rules on their numbers."""
    changed: dict[str, Any] = deepcopy(model_document())
    changed["signals"] |= {
        "order": {"on": "track", "event": "Order Completed"},
        "watched": {"on": "track", "event": "Video Watched"},
    }
    changed["rules"]["actions"] |= rules or {"spend": SPENT, "video": WATCHED}
    return changed


MODEL = load(document(), 1)


def order(value: Any, n: int = 0, **parts: Any) -> Event:
    return make.event(Kind.TRACK, "Order Completed", n=n, properties={"value": value}, **parts)


def watched(percent: Any, n: int = 0, **parts: Any) -> Event:
    return make.event(Kind.TRACK, "Video Watched", n=n, properties={"percent": percent}, **parts)


def scored(*events: Event, model: Model = MODEL, since: Since | None = None) -> Score:
    tally = count_events(model, Tally(), events)
    evidence = Evidence({}, Touches(), tally, since)
    found = score(model, evidence, TODAY)
    assert worth(model, evidence, TODAY).total == found.total
    return found


def lines(found: Score) -> dict[str, tuple[float, str]]:
    return {one.rule: (one.milli / 1000, one.text) for one in found.reasons}


def test_the_money_of_all_orders_counts() -> None:
    found = scored(order("1,200.00"), order(34.5, n=1), order(15.5, days_ago=3))
    assert lines(found) == {"spend": (12.5, "order: value of 1,250 on 2 days")}


def test_the_limit_of_a_sum_has_its_own_line() -> None:
    assert lines(scored(order(5_000))) == {
        "spend": (50, "order: value of 5,000 on 1 day"),
        "limit:spend": (-30, "spend counts at most 20"),
    }


def test_of_a_day_the_largest_number_counts() -> None:
    found = scored(*(watched(percent, n=percent) for percent in (25, 50, 75, 50)))
    assert lines(found) == {"video": (7.5, "watched: percent up to 75 on 1 day")}
    both = scored(watched(50), watched(30, days_ago=2))
    assert lines(both) == {"video": (8, "watched: percent up to 50 on 2 days")}


@pytest.mark.parametrize("value", [-500, "refund", "", True, "-3"])
def test_what_is_below_nothing_or_no_number_adds_nothing(value: Any) -> None:
    assert lines(scored(order(value))) == {}
    assert lines(scored(order(value), order(100, n=1)))["spend"][0] == 1


def test_money_fades_like_any_behaviour() -> None:
    fading = load(document(spend={**SPENT, "half_life_days": 10}), 1)
    found = lines(scored(order(1_000, days_ago=10), model=fading))
    assert found["spend"] == (
        5,
        "order: value of 1,000 on 1 day, 5 of 10 points gone with time",
    )


amounts = some.one_of(
    some.integers(-5, 2_000), some.floats(-1, 1e12), some.sampled_from(["1,200.00", "5k", "x"])
)
happened = some.lists(
    some.tuples(some.booleans(), amounts, some.integers(0, 30)), min_size=1, max_size=12
)


@given(happened, some.integers(0, 12), some.randoms())
def test_any_order_and_any_grouping_gives_the_same_sums(
    many: list[tuple[bool, Any, int]], cut: int, order_of: random.Random
) -> None:
    events = [
        (order if is_order else watched)(value, n=n, days_ago=ago)
        for n, (is_order, value, ago) in enumerate(many)
    ]
    at_once = count_events(MODEL, Tally(), events)
    order_of.shuffle(events)
    parts = count_events(MODEL, count_events(MODEL, Tally(), events[:cut]), events[cut:])
    assert parts == at_once
    assert unpack(pack(at_once)) == at_once
    found = scored(*events)
    assert sum(one.milli for one in found.reasons) == found.total


def test_a_recycle_leaves_what_came_after_it() -> None:
    before = [order(700), watched(50)]
    since = Since.now(MODEL, count_events(MODEL, Tally(), before), NOW, LEAD_ID)
    after = [*before, order(300, n=1), watched(40, n=1)]
    assert lines(scored(*after, since=since)) == {
        "spend": (3, "order: value of 300 on 1 day"),
    }
    more = lines(scored(*after, watched(90, n=2), since=since))
    assert more["video"] == (9, "watched: percent up to 90 on 1 day")


def test_numbers_are_kept_only_where_a_rule_asks_for_them() -> None:
    events = [order(700), watched(50)]
    assert count_events(MODEL, Tally(), events).days[SUMS] == {TODAY.toordinal(): 700_000}
    assert count_events(MODEL, Tally(), events).days[LARGEST] == {TODAY.toordinal(): 50_000}
    plain = load(document(order={"points": 1}), 1)
    assert set(count_events(plain, Tally(), events).days) == {"order", "watched"}
    assert [one.id for one in signals_of(MODEL, events[0])] == ["order"]
    assert plain.matching != MODEL.matching


def test_another_weight_of_a_sum_needs_no_recount() -> None:
    other = load(document(spend={**SPENT, "points": 0.02}, video=WATCHED), 1)
    assert other.matching == MODEL.matching


def test_the_page_says_what_a_point_is_for() -> None:
    page = agreement(document())
    assert (
        "**spend**: 1 point for each 100 of the value of event `Order Completed`, 20 points at"
        " most (engagement)" in page
    )
    assert "for each 10 of the day's largest percent of event `Video Watched`" in page


def test_an_example_may_say_the_number() -> None:
    written = document(spend=SPENT, video=WATCHED)
    written["examples"] = [
        {
            "name": "A customer who spends",
            "given": {"events": [{"track": "Order Completed", "value": 500, "days_ago": 1}]},
            "expect": {"score": 5, "grade": "–", "stage": "lead"},
        }
    ]
    assert not [one for one in check(written) if one.field.startswith("examples")]
