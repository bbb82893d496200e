"""Rules on how often and how recently a signal was seen: each form by hand, as its author means it
(ADR 0047).
"""

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pytest

from chalicelib.authoring.agreement import agreement
from chalicelib.authoring.format import check
from chalicelib.authoring.source import parse_source
from chalicelib.scoring.compile import compile_model
from chalicelib.scoring.evidence import Evidence
from chalicelib.scoring.model import Model
from chalicelib.scoring.score import Score, score, worth, worth_ahead
from chalicelib.scoring.tally import Tally
from chalicelib.scoring.touches import Touches
from tests import factories as make
from tests.baton import model_document
from tests.factories import TODAY, seen
from tests.mistakes import changed, refusal
from tests.pages import DOCS

VISITS = "site-visit"
GUIDES = "guide-download"


def model_with(**rules: Mapping[str, Any]) -> Model:
    """The default model with these rules only, mostly on visits, in a group with room."""
    written = {key.replace("_", "-"): {"signal": VISITS, **rule} for key, rule in rules.items()}
    document = model_document()
    wide = {**document["groups"], "engagement": {"min": -1000, "max": 1000}}
    return compile_model({**document, "rules": {"actions": written}, "groups": wide}, 1)


def of(model: Model, tally: Tally, days: int = 0) -> Score:
    """The score in so many days, which is the same with and without its reasons, and foreseen."""
    evidence = Evidence({}, Touches(), tally)
    found = score(model, evidence, make.day(days))
    assert worth(model, evidence, make.day(days)).groups == found.groups
    assert worth_ahead(model, evidence, TODAY)(days).total == pytest.approx(found.total, abs=1)
    assert sum(line.milli for line in found.reasons) == found.total
    return found


def points(rule: Mapping[str, Any], tally: Tally, days: int = 0) -> float:
    return of(model_with(rule=rule), tally, days).total / 1000


def texts(rule: Mapping[str, Any], tally: Tally) -> list[str]:
    return [line.text for line in of(model_with(rule=rule), tally).reasons]


# --- limits before fading -------------------------------------------------------------------------


def test_a_rule_far_above_its_limit_fades_from_the_limit() -> None:
    """Somebody looked at job offers on 21 days five months ago: a fifth of 16 points is left."""
    rule = {"points": -8, "half_life_days": 60, "per_day": 1, "max_points": 16}
    worth_now = of(model_with(rule=rule), seen(site_visit=list(range(150, 171))))
    assert worth_now.total == -2_812
    line, limit = worth_now.reasons
    assert (line.rule, line.milli) == ("rule", -26_523)
    assert (limit.rule, limit.milli) == ("limit:rule", 26_523 - 2_812)
    assert limit.text == "rule counts at least -16, before it fades"


@pytest.mark.parametrize("days", [2, 5, 10, 20])
def test_half_of_a_limit_is_left_after_a_half_life(days: int) -> None:
    """However often it was reached: the prices were looked at on each of these days."""
    rule = {"points": 6, "half_life_days": 10, "per_day": 1, "max_points": 6}
    assert points(rule, seen(site_visit=list(range(days))), days=10) == 3


def test_the_newest_occurrences_use_the_limit_up() -> None:
    """9 points count: two today, and half of the one of ten days ago, which half of is left."""
    rule = {"points": 3.6, "half_life_days": 10, "max_points": 9}
    assert points(rule, seen(site_visit={0: 2, 10: 5, 20: 9})) == 7.2 + 0.9


# --- points are not rounded before they are multiplied --------------------------------------------


def test_a_third_of_a_point_150_times_is_50() -> None:
    assert points({"points": 1 / 3}, seen(site_visit={0: 150})) == 50
    assert points({"points": 0.3333}, seen(site_visit={0: 150})) == 49.995


# --- a window -------------------------------------------------------------------------------------


