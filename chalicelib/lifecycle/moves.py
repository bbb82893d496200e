"""What people decide: a manual move, an outcome, a verdict undone, two leads merged.

Each goes along a legal edge.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from chalicelib.errors import StateError
from chalicelib.lifecycle.decide import way_in
from chalicelib.lifecycle.stages import (
    EDGES,
    FURTHEST,
    ONLY_UNDONE,
    Actor,
    Outcome,
    Stage,
    Standing,
    Transition,
    apply,
    cycle_after,
    path,
)
from chalicelib.scoring.model import INFERRED, Model
from chalicelib.scoring.score import Score
from chalicelib.scoring.tally import EVER, Since

OTHER = "other"
"""The reason whose rest applies when the model does not name the reason given."""

OTHER_REST_DAYS = 30  # playbook.md: `other`

STAGE_RANK = {stage: rank for rank, stage in enumerate(FURTHEST)}

VERDICTS = ONLY_UNDONE | {Stage.RECYCLED}
"""What sales answers to a handoff."""

FORWARD = {Stage.LEAD: 0, Stage.MQL: 1, Stage.SQL: 2}
"""The stages between which a move can be backwards, in their order."""

BEYOND_FORWARD = 9  # above every rank in FORWARD


def move(
    model: Model,
    standing: Standing,
    score: Score,
    from_now: Since,
    target: Stage,
    reason: str,
    outcome: Outcome | None = None,
) -> Transition:
    """Return a person's move of a lead to a stage, on the score's day.

    from_now: from when behaviour counts if the lead begins anew with this move.

    A recycled lead rests as long as the model says for the reason, and begins anew. So does a lead
    that a person moves back, or the same evidence would bring it forward again at once (ADR 0020).
    When a lead is reinstated, the rules that disqualify it are set aside. Raises StateError when
    there is no such edge.
    """
    check_edge(standing, target)
    today = score.day
    is_back = FORWARD.get(target, BEYOND_FORWARD) < FORWARD.get(standing.stage, 0)
    is_recycled = target is Stage.RECYCLED
    rest = timedelta(days=_rest_days(model, reason, outcome))
    return Transition(
        origin=standing.stage,
        target=target,
        kind=_kind(model, score) if target is Stage.SQL else None,
        why=reason,
        cycle=cycle_after(standing, target),
        actor=Actor.PERSON,
        on=today,
        rest_until=today + rest if is_recycled else None,
        since=from_now if is_back or is_recycled else None,
        overrides=score.disqualifiers if standing.stage is Stage.DISQUALIFIED else (),
        outcome=outcome,
    )


def is_verdict(standing: Standing, last: Transition) -> bool:
    """Return whether a lead's last transition is a person's answer to a handoff.

    A handoff that was taken back has no answer.
    """
    answered = last.origin is Stage.SQL and last.target in VERDICTS
    return answered and last.actor is Actor.PERSON and standing.stage is last.target


def undo(standing: Standing, before: Standing, reason: str, today: date) -> Transition:
    """Return the transition that takes a verdict back, as if it had not been given (ADR 0020).

    The lead is an sql again, in that handoff's cycle. before: the standing before the verdict.
    """
    return Transition(
        origin=standing.stage,
        target=Stage.SQL,
        kind=before.kind,
        why=reason,
        cycle=before.cycle,
        actor=Actor.PERSON,
        on=today,
        since=before.since or EVER,
        outcome=before.outcome,
        undoes=True,
    )


def merged(ours: Standing, theirs: Standing, why: str, today: date) -> Sequence[Transition]:
    """Return the transitions that bring our lead to where the further of the two stands.

    Each is a legal edge, and the last one brings the higher cycle (ADR 0019). Empty when our lead
    is there already.
    """
    further = further_of(ours, theirs)
    steps: list[Transition] = []
    standing = ours
    for target in path(ours.stage, further.stage):
        is_last = target is further.stage
        step = Transition(
            origin=standing.stage,
            target=target,
            kind=further.kind if is_last else None,
            why=why,
            cycle=cycle_after(standing, target),
            actor=Actor.PERSON,
            on=today,
            rest_until=further.rest_until if target is Stage.RECYCLED else None,
            since=further.since if is_last else None,
            overrides=further.overrides if is_last else (),
            outcome=further.outcome if is_last else None,
        )
        steps.append(step)
        standing = apply(standing, step)
    cycle = max(standing.cycle, ours.cycle, theirs.cycle)
    return [*steps[:-1], replace(steps[-1], cycle=cycle)] if steps else []


def further_of(ours: Standing, theirs: Standing) -> Standing:
    """Return which of the two stands further; of equal stages the one in the higher cycle."""
    return max((ours, theirs), key=lambda one: (STAGE_RANK[one.stage], one.cycle))


def check_edge(standing: Standing, target: Stage) -> None:
    """Raise StateError, naming where the lead can go, if a person cannot move it to a stage."""
    legal = EDGES[standing.stage] - ({Stage.SQL} if standing.stage in ONLY_UNDONE else set())
    if target not in legal:
        raise StateError(
            f"a lead in stage {standing.stage} cannot become {target}; it can become"
            f" {', '.join(sorted(legal))}"
        )


def _kind(model: Model, score: Score) -> str | None:
    """Return the kind of an SQL that a person makes: that of the way in that the lead meets."""
    condition = way_in(model.sql, score)
    return condition.kind if condition else INFERRED


def _rest_days(model: Model, reason: str, outcome: Outcome | None) -> int:
    """Return the model's rest for a reason; for one that it does not name, that of `other`."""
    name = "_".join(reason.casefold().split())
    names = [f"{outcome}_{name}", name, OTHER] if outcome else [name, OTHER]
    return next((model.recycle[one] for one in names if one in model.recycle), OTHER_REST_DAYS)
