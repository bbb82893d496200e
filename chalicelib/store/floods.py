"""How many forms a network address, a mailbox or a form's token has sent on a day (ADR 0044).

They are counted as pings are, in steps: the more are allowed, the larger the step, so that a form
costs a fraction of a write, and a small number is exact.
"""

from collections.abc import Callable, Mapping

from chalicelib.capture.screening.screening import Flooding
from chalicelib.capture.screening.verdict import Candidate
from chalicelib.errors import ConflictError
from chalicelib.limits import FLOOD_STEP_PART
from chalicelib.store import keys
from chalicelib.store.arrivals import Arrivals

PARTITION: Mapping[Flooding, Callable[[str], str]] = {
    Flooding.NETWORK: keys.network,
    Flooding.MAILBOX: keys.mailbox,
    Flooding.TOKEN: keys.form_token,
}


class Floods:
    """Counts forms by day (of UTC). arrivals: a counter of their own."""

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals

    def is_flood(self, of: Flooding, one_id: str, most: int, sent: Candidate) -> bool:
        """Count one more form. Return whether there were as many as may be before.

        When the table is busy nothing is a flood: a form must not be lost.
        """
        step = max(1, most // FLOOD_STEP_PART)
        try:
            known = self._arrivals.add(PARTITION[of](one_id), 1, sent.now, most, step)
        except ConflictError:
            return False
        return known is not None and known >= most
