"""Nothing of marketing goes to somebody who may have asked us to stop, until a person has looked
(ADR 0062).
"""

from collections.abc import Callable
from datetime import timedelta

from chalicelib.delivery.messages import Hold
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.nurture.gate import Leaving

LOOKED_AT_AGAIN = timedelta(hours=1)


class ReplyRule:
    """Holds the emails to a lead with an open reply. has_open: whether a lead has one."""

    def __init__(self, has_open: Callable[[str], bool]) -> None:
        self._has_open = has_open

    def __call__(self, leaving: Leaving) -> Hold | None:
        """Return how an email waits; None when no reply waits for anybody."""
        if not self._has_open(leaving.message.lead_id):
            return None
        return Hold(
            NotSentReason.PAUSED, until=leaving.now + LOOKED_AT_AGAIN, ends_at=leaving.ends_at
        )
