"""The table of legal edges, the cycles, and a standing as what its transitions lead to."""

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.lifecycle.stages import (
    EDGES,
    FURTHEST,
    NEW_CYCLE,
    ONLY_UNDONE,
    Actor,
    Outcome,
    Stage,
    Standing,
    Transition,
    apply,
    cycle_after,
    path,
    standing_after,
)
from chalicelib.scoring.tally import EVER, Since
from tests import factories as make
from tests.factories import TODAY, day, seen, standing, transition

LEAD, MQL, SQL, ACCEPTED = Stage.LEAD, Stage.MQL, Stage.SQL, Stage.ACCEPTED
OPPORTUNITY, CUSTOMER, RECYCLED, DISQUALIFIED = (
    Stage.OPPORTUNITY,
    Stage.CUSTOMER,
    Stage.RECYCLED,
    Stage.DISQUALIFIED,
)

# The list of design.md, "Lifecycle", as it stands there.
WRITTEN = {
    (LEAD, MQL),
    (LEAD, SQL),
    (MQL, SQL),
    (MQL, LEAD),  # cooled, or evidence taken back
    (SQL, ACCEPTED),
    (SQL, RECYCLED),
    (ACCEPTED, OPPORTUNITY),
    (ACCEPTED, RECYCLED),
    (OPPORTUNITY, CUSTOMER),
    (OPPORTUNITY, RECYCLED),  # lost
    (OPPORTUNITY, ACCEPTED),  # corrected
    (RECYCLED, MQL),
    (RECYCLED, SQL),
    *((stage, ACCEPTED) for stage in (LEAD, MQL, RECYCLED)),  # a salesperson takes it
    *((stage, CUSTOMER) for stage in set(Stage) - {CUSTOMER}),  # import or person
    (CUSTOMER, RECYCLED),  # churned
    *((stage, DISQUALIFIED) for stage in set(Stage) - {CUSTOMER, DISQUALIFIED}),
    (DISQUALIFIED, LEAD),
    (SQL, MQL),  # evidence taken back
    (SQL, LEAD),
    *((stage, SQL) for stage in (ACCEPTED, RECYCLED, DISQUALIFIED, CUSTOMER)),  # a verdict undone
}
BACKWARD = {  # out of sales' hands, or reinstated
    *((SQL, stage) for stage in (LEAD, MQL, RECYCLED)),
    (ACCEPTED, RECYCLED),
    (OPPORTUNITY, ACCEPTED),
    (OPPORTUNITY, RECYCLED),
    (CUSTOMER, RECYCLED),
    (DISQUALIFIED, LEAD),
}
EVERY_PAIR = [(origin, target) for origin in Stage for target in Stage]


def ids(pairs: Iterable[tuple[Stage, Stage]]) -> list[str]:
    return [f"{origin}-{target}" for origin, target in pairs]


# --- edges ----------------------------------------------------------------------------------------


def test_every_edge_of_the_design_is_in_the_table_and_no_other() -> None:
    assert {(origin, target) for origin, targets in EDGES.items() for target in targets} == WRITTEN


def test_every_stage_has_its_row_and_its_rank() -> None:
    assert set(EDGES) == set(FURTHEST) == set(Stage)
    assert len(FURTHEST) == len(Stage)


def test_back_to_sql_leads_only_a_verdict_undone_but_from_recycled_where_the_model_goes_too() -> (
    None
):
    assert {origin for origin, targets in EDGES.items() if SQL in targets} - ONLY_UNDONE == {
        LEAD,
        MQL,
        RECYCLED,
    }


@pytest.mark.parametrize(("origin", "target"), EVERY_PAIR, ids=ids(EVERY_PAIR))
def test_only_a_legal_edge_can_be_applied(origin: Stage, target: Stage) -> None:
    moved = transition(target, origin)
    if (origin, target) in WRITTEN:
        assert apply(standing(origin), moved).stage is target
    else:
        with pytest.raises(AssertionError, match="no edge"):
            apply(standing(origin), moved)


