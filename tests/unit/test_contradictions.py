"""Each mistake that a marketer could make with the thresholds, and what the model says to it."""

import sys
from collections.abc import Callable
from copy import deepcopy
from types import FrameType
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as some

from chalicelib.authoring.bounds import least_behind, most_by_limits, most_by_rules
from chalicelib.authoring.contradictions import CONTRADICTION_CHECKS, contradictions
from chalicelib.authoring.format import load
from chalicelib.scoring.compile import compile_model
from chalicelib.scoring.model import Condition
from chalicelib.scoring.score import SCORE, parts_of
from tests import factories as make
from tests.baton import model_document
from tests.mistakes import Mistake, changed, edited, refusal, told


def first_way(stage: str = "mql", **way: Any) -> Any:
    """An edit: another first way into a stage."""
    return lambda document: document["stages"][stage]["any"].__setitem__(0, way)


def cooling(**below: float) -> Any:
    return lambda document: document["stages"]["mql"].update(cool_below=below)


def dearer_prices(document: Any) -> None:
    """Only the prices give message, and the way into SQL asks for more of it."""
    rules = document["rules"]["actions"]
    document["rules"]["actions"] = {
        key: rule
        for key, rule in rules.items()
        if rule.get("group") != "intent" or key == "pricing-page"
    }
    document["stages"]["sql"]["any"][4] = {"intent": 20, "fit": 20}


def points_for_a_budget(document: Any) -> None:
    document["rules"]["profile"]["budget"] = {
        "field": "budget",
        "present": True,
        "points": 20,
        "group": "engagement",
    }
    document["stages"]["mql"]["any"][0] = {"fit": 20, "engagement": 20}


MISTAKES = [
    Mistake(
        "I set the threshold so high that no lead ever comes",
        "out_of_the_limits_reach",
        first_way(score=120, activity=12),
        "stages.mql.any.0.score: no lead can reach 120, because score is at most 100; "
        "lower the threshold or raise the limits in groups",
    ),
    Mistake(
        "I ask for more engagement than its group may hold",
        "out_of_the_limits_reach",
        first_way(fit=20, engagement=26),
        "stages.mql.any.0.engagement: no lead can reach 26, because engagement is at most 25; "
        "lower the threshold or raise the limits in groups",
    ),
    Mistake(
        "I ask sales' leads for more than a sum may hold",
        "out_of_the_limits_reach",
        lambda document: document["stages"]["sql"]["any"][4].update(activity=56),
        "stages.sql.any.4.activity: no lead can reach 56, because activity is at most 55; "
        "lower the threshold or raise the limits in groups",
    ),
    Mistake(
        "I ask for more intent than the one rule that is left can give",
        "out_of_the_rules_reach",
        dearer_prices,
        "stages.sql.any.4.intent: no lead can reach 20, because the rules give intent at most 12; "
        "lower the threshold, or add rules or points",
    ),
    Mistake(
        "I let good companies in although nobody there did anything",
        "by_fit_alone",
        first_way(score=45),
        "stages.mql.any.0: fit and channel alone reach it, and nobody qualifies without doing"
        " anything; require engagement, intent or a signal, or a score above what fit and"
        " channel give",
    ),
    Mistake(
        "I raised cool_below above what a way in asks of the same value",
        "cool_above_threshold",
        cooling(activity=9),
        "stages.mql.cool_below.activity: 9 is above the 8 that stages.mql.any.1 requires, "
        "so a lead could come in cold; lower it to 8, or raise the threshold",
    ),
    Mistake(
        "I let a download qualify for a month, and leads cool meanwhile",
        "in_although_cold",
        first_way(signal="guide-download", fit=20),
        "stages.mql.any.0: a lead that has cooled (activity below 5) can meet it; "
        "require activity of at least 5, or lower stages.mql.cool_below",
    ),
    Mistake(
        "I send to sales whoever looked at the prices, however long ago they were warm",
        "to_sales_although_cold",
        lambda document: document["stages"]["sql"]["any"].append(
            {"signal": "pricing-page", "fit": 20}
        ),
        "stages.sql.any.6: a lead that has cooled (activity below 5) can meet it, and sales would"
        " get it; require activity of at least 5, or lower stages.mql.cool_below",
    ),
]


@told(MISTAKES)
def test_a_model_that_contradicts_itself_is_refused_with_the_remedy(mistake: Mistake) -> None:
    assert refusal(mistake.document) == mistake.says
    (check,) = (one for one in CONTRADICTION_CHECKS if one.__name__ == mistake.check)
    assert "; ".join(map(str, check(compile_model(mistake.document, 1)))) == mistake.says


def test_every_contradiction_has_its_mistake() -> None:
    assert {mistake.check for mistake in MISTAKES} == {one.__name__ for one in CONTRADICTION_CHECKS}


def test_the_default_model_does_not_contradict_itself() -> None:
    assert contradictions(make.model()) == []


# --- fit alone ------------------------------------------------------------------------------------


def test_fit_and_channel_together_qualify_nobody() -> None:
    assert "stages.mql.any.0: fit and channel alone reach it" in refusal(
        edited(first_way(fit=30, channel=3))
    )


