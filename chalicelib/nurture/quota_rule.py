"""What finds no room waits for it, and is not lost (ADR 0057)."""

from collections.abc import Callable
from datetime import datetime

from chalicelib.delivery.messages import Hold
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.leads.lead import Lead
from chalicelib.nurture.allowance import Room, turn_of
from chalicelib.nurture.gate import Leaving


class QuotaRule:
    """Holds emails for which SES's quota, or the warm-up, has no room.

    room: how many may leave now, None for any number; next_open: returns when a lead may be written
    to, from a time on; priority: of a sequence.
    """

    def __init__(
        self,
        *,
        room: Callable[[], Room | None],
        next_open: Callable[[Lead, datetime], datetime],
        priority: Callable[[str], int],
    ) -> None:
        self._room = room
        self._next_open = next_open
        self._priority = priority

    def __call__(self, leaving: Leaving) -> Hold | None:
        """Return how an email waits; None when there is room."""
        room = self._room()
        if room is None or room.left > 0:
            return None
        message = leaving.message
        priority = self._priority(message.sequence) if message.sequence else 0
        turn = turn_of(priority, leaving.now - message.created_at)
        return Hold(
            NotSentReason.OVER_QUOTA,
            until=self._next_open(leaving.lead, room.opens_at) + turn,
            ends_at=leaving.ends_at,
            is_owed=True,
        )