def test_what_is_older_than_its_window_gives_nothing() -> None:
    rule = {"points": 2, "within_days": 30}
    tally = seen(site_visit=[0, 30, 31])
    assert points(rule, tally) == 4
    assert texts(rule, tally) == ["site visit on 2 days within 30 days"]
    assert points(rule, tally, days=31) == 0
    assert points({"points": 2, "within_days": 0}, seen(site_visit=[0, 1])) == 2


def test_what_is_left_out_is_told_of_the_window_only() -> None:
    rule = {"points": 2, "within_days": 3, "per_day": 1, "half_life_days": 3}
    assert texts(rule, seen(site_visit={0: 2, 3: 1, 9: 7})) == [
        "site visit on 2 days within 3 days, 1 more not counted: at most 1 a day,"
        " 1 of 4 points gone with time"
    ]


# --- days with enough of it -----------------------------------------------------------------------


def test_five_pages_on_one_day_stand_for_a_visit() -> None:
    rule = {"points": 7, "in_one_day": 5}
    tally = seen(site_visit={0: 5, 1: 4, 2: 12})
    assert points(rule, tally) == 14
    assert texts(rule, tally) == ["site visit at least 5 times on 2 days"]


# --- shares ---------------------------------------------------------------------------------------


def test_repetitions_are_worth_less_and_the_last_share_goes_on() -> None:
    rule = {"points": 8, "shares": [1, 0.5, 0.25]}
    assert [points(rule, seen(site_visit={0: n})) for n in (1, 2, 3, 4)] == [8, 12, 14, 16]
    assert texts(rule, seen(site_visit={0: 2})) == [
        "site visit on 1 day, 4 of 16 points left out as repetition"
    ]


def test_the_newest_gets_the_first_share() -> None:
    rule = {"points": 8, "shares": [1, 0.5, 0], "half_life_days": 10}
    assert points(rule, seen(site_visit=[0, 10, 20])) == 8 + 2


def test_shares_are_limited_too() -> None:
    rule = {"points": 8, "shares": [1, 0.5], "half_life_days": 10, "max_points": 10}
    assert points(rule, seen(site_visit=[0, 10, 20])) == 8 + 1


# --- a floor --------------------------------------------------------------------------------------


def test_an_occurrence_never_fades_below_its_floor() -> None:
    rule = {"points": 6, "half_life_days": 10, "floor": 1}
    assert points(rule, seen(site_visit=[0]), days=10) == 3
    assert points(rule, seen(site_visit=[0]), days=300) == 1
    assert points(rule, seen(site_visit=[0, 1]), days=300) == 2
    assert points({**rule, "points": -6}, seen(site_visit=[0]), days=300) == -1


# --- tiers ----------------------------------------------------------------------------------------


def test_points_from_the_third_time_on() -> None:
    """The first visit is worth 1 point, and from the third on 5 more."""
    model = model_with(
        first={"points": 1, "max_points": 1}, third={"tiers": [{"times": 3, "points": 5}]}
    )
    assert [of(model, seen(site_visit={0: n})).total for n in (1, 2, 3, 9)] == [
        1_000,
        1_000,
        6_000,
        6_000,
    ]


CORE = {"tiers": [{"times": 3, "within_days": 7, "points": 25}, {"times": 10, "points": 40}]}


def test_the_tier_worth_most_counts_whatever_the_order() -> None:
    assert points(CORE, seen(site_visit={7: 3})) == 25
    assert points(CORE, seen(site_visit={8: 3})) == 0
    assert points(CORE, seen(site_visit={0: 3, 200: 7})) == 40
    assert texts(CORE, seen(site_visit={7: 3})) == ["site visit at least 3 times within 7 days"]
    assert texts(CORE, seen(site_visit={0: 3, 200: 7})) == ["site visit at least 10 times"]


