"""The handoff: that a lead goes to sales, to whom, and by which channels they are told; one intent per channel."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.delivery.intents import HANDOFF, Channel, Intent, planned
from chalicelib.handoff.routing import salesperson
from chalicelib.lifecycle.stages import Transition

REQUESTED = "requested"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handoff:
    """That a lead was handed to sales in a cycle. owner: the salesperson's id, None when nobody is active."""

    cycle: int
    owner: str | None
    kind: str
    created_at: datetime


def handoff_of(
    transition: Transition, lead_id: str, version: int, routing: Mapping[str, Any] | None, now: datetime
) -> tuple[Handoff, list[Intent]]:
    """The handoff of a transition to SQL and its notices: mail and topic for all, a text only for a requested one."""
    person = salesperson(routing)
    cycle, kind = transition.cycle, transition.kind or ""
    channels: dict[Channel, str | None] = {
        Channel.MAIL: person.email if person else None,
        Channel.TOPIC: None,
    }
    if kind == REQUESTED:
        channels[Channel.TEXT] = person.phone if person else None
    intents = [
        planned(lead_id, f"{HANDOFF}#{cycle}#{channel}", channel, to, version, now) for channel, to in channels.items()
    ]
    return Handoff(cycle=cycle, owner=person.id if person else None, kind=kind, created_at=now), intents
