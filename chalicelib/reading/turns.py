"""Where a lead entered a sequence, and where it left it, as its timeline shows that."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.events import rfc3339


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceTurn:
    """The beginning or the end of a lead's way through a sequence."""

    at: datetime
    key: str
    """What tells the way from the others of the lead."""
    name: str
    """`entered` or `exited`."""
    sequence: str
    entry: int
    """The number of the entry in the lead's cycle."""
    cause: str
    """What it entered by; or why it ended."""
    goal: str | None = None
    """The goal that was reached."""


def serialize_turn(turn: SequenceTurn) -> dict[str, Any]:
    """Return a turn as a timeline item."""
    is_entry = turn.name == "entered"
    said = {"by": turn.cause} if is_entry else {"reason": turn.cause, "goal": turn.goal}
    return {
        "id": f"sequence-{turn.key}-{turn.name}",
        "at": rfc3339(turn.at),
        "kind": "sequence",
        "name": turn.name,
        "detail": {"sequence": turn.sequence, "entry": turn.entry, **said},
    }
