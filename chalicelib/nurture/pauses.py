"""Pauses of sending, as waits see them: a wait that a pause interrupts is longer by it. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from chalicelib.nurture.sending import EVERYTHING, SendingState, Span, paused

PAUSED_LOOK = timedelta(hours=1)
"""How often to look whether a pause is over."""

States = Mapping[str, SendingState]
"""What was ever paused, by sequence; EVERYTHING is always there."""


def is_paused(states: States, sequence: str) -> bool:
    """Return whether a sequence, or everything, is paused."""
    return paused(states, sequence) is not None


def pauses_of(states: States, sequence: str) -> list[Span]:
    """Return the pauses of a sequence, and of everything, that are over."""
    found = (states.get(one) for one in (EVERYTHING, sequence))
    return [span for state in found if state for span in state.pauses]


def shifted(at: datetime, since: datetime, pauses: Sequence[Span]) -> datetime:
    """Return the end of a wait, later by the pauses that have interrupted it.

    at: when it would be over; since: from when it counts. What two pauses have in common counts
    once.
    """
    covered = since
    for start, end in sorted(pauses):
        began = max(start, covered)
        if began < at and end > began:
            at += end - began
            covered = end
    return at
