"""The one function that decides the stage, and what it decides when evidence was taken back."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from chalicelib.lifecycle.stages import Actor, Stage, Standing, Transition, apply, cycle_after
from chalicelib.scoring.model import REQUESTED, Condition, Model
from chalicelib.scoring.score import Score, holds, words
from chalicelib.scoring.tally import Tally

# one is all that `decide` ever wants by itself: its own result leaves nothing to decide
STEPS_MAX = 3
DECIDED = frozenset(
    {Stage.LEAD, Stage.MQL, Stage.SQL, Stage.RECYCLED}
)  # from here on only people move a lead


def decide(
    model: Model, standing: Standing, score: Score, today: date, actor: Actor = Actor.MODEL
) -> Transition | None:
    """The transition that the model wants of a lead today, or None when it should stay where it is.

    actor: the clock, when nothing but time has passed. Applied to its own result it returns None: a
    way in implies that the lead is not cooled, and a lead that cooled meets no way in.
    """
    if score.internal or standing.stage not in DECIDED:
        return None
    if rules := disqualified_by(standing, score):
        return _move(
            standing, Stage.DISQUALIFIED, None, "disqualified: " + ", ".join(rules), today, actor
        )
    if standing.stage is Stage.SQL or is_resting(model, standing, score, today):
        return None
    if condition := way_in(model.sql, score):
        return _move(standing, Stage.SQL, condition.kind, words(condition), today, actor)
    qualifying = way_in(model.mql, score)
    if standing.stage is not Stage.MQL:
        return (
            _move(standing, Stage.MQL, None, words(qualifying), today, actor)
            if qualifying
            else None
        )
    if not qualifying and _is_cold(model, standing, score, today):
        return _move(standing, Stage.LEAD, None, "cooled: " + _cool_words(model), today, actor)
    return None


def settle(
    model: Model, standing: Standing, score: Score, today: date, actor: Actor = Actor.MODEL
) -> tuple[Standing, list[Transition]]:
    """Where a model, left to itself, puts a lead today, and the steps there: mostly none, at most
    three.
    """
    steps: list[Transition] = []
    while (wanted := decide(model, standing, score, today, actor)) and len(steps) < STEPS_MAX:
        steps.append(wanted)
        standing = apply(standing, wanted)
    return standing, steps


def withdraw(
    model: Model,
    standing: Standing,
    given_by: Actor,
    before: Score,
    after: Score,
    now: Score,
    why: str,
) -> Transition | None:
    """What taking back evidence undoes, or None: a stage that the model gave for it, and that it
    would not give now.

    model: the one that gave the stage; given_by: who moved the lead there; before, after: the score
    of that day, with the evidence and without it; now: today's score without it. What a person
    decided stays, or is what is left.
    """
    if given_by is Actor.PERSON and (standing.by_person or standing.stage is Stage.SQL):
        return None
    if standing.stage is Stage.DISQUALIFIED:
        target = Stage.LEAD if before.disqualifiers and not now.disqualifiers else None
    else:
        target = _without(model, standing, before, after, now)
    return _move(standing, target, None, why, now.day, Actor.PERSON) if target else None


def held_back_request(model: Model, standing: Standing, score: Score) -> str | None:
    """The signal of a request that a lead's fit keeps from sales, or None: a human looks at it
    (playbook, rule 1).
    """
    if score.internal or standing.stage not in DECIDED - {Stage.SQL}:
        return None
    asked = (
        way
        for way in model.sql
        if way.kind == REQUESTED and way.signal and holds(replace(way, thresholds=()), score)
    )
    return next((way.signal for way in asked), None)


def has_new_request(model: Model, before: Tally, after: Tally, today: date) -> bool:
    """Whether a request is in one tally that is not yet in another, and its way in is still
    open.
    """
    requests = [way for way in model.sql if way.kind == REQUESTED and way.signal]
    return any(_times_of(way, after, today) > _times_of(way, before, today) for way in requests)


def disqualified_by(standing: Standing, score: Score) -> tuple[str, ...]:
    """The disqualifying rules that hold and that no person set aside."""
    return tuple(rule for rule in score.disqualifiers if rule not in standing.overrides)


def is_resting(model: Model, standing: Standing, score: Score, today: date) -> bool:
    """Whether a recycled lead's rest lasts: until its day, or until a request since the recycle."""
    if (
        standing.stage is not Stage.RECYCLED
        or standing.rest_until is None
        or today >= standing.rest_until
    ):
        return False
    return not any(score.tally.days_of(signal) for signal in model.wakes)


def way_in(conditions: Sequence[Condition], score: Score) -> Condition | None:
    """The condition by which the score enters a stage; a requested one beats an inferred one."""
    met = [condition for condition in conditions if holds(condition, score)]
    return next(
        (condition for condition in met if condition.kind == REQUESTED), met[0] if met else None
    )


def _times_of(way: Condition, tally: Tally, today: date) -> int:
    """How often a way's signal was seen within its days."""
    first, last, signal = today.toordinal() - way.within_days, today.toordinal(), way.signal or ""
    times = sum(
        number for day, number in tally.days.get(signal, {}).items() if first <= day <= last
    )
    return times + sum(first <= day <= last for day in tally.keys.get(signal, {}).values())


def _without(
    model: Model, standing: Standing, before: Score, after: Score, now: Score
) -> Stage | None:
    """Where a lead falls to when the evidence for its stage is gone; None when it is not, or has
    other evidence.

    An SQL whose cycle knows a person's word was an MQL by that word, and is one again.
    """
    ways = {Stage.MQL: model.mql, Stage.SQL: model.sql}.get(standing.stage)
    if ways is None or not way_in(ways, before) or way_in(ways, after) or way_in(ways, now):
        return None
    is_mql = standing.by_person or way_in(model.mql, now)
    return Stage.MQL if standing.stage is Stage.SQL and is_mql else Stage.LEAD


def _is_cold(model: Model, standing: Standing, score: Score, today: date) -> bool:
    """Whether the stay is over, no person set the stage, and every value that cooling rests on is
    below its bound.
    """
    stayed = (today - standing.entered_on).days if standing.entered_on else 0
    below = [score.value(name) < bound for name, bound in model.cool_below.items()]
    return bool(below) and all(below) and stayed >= model.stay_days and not standing.by_person


def _cool_words(model: Model) -> str:
    return ", ".join(f"{name} below {bound / 1000:g}" for name, bound in model.cool_below.items())


def _move(
    standing: Standing, target: Stage, kind: str | None, why: str, today: date, actor: Actor
) -> Transition:
    return Transition(
        origin=standing.stage,
        target=target,
        kind=kind,
        why=why,
        cycle=cycle_after(standing, target),
        actor=actor,
        on=today,
    )
