"""What people decide: a manual move, an outcome, a verdict undone, two leads made one. Each along a
legal edge.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.errors import StateError
from chalicelib.lifecycle.decide import decide
from chalicelib.lifecycle.moves import STAGE_RANK, check_edge, is_verdict, merged, move, undo
from chalicelib.lifecycle.stages import (
    EDGES,
    ONLY_UNDONE,
    Actor,
    Outcome,
    Stage,
    Standing,
    Transition,
    apply,
)
from chalicelib.scoring.score import Score
from chalicelib.scoring.tally import EVER, Since
from tests import factories as make
from tests.factories import LEAD_ID, TODAY, day, seen, standing, transition, worth
from tests.fakes import NOW

MODEL = make.model()
DID = seen(pricing_page=[0, 1], keys={"guide-download": {"a": 0, "b": 2}})
FROM_NOW = Since(
    TODAY.toordinal(),
    seen(pricing_page=[0], keys={"guide-download": {"a": 0}}),
    NOW,
    MODEL.matching,
    LEAD_ID,
)
EVERY_PAIR = [(origin, target) for origin in Stage for target in Stage]
LEGAL = [
    (origin, target)
    for origin, target in EVERY_PAIR
    if target in EDGES[origin] and not (target is Stage.SQL and origin in ONLY_UNDONE)
]


def moved(
    at: Standing, target: Stage, reason: str = "because", score: Score | None = None, **more: Any
) -> Transition:
    return move(MODEL, at, score or worth(DID), FROM_NOW, target, reason, **more)


# --- a legal edge, or 409 -------------------------------------------------------------------------


@pytest.mark.parametrize(("origin", "target"), LEGAL)
def test_a_person_moves_a_lead_along_every_legal_edge_with_a_reason(
    origin: Stage, target: Stage
) -> None:
    one = moved(standing(origin), target, "met her at the fair")
    assert (one.origin, one.target, one.why) == (origin, target, "met her at the fair")
    assert (one.actor, one.on) == (Actor.PERSON, TODAY)
    assert apply(standing(origin), one).stage is target


@pytest.mark.parametrize(("origin", "target"), sorted(set(EVERY_PAIR) - set(LEGAL)))
def test_another_edge_is_refused_and_the_legal_ones_are_named(origin: Stage, target: Stage) -> None:
    with pytest.raises(StateError) as refused:
        moved(standing(origin), target)
    named = str(refused.value)
    assert named.startswith(f"a lead in stage {origin} cannot become {target}; it can become ")
    assert named.partition("it can become ")[2].split(", ") == sorted(
        to for from_, to in LEGAL if from_ is origin
    )


@pytest.mark.parametrize("origin", sorted(ONLY_UNDONE))
def test_back_to_sql_is_the_undoing_of_a_verdict_and_nothing_else(origin: Stage) -> None:
    with pytest.raises(StateError, match=f"a lead in stage {origin} cannot become sql"):
        check_edge(standing(origin), Stage.SQL)


# --- kinds ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("score", "kind"),
    [
        (worth(), "inferred"),
        (worth(score=70, fit=20, intent=15), "inferred"),
        (worth(seen(demo_request=[0])), "requested"),
    ],
)
def test_rule_2_an_sql_that_a_person_makes_has_asked_only_if_they_did(
    score: Score, kind: str
) -> None:
    assert moved(standing(Stage.LEAD), Stage.SQL, score=score).kind == kind


@pytest.mark.parametrize("target", [Stage.MQL, Stage.ACCEPTED, Stage.CUSTOMER, Stage.DISQUALIFIED])
def test_only_an_sql_has_a_kind(target: Stage) -> None:
    assert moved(standing(Stage.LEAD), target, score=worth(seen(demo_request=[0]))).kind is None


# --- recycled: the rest, and a new start ----------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "outcome", "days"),
    [
        ("not_ready", None, 45),
        ("Not ready", None, 45),
        (" no  budget ", None, 90),
        ("wrong_person", None, 60),
        ("unreachable", None, 14),
        ("other", None, 30),
        ("they moved to Mars", None, 30),
        ("", None, 30),
        ("price", Outcome.LOST, 120),
        ("competitor", Outcome.LOST, 180),
        ("No decision", Outcome.LOST, 90),
        ("no budget", Outcome.LOST, 90),  # lost by a reason that only a verdict has
        ("they moved to Mars", Outcome.LOST, 30),
        ("price", None, 30),  # nobody lost it
    ],
)
def test_a_recycled_lead_rests_as_long_as_the_model_says_for_the_reason(
    reason: str, outcome: Outcome | None, days: int
) -> None:
    one = moved(standing(Stage.OPPORTUNITY), Stage.RECYCLED, reason, outcome=outcome)
    assert (one.rest_until, one.outcome) == (day(days), outcome)


def test_a_model_that_names_no_rests_has_the_one_of_other() -> None:
    bare = replace(MODEL, recycle={})
    assert move(
        bare, standing(Stage.SQL), worth(), FROM_NOW, Stage.RECYCLED, "not_ready"
    ).rest_until == day(30)


@pytest.mark.parametrize("origin", [Stage.SQL, Stage.ACCEPTED, Stage.OPPORTUNITY, Stage.CUSTOMER])
def test_a_recycled_lead_starts_again_in_a_new_cycle(origin: Stage) -> None:
    one = moved(standing(origin, cycle=2), Stage.RECYCLED)
    assert (one.since, one.cycle) == (FROM_NOW, 3)


@pytest.mark.parametrize(
    ("origin", "target"), [(Stage.MQL, Stage.LEAD), (Stage.SQL, Stage.LEAD), (Stage.SQL, Stage.MQL)]
)
def test_a_lead_that_a_person_moves_back_starts_again_too(origin: Stage, target: Stage) -> None:
    one = moved(standing(origin), target)
    assert one.since == FROM_NOW
    assert one.rest_until is None


@pytest.mark.parametrize(
    ("origin", "target"),
    [pair for pair in LEGAL if pair[1] is not Stage.RECYCLED and pair not in {
        (Stage.MQL, Stage.LEAD), (Stage.SQL, Stage.LEAD), (Stage.SQL, Stage.MQL)
    }],
)  # fmt: skip
def test_no_other_move_forgets_what_a_lead_did(origin: Stage, target: Stage) -> None:
    one = moved(standing(origin), target)
    assert (one.since, one.rest_until) == (None, None)


# --- reinstated, won, lost ------------------------------------------------------------------------

BARRED = worth(seen(demo_request=[0]), ["competitor"], fit=20)


def test_a_reinstated_lead_is_not_disqualified_again_by_the_rules_that_hold() -> None:
    disqualified = standing(Stage.DISQUALIFIED, cycle=2)
    one = moved(disqualified, Stage.LEAD, "a customer of theirs", BARRED)
    assert (one.overrides, one.cycle) == (("competitor",), 3)
    back = apply(disqualified, one)
    wanted = decide(MODEL, back, BARRED, TODAY)
    assert wanted is not None
    assert wanted.target is Stage.SQL
    other = decide(MODEL, back, replace(BARRED, disqualifiers=("competitor", "bad-fit")), TODAY)
    assert other is not None
    assert (other.target, other.why) == (Stage.DISQUALIFIED, "disqualified: bad-fit")


def test_nothing_is_set_aside_by_a_move_that_reinstates_nobody() -> None:
    assert moved(standing(Stage.LEAD), Stage.MQL, score=BARRED).overrides == ()


def test_a_won_lead_is_a_customer_in_the_same_cycle() -> None:
    one = moved(standing(Stage.OPPORTUNITY, cycle=2), Stage.CUSTOMER, outcome=Outcome.WON)
    assert (one.outcome, one.cycle) == (Outcome.WON, 2)
    assert apply(standing(Stage.OPPORTUNITY, cycle=2), one).outcome is Outcome.WON


# --- a verdict undone -----------------------------------------------------------------------------

HANDED = standing(
    Stage.SQL, 2, kind="requested", cycle=2, owner="sam", since=None, handed_on=day(-2)
)
VERDICTS = [Stage.ACCEPTED, Stage.RECYCLED, Stage.DISQUALIFIED, Stage.CUSTOMER]


@pytest.mark.parametrize("verdict", VERDICTS)
def test_a_verdict_undone_is_that_handoff_again(verdict: Stage) -> None:
    answer = moved(HANDED, verdict)
    answered = apply(HANDED, answer)
    assert is_verdict(answered, answer)
    back = undo(answered, HANDED, "a slip", TODAY)
    again = apply(answered, back)
    assert (again.stage, again.kind, again.cycle, again.owner) == (Stage.SQL, "requested", 2, "sam")
    assert (again.rest_until, again.since) == (None, EVER)
    assert (back.actor, back.why) == (Actor.PERSON, "a slip")


def test_what_counted_from_an_earlier_recycle_on_counts_from_there_again() -> None:
    earlier = Since(TODAY.toordinal() - 60, seen())
    before = replace(HANDED, since=earlier)
    answered = apply(before, moved(before, Stage.RECYCLED))
    assert answered.since == FROM_NOW
    assert apply(answered, undo(answered, before, "a slip", TODAY)).since == earlier


@pytest.mark.parametrize(
    ("at", "last"),
    [
        (standing(Stage.DISQUALIFIED), transition(Stage.DISQUALIFIED, Stage.SQL)),  # the model's
        (
            standing(Stage.LEAD),
            transition(Stage.LEAD, Stage.MQL, actor=Actor.PERSON),
        ),  # no answer to a handoff
        (
            standing(Stage.ACCEPTED),
            transition(Stage.ACCEPTED, Stage.MQL, actor=Actor.PERSON),
        ),  # taken, not accepted
        (
            standing(Stage.OPPORTUNITY),
            transition(Stage.ACCEPTED, Stage.SQL, actor=Actor.PERSON),
        ),  # gone on since
    ],
)
def test_what_is_no_verdict_is_not_undone(at: Standing, last: Transition) -> None:
    assert not is_verdict(at, last)


def test_a_handoff_taken_back_is_no_verdict() -> None:
    """A person's retraction moved the lead out of sql, and no answer of sales."""
    assert not is_verdict(
        standing(Stage.LEAD), transition(Stage.LEAD, Stage.SQL, actor=Actor.PERSON)
    )
    assert not is_verdict(standing(Stage.MQL), transition(Stage.MQL, Stage.SQL, actor=Actor.PERSON))