def test_nor_do_they_qualify_anybody_for_sales() -> None:
    assert "stages.sql.any.0: fit and channel alone reach it" in refusal(
        edited(first_way("sql", fit=30))
    )


def test_facts_about_a_person_are_fit_whatever_their_group() -> None:
    assert "stages.mql.any.0: fit and channel alone reach it" in refusal(
        edited(points_for_a_budget)
    )


def test_a_fit_that_no_facts_give_is_not_fit_alone() -> None:
    """With channel at 0 and fit at 40, 44 asks for four points of behaviour, which is not yet
    warm.
    """
    document = edited(first_way(score=44))
    document["rules"]["channel"] = {}
    assert "fit and channel alone" not in refusal(document)


# --- cold leads -----------------------------------------------------------------------------------


def test_a_cooled_lead_may_meet_a_score_that_needs_acts() -> None:
    assert (
        refusal(edited(first_way(score=49)))
        == "stages.mql.any.0: a lead that has cooled (activity below 5) can meet it; "
        "require activity of at least 5, or lower stages.mql.cool_below"
    )


def test_a_score_that_needs_five_points_of_behaviour_is_warm() -> None:
    assert load(edited(first_way(score=50)), 1).mql[0].thresholds == (("score", 50_000),)


def test_ways_that_let_in_the_cold_are_named() -> None:
    message = refusal(edited(cooling(activity=30)))
    assert message.count("a lead that has cooled (activity below 30) can meet it") == 4
    assert "30 is above the 8 that stages.mql.any.1 requires" in message


def test_engagement_alone_keeps_the_sum_above_what_cooling_rests_on() -> None:
    """Activity is engagement and message, and message is never below 0."""
    fourteen = [{"fit": 20, "engagement": 14}]
    assert load(changed("stages", "mql", any=fourteen, cool_below={"activity": 14}), 1).mql
    assert "activity below 14.5" in refusal(
        changed("stages", "mql", any=fourteen, cool_below={"activity": 14.5})
    )


def test_one_warm_value_of_several_is_enough() -> None:
    below = {"activity": 14, "engagement": 20}
    assert load(
        changed("stages", "mql", any=[{"fit": 20, "engagement": 14}], cool_below=below), 1
    ).mql


def test_a_request_is_let_in_although_the_lead_is_cold() -> None:
    """Rule 1: nothing but a hopeless fit may silence it. The default's own ways in are such."""
    assert all(not dict(way.thresholds).keys() - {"fit"} for way in make.model().sql[:4])


def test_without_cooling_there_is_nothing_to_contradict() -> None:
    document = deepcopy(model_document())
    document["stages"]["mql"] = {"any": [{"score": 50, "engagement": 1}]}
    assert load(document, 1).cool_below == {}


def calls(of: Callable[..., object], run: Callable[[], object]) -> int:
    """How often a function is called while another one runs."""
    seen = 0

    def look(frame: FrameType, event: str, _: object) -> None:
        nonlocal seen
        seen += event == "call" and frame.f_code is of.__code__

    sys.setprofile(look)
    try:
        run()
    finally:
        sys.setprofile(None)
    return seen


def test_what_a_way_implies_is_worked_out_once() -> None:
    """It was worked out for each bound of cooling again: fifty ways and twenty bounds held a
    request for seconds.
    """
    document = deepcopy(model_document())
    names = [SCORE, *document["groups"], *document["sums"]]
    document["stages"]["mql"] = {
        "any": [dict.fromkeys(names, 5) for _ in range(50)],
        "cool_below": dict.fromkeys(names, 6),
    }
    model = compile_model(document, 1)
    assert calls(least_behind, lambda: contradictions(model)) <= 2 * 50 + len(model.sql)


# --- the arithmetic behind it ---------------------------------------------------------------------

MODEL = make.model()
raw_points = some.fixed_dictionaries(
    {group: some.integers(low - 5_000, high + 5_000) for group, (low, high) in MODEL.groups.items()}
)
thresholds = some.dictionaries(
    some.sampled_from([SCORE, *MODEL.groups, *MODEL.sums]),
    some.integers(-60_000, 60_000),
    max_size=4,
)


@given(raw_points, thresholds)
def test_a_way_in_guarantees_what_is_said_of_it(raw: dict[str, int], asked: dict[str, int]) -> None:
    within = {group: min(max(raw[group], low), high) for group, (low, high) in MODEL.groups.items()}
    found = {name: sum(within[part] for part in parts) for name, parts in parts_of(MODEL).items()}
    assume(all(found[name] >= least for name, least in asked.items()))
    least = least_behind(MODEL, Condition(tuple(asked.items()), None, 1, 30, None))
    assert all(least[name] <= found[name] for name in found)


def test_the_rules_of_the_default_can_fill_every_group() -> None:
    assert most_by_rules(MODEL) == most_by_limits(MODEL)


def test_a_rule_without_its_own_limit_fills_its_group() -> None:
    document = edited(dearer_prices)
    del document["rules"]["actions"]["pricing-page"]["max_points"]
    assert load(document, 1).groups["intent"] == (0, 30_000)
