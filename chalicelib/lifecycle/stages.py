"""Stages, the one table of legal edges, and a lead's standing as the result of its transitions."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from chalicelib.days import UTC_NAME
from chalicelib.scoring.tally import Since


class Stage(StrEnum):
    """Where a lead stands. SQL means ready by our rules; accepted means approved by sales."""

    LEAD = "lead"
    MQL = "mql"
    SQL = "sql"
    ACCEPTED = "accepted"
    OPPORTUNITY = "opportunity"
    CUSTOMER = "customer"
    RECYCLED = "recycled"
    DISQUALIFIED = "disqualified"


class Actor(StrEnum):
    """Who moved a lead."""

    MODEL = "model"
    PERSON = "person"
    CLOCK = "clock"


class Outcome(StrEnum):
    """How an opportunity ended."""

    WON = "won"
    LOST = "lost"


_CLOSED = frozenset({Stage.CUSTOMER, Stage.DISQUALIFIED})
"""Every other stage has an edge to these two."""

EDGES: Mapping[Stage, frozenset[Stage]] = {
    Stage.LEAD: _CLOSED | {Stage.MQL, Stage.SQL, Stage.ACCEPTED},
    Stage.MQL: _CLOSED | {Stage.LEAD, Stage.SQL, Stage.ACCEPTED},
    Stage.SQL: _CLOSED | {Stage.LEAD, Stage.MQL, Stage.ACCEPTED, Stage.RECYCLED},
    Stage.ACCEPTED: _CLOSED | {Stage.SQL, Stage.OPPORTUNITY, Stage.RECYCLED},
    Stage.OPPORTUNITY: _CLOSED | {Stage.ACCEPTED, Stage.RECYCLED},
    Stage.CUSTOMER: frozenset({Stage.SQL, Stage.RECYCLED}),
    Stage.RECYCLED: _CLOSED | {Stage.MQL, Stage.SQL, Stage.ACCEPTED},
    Stage.DISQUALIFIED: frozenset({Stage.LEAD, Stage.SQL, Stage.CUSTOMER}),
}
"""From -> to (design.md, "Lifecycle")."""

ONLY_UNDONE = frozenset({Stage.ACCEPTED, Stage.CUSTOMER, Stage.DISQUALIFIED})
"""From here back to sql only while a verdict can be undone (ADR 0020)."""

NEW_CYCLE = frozenset(
    {
        (Stage.SQL, Stage.LEAD),
        (Stage.SQL, Stage.MQL),
        (Stage.SQL, Stage.RECYCLED),
        (Stage.ACCEPTED, Stage.RECYCLED),
        (Stage.OPPORTUNITY, Stage.ACCEPTED),
        (Stage.OPPORTUNITY, Stage.RECYCLED),
        (Stage.CUSTOMER, Stage.RECYCLED),
        (Stage.DISQUALIFIED, Stage.LEAD),
    }
)
"""The edges that begin a new cycle: backwards out of sales' hands, and a reinstatement.

The cycle grows so that the keys of a later handoff never collide with those of an earlier one.
"""

FURTHEST = (
    Stage.LEAD,
    Stage.MQL,
    Stage.RECYCLED,
    Stage.DISQUALIFIED,
    Stage.SQL,
    Stage.ACCEPTED,
    Stage.OPPORTUNITY,
    Stage.CUSTOMER,
)
"""All stages in the order in which they survive a merge: the later of two wins (ADR 0019)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A change of stage."""

    origin: Stage
    target: Stage
    kind: str | None
    """Of an SQL: requested or inferred."""
    why: str
    """In plain words."""
    cycle: int
    """The cycle in which the lead is afterwards."""
    actor: Actor
    on: date
    rest_until: date | None = None
    """The day on which a recycled lead's rest ends."""
    since: Since | None = None
    """From when behaviour counts, where that changes."""
    overrides: tuple[str, ...] = ()
    """The disqualifying rules that a reinstatement sets aside."""
    outcome: Outcome | None = None
    undoes: bool = False
    """Takes back the last transition, a verdict: since and outcome are those from before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A transition as it is kept, with the score that explains it."""

    transition: Transition
    version: int
    """Of the standing that it led to."""
    at: datetime
    model_version: int
    total: int
    """In thousandths of a point."""
    grade: str
    reasons: Sequence[tuple[str, str, int, str]]
    """The rule, group, thousandths and text of each, also of groups that are not in the total."""
    zone: str = UTC_NAME
    """The time zone that the transition's day is a day of. It stays when the zone changes."""
    band: str | None = None
    """Of the total; None without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A lead's place in the lifecycle: the result of its transitions, and its owner."""

    stage: Stage = Stage.LEAD
    kind: str | None = None
    cycle: int = 1
    entered_on: date | None = None
    """The day of the last transition; None before the first."""
    owner: str | None = None
    by_person: bool = False
    """A person set this stage, or an earlier one of this cycle, so the model does not cool it."""
    rest_until: date | None = None
    since: Since | None = None
    overrides: tuple[str, ...] = ()
    outcome: Outcome | None = None
    handed_on: date | None = None
    """The day on which sales last got the lead."""


