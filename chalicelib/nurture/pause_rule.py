"""What is paused waits (ADR 0057)."""

from collections.abc import Callable, Mapping

from chalicelib.delivery.messages import Hold
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.nurture.gate import Leaving
from chalicelib.nurture.sending import EVERYTHING, PauseCause, SendingState, paused
from chalicelib.switches import next_look


class PauseRule:
    """Holds the emails of a paused sequence, and all of them while everything is paused.

    states: returns what is paused of everything and of a sequence, as it stands now.
    """

    def __init__(self, states: Callable[[str], Mapping[str, SendingState]]) -> None:
        self._states = states

    def __call__(self, leaving: Leaving) -> Hold | None:
        """Return how an email waits; None when nothing keeps it from leaving."""
        sequence = leaving.message.sequence or EVERYTHING
        found = paused(self._states(sequence), sequence)
        if found is None:
            return None
        is_brake = found.cause is PauseCause.BRAKE
        return Hold(
            NotSentReason.BRAKE if is_brake else NotSentReason.PAUSED,
            until=next_look(found.at, leaving.now),
            ends_at=leaving.ends_at,
        )