def test_days_are_different_days() -> None:
    twice = {"tiers": [{"days": 2, "within_days": 7, "points": 8}]}
    assert points(twice, seen(site_visit={0: 9})) == 0
    assert points(twice, seen(site_visit=[0, 7])) == 8
    assert points(twice, seen(site_visit=[0, 8])) == 0
    assert texts(twice, seen(site_visit=[0, 7])) == ["site visit on at least 2 days within 7 days"]


def test_different_things_are_keys_of_a_distinct_signal() -> None:
    rule = {"signal": GUIDES, "tiers": [{"different": 3, "points": 30}]}
    tally = seen(keys={GUIDES: {"a": 0, "b": 9, "c": 200}})
    assert points(rule, tally) == 30
    assert points(rule, seen(keys={GUIDES: {"a": 0, "b": 9}})) == 0
    assert texts(rule, tally) == ["guide download: at least 3 different"]


def test_recency_in_steps() -> None:
    steps = {"tiers": [{"within_days": n, "points": p} for n, p in ((30, 5), (60, 4), (90, 3))]}
    assert [points(steps, seen(site_visit=[n])) for n in (30, 31, 61, 91)] == [5, 4, 3, 0]
    assert texts(steps, seen(site_visit=[31])) == ["site visit within 60 days"]


def test_a_tier_fades_from_the_newest_occurrence() -> None:
    rule = {"tiers": [{"times": 2, "points": 8}], "half_life_days": 10, "floor": 1}
    assert points(rule, seen(site_visit=[10, 300])) == 4
    assert points(rule, seen(site_visit=[0, 300])) == 8
    assert points(rule, seen(site_visit=[100, 300])) == 1
    assert texts(rule, seen(site_visit=[10, 300])) == [
        "site visit at least 2 times, 4 of 8 points gone with time"
    ]


def test_a_tier_counts_what_the_day_counts() -> None:
    rule = {"tiers": [{"times": 3, "points": 8}], "per_day": 1}
    assert points(rule, seen(site_visit={0: 9, 1: 9})) == 0
    assert points(rule, seen(site_visit={0: 9, 1: 9, 2: 1})) == 8
    busy = {"tiers": [{"days": 2, "points": 8}], "in_one_day": 5}
    assert points(busy, seen(site_visit={0: 5, 1: 4})) == 0
    assert points(busy, seen(site_visit={0: 5, 1: 5})) == 8


def test_a_window_of_the_rule_is_that_of_its_tiers() -> None:
    """But for a tier that looks less far back."""
    rule = {
        "within_days": 30,
        "tiers": [{"times": 3, "points": 8}, {"times": 2, "within_days": 7, "points": 5}],
    }
    assert points(rule, seen(site_visit={30: 3})) == 8
    assert points(rule, seen(site_visit={7: 2, 31: 3})) == 5
    assert points(rule, seen(site_visit={8: 2, 31: 3})) == 0
    assert texts(rule, seen(site_visit={30: 3})) == ["site visit at least 3 times within 30 days"]


def test_tiers_may_take_points() -> None:
    rule = {"tiers": [{"times": 3, "points": -5}, {"times": 9, "points": -20}]}
    assert [points(rule, seen(site_visit={0: n})) for n in (2, 3, 9)] == [0, -5, -20]


def test_a_day_of_tomorrow_counts_as_today() -> None:
    assert points({"points": 2, "within_days": 0}, seen(site_visit=[-1])) == 2
    assert points({"points": 2, "in_one_day": 2}, seen(site_visit={-1: 2})) == 2
    assert (
        points({"tiers": [{"days": 2, "within_days": 0, "points": 3}]}, seen(site_visit=[-1, 0]))
        == 3
    )


# --- words, and what people write -----------------------------------------------------------------

