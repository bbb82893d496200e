"""Holds marketing's emails until it is their time: working hours, caps, and whose turn it is."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from chalicelib.company import SettingsDocument
from chalicelib.delivery.messages import Hold, Skip
from chalicelib.delivery.outbox import FIRST_LOOK, MessageState, OutboxMessage
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.nurture.gate import GateRule, Leaving
from chalicelib.nurture.spacing import SendLimits, next_allowed
from chalicelib.nurture.windows import next_open, working_hours_of

#: An email that is overdue for longer is stuck, and nobody makes way for it.
MAKES_WAY_FOR = timedelta(days=1)


class InItsTime:
    """Lets an email go in the person's working hours, as far as the caps of the mailbox allow, and
    of a lead's emails the most urgent one first (ADR 0056).

    An email that has to wait is asked first whether it may be written at all, so that nobody waits
    for the morning to learn that. company: reads the settings; limits: of the mailbox that an email
    goes to; sends: when others left for it; waiting: all of marketing's messages of a lead;
    priority: of a message's sequence; refusal: why nobody may write to a person.
    """

    def __init__(
        self,
        *,
        company: Callable[[], SettingsDocument],
        limits: Callable[[Leaving], SendLimits],
        sends: Callable[[Leaving], Iterable[datetime]],
        waiting: Callable[[str], Iterable[OutboxMessage]],
        priority: Callable[[OutboxMessage], int],
        refusal: GateRule,
    ) -> None:
        self._company = company
        self._limits = limits
        self._sends = sends
        self._waiting = waiting
        self._priority = priority
        self._refusal = refusal

    def __call__(self, leaving: Leaving) -> Skip | Hold | None:
        """Return until when an email waits, None when it may leave now."""
        held = self._held(leaving)
        return held and (self._refusal(leaving) or held)

    def _held(self, leaving: Leaving) -> Hold | None:
        now = leaving.now
        hours = working_hours_of(leaving.lead, self._company())
        limits = self._limits(leaving)
        allowed = next_allowed(self._sends(leaving), now, limits)
        if allowed > now:
            return Hold(NotSentReason.CAPPED, next_open(allowed, hours), leaving.ends_at)
        opens = next_open(now, hours)
        if opens > now:
            return Hold(NotSentReason.OUTSIDE_HOURS, opens, leaving.ends_at)
        if limits.are_set and any(map(self._goes_before(leaving), self._others(leaving))):
            return Hold(NotSentReason.CAPPED, now + FIRST_LOOK, leaving.ends_at)
        return None

    def _others(self, leaving: Leaving) -> Iterable[OutboxMessage]:
        """Yield the lead's other emails that could leave now as well."""
        for one in self._waiting(leaving.message.lead_id):
            if one.state is MessageState.PLANNED and one.key != leaving.message.key:
                due_at = one.due_at or leaving.now
                is_new = not one.claims and one.reason is None  # the stream brings it in a moment
                if is_new or timedelta(0) <= leaving.now - due_at < MAKES_WAY_FOR:
                    yield one

    def _goes_before(self, leaving: Leaving) -> Callable[[OutboxMessage], bool]:
        ours = self._urgency(leaving.message)
        return lambda other: self._urgency(other) < ours

    def _urgency(self, message: OutboxMessage) -> tuple[int, datetime, str]:
        """Return what orders emails: the higher priority first, then whichever waits longest."""
        return -self._priority(message), message.created_at, str(message.key)
