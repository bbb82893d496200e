"""The evidence: everything that a score depends on besides the model and the day."""

from datetime import datetime
from typing import NamedTuple

from chalicelib.scoring.by_hand import Given
from chalicelib.scoring.profile import Profile
from chalicelib.scoring.tally import Since, Tally
from chalicelib.scoring.touches import Touches


class Evidence(NamedTuple):
    """What is known of a lead. A named tuple, because every score makes one."""

    profile: Profile
    touches: Touches
    tally: Tally
    since: Since | None = None
    """From when behaviour counts; None when all of it does (ADR 0020)."""
    created_at: datetime | None = None
    """When the lead began; None when that is unknown."""
    given: Given = ()
    """Points by hand. Like facts, they count from before a recycle too (ADR 0050)."""
