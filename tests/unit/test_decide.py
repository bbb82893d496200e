"""The one function that decides the stage."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.lifecycle.decide import decide, disqualified_by
from chalicelib.lifecycle.stages import (
    EDGES,
    Actor,
    Stage,
    Standing,
    Transition,
    apply,
    cycle_after,
)
from chalicelib.scoring.conditions import condition_words, is_met
from chalicelib.scoring.evidence import Evidence
from chalicelib.scoring.model import Condition
from chalicelib.scoring.score import Score, score
from chalicelib.scoring.tally import Since, Tally
from tests import factories as make
from tests.factories import TODAY, came_by, profile, seen, standing, worth
from tests.unit.test_score import facts, mediums, tallies

MODEL = make.model()


def mql(days_ago: int = 30, **parts: Any) -> Standing:
    return standing(Stage.MQL, days_ago, **parts)


def target(one: Score, at: Standing = Standing()) -> Stage | None:
    moved = decide(MODEL, at, one, TODAY)
    return moved.target if moved else None


GUIDE = seen(keys={"guide-download": {"a": 30}})
OLD_GUIDE = seen(keys={"guide-download": {"a": 31}})


@pytest.mark.parametrize(
    ("one", "stage"),
    [
        (worth(score=50, activity=12), Stage.MQL),
        (worth(score=49, activity=12), None),
        (worth(score=50, activity=11), None),
        (worth(score=50, activity=12, fit=-1), None),
        (worth(GUIDE, fit=20, activity=8), Stage.MQL),
        (worth(OLD_GUIDE, fit=20, activity=8), None),
        (worth(GUIDE, fit=19, activity=8), None),
        (worth(GUIDE, fit=20, activity=7), None),
        (worth(seen(webinar_attended=[30]), fit=20, activity=8), Stage.MQL),
        (worth(seen(webinar_attended=[31]), fit=20, activity=8), None),
        (worth(fit=20, engagement=9), Stage.MQL),
        (worth(fit=20, engagement=8), None),
        (worth(fit=0, engagement=20), Stage.MQL),
        (worth(fit=-1, engagement=20), None),
        (worth(seen(demo_request=[14]), fit=-15), Stage.SQL),
        (worth(seen(demo_request=[15]), fit=-15), None),
        (worth(seen(demo_request=[0]), fit=-16), None),
        (worth(seen(trial_start=[0])), Stage.SQL),
        (worth(seen(contact_request=[0])), Stage.SQL),
        (worth(seen(meeting_booked=[0])), Stage.SQL),
        (worth(score=70, fit=20, intent=15), Stage.SQL),
        (worth(score=69, fit=20, intent=15), None),
        (worth(score=70, fit=19, intent=15), None),
        (worth(score=70, fit=20, intent=14), None),
        (worth(seen(pricing_page=[0, 14]), score=60, fit=20), Stage.SQL),
        (worth(seen(pricing_page=[0, 15]), score=60, fit=20), None),
        (worth(seen(pricing_page={0: 9}), score=60, fit=20), None),
        (worth(seen(pricing_page=[0, 14]), score=59, fit=20), None),
    ],
)
def test_each_way_into_a_stage_at_its_threshold(one: Score, stage: Stage | None) -> None:
    assert target(one) == stage


def test_thresholds_compare_unrounded() -> None:
    just_below = replace(worth(), groups={**worth().groups, "fit": 20_000, "engagement": 8_999})
    assert target(just_below) is None


def test_a_day_ahead_is_not_within_the_window() -> None:
    """0 <= today - day: a clock that runs ahead waits for its day."""
    assert target(worth(seen(demo_request=[-1]))) is None


def test_requested_beats_inferred() -> None:
    one = worth(seen(meeting_booked=[0], pricing_page=[0, 1]), score=90, fit=40, intent=30)
    moved = decide(MODEL, Standing(), one, TODAY)
    assert moved is not None
    assert (moved.target, moved.kind) == (Stage.SQL, "requested")
    reversed_ways = replace(MODEL, sql=list(reversed(MODEL.sql)))
    moved = decide(reversed_ways, Standing(), one, TODAY)
    assert moved is not None
    assert moved.kind == "requested"


def test_an_mql_moves_on_and_says_why() -> None:
    moved = decide(MODEL, mql(), worth(score=70, fit=20, intent=15), TODAY)
    assert moved == Transition(
        origin=Stage.MQL,
        target=Stage.SQL,
        kind="inferred",
        why="score at least 70, fit at least 20, intent at least 15",
        cycle=1,
        actor=Actor.MODEL,
        on=TODAY,
    )


def test_a_transition_says_that_nothing_but_time_has_passed() -> None:
    for one, at in ((worth(score=70, fit=20, intent=15), Standing()), (worth(), mql())):
        moved = decide(MODEL, at, one, TODAY, Actor.CLOCK)
        assert moved is not None
        assert (moved.actor, moved.on) == (Actor.CLOCK, TODAY)


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (Condition((), "demo-request", 1, 14, None), "demo request within 14 days"),
        (Condition((("fit", 20_500),), None, 1, 30, None), "fit at least 20.5"),
        (
            Condition((("score", 60_000),), "pricing-page", 2, 14, None),
            "pricing page on 2 days within 14 days, score at least 60",
        ),
    ],
)
def test_a_condition_in_plain_words(condition: Condition, text: str) -> None:
    assert condition_words(condition) == text


# --- cooling --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "at", "stage"),
    [
        (worth(activity=4), mql(14), Stage.LEAD),
        (worth(activity=4), mql(13), None),
        (worth(activity=5), mql(14), None),
        (worth(activity=8), mql(90), None),
        (worth(activity=4, fit=40, score=49), mql(14), Stage.LEAD),
        (worth(activity=4, fit=20, engagement=14), mql(14), None),
    ],
)
def test_rule_5_an_mql_cools_when_nothing_keeps_it_warm(
    one: Score, at: Standing, stage: Stage | None
) -> None:
    """No way in holds, the stay is over, and little is left."""
    assert target(one, at) == stage


def test_rule_5_an_mql_between_the_thresholds_stays_what_it_is() -> None:
    one = worth(score=49, activity=9)
    assert target(one, mql()) is None
    assert target(one, Standing()) is None


def test_a_model_without_cooling_cools_nobody() -> None:
    assert decide(replace(MODEL, cool_below={}), mql(), worth(), TODAY) is None


@pytest.mark.parametrize("stage", [Stage.MQL, Stage.SQL, Stage.ACCEPTED])
def test_a_stage_that_a_person_set_never_cools(stage: Stage) -> None:
    assert target(worth(), standing(stage, 400, by_person=True)) is None
    assert target(worth(), mql(400)) is Stage.LEAD


def test_a_stage_that_a_person_set_still_moves_on() -> None:
    assert target(worth(seen(demo_request=[0])), mql(by_person=True)) is Stage.SQL


def test_cooling_stays_in_its_cycle() -> None:
    """An MQL that cooled was never with sales: returning counts as the same trip."""
    moved = decide(MODEL, mql(cycle=3), worth(), TODAY)
    assert moved is not None
    assert moved.cycle == 3


# --- who the model leaves alone -------------------------------------------------------------------

READY = worth(seen(demo_request=[0]), score=90, fit=40, intent=30, activity=30)
WITH_PEOPLE = [Stage.ACCEPTED, Stage.OPPORTUNITY, Stage.CUSTOMER, Stage.DISQUALIFIED]


@pytest.mark.parametrize("stage", [Stage.SQL, *WITH_PEOPLE])
def test_the_model_alone_does_not_move_a_lead_in_sales(stage: Stage) -> None:
    assert target(READY, standing(stage, 0)) is None
    assert target(worth(), standing(stage, 99)) is None


def test_rule_10_a_customers_request_is_never_a_new_sql() -> None:
    assert target(READY, standing(Stage.CUSTOMER)) is None


@pytest.mark.parametrize("stage", list(Stage))
def test_rule_10_one_of_our_own_is_never_moved(stage: Stage) -> None:
    ours = replace(READY, internal=True, disqualifiers=("competitor",))
    assert target(ours, standing(stage)) is None
    assert target(replace(worth(), internal=True), standing(stage, 400)) is None


# --- disqualified ---------------------------------------------------------------------------------

BARRED = worth(
    seen(demo_request=[0]), ["competitor", "bad-fit"], score=90, fit=40, intent=30, activity=30
)


@pytest.mark.parametrize("stage", [Stage.LEAD, Stage.MQL, Stage.SQL, Stage.RECYCLED])
def test_a_disqualifying_rule_goes_before_every_way_in(stage: Stage) -> None:
    moved = decide(MODEL, standing(stage, cycle=2), BARRED, TODAY)
    assert moved is not None
    assert (moved.target, moved.kind, moved.cycle) == (Stage.DISQUALIFIED, None, 2)
    assert moved.why == "disqualified: competitor, bad-fit"


def test_a_disqualifying_rule_ends_a_rest_and_asks_nobodys_word() -> None:
    resting = standing(Stage.RECYCLED, 1, rest_until=make.day(40))
    assert target(BARRED, resting) is Stage.DISQUALIFIED
    assert target(BARRED, mql(by_person=True)) is Stage.DISQUALIFIED


@pytest.mark.parametrize("stage", WITH_PEOPLE)
def test_a_disqualifying_rule_never_moves_a_lead_that_people_have(stage: Stage) -> None:
    """Of an accepted lead or an opportunity the owner is warned instead."""
    assert target(BARRED, standing(stage)) is None


def test_a_rule_set_aside_no_longer_disqualifies_but_others_do() -> None:
    reinstated = standing(Stage.LEAD, overrides=("competitor", "bad-fit"))
    assert disqualified_by(reinstated, BARRED) == ()
    assert target(BARRED, reinstated) is Stage.SQL
    half = replace(reinstated, overrides=("competitor",))
    moved = decide(MODEL, half, BARRED, TODAY)
    assert moved is not None
    assert (moved.target, moved.why) == (Stage.DISQUALIFIED, "disqualified: bad-fit")


# --- laws -----------------------------------------------------------------------------------------


standings = some.builds(
    standing,
    some.sampled_from(Stage),
    some.integers(0, 40),
    rest_until=some.none() | some.integers(-2, 30).map(make.day),
    by_person=some.booleans(),
    since=some.none()
    | some.integers(0, 10).map(lambda ago: Since(TODAY.toordinal() - ago, Tally())),
)


@given(facts, mediums, tallies, standings)
def test_applied_to_its_own_result_it_says_nothing(
    known: dict[str, Any], medium: str, tally: Tally, at: Standing
) -> None:
    one = score(MODEL, Evidence(profile(known), came_by(medium), tally, at.since), TODAY)
    moved = decide(MODEL, at, one, TODAY)
    if moved is not None:
        assert decide(MODEL, apply(at, moved), one, TODAY) is None


@given(facts, mediums, tallies, standings)
def test_whatever_it_wants_is_a_legal_edge(
    known: dict[str, Any], medium: str, tally: Tally, at: Standing
) -> None:
    moved = decide(
        MODEL,
        at,
        score(MODEL, Evidence(profile(known), came_by(medium), tally, at.since), TODAY),
        TODAY,
    )
    if moved is not None:
        assert moved.target in EDGES[at.stage]
        assert (moved.origin, moved.cycle) == (at.stage, cycle_after(at, moved.target))
        assert moved.target not in (
            Stage.ACCEPTED,
            Stage.OPPORTUNITY,
            Stage.CUSTOMER,
            Stage.RECYCLED,
        )


@given(facts, mediums, tallies)
def test_rule_5_whoever_meets_a_way_in_is_not_cold(
    known: dict[str, Any], medium: str, tally: Tally
) -> None:
    one = score(MODEL, Evidence(profile(known), came_by(medium), tally), TODAY)
    if any(is_met(condition, one) for condition in MODEL.mql):
        assert one.sums["activity"] >= MODEL.cool_below["activity"]
