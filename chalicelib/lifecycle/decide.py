"""The one function that decides the stage, and what it decides when evidence was taken back."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from chalicelib.lifecycle.stages import Actor, Stage, Standing, Transition, apply, cycle_after
from chalicelib.scoring.conditions import condition_words, is_met
from chalicelib.scoring.milli import points_text
from chalicelib.scoring.model import REQUESTED, Condition, Model
from chalicelib.scoring.score import Score
from chalicelib.scoring.tally import Tally

STEPS_MAX = 3
"""Of one `settle`. `decide` alone wants one at most: its own result leaves nothing to decide."""

DECIDED = frozenset({Stage.LEAD, Stage.MQL, Stage.SQL, Stage.RECYCLED})
"""The stages in which the model decides; in the others only people move a lead."""


def decide(
    model: Model, standing: Standing, score: Score, today: date, actor: Actor = Actor.MODEL
) -> Transition | None:
    """Return the transition that the model wants today, or None when the lead should stay.

    actor: the clock, when nothing but time has passed. Applied to its own result it returns None: a
    lead that meets a way in is not cold, and a lead that cooled meets no way in.
    """
    if score.left_out or standing.stage not in DECIDED:
        return None
    if rules := disqualified_by(standing, score):
        why = "disqualified: " + ", ".join(rules)
        return _move(standing, Stage.DISQUALIFIED, None, why, today, actor)
    if standing.stage is Stage.SQL or is_resting(model, standing, score, today):
        return None
    if condition := way_in(model.sql, score):
        why = condition_words(condition)
        return _move(standing, Stage.SQL, condition.kind, why, today, actor)
    qualifying = way_in(model.mql, score)
    if standing.stage is not Stage.MQL:
        if not qualifying:
            return None
        return _move(standing, Stage.MQL, None, condition_words(qualifying), today, actor)
    if not qualifying and _is_cold(model, standing, score, today):
        return _move(standing, Stage.LEAD, None, "cooled: " + _cool_words(model), today, actor)
    return None


def settle(
    model: Model, standing: Standing, score: Score, today: date, actor: Actor = Actor.MODEL
) -> tuple[Standing, list[Transition]]:
    """Return where the model alone puts a lead today, and the steps there.

    Mostly there are none; there are never more than three.
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
    """Return the transition that undoes a stage whose evidence was taken back, or None (ADR 0018).

    Only a stage is undone that the model gave for that evidence and would not give now. What a
    person decided stays, or is what the lead falls back to.

    model: the one that gave the stage; given_by: who moved the lead there; before, after: the score
    of that day, with the evidence and without it; now: today's score without it.
    """
    if given_by is Actor.PERSON and (standing.by_person or standing.stage is Stage.SQL):
        return None
    if standing.stage is Stage.DISQUALIFIED:
        target = Stage.LEAD if before.disqualifiers and not now.disqualifiers else None
    else:
        target = _without(model, standing, before, after, now)
    return _move(standing, target, None, why, now.day, Actor.PERSON) if target else None


def held_back_request(model: Model, standing: Standing, score: Score) -> str | None:
    """Return the signal of a request that only the lead's fit keeps from sales, or None.

    A human looks at such a request (playbook, rule 1).
    """
    if score.internal or standing.stage not in DECIDED - {Stage.SQL}:
        return None
    requests = (
        way.signal
        for way in model.sql
        if way.kind == REQUESTED and way.signal and is_met(replace(way, thresholds=()), score)
    )
    return next(requests, None)


def has_new_request(model: Model, before: Tally, after: Tally, today: date) -> bool:
    """Return whether the second tally has a request more than the first, and its way in is open."""
    requests = [way for way in model.sql if way.kind == REQUESTED and way.signal]
    return any(_times_of(way, after, today) > _times_of(way, before, today) for way in requests)


def disqualified_by(standing: Standing, score: Score) -> tuple[str, ...]:
    """Return the disqualifying rules that match and that no person set aside."""
    if not score.disqualifiers:  # as for most leads
        return ()
    return tuple(rule for rule in score.disqualifiers if rule not in standing.overrides)


def is_resting(model: Model, standing: Standing, score: Score, today: date) -> bool:
    """Return whether a recycled lead still rests: until its day, or until its next request."""
    if (
        standing.stage is not Stage.RECYCLED
        or standing.rest_until is None
        or today >= standing.rest_until
    ):
        return False
    return not any(score.tally.days_of(signal) for signal in model.wakes)


def way_in(conditions: Sequence[Condition], score: Score) -> Condition | None:
    """Return the condition by which the score enters a stage, or None.

    A requested one beats an inferred one.
    """
    met = [condition for condition in conditions if is_met(condition, score)]
    if not met:  # as for most leads
        return None
    requested = (condition for condition in met if condition.kind == REQUESTED)
    return next(requested, met[0])


def _times_of(way: Condition, tally: Tally, today: date) -> int:
    """Return how often a way's signal was seen within its days."""
    last = today.toordinal()
    first = last - way.within_days
    signal = way.signal or ""
    days = tally.days.get(signal, {})
    keys = tally.keys.get(signal, {})
    times = sum(number for day, number in days.items() if first <= day <= last)
    return times + sum(first <= day <= last for day in keys.values())


def _without(
    model: Model, standing: Standing, before: Score, after: Score, now: Score
) -> Stage | None:
    """Return where a lead falls to when the evidence for its stage is gone.

    None when it is not gone, or other evidence is left. A lead that a person made an MQL in this
    cycle, and that became an SQL, falls back to MQL.
    """
    ways = {Stage.MQL: model.mql, Stage.SQL: model.sql}.get(standing.stage)
    if ways is None or not way_in(ways, before) or way_in(ways, after) or way_in(ways, now):
        return None
    is_mql = standing.by_person or way_in(model.mql, now)
    return Stage.MQL if standing.stage is Stage.SQL and is_mql else Stage.LEAD


def _is_cold(model: Model, standing: Standing, score: Score, today: date) -> bool:
    """Return whether an MQL has cooled.

    The stay is over, no person set the stage, and every value of `cool_below` is below its bound.
    """
    stayed = (today - standing.entered_on).days if standing.entered_on else 0
    below = [score.value(name) < bound for name, bound in model.cool_below.items()]
    return bool(below) and all(below) and stayed >= model.stay_days and not standing.by_person


def _cool_words(model: Model) -> str:
    return ", ".join(
        f"{name} below {points_text(bound)}" for name, bound in model.cool_below.items()
    )


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