def apply(standing: Standing, transition: Transition) -> Standing:
    """Return the standing after a transition.

    Asserts that the edge is legal and leaves from where the lead stands.
    """
    origin = transition.origin
    target = transition.target
    assert standing.stage is origin, f"a lead in {standing.stage} cannot leave from {origin}"
    assert target in EDGES[origin], f"no edge {origin} -> {target}"
    to_sales = (target is Stage.SQL and not transition.undoes) or (
        target is Stage.ACCEPTED and origin in (Stage.LEAD, Stage.MQL, Stage.RECYCLED)
    )
    return Standing(
        stage=target,
        kind=transition.kind,
        cycle=transition.cycle,
        entered_on=transition.on,
        owner=standing.owner,
        by_person=_is_set_by_person(standing, transition),
        rest_until=transition.rest_until,
        since=transition.since or standing.since,
        overrides=transition.overrides or standing.overrides,
        outcome=transition.outcome or (None if transition.undoes else standing.outcome),
        handed_on=transition.on if to_sales else standing.handed_on,
    )


def standing_after(transitions: Iterable[Transition]) -> Standing:
    """Return the standing, without an owner, of a lead that made these transitions."""
    standing = Standing()
    for transition in transitions:
        standing = apply(standing, transition)
    return standing


def cycle_after(standing: Standing, target: Stage) -> int:
    """Return the cycle in which a lead is after it moved to a stage."""
    return standing.cycle + ((standing.stage, target) in NEW_CYCLE)


def cycle_before(transition: Transition) -> int:
    """Return the cycle in which a lead was before a transition."""
    return transition.cycle - ((transition.origin, transition.target) in NEW_CYCLE)


def path(origin: Stage, target: Stage) -> list[Stage]:
    """Return the shortest way along legal edges (ADR 0019).

    Without the origin, so it is empty when that is the target. An edge that only undoes a verdict
    is never part of it.
    """
    ways = deque([[origin]])
    seen = {origin}
    while ways:
        way = ways.popleft()
        last = way[-1]
        if last is target:
            return way[1:]
        for stage in FURTHEST:
            is_edge = stage in EDGES[last] and not (stage is Stage.SQL and last in ONLY_UNDONE)
            if is_edge and stage not in seen:
                seen.add(stage)
                ways.append([*way, stage])
    raise AssertionError(f"there is no way from {origin} to {target}")


def _is_set_by_person(standing: Standing, transition: Transition) -> bool:
    """Return whether the stage after a transition is one that a person decided on.

    When evidence is taken back, an SQL can fall back to MQL. Nobody chose that MQL, so it belongs
    to the model and cools like any other. When a person moves a lead back to MQL, the lead begins
    anew (ADR 0020); that transition has a `since`, and this is how the two are told apart. Undoing
    a verdict says nothing about the lead.
    """
    if transition.undoes or transition.target in (Stage.LEAD, Stage.RECYCLED):
        return False
    edge = (transition.origin, transition.target)
    is_fallback = edge == (Stage.SQL, Stage.MQL) and transition.since is None
    is_kept = standing.by_person and edge not in NEW_CYCLE
    return is_kept or (transition.actor is Actor.PERSON and not is_fallback)
