"""Stages, the one table of legal edges, and a lead's standing as the fold of its transitions."""

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


LEAD, MQL, SQL, ACCEPTED = Stage.LEAD, Stage.MQL, Stage.SQL, Stage.ACCEPTED
OPPORTUNITY, CUSTOMER, RECYCLED, DISQUALIFIED = (
    Stage.OPPORTUNITY,
    Stage.CUSTOMER,
    Stage.RECYCLED,
    Stage.DISQUALIFIED,
)

# From -> to (design.md, "Lifecycle").
EDGES: Mapping[Stage, frozenset[Stage]] = {
    LEAD: frozenset({MQL, SQL, ACCEPTED, CUSTOMER, DISQUALIFIED}),
    MQL: frozenset({LEAD, SQL, ACCEPTED, CUSTOMER, DISQUALIFIED}),
    SQL: frozenset({LEAD, MQL, ACCEPTED, RECYCLED, CUSTOMER, DISQUALIFIED}),
    ACCEPTED: frozenset({SQL, OPPORTUNITY, RECYCLED, CUSTOMER, DISQUALIFIED}),
    OPPORTUNITY: frozenset({ACCEPTED, CUSTOMER, RECYCLED, DISQUALIFIED}),
    CUSTOMER: frozenset({SQL, RECYCLED}),
    RECYCLED: frozenset({MQL, SQL, ACCEPTED, CUSTOMER, DISQUALIFIED}),
    DISQUALIFIED: frozenset({LEAD, SQL, CUSTOMER}),
}
ONLY_UNDONE = frozenset(
    {ACCEPTED, CUSTOMER, DISQUALIFIED}
)  # back to sql only while a verdict can be undone

# Backwards out of sales' hands, or reinstated: the cycle grows, so that the keys of a later handoff
# never collide.
NEW_CYCLE = frozenset(
    {
        *((SQL, stage) for stage in (LEAD, MQL, RECYCLED)),
        *((ACCEPTED, stage) for stage in (RECYCLED,)),
        *((OPPORTUNITY, stage) for stage in (ACCEPTED, RECYCLED)),
        (CUSTOMER, RECYCLED),
        (DISQUALIFIED, LEAD),
    }
)

# When two leads turn out to be one person, the furthest stage survives: later in this row.
FURTHEST = (LEAD, MQL, RECYCLED, DISQUALIFIED, SQL, ACCEPTED, OPPORTUNITY, CUSTOMER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A change of stage: from where to where, of which kind, who, on which day, and why in plain
    words.

    cycle: the one the lead is in afterwards. rest_until: the day on which a recycled lead's rest
    ends. since: from when behaviour counts, where that changes. overrides: the disqualifying rules
    that a reinstatement sets aside. outcome: how an opportunity ended. undoes: it takes the last
    transition, a verdict, back: since and outcome are those from before it.
    """

    origin: Stage
    target: Stage
    kind: str | None
    why: str
    cycle: int
    actor: Actor
    on: date
    rest_until: date | None = None
    since: Since | None = None
    overrides: tuple[str, ...] = ()
    outcome: Outcome | None = None
    undoes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A transition as it is kept: with the standing's version that it made, when, and the score
    that explains it.

    total: in thousandths of a point; reasons: of each line its rule, group, thousandths and text.
    """

    transition: Transition
    version: int
    at: datetime
    model_version: int
    total: int
    grade: str
    reasons: Sequence[tuple[str, str, int, str]]
    zone: str = UTC_NAME
    """The time zone that the transition's day is a day of. It stays when the zone changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A lead's place in the lifecycle: the fold of its transitions, and its owner.

    entered_on: the day of the last transition, None before the first. by_person: a person set
    this stage, or an earlier one of this cycle, so the model does not cool it. handed_on: the day
    on which sales last got the lead.
    """

    stage: Stage = LEAD
    kind: str | None = None
    cycle: int = 1
    entered_on: date | None = None
    owner: str | None = None
    by_person: bool = False
    rest_until: date | None = None
    since: Since | None = None
    overrides: tuple[str, ...] = ()
    outcome: Outcome | None = None
    handed_on: date | None = None


def apply(standing: Standing, transition: Transition) -> Standing:
    """The standing after a transition. Asserts that the edge is legal and leaves from where the
    lead stands.
    """
    origin, target = transition.origin, transition.target
    assert standing.stage is origin, f"a lead in {standing.stage} cannot leave from {origin}"
    assert target in EDGES[origin], f"no edge {origin} -> {target}"
    to_sales = (target is SQL and not transition.undoes) or (
        target is ACCEPTED and origin in (LEAD, MQL, RECYCLED)
    )
    return Standing(
        stage=target,
        kind=transition.kind,
        cycle=transition.cycle,
        entered_on=transition.on,
        owner=standing.owner,
        by_person=_is_a_persons(standing, transition),
        rest_until=transition.rest_until,
        since=transition.since or standing.since,
        overrides=transition.overrides or standing.overrides,
        outcome=transition.outcome or (None if transition.undoes else standing.outcome),
        handed_on=transition.on if to_sales else standing.handed_on,
    )


def standing_after(transitions: Iterable[Transition]) -> Standing:
    """The standing, but for its owner, that a lead's transitions make of a new lead."""
    standing = Standing()
    for transition in transitions:
        standing = apply(standing, transition)
    return standing


def _is_a_persons(standing: Standing, transition: Transition) -> bool:
    """Whether a person's word holds for the stage after a transition.

    The MQL that is left when evidence was taken back is the model's, and cools as any other: nobody
    chose it. Who moves a lead back begins it anew, by which the two differ. And who undoes a
    verdict says nothing of the lead.
    """
    if transition.undoes or transition.target in (LEAD, RECYCLED):
        return False
    is_left = transition.target is MQL and transition.origin is SQL and transition.since is None
    holds_on = standing.by_person and (transition.origin, transition.target) not in NEW_CYCLE
    return holds_on or (transition.actor is Actor.PERSON and not is_left)


def cycle_after(standing: Standing, target: Stage) -> int:
    """The cycle in which a lead is after it moved to a stage."""
    return standing.cycle + ((standing.stage, target) in NEW_CYCLE)


def cycle_before(transition: Transition) -> int:
    """The cycle in which a lead was before a transition."""
    return transition.cycle - ((transition.origin, transition.target) in NEW_CYCLE)


def path(origin: Stage, target: Stage) -> list[Stage]:
    """The shortest way along legal edges, without the origin; empty when it is the target already.

    A verdict that is undone is no way.
    """
    ways = deque([[origin]])
    seen = {origin}
    while ways:
        way = ways.popleft()
        if way[-1] is target:
            return way[1:]
        for stage in FURTHEST:
            is_edge = stage in EDGES[way[-1]] and not (stage is SQL and way[-1] in ONLY_UNDONE)
            if is_edge and stage not in seen:
                seen.add(stage)
                ways.append([*way, stage])
    raise AssertionError(f"there is no way from {origin} to {target}")
