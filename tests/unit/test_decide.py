"""The one function that decides the stage, and the day on which to look again."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.lifecycle.decide import apply, decide
from chalicelib.lifecycle.stages import Stage, Standing, Transition
from chalicelib.qualify.lead import decided, next_review
from chalicelib.scoring.model import Condition
from chalicelib.scoring.score import Score, holds, score, words
from chalicelib.scoring.tally import Tally
from tests import factories as make
from tests.factories import TODAY, came_by, profile, seen
from tests.fakes import NOW
from tests.unit.test_score import facts, mediums, tallies

MODEL = make.model()


def worth(tally: Tally = Tally(), **values: int) -> Score:
    """A score with these points in its groups, and this behaviour."""
    milli = dict.fromkeys(("score", "fit", "channel", "engagement", "intent", "activity"), 0)
    milli |= {name: points * 1000 for name, points in values.items()}
    total, activity = milli.pop("score"), milli.pop("activity")
    return Score(TODAY, 1, total, milli, {"activity": activity}, "A", (), tally)


def mql(days_ago: int = 30) -> Standing:
    return Standing(stage=Stage.MQL, entered_on=TODAY - timedelta(days=days_ago))


def target(one: Score, standing: Standing = Standing()) -> Stage | None:
    moved = decide(MODEL, standing, one, TODAY)
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
        (worth(fit=20, engagement=14), Stage.MQL),
        (worth(fit=20, engagement=13), None),
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
    just_below = replace(worth(), groups={**worth().groups, "fit": 20_000, "engagement": 13_999})
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
    assert decide(reversed_ways, Standing(), one, TODAY) is not None
    assert decide(reversed_ways, Standing(), one, TODAY).kind == "requested"  # type: ignore[union-attr]


def test_an_mql_moves_on_and_says_why() -> None:
    moved = decide(MODEL, mql(), worth(score=70, fit=20, intent=15), TODAY)
    assert moved == Transition(
        origin=Stage.MQL,
        target=Stage.SQL,
        kind="inferred",
        why="score at least 70, fit at least 20, intent at least 15",
        cycle=1,
    )


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
    assert words(condition) == text


# --- cooling --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "standing", "stage"),
    [
        (worth(activity=4), mql(14), Stage.LEAD),
        (worth(activity=4), mql(13), None),
        (worth(activity=5), mql(14), None),
        (worth(activity=8), mql(90), None),
        (worth(activity=4, fit=40, score=49), mql(14), Stage.LEAD),
        (worth(activity=4, fit=20, engagement=14), mql(14), None),
    ],
)
def test_an_mql_cools_when_no_way_in_holds_the_stay_is_over_and_little_is_left(
    one: Score, standing: Standing, stage: Stage | None
) -> None:
    assert target(one, standing) == stage


def test_an_mql_between_the_thresholds_stays_what_it_is() -> None:
    one = worth(score=49, activity=9)
    assert target(one, mql()) is None
    assert target(one, Standing()) is None


def test_a_model_without_cooling_cools_nobody() -> None:
    assert decide(replace(MODEL, cool_below={}), mql(), worth(), TODAY) is None


@pytest.mark.parametrize("stage", sorted(set(Stage) - {Stage.LEAD, Stage.MQL}))
def test_the_model_alone_does_not_move_a_lead_that_sales_has(stage: Stage) -> None:
    ready = worth(seen(demo_request=[0]), score=90, fit=40, intent=30, activity=30)
    assert target(ready, Standing(stage=stage, entered_on=TODAY)) is None
    assert target(worth(), Standing(stage=stage, entered_on=TODAY - timedelta(days=99))) is None


# --- laws -----------------------------------------------------------------------------------------------------------


@given(facts, mediums, tallies, some.sampled_from([Stage.LEAD, Stage.MQL]), some.integers(0, 40))
def test_applied_to_its_own_result_it_says_nothing(
    known: dict[str, Any], medium: str, tally: Tally, stage: Stage, days_ago: int
) -> None:
    standing = Standing(stage=stage, entered_on=TODAY - timedelta(days=days_ago))
    one = score(MODEL, profile(known), came_by(medium), tally, TODAY)
    moved = decide(MODEL, standing, one, TODAY)
    if moved is not None:
        assert decide(MODEL, apply(standing, moved, TODAY), one, TODAY) is None


@given(facts, mediums, tallies)
def test_whoever_meets_a_way_in_is_not_cold(known: dict[str, Any], medium: str, tally: Tally) -> None:
    one = score(MODEL, profile(known), came_by(medium), tally, TODAY)
    if any(holds(condition, one) for condition in MODEL.mql):
        assert one.sums["activity"] >= MODEL.cool_below["activity"]


def test_an_illegal_edge_cannot_be_applied() -> None:
    backwards = Transition(origin=Stage.LEAD, target=Stage.CUSTOMER, kind=None, why="", cycle=1)
    with pytest.raises(AssertionError, match="no edge"):
        apply(Standing(), backwards, TODAY)


# --- the next review ------------------------------------------------------------------------------------------------


def test_the_review_is_on_the_day_a_lead_cools() -> None:
    lead = make.lead(
        profile=profile(),
        tally=seen(site_visit=[0], keys={"guide-download": {"a": 25}}),
        standing=mql(5),
    )
    found = next_review(MODEL, lead, TODAY)
    assert found is not None
    days = [TODAY + timedelta(days=ahead) for ahead in range(1, 29)]
    acts = [
        day
        for day in days
        if decide(MODEL, lead.standing, score(MODEL, lead.profile, lead.touches, lead.tally, day), day)
    ]
    assert found == acts[0] < TODAY + timedelta(days=28)


def test_a_review_can_find_that_a_lead_warmed_up_as_its_faults_faded() -> None:
    """Scores are not monotone: what counted against a lead fades too."""
    tally = seen(demo_request=[0], careers_page=[0, 1, 2])
    fading = replace(MODEL, sql=[Condition((("engagement", -9_500),), "demo-request", 1, 60, None)])
    lead = make.lead(profile=profile(), tally=tally)
    found = next_review(fading, lead, TODAY)
    assert found is not None
    assert found < TODAY + timedelta(days=28)


def test_no_lead_goes_unlooked_at_for_more_than_28_days() -> None:
    lead = make.lead(profile=profile(), tally=seen(site_visit=[0]))
    assert next_review(MODEL, lead, TODAY) == TODAY + timedelta(days=28)


@pytest.mark.parametrize(
    "lead",
    [
        make.lead(profile=profile()),
        make.lead(tally=seen(site_visit=[0]), standing=Standing(stage=Stage.SQL)),
        make.lead(tally=seen(site_visit=[0]), standing=Standing(stage=Stage.CUSTOMER)),
    ],
)
def test_a_lead_that_time_cannot_move_is_not_reviewed(lead: Any) -> None:
    assert next_review(MODEL, lead, TODAY) is None


def test_a_decision_carries_the_score_the_stage_and_the_review() -> None:
    lead = make.lead(profile=profile(), tally=seen(site_visit=[0], keys={"guide-download": {"a": 0}}))
    decision = decided(MODEL, lead, NOW)
    after = decision.lead
    assert decision.transition is not None
    assert (after.standing.stage, after.standing.entered_on, after.total) == (Stage.MQL, TODAY, 53_000)
    assert (after.created_at, after.updated_at, after.model_version) == (NOW, NOW, 1)
    assert after.review_on == next_review(MODEL, after, TODAY)
    again = decided(MODEL, after, NOW + timedelta(hours=1))
    assert again.transition is None
    assert (again.lead.created_at, again.lead.updated_at) == (NOW, NOW + timedelta(hours=1))
