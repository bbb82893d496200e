"""Each mistake that a marketer could make with the thresholds, and what the model says to it."""

import sys
from collections.abc import Callable
from copy import deepcopy
from types import FrameType
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as some

from chalicelib.authoring.bounds import (
    least_behind,
    least_of_all,
    most_by_limits,
    most_by_rules,
)
from chalicelib.authoring.contradictions import CONTRADICTION_CHECKS, contradictions
from chalicelib.authoring.format import check, load
from chalicelib.authoring.showing import always_shown
from chalicelib.scoring.compile import compile_model
from chalicelib.scoring.compile_behaviour import compile_signal
from chalicelib.scoring.evidence import Evidence
from chalicelib.scoring.model import Condition
from chalicelib.scoring.pattern import matches
from chalicelib.scoring.score import SCORE, parts_of, worth
from chalicelib.scoring.touches import Touches
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


def points_for_a_mobile(document: Any) -> None:
    document["rules"]["profile"]["mobile"] = {
        "field": "phone",
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
        " anything; require a signal or engagement or intent or score above 45",
    ),
    Mistake(
        "I raised cool_below above what a way in asks of the same value",
        "cool_above_a_way",
        cooling(activity=9),
        "stages.mql.cool_below.activity: 9 is above the 8 that stages.mql.any.1 guarantees,"
        " so a lead could come in cold; lower it to 8, or require activity: 9 there",
    ),
    Mistake(
        "I set a score at which fit leaves four points to behaviour",
        "cool_above_a_way",
        first_way(score=49),
        "stages.mql.cool_below.activity: 5 is above the 4 that stages.mql.any.0 guarantees,"
        " so a lead could come in cold; lower it to 4, or require activity: 5 there",
    ),
    Mistake(
        "I let a download qualify for a month, and leads cool meanwhile",
        "in_although_cold",
        first_way(signal="guide-download", fit=20),
        "stages.mql.any.0: a lead that has cooled (activity below 5) can meet it; "
        "require activity of at least 5",
    ),
    Mistake(
        "I send to sales whoever looked at the prices, however long ago they were warm",
        "in_although_cold",
        lambda document: document["stages"]["sql"]["any"].append(
            {"signal": "pricing-page", "fit": 20}
        ),
        "stages.sql.any.6: a lead that has cooled (activity below 5) can meet it; require activity"
        " of at least 5",
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
        edited(points_for_a_mobile)
    )


def test_a_fit_that_no_facts_give_is_not_fit_alone() -> None:
    """With channel at 0 and fit at 40, 44 asks for four points of behaviour, which is not yet
    warm.
    """
    document = edited(first_way(score=44))
    document["rules"]["channel"] = {}
    assert "fit and channel alone" not in refusal(document)


# --- cold leads -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["activity", "score"])
def test_the_value_that_a_refusal_names_passes(name: str) -> None:
    """It said only to lower the bound, and its author had to guess how far."""
    document = edited(cooling(**{name: 30}))
    path, says = refusal(document).split(": ", 1)
    assert path == f"stages.mql.cool_below.{name}"
    least = float(says.split("lower it to ")[1].split(",")[0])
    assert load(edited(cooling(**{name: least})), 1).cool_below
    assert "lower it" in refusal(edited(cooling(**{name: least + 0.001})))


def test_a_score_that_needs_five_points_of_behaviour_is_warm() -> None:
    assert load(edited(first_way(score=50)), 1).mql[0].thresholds == (("score", 50_000),)


def test_a_bound_above_several_ways_is_one_line() -> None:
    """It was five, and lowering it as one of them said was not enough for the others."""
    assert (
        refusal(edited(cooling(activity=30)))
        == "stages.mql.cool_below.activity: 30 is above the 8 that stages.mql.any.1 guarantees,"
        " so a lead could come in cold; lower it to 8, or require activity: 30 there"
    )


