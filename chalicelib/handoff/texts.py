"""What keeps a text from leaving: a number that nobody has confirmed, or a person's free time."""

from collections.abc import Callable
from datetime import datetime

from chalicelib.delivery.budgets import DIGEST_AFTER, Listing
from chalicelib.delivery.message_keys import MessageKind
from chalicelib.delivery.messages import Skip
from chalicelib.delivery.outbox import MessageState, OutboxMessage
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.handoff.working_time import WorkingTime, is_working, next_start


class TextGate:
    """Says why a text does not leave.

    is_confirmed: whether a number is confirmed as a person's; time_of: returns when a person works,
    None for one who is not in the routing document any more.
    """

    def __init__(
        self,
        *,
        is_confirmed: Callable[[str, str], bool],
        time_of: Callable[[str], WorkingTime | None],
        now: Callable[[], datetime],
    ) -> None:
        self._is_confirmed = is_confirmed
        self._time_of = time_of
        self._now = now

    def __call__(self, message: OutboxMessage) -> Skip | Listing | None:
        """Return what becomes of a text instead; None where nothing keeps it.

        A code goes to a number that is not confirmed yet, and the night's list leaves once, in the
        morning.
        """
        if message.kind is MessageKind.CODE or message.to is None:
            return None
        person_id = message.receiver or ""
        if not self._is_confirmed(person_id, message.to):
            return Skip(MessageState.REFUSED, NotSentReason.UNCONFIRMED_PHONE)
        if message.kind is MessageKind.DIGEST:
            return None
        now = self._now()
        time = self._time_of(person_id)
        if time is None or is_working(now, time):
            return None
        # The email says it at once; a text would wake somebody. ADR 0073
        return Listing(NotSentReason.OUTSIDE_HOURS, next_start(now, time) + DIGEST_AFTER)
