"""Stages, legal edges, and a lead's standing."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


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


# From -> to, what the model itself may do. The edges that people and verdicts take come with them.
EDGES: dict[Stage, frozenset[Stage]] = {
    Stage.LEAD: frozenset({Stage.MQL, Stage.SQL}),
    Stage.MQL: frozenset({Stage.SQL, Stage.LEAD}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A lead's place in the lifecycle. entered_on: the UTC day of the last transition, None before the first."""

    stage: Stage = Stage.LEAD
    kind: str | None = None
    cycle: int = 1
    entered_on: date | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A change of stage that was decided: from where to where, of which kind, and why in plain words."""

    origin: Stage
    target: Stage
    kind: str | None
    why: str
    cycle: int