def test_engagement_alone_keeps_the_sum_above_what_cooling_rests_on() -> None:
    """Activity is engagement and message, and message is never below 0."""
    fourteen = [{"fit": 20, "engagement": 14}]
    assert load(changed("stages", "mql", any=fourteen, cool_below={"activity": 14}), 1).mql
    assert "14.5 is above the 14 that stages.mql.any.0 guarantees" in refusal(
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


# --- what a signal is worth -----------------------------------------------------------------------


def opened_by(signal: str, cool: float, rules: Any, within_days: int = 30) -> Any:
    """A model whose only way into MQL is a signal that rules give points for."""
    return {
        "name": "Beta",
        "signals": {
            "beta": {"on": "form", "form": ["beta"]},
            "any-form": {"on": "form"},
            "demo": {"on": "form", "form": ["demo"]},
        },
        "rules": {"actions": rules},
        "groups": {"engagement": {"max": 100, "min": -10}},
        "grades": {},
        "stages": {
            "mql": {
                "any": [{"signal": signal, "within_days": within_days}],
                "cool_below": {"engagement": cool},
            },
            "sql": {"any": [{"signal": "demo", "within_days": 14, "kind": "requested"}]},
        },
    }


def test_a_way_is_worth_its_signals_own_points() -> None:
    """A lead whose beta form gives 60 points for ever is never below 20."""
    document = opened_by("beta", 60, {"beta": {"points": 60}})
    assert check(document)
    document["stages"]["mql"]["cool_below"] = {"engagement": 60.001}
    assert "lower it to 60" in refusal(document)


def test_points_that_fade_count_as_on_the_last_day() -> None:
    fading = {"beta": {"points": 40, "half_life_days": 30}}
    assert check(opened_by("beta", 20, fading))
    assert "lower it to 20" in refusal(opened_by("beta", 25, fading))
    assert check(opened_by("beta", 25, fading, within_days=14))


def test_a_rule_on_all_forms_counts_for_each_of_them() -> None:
    any_form = {"any-form": {"points": 15}, "beta": {"points": 10, "max_points": 10}}
    assert check(opened_by("beta", 25, any_form))
    assert "lower it to 15" in refusal(opened_by("any-form", 25, any_form))


def test_what_the_rules_take_is_taken_off() -> None:
    against = {"beta": {"points": 20}, "demo": {"points": -8, "max_points": 16}}
    assert "lower it to 4," in refusal(opened_by("beta", 5, against))


def test_several_days_are_worth_more_than_one() -> None:
    document = opened_by("beta", 30, {"beta": {"points": 20, "half_life_days": 30}})
    document["stages"]["mql"]["any"] = [{"signal": "beta", "days": 3, "within_days": 30}]
    assert check(document)


THRICE = [{"times": 3, "points": 30}, {"times": 1, "points": 10}]


@pytest.mark.parametrize(
    ("rule", "days", "within_days", "least"),
    [
        ({"points": 60, "half_life_days": 30, "floor": 40}, 1, 30, 40),
        ({"points": 60, "within_days": 14}, 1, 30, 0),
        ({"points": 60, "within_days": 14}, 1, 14, 60),
        ({"points": 60, "max_points": 25}, 1, 30, 25),
        ({"points": 60, "in_one_day": 3}, 1, 30, 0),
        ({"points": 20, "shares": [1, 0.5]}, 2, 30, 30),
        ({"points": 20, "per_day": 1}, 3, 30, 60),
        ({"tiers": THRICE}, 1, 30, 10),
        ({"tiers": THRICE}, 3, 30, 30),
        ({"tiers": [{"days": 2, "within_days": 7, "points": 30}]}, 2, 30, 0),
        ({"tiers": [{"days": 2, "within_days": 7, "points": 30}]}, 2, 7, 30),
        ({"points": -5}, 1, 30, -10),
    ],
)
def test_each_form_of_a_rule_is_worth_its_least(
    rule: dict[str, Any], days: int, within_days: int, least: int
) -> None:
    model = compile_model(opened_by("beta", 1, {"beta": rule}), 1)
    way = Condition((), "beta", days, within_days, None)
    assert least_behind(model, way)["engagement"] == least * 1_000


@pytest.mark.parametrize(
    ("narrow", "wide", "always"),
    [
        ({"on": "form", "form": ["beta"]}, {"on": "form"}, True),
        ({"on": "form", "form": ["beta"]}, {"on": "form", "form": ["b*", "demo"]}, True),
        ({"on": "form"}, {"on": "form", "form": ["beta"]}, False),
        ({"on": "page", "where": {"path": ["/pricing"]}}, {"on": "page"}, True),
        ({"on": "page", "where": {"path": ["/pricing"]}}, {"on": "form"}, False),
        (
            {"on": "page", "where": {"path": ["/pricing*"], "medium": ["cpc"]}},
            {"on": "page", "where": {"path": ["/pri*"]}},
            True,
        ),
        (
            {"on": "page", "where": {"path": ["/pricing*"]}},
            {"on": "page", "where": {"path": ["/pricing*"], "medium": ["cpc"]}},
            False,
        ),
        ({"on": "track", "event": "Viewed"}, {"on": "track", "event": ["VIEW*"]}, True),
        ({"on": "track", "event": "Viewed"}, {"on": "track", "distinct": "id"}, False),
        ({"on": "track", "distinct": "id"}, {"on": "track", "distinct": "id"}, True),
        ({"on": "track", "distinct": "id"}, {"on": "track"}, True),
    ],
)
def test_a_signal_may_always_show_another(
    narrow: dict[str, Any],
    wide: dict[str, Any],
    *,
    always: bool,
) -> None:
    one, other = compile_signal("one", narrow), compile_signal("other", wide)
    assert (other.id in always_shown((one, other), one)) is always


def test_hundreds_of_signals_are_compared_at_once() -> None:
    """One by one, two hundred signals with a hundred patterns each held a request for half a
    minute.
    """
    where = {f"p{name}": [f"a{number}*" for number in range(10)] for name in range(10)}
    document = opened_by("beta", 90, {})
    document["signals"] |= {f"s{n}": {"on": "page", "where": where} for n in range(190)}
    document["rules"]["actions"] = {f"s{n}": {"points": 0.5} for n in range(190)}
    document["stages"]["mql"]["any"] = [{"signal": f"s{n}"} for n in range(50)]
    model = compile_model(document, 1)
    assert calls(matches, lambda: contradictions(model)) == 0
    assert least_behind(model, model.mql[49])["engagement"] == 95_000


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
ACTIONS = model_document()["rules"]["actions"]
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


KIND = compile_model({**model_document(), "rules": {"actions": ACTIONS}}, 1)
"""Nothing counts against anybody."""
counted = sorted(key for key, signal in KIND.signals.items() if signal.distinct is None)


@given(
    some.sampled_from(counted),
    some.integers(1, 4),
    some.integers(3, 60),
    some.dictionaries(
        some.sampled_from(counted),
        some.dictionaries(some.integers(0, 70), some.integers(1, 3), min_size=1, max_size=5),
        max_size=4,
    ),
    some.data(),
)
def test_whoever_shows_a_signal_has_what_is_said_of_it(
    signal: str, days: int, within_days: int, did: dict[str, dict[int, int]], data: some.DataObject
) -> None:
    shown = data.draw(some.sets(some.integers(0, within_days), min_size=days, max_size=days + 1))
    shows = always_shown(tuple(KIND.signals.values()), KIND.signals[signal])
    for key in counted:
        if key in shows:
            did[key] = {**dict.fromkeys(shown, 1), **did.get(key, {})}
    least = least_behind(KIND, Condition((), signal, days, within_days, None))
    evidence = Evidence(make.profile({}), Touches(), make.seen(None, **did))
    found = worth(KIND, evidence, make.TODAY)
    assert all(points <= found.value(name) for name, points in least.items())
    rule = next((one for one in KIND.behaviour_rules if one.signal.id == signal), None)
    assert rule is None or least[rule.group] > 0


def test_a_rule_that_always_gives_something_raises_the_least() -> None:
    """Of "not given -2" and "else -2" nobody has 0."""
    document = opened_by("beta", 5, {"beta": {"points": 1}})
    tiers = [{"at_least": 500, "points": 50}, {"else": True, "points": 4}]
    size = {"field": "company_size", "tiers": tiers, "group": "engagement"}
    document["rules"]["profile"] = {"size": size}
    model = compile_model(document, 1)
    assert least_of_all(model)["engagement"] == 4_000
    assert least_behind(model, model.mql[0])["engagement"] == 5_000
    size["tiers"] = [{"present": True, "points": 3}, {"absent": True, "points": 2}]
    assert least_of_all(compile_model(document, 1))["engagement"] == 2_000
    size["tiers"] = [{"present": True, "points": 3}]
    assert least_of_all(compile_model(document, 1))["engagement"] == 0


def test_the_rules_of_the_default_can_fill_every_group() -> None:
    assert most_by_rules(MODEL) == most_by_limits(MODEL)


def test_a_group_without_rules_is_filled_by_hand() -> None:
    document = edited(first_way(fit=20, review=30, engagement=14))
    document["groups"]["review"] = {"max": 30, "min": 0, "in_total": False}
    assert load(document, 1).mql[0].thresholds[1] == ("review", 30_000)


def test_a_rule_without_its_own_limit_fills_its_group() -> None:
    document = edited(dearer_prices)
    del document["rules"]["actions"]["pricing-page"]["max_points"]
    assert load(document, 1).groups["intent"] == (0, 30_000)