# --- two leads made one ---------------------------------------------------------------------------


def together(ours: Standing, theirs: Standing) -> tuple[Standing, Sequence[Transition]]:
    """Our standing after a merge, and the steps to it."""
    steps = merged(ours, theirs, "one person", TODAY)
    for step in steps:
        ours = apply(ours, step)
    return ours, steps


@pytest.mark.parametrize(("ours", "theirs"), EVERY_PAIR)
def test_the_furthest_stage_survives_by_legal_steps_that_say_why(
    ours: Stage, theirs: Stage
) -> None:
    after, steps = together(standing(ours), standing(theirs))
    assert after.stage is max(ours, theirs, key=STAGE_RANK.__getitem__)
    assert all(step.target in EDGES[step.origin] for step in steps)
    assert all(
        (step.why, step.actor, step.on) == ("one person", Actor.PERSON, TODAY) for step in steps
    )
    assert bool(steps) == (STAGE_RANK[theirs] > STAGE_RANK[ours])


def test_of_the_further_one_everything_comes_with_its_stage() -> None:
    since = Since(TODAY.toordinal() - 3, seen())
    theirs = standing(
        Stage.RECYCLED, 3, rest_until=day(42), since=since, outcome=Outcome.LOST, cycle=2
    )
    after, steps = together(standing(Stage.MQL), theirs)
    assert [step.target for step in steps] == [Stage.SQL, Stage.RECYCLED]
    assert (after.rest_until, after.since, after.outcome, after.cycle) == (
        day(42),
        since,
        Outcome.LOST,
        2,
    )
    assert (
        together(standing(Stage.LEAD), standing(Stage.SQL, kind="requested"))[0].kind == "requested"
    )


def test_what_a_person_set_aside_for_the_further_one_stays_set_aside() -> None:
    """Otherwise the rule that a person overrode would disqualify the lead as soon as it is
    merged.
    """
    after, _ = together(standing(Stage.LEAD), standing(Stage.SQL, overrides=("competitor",)))
    assert after.overrides == ("competitor",)


cycles = some.integers(1, 9)


@given(some.sampled_from(Stage), some.sampled_from(Stage), cycles, cycles)
def test_the_higher_cycle_survives_where_the_stage_does_so_that_no_key_collides(
    ours: Stage, theirs: Stage, our_cycle: int, their_cycle: int
) -> None:
    after, steps = together(standing(ours, cycle=our_cycle), standing(theirs, cycle=their_cycle))
    if steps:
        assert after.cycle >= max(our_cycle, their_cycle)
    assert after.cycle >= our_cycle
