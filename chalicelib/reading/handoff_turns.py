"""What became of a handoff, as the timeline of its lead shows it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chalicelib.events import rfc3339


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffTurn:
    """One thing that happened with a handoff."""

    at: datetime
    name: str
    """`handed_over`, `held`, `contacted`, or a step of its clock."""
    cycle: int
    said: dict[str, str | None] = field(default_factory=dict)
    """Whom it concerns, by their ids in the routing document, and why."""
    text: str
    """The same in words."""


def serialize_handoff_turn(turn: HandoffTurn) -> dict[str, Any]:
    """Return a turn as a timeline item."""
    return {
        "id": f"handoff-{turn.cycle}-{turn.name}",
        "at": rfc3339(turn.at),
        "kind": "sales",
        "name": turn.name,
        "detail": {"cycle": turn.cycle, **turn.said, "text": turn.text},
    }