RULE_ON_THE_PAGE = re.compile(r"^\| (.+) \| `([a-z-]+): (\{.+\})` \|$", re.MULTILINE)


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (
            {"points": 6, "within_days": 30, "half_life_days": 10, "floor": 1, "max_points": 12},
            "6 points for each page view, for 30 days, 12 points at most, half of it gone after"
            " 10 days, but never less than 1 point each",
        ),
        (
            {"points": 8, "shares": [1, 0.5, 0.25], "per_day": 2},
            "8 points for each page view, at most 2 a day, the newest first in shares of 100%,"
            " 50%, then 25%",
        ),
        ({"points": 7, "in_one_day": 5}, "page view: 7 points for each day with at least 5"),
        (
            {
                "tiers": [
                    {"times": 10, "points": 40},
                    {"times": 3, "within_days": 7, "points": 25},
                    {"days": 2, "points": 5},
                    {"within_days": 30, "points": 1},
                ],
                "half_life_days": 30,
            },
            "page view: 40 points for 10, or 25 points for 3 within 7 days, or 5 points for one on"
            " each of 2 days, or 1 point for one within 30 days, half of it gone after 30 days",
        ),
    ],
)
def test_the_agreement_says_it_in_plain_words(rule: dict[str, Any], says: str) -> None:
    document = model_document()
    actions = {**document["rules"]["actions"], VISITS: rule}
    page = agreement({**document, "rules": {**document["rules"], "actions": actions}})
    assert f"- **site visit**: {says} (engagement)" in page.splitlines()


def test_the_lines_of_the_page_for_authors_are_accepted() -> None:
    """Each as it stands there, beside the default model, which has some of the signals."""
    lines = RULE_ON_THE_PAGE.findall((DOCS / "how-to" / "model.md").read_text())
    assert len(lines) >= 10
    for wish, key, written in lines:
        document = deepcopy(model_document())
        document["signals"]["blog"]["distinct"] = "path"
        for signal in ("core", "order", "webinar"):
            document["signals"][signal] = {"on": "track", "event": signal}
        document["rules"]["actions"].pop(key, None)
        document["rules"]["actions"][key] = {
            "group": "engagement",
            **parse_source(written.encode())[1],
        }
        found = [str(line) for line in check(document) if f".{key}" in str(line)]
        assert [line for line in found if "never fade" not in line] == [], wish


def test_nothing_written_is_the_same_as_left_out() -> None:
    """A form may send every key, with null where it is empty."""
    rule = {"points": 2, "half_life_days": 10}
    empty = dict.fromkeys(("tiers", "floor", "within_days", "in_one_day", "shares", "per_day"))
    written = model_with(rule={**empty, **rule})
    assert written.behaviour_rules == model_with(rule=rule).behaviour_rules


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"shares": 0.5}, "shares: a list is needed, for example [1, 0.5, 0.25]"),
        ({"shares": [100, 1]}, "shares.0: must be at most 1"),
        ({"shares": []}, "shares: has 0; at least 1 needed"),
        (
            {"tiers": {"times": 3, "points": 5}},
            "tiers: a list is needed, for example [{times: 3, within_days: 7, points: 10}]",
        ),
        ({"tiers": [{"times": 3}]}, "tiers.0.points: is missing; add it"),
        ({"tiers": [{"times": 0, "points": 5}]}, "tiers.0.times: must be at least 1"),
        ({"tiers": [{"different": 33, "points": 5}]}, "tiers.0.different: must be at most 32"),
        ({"tiers": [{"times": "3", "points": 5}]}, "tiers.0.times: a whole number is needed"),
        ({"within_days": 400}, "within_days: must be below 400"),
        ({"within_days": 7.5}, "within_days: a whole number is needed"),
        ({"in_one_day": 1}, "in_one_day: must be at least 2"),
        ({"floor": -1}, "floor: must be above 0"),
    ],
    ids=str,
)
def test_a_value_that_cannot_be_meant_is_refused(keys: dict[str, Any], says: str) -> None:
    assert refusal(changed("rules", "actions", "blog", **keys)) == f"rules.actions.blog.{says}"
