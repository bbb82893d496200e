"""What a transition wants: letters when a lead becomes an MQL, a handoff when it becomes an SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib.delivery.intents import Intent
from chalicelib.lifecycle.stages import Actor, Stage, Transition
from chalicelib.qualify.lead import Lead
from chalicelib.scoring.profile import values
from chalicelib.scoring.score import Score

if TYPE_CHECKING:
    from chalicelib.handoff.plan import Handoff


@dataclass(frozen=True, slots=True)
class Moved:
    """A transition that happened: with the score that explains it, who did it, and when."""

    transition: Transition
    score: Score
    actor: Actor
    at: datetime


@dataclass(frozen=True, slots=True)
class Effects:
    """What one transition wants, to be written in its own transaction."""

    intents: Sequence[Intent] = ()
    handoff: "Handoff | None" = None


def owned(lead: Lead, handoff: "Handoff | None") -> Lead:
    """The lead with the owner that its handoff gives it."""
    if handoff is None or handoff.owner is None:
        return lead
    return replace(lead, standing=replace(lead.standing, owner=handoff.owner))


def effects(
    moved: Moved, lead: Lead, sequences: Sequence[Mapping[str, Any]], routing: Mapping[str, Any] | None
) -> Effects:
    """The intents and the handoff that a transition wants. lead: as it is after the transition.

    Raises DocumentError when the sequences or the routing break their format.
    """
    # Few events move a lead: the others do not pay for what checks documents.
    from chalicelib.handoff.plan import handoff_of
    from chalicelib.nurture.sequences import first_letters

    transition = moved.transition
    if transition.target is Stage.SQL:
        handoff, notices = handoff_of(transition, lead.lead_id, lead.version, routing, moved.at)
        return Effects(notices, handoff)
    to = values(lead.profile).get("email")
    return Effects(first_letters(sequences, transition, lead.lead_id, str(to) if to else None, lead.version, moved.at))
