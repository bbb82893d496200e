"""What people decide: a manual move, an outcome, a verdict undone, two leads made one. Each along a
legal edge.
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

OTHER = "other"  # the rest of a reason that the model does not name
OTHER_REST_DAYS = 30  # playbook.md: `other`
RANK = {stage: rank for rank, stage in enumerate(FURTHEST)}
VERDICTS = ONLY_UNDONE | {Stage.RECYCLED}  # what sales answers to a handoff
FORWARD = {Stage.LEAD: 0, Stage.MQL: 1, Stage.SQL: 2}


def move(
    model: Model,
    standing: Standing,
    score: Score,
    from_now: Since,
    target: Stage,
    reason: str,
    outcome: Outcome | None = None,
) -> Transition:
    """A person's move of a lead to a stage, on the score's day.

    from_now: from when behaviour counts if this move lets the lead start again.

    Recycled, a lead rests as long as the model says for the reason, and starts again. Moved back by
    a person it starts again too, or the same evidence would bring it back at once. Reinstated, the
    rules that disqualify it are set aside. Raises StateError when there is no such edge.
    """
    check_edge(standing, target)
    today, back = score.day, FORWARD.get(target, 9) < FORWARD.get(standing.stage, 0)
    again = back or target is Stage.RECYCLED
    condition = way_in(model.sql, score) if target is Stage.SQL else None
    return Transition(
        origin=standing.stage,
        target=target,
        kind=(condition.kind if condition else INFERRED) if target is Stage.SQL else None,
        why=reason,
        cycle=cycle_after(standing, target),
        actor=Actor.PERSON,
        on=today,
        rest_until=(
            today + timedelta(days=_rest_days(model, reason, outcome))
            if target is Stage.RECYCLED
            else None
        ),
        since=from_now if again else None,
        overrides=score.disqualifiers if standing.stage is Stage.DISQUALIFIED else (),
        outcome=outcome,
    )


def is_verdict(standing: Standing, last: Transition) -> bool:
    """Whether a lead's last transition is a person's answer to a handoff. A handoff that was taken
    back has none.
    """
    answered = last.origin is Stage.SQL and last.target in VERDICTS
    return answered and last.actor is Actor.PERSON and standing.stage is last.target


def undo(standing: Standing, before: Standing, reason: str, today: date) -> Transition:
    """The transition that takes a verdict back: to sql, in that handoff's cycle again, as if it had
    not been given. before: the standing before the verdict.
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
    """The transitions that bring a lead to where the further of the two stands; empty when it is
    there already.
    """
    further = further_of(ours, theirs)
    steps: list[Transition] = []
    standing = ours
    for target in path(ours.stage, further.stage):
        step = Transition(
            origin=standing.stage,
            target=target,
            kind=further.kind if target is further.stage else None,
            why=why,
            cycle=cycle_after(standing, target),
            actor=Actor.PERSON,
            on=today,
            rest_until=further.rest_until if target is Stage.RECYCLED else None,
            since=further.since if target is further.stage else None,
            overrides=further.overrides if target is further.stage else (),
            outcome=further.outcome if target is further.stage else None,
        )
        steps.append(step)
        standing = apply(standing, step)
    cycle = max(standing.cycle, ours.cycle, theirs.cycle)
    return [*steps[:-1], replace(steps[-1], cycle=cycle)] if steps else []


def further_of(ours: Standing, theirs: Standing) -> Standing:
    """Which of the two stands further; of equal stages the one in the higher cycle."""
    return max((ours, theirs), key=lambda one: (RANK[one.stage], one.cycle))


def check_edge(standing: Standing, target: Stage) -> None:
    """Raises StateError, naming where the lead can go, when a person cannot move it to a stage."""
    legal = EDGES[standing.stage] - ({Stage.SQL} if standing.stage in ONLY_UNDONE else set())
    if target not in legal:
        raise StateError(
            f"a lead in stage {standing.stage} cannot become {target}; it can become"
            f" {', '.join(sorted(legal))}"
        )


def _rest_days(model: Model, reason: str, outcome: Outcome | None) -> int:
    """The model's rest for a reason; for one that it does not name, that of `other`."""
    name = "_".join(reason.casefold().split())
    names = [f"{outcome}_{name}", name, OTHER] if outcome else [name, OTHER]
    return next((model.recycle[one] for one in names if one in model.recycle), OTHER_REST_DAYS)