def test_a_transition_leaves_from_where_the_lead_stands() -> None:
    with pytest.raises(AssertionError, match="lead cannot leave from mql"):
        apply(Standing(), transition(SQL, MQL))


# --- cycles ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("origin", "target"), sorted(WRITTEN), ids=ids(sorted(WRITTEN)))
def test_the_cycle_grows_by_one_on_each_backward_edge_and_on_no_other(
    origin: Stage, target: Stage
) -> None:
    grows = cycle_after(standing(origin, cycle=4), target) - 4
    assert grows == int((origin, target) in BACKWARD)


def test_the_backward_edges_are_legal_ones() -> None:
    assert NEW_CYCLE == BACKWARD
    assert BACKWARD <= WRITTEN


@some.composite
def walks(draw: some.DrawFn) -> list[Transition]:
    """Some legal way of a new lead, without verdicts undone."""
    now, steps = Standing(), list[Transition]()
    for _ in range(draw(some.integers(0, 30))):
        ahead = [
            stage
            for stage in Stage
            if (now.stage, stage) in WRITTEN and not (stage is SQL and _undoes(now))
        ]
        target = draw(some.sampled_from(ahead))
        actor = draw(some.sampled_from(list(Actor)))
        step = transition(target, now.stage, cycle=cycle_after(now, target), actor=actor)
        steps.append(step)
        now = apply(now, step)
    return steps


def _undoes(now: Standing) -> bool:
    return now.stage in ONLY_UNDONE


@given(walks())
def test_no_lead_is_handed_over_twice_in_one_cycle(steps: list[Transition]) -> None:
    """A handoff is keyed by its cycle: a second one of the same cycle would never be sent."""
    cycles = [step.cycle for step in steps if step.target is SQL]
    assert len(set(cycles)) == len(cycles)
    assert cycles == sorted(cycles)


@given(walks())
def test_a_standing_is_the_fold_of_its_transitions(steps: list[Transition]) -> None:
    now = Standing()
    for number, step in enumerate(steps):
        assert standing_after(steps[:number]) == now
        now = apply(now, step)
    assert standing_after(steps) == now
    assert (now.stage, now.cycle) == ((steps[-1].target, steps[-1].cycle) if steps else (LEAD, 1))


# --- apply ----------------------------------------------------------------------------------------


def test_a_new_lead_is_a_lead_in_its_first_cycle() -> None:
    assert standing_after([]) == Standing(stage=LEAD, cycle=1)


def test_a_transition_says_everything_of_the_standing_but_its_owner() -> None:
    since = Since(TODAY.toordinal(), seen(blog=[0]))
    lost = transition(
        RECYCLED,
        OPPORTUNITY,
        cycle=3,
        actor=Actor.PERSON,
        rest_until=day(90),
        since=since,
        overrides=("competitor",),
        outcome=Outcome.LOST,
    )
    before = standing(OPPORTUNITY, cycle=2, owner="sam", by_person=True, handed_on=day(-20))
    assert apply(before, lost) == Standing(
        stage=RECYCLED,
        cycle=3,
        entered_on=TODAY,
        owner="sam",
        by_person=False,
        rest_until=day(90),
        since=since,
        overrides=("competitor",),
        outcome=Outcome.LOST,
        handed_on=day(-20),
    )


def test_what_a_later_transition_does_not_say_stays_but_for_the_rest_and_the_kind() -> None:
    since = Since(TODAY.toordinal() - 60, seen())
    resting = standing(
        RECYCLED,
        rest_until=TODAY,
        since=since,
        overrides=("x",),
        outcome=Outcome.LOST,
        kind="inferred",
    )
    back = apply(resting, transition(MQL, RECYCLED))
    assert (back.since, back.overrides, back.outcome) == (since, ("x",), Outcome.LOST)
    assert (back.rest_until, back.kind) == (None, None)


def test_everything_counts_again_when_a_transition_says_so() -> None:
    rested = standing(RECYCLED, since=Since(TODAY.toordinal(), seen()))
    assert apply(rested, transition(SQL, RECYCLED, since=EVER)).since == EVER


