"""The one function that decides the stage."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from chalicelib.lifecycle.stages import EDGES, Stage, Standing, Transition
from chalicelib.scoring.model import Condition, Model
from chalicelib.scoring.score import Score, holds, words

REQUESTED = "requested"


def decide(model: Model, standing: Standing, score: Score, today: date) -> Transition | None:
    """The transition that the model wants of a lead today, or None when it should stay where it is.

    Applied to its own result it returns None: a way in implies that the lead is not cooled, and a lead that
    cooled meets no way in.
    """
    if standing.stage not in EDGES:
        return None
    if condition := _way_in(model.sql, score):
        return _move(standing, Stage.SQL, condition.kind, words(condition))
    qualifying = _way_in(model.mql, score)
    if standing.stage is Stage.LEAD and qualifying:
        return _move(standing, Stage.MQL, None, words(qualifying))
    if standing.stage is Stage.MQL and not qualifying and _is_cold(model, standing, score, today):
        return _move(standing, Stage.LEAD, None, "cooled: " + _cool_words(model))
    return None


def apply(standing: Standing, transition: Transition, today: date) -> Standing:
    """The standing after a transition. Asserts that the edge is legal."""
    assert transition.target in EDGES[transition.origin], f"no edge {transition.origin} -> {transition.target}"
    return replace(standing, stage=transition.target, kind=transition.kind, entered_on=today)


def _way_in(conditions: Sequence[Condition], score: Score) -> Condition | None:
    """The condition by which the score enters a stage; a requested one beats an inferred one."""
    met = [condition for condition in conditions if holds(condition, score)]
    return next((condition for condition in met if condition.kind == REQUESTED), met[0] if met else None)


def _is_cold(model: Model, standing: Standing, score: Score, today: date) -> bool:
    """Whether the stay is over and every value that cooling rests on is below its bound."""
    stayed = (today - standing.entered_on).days if standing.entered_on else 0
    below = [score.value(name) < bound for name, bound in model.cool_below.items()]
    return bool(below) and all(below) and stayed >= model.stay_days


def _cool_words(model: Model) -> str:
    return ", ".join(f"{name} below {bound / 1000:g}" for name, bound in model.cool_below.items())


def _move(standing: Standing, target: Stage, kind: str | None, why: str) -> Transition:
    return Transition(origin=standing.stage, target=target, kind=kind, why=why, cycle=standing.cycle)
