"""The day on which to look again, and a decision whole: score, stage, review."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.leads.decision import decide_lead, first_move, next_review, score_of
from chalicelib.leads.lead import Lead
from chalicelib.lifecycle.decide import decide
from chalicelib.lifecycle.stages import Actor, Stage, Standing, standing_after
from chalicelib.scoring.model import Condition
from chalicelib.scoring.tally import Since, Tally
from tests import factories as make
from tests.factories import LEAD_ID, TODAY, came_by, day, profile, seen, standing
from tests.fakes import NOW
from tests.unit.test_score import facts, mediums, tallies

MODEL = make.model()
WARM = seen(site_visit=[0], keys={"guide-download": {"a": 0}})


def acts_on(lead: Lead, days: int = 28) -> list[date]:
    """The days ahead on which `decide` would act, asked one by one."""
    ahead = [day(number) for number in range(1, days)]
    return [one for one in ahead if decide(MODEL, lead.standing, score_of(MODEL, lead, one), one)]


def test_the_review_is_on_the_day_a_lead_cools() -> None:
    tally = seen(site_visit=[0], keys={"guide-download": {"a": 25}})
    lead = make.lead(profile=profile(), tally=tally, standing=standing(Stage.MQL, 5))
    found = next_review(MODEL, lead, TODAY)
    assert found is not None
    assert found == acts_on(lead)[0] < day(28)


def test_the_review_is_on_the_day_a_rest_ends_if_the_lead_is_ready_by_then() -> None:
    since = Since.now(MODEL, Tally(), NOW, LEAD_ID)
    resting = standing(Stage.RECYCLED, 0, rest_until=day(14), since=since)
    ready = make.lead(profile=profile(), tally=WARM, standing=resting)
    assert next_review(MODEL, ready, TODAY) == day(14)
    held = replace(resting, since=Since.now(MODEL, WARM, NOW, LEAD_ID))
    assert next_review(MODEL, replace(ready, standing=held), TODAY) == day(28)


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


@pytest.mark.parametrize("stage", sorted(set(Stage) - {Stage.LEAD, Stage.MQL, Stage.RECYCLED}))
def test_a_lead_that_people_have_is_not_reviewed(stage: Stage) -> None:
    assert (
        next_review(MODEL, make.lead(tally=seen(site_visit=[0]), standing=standing(stage)), TODAY)
        is None
    )


def test_a_lead_that_did_nothing_is_not_reviewed() -> None:
    assert next_review(MODEL, make.lead(profile=profile()), TODAY) is None


def test_the_first_move_is_looked_for_as_far_ahead_as_was_asked() -> None:
    lead = make.lead(profile=profile(), tally=WARM, standing=standing(Stage.MQL, 0))
    cools = acts_on(lead, 60)[0]
    ahead = (cools - TODAY).days
    assert first_move(MODEL, lead, TODAY, ahead) == cools
    assert first_move(MODEL, lead, TODAY, ahead - 1) is None


def test_a_ready_lead_may_cool_while_it_rests() -> None:
    resting = standing(Stage.MQL, 0, rest_until=day(15))
    lead = make.lead(profile=profile(), tally=seen(site_visit=[0]), standing=resting)
    assert next_review(MODEL, lead, TODAY) == acts_on(lead)[0] < day(15)


def test_what_lies_ahead_by_another_clock_is_looked_at_on_its_day() -> None:
    ahead = Tally({"pricing-page": {day(2).toordinal(): 1}})
    lead = make.lead(profile=profile(), tally=ahead, standing=standing(Stage.LEAD, 0))
    for stage in (Stage.LEAD, Stage.MQL):
        at = replace(lead, standing=standing(stage, 0))
        assert next_review(MODEL, at, TODAY) == next(iter(acts_on(at)), day(28))


standings = some.builds(
    standing,
    some.sampled_from([Stage.LEAD, Stage.MQL, Stage.RECYCLED]),
    some.integers(0, 40),
    rest_until=some.none() | some.integers(-2, 30).map(day),
    by_person=some.booleans(),
    since=some.none()
    | some.integers(0, 10).map(lambda ago: Since(TODAY.toordinal() - ago, Tally())),
)


@given(facts, mediums, tallies, standings)
def test_no_lead_moves_by_itself_before_its_review(
    known: dict[str, Any], medium: str, tally: Tally, at: Standing
) -> None:
    lead = make.lead(profile=profile(known), touches=came_by(medium), tally=tally, standing=at)
    settled = decide_lead(MODEL, lead, NOW).lead
    if settled.review_on is None:
        assert not settled.tally or settled.standing.stage in (Stage.SQL, Stage.DISQUALIFIED)
    else:
        assert settled.review_on == next(iter(acts_on(settled)), day(28))


# --- a decision -----------------------------------------------------------------------------------


def test_a_decision_carries_the_score_the_stage_and_the_review() -> None:
    lead = make.lead(profile=profile(), tally=WARM)
    decision = decide_lead(MODEL, lead, NOW)
    after = decision.lead
    (moved,) = decision.transitions
    assert (after.standing.stage, after.standing.entered_on, after.total) == (
        Stage.MQL,
        TODAY,
        53_000,
    )
    assert (moved.target, moved.actor, moved.on) == (Stage.MQL, Actor.MODEL, TODAY)
    assert (decision.score.total, decision.score.model_version) == (53_000, 1)
    assert (after.created_at, after.updated_at) == (NOW, NOW)
    assert (after.model_version, after.activation) == (MODEL.version, MODEL.activation)
    assert after.review_on == next_review(MODEL, after, TODAY)
    again = decide_lead(MODEL, after, NOW + timedelta(hours=1))
    assert again.transitions == ()
    assert (again.lead.created_at, again.lead.updated_at) == (NOW, NOW + timedelta(hours=1))


def test_what_the_clock_decided_says_so() -> None:
    lead = make.lead(profile=profile(), tally=seen(site_visit=[0]), standing=standing(Stage.MQL))
    (moved,) = decide_lead(MODEL, lead, NOW, Actor.CLOCK).transitions
    assert (moved.target, moved.actor) == (Stage.LEAD, Actor.CLOCK)


def test_what_the_model_makes_of_a_persons_move_follows_in_the_same_decision() -> None:
    """Reinstated, and ready: two transitions, and the stage is what they lead to."""
    lead = make.lead(
        profile=profile(),
        tally=seen(demo_request=[0]),
        standing=standing(Stage.DISQUALIFIED, owner="sam"),
    )
    reinstated = make.transition(
        Stage.LEAD, Stage.DISQUALIFIED, cycle=2, actor=Actor.PERSON, overrides=("x",)
    )
    decision = decide_lead(MODEL, lead, NOW, moves=[reinstated])
    first, second = decision.transitions
    assert (first, second.target, second.actor, second.cycle) == (
        reinstated,
        Stage.SQL,
        Actor.MODEL,
        2,
    )
    way = [make.transition(Stage.DISQUALIFIED), first, second]
    assert decision.lead.standing == replace(standing_after(way), owner="sam")


def test_a_move_that_lets_behaviour_count_anew_is_scored_so_at_once() -> None:
    since = Since.now(MODEL, WARM, NOW, LEAD_ID)
    lead = make.lead(profile=profile(), tally=WARM, standing=standing(Stage.MQL))
    back = make.transition(Stage.LEAD, Stage.MQL, actor=Actor.PERSON, since=since)
    decision = decide_lead(MODEL, lead, NOW, moves=[back])
    assert decision.transitions == (back,)
    assert (decision.lead.total, decision.score.groups["engagement"]) == (40_000, 0)
    assert decision.lead.tally == WARM


def test_what_is_forgotten_leaves_the_tally_with_the_next_decision() -> None:
    lead = make.lead(tally=seen(blog=[0, 399, 400, 1_000]))
    assert decide_lead(MODEL, lead, NOW).lead.tally == seen(blog=[0, 399])