@pytest.mark.parametrize(
    ("origin", "target", "handed_on"),
    [
        (MQL, SQL, TODAY),
        (LEAD, SQL, TODAY),
        (RECYCLED, SQL, TODAY),
        (LEAD, ACCEPTED, TODAY),
        (MQL, ACCEPTED, TODAY),
        (RECYCLED, ACCEPTED, TODAY),
        (SQL, ACCEPTED, day(-5)),
        (OPPORTUNITY, ACCEPTED, day(-5)),
        (ACCEPTED, OPPORTUNITY, day(-5)),
        (LEAD, MQL, day(-5)),
        (LEAD, CUSTOMER, day(-5)),
    ],
)
def test_sales_got_a_lead_when_it_was_handed_over_or_they_took_it(
    origin: Stage, target: Stage, handed_on: object
) -> None:
    before = standing(origin, handed_on=day(-5))
    assert apply(before, transition(target, origin)).handed_on == handed_on


# --- what a person set ----------------------------------------------------------------------------


def by_person(*steps: tuple[Stage, Actor], **last: object) -> bool:
    """Whether a person's word holds after these moves of a new lead."""
    now = Standing()
    for number, (target, actor) in enumerate(steps, 1):
        more = last if number == len(steps) else {}
        now = apply(
            now, transition(target, now.stage, cycle=cycle_after(now, target), actor=actor, **more)
        )
    return now.by_person


def test_a_stage_that_a_person_set_is_theirs_and_one_that_the_model_or_the_clock_set_is_not() -> (
    None
):
    assert by_person((MQL, Actor.PERSON))
    assert not by_person((MQL, Actor.MODEL))
    assert not by_person((MQL, Actor.CLOCK))


def test_a_persons_word_holds_for_the_rest_of_the_cycle() -> None:
    assert by_person((MQL, Actor.PERSON), (SQL, Actor.MODEL))
    assert not by_person((SQL, Actor.MODEL), (RECYCLED, Actor.PERSON), (MQL, Actor.MODEL))


def test_back_at_the_start_nobodys_word_holds() -> None:
    assert not by_person((MQL, Actor.PERSON), (LEAD, Actor.PERSON))
    assert not by_person((MQL, Actor.PERSON), (LEAD, Actor.PERSON), (MQL, Actor.MODEL))


def test_an_mql_to_which_a_person_moved_a_lead_back_is_theirs() -> None:
    since = Since(TODAY.toordinal(), seen())
    assert by_person((SQL, Actor.MODEL), (MQL, Actor.PERSON), since=since)


def test_an_mql_that_is_left_when_evidence_was_taken_back_is_the_models() -> None:
    """It would never cool again, as if a person had chosen it."""
    assert not by_person((SQL, Actor.MODEL), (MQL, Actor.PERSON))


# --- the way between two stages -------------------------------------------------------------------


@pytest.mark.parametrize(("origin", "target"), EVERY_PAIR, ids=ids(EVERY_PAIR))
def test_there_is_a_legal_way_from_every_stage_to_every_other_and_it_undoes_no_verdict(
    origin: Stage, target: Stage
) -> None:
    way = [origin, *path(origin, target)]
    steps = list(pairwise(way))
    assert way[-1] is target
    assert all(
        step in WRITTEN and not (step[1] is SQL and step[0] in ONLY_UNDONE) for step in steps
    )


@pytest.mark.parametrize(
    ("origin", "target", "way"),
    [
        (LEAD, LEAD, []),
        (LEAD, SQL, [SQL]),
        (RECYCLED, SQL, [SQL]),
        (LEAD, OPPORTUNITY, [ACCEPTED, OPPORTUNITY]),
        (MQL, RECYCLED, [SQL, RECYCLED]),
        (DISQUALIFIED, SQL, [LEAD, SQL]),
        (DISQUALIFIED, OPPORTUNITY, [LEAD, ACCEPTED, OPPORTUNITY]),
    ],
)
def test_the_way_is_the_shortest(origin: Stage, target: Stage, way: list[Stage]) -> None:
    assert path(origin, target) == way


def test_a_transition_of_the_default_world_is_a_legal_one() -> None:
    assert make.transition().target in EDGES[make.transition().origin]
