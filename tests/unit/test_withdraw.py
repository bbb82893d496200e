"""What taking back evidence undoes, and the requests that reach a human though they are no SQL."""

from dataclasses import replace

import pytest

from chalicelib.lifecycle.decide import held_back_request, withdraw
from chalicelib.lifecycle.stages import Actor, Stage, Standing, Transition, apply
from chalicelib.scoring.score import Score
from chalicelib.scoring.tally import Tally
from tests import factories as make
from tests.factories import TODAY, seen, standing, worth

MODEL = make.model()
COLD, WARM = worth(), worth(fit=20, engagement=14)
ASKED = worth(seen(demo_request=[0]), fit=20)
ASKED_AND_WARM = worth(seen(demo_request=[0]), fit=20, engagement=14)
BARRED = worth(disqualifiers=["competitor"])


def taken_back(
    at: Standing, before: Score, after: Score, now: Score, given_by: Actor = Actor.MODEL
) -> Transition | None:
    return withdraw(MODEL, at, given_by, before, after, now, "taken back: our own test")


def target(at: Standing, before: Score, after: Score, now: Score) -> Stage | None:
    moved = taken_back(at, before, after, now)
    return moved.target if moved else None


SQL = standing(Stage.SQL, 3, kind="requested")
MQL = standing(Stage.MQL, 3)


@pytest.mark.parametrize(
    ("at", "before", "after", "now", "stage"),
    [
        (SQL, ASKED, COLD, COLD, Stage.LEAD),
        (SQL, ASKED, COLD, WARM, Stage.MQL),
        (SQL, ASKED_AND_WARM, WARM, WARM, Stage.MQL),
        (MQL, WARM, COLD, COLD, Stage.LEAD),
    ],
)
def test_a_stage_whose_evidence_is_gone_is_undone(
    at: Standing, before: Score, after: Score, now: Score, stage: Stage
) -> None:
    moved = taken_back(at, before, after, now)
    assert moved == make.transition(
        stage,
        at.stage,
        why="taken back: our own test",
        cycle=at.cycle + (at.stage is Stage.SQL),
        actor=Actor.PERSON,
    )


@pytest.mark.parametrize(
    ("at", "before", "after", "now"),
    [
        (
            SQL,
            ASKED,
            ASKED,
            COLD,
        ),  # something else was taken back; the request itself is older than its window by now
        (SQL, ASKED, COLD, ASKED),  # they asked again since
        (SQL, COLD, COLD, COLD),  # it was not the evidence that gave the stage
        (MQL, WARM, WARM, COLD),
        (MQL, WARM, COLD, WARM),
        (MQL, COLD, COLD, COLD),
    ],
)
def test_a_stage_that_has_other_evidence_or_had_none_of_this_stays(
    at: Standing, before: Score, after: Score, now: Score
) -> None:
    assert taken_back(at, before, after, now) is None


@pytest.mark.parametrize("stage", [Stage.SQL, Stage.MQL])
def test_what_a_person_decided_stays(stage: Stage) -> None:
    assert (
        taken_back(standing(stage, by_person=True), ASKED_AND_WARM, COLD, COLD, Actor.PERSON)
        is None
    )


def test_an_sql_that_the_model_made_of_a_persons_mql_is_that_mql_again() -> None:
    """Because a person had once set the stage before, a request that was taken back was left with
    sales.
    """
    assert target(standing(Stage.SQL, 3, by_person=True), ASKED, COLD, COLD) is Stage.MQL


def test_an_mql_that_was_left_once_can_be_taken_back_too() -> None:
    """Its transition is a person's, but nobody chose it."""
    moved = taken_back(MQL, WARM, COLD, COLD, Actor.PERSON)
    assert moved is not None
    assert moved.target is Stage.LEAD


@pytest.mark.parametrize(
    "stage", [Stage.LEAD, Stage.ACCEPTED, Stage.OPPORTUNITY, Stage.CUSTOMER, Stage.RECYCLED]
)
def test_what_sales_has_answered_stays(stage: Stage) -> None:
    assert taken_back(standing(stage), ASKED_AND_WARM, COLD, COLD) is None


def test_an_mql_that_is_left_cools_like_any_other() -> None:
    moved = taken_back(SQL, ASKED_AND_WARM, WARM, WARM)
    assert moved is not None
    assert not apply(SQL, moved).by_person


def test_the_evidence_for_disqualifying_is_taken_back_and_the_lead_is_one_again_in_a_new_cycle() -> (
    None
):
    disqualified = standing(Stage.DISQUALIFIED, cycle=2)
    moved = taken_back(disqualified, BARRED, COLD, COLD)
    assert moved is not None
    assert (moved.target, moved.cycle, moved.overrides) == (Stage.LEAD, 3, ())
    assert target(disqualified, BARRED, BARRED, BARRED) is None
    assert target(disqualified, COLD, COLD, COLD) is None
    assert (
        taken_back(replace(disqualified, by_person=True), BARRED, COLD, COLD, Actor.PERSON) is None
    )


# --- a request always reaches a human (playbook, rule 1) ------------------------------------------

HOPELESS = worth(seen(demo_request=[0]), fit=-16)


@pytest.mark.parametrize(
    "signal", ["demo-request", "trial-start", "contact-request", "meeting-booked"]
)
@pytest.mark.parametrize("stage", [Stage.LEAD, Stage.MQL, Stage.RECYCLED])
def test_rule_1_a_request_that_fit_keeps_from_sales_is_for_a_human(
    stage: Stage, signal: str
) -> None:
    asked = worth(Tally({signal: {TODAY.toordinal() - 14: 1}}), fit=-40)
    assert held_back_request(MODEL, standing(stage, rest_until=make.day(9)), asked) == signal


@pytest.mark.parametrize(
    "quiet",
    [
        worth(seen(demo_request=[15]), fit=-16),
        worth(seen(demo_request=[-1]), fit=-16),
        worth(),
        WARM,
    ],
)
def test_rule_1_without_a_request_of_the_last_days_nobody_is_asked_to_look(quiet: Score) -> None:
    assert held_back_request(MODEL, Standing(), quiet) is None


@pytest.mark.parametrize(
    "stage", [Stage.SQL, Stage.ACCEPTED, Stage.OPPORTUNITY, Stage.CUSTOMER, Stage.DISQUALIFIED]
)
def test_rule_1_whoever_is_with_people_already_needs_no_triage(stage: Stage) -> None:
    assert held_back_request(MODEL, standing(stage), HOPELESS) is None


def test_rule_10_a_request_of_our_own_staff_is_none() -> None:
    assert held_back_request(MODEL, Standing(), replace(HOPELESS, internal=True)) is None


def test_an_inferred_way_is_no_request() -> None:
    assert (
        held_back_request(MODEL, Standing(), worth(seen(pricing_page=[0, 1]), score=59, fit=20))
        is None
    )


def test_rule_1_what_lies_before_a_recycle_was_answered() -> None:
    """`since` leaves nothing of it in the score's tally."""
    assert (
        held_back_request(MODEL, standing(Stage.RECYCLED), replace(HOPELESS, tally=Tally())) is None
    )
    assert HOPELESS.day == TODAY
