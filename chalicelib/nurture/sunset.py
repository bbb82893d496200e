"""Whoever does nothing for half a year is asked once whether to go on, and then left alone
(ADR 0057).

Nothing is stored of that: any act of the person ends it, and the next silence begins a new one.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from chalicelib.days import day_of
from chalicelib.delivery.marks import Mark
from chalicelib.delivery.message_keys import MessageKey, MessageKind
from chalicelib.delivery.messages import Hold, Skip
from chalicelib.delivery.outbox import LEFT, OPEN, MessageState, OutboxMessage
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.limits import SUNSET_ANSWER_DAYS, SUNSET_DELIVERED, SUNSET_QUIET_DAYS
from chalicelib.nurture.gate import Leaving
from chalicelib.nurture.step_emails import planned_email

SUNSET = "sunset"
"""The email that asks, and what stands for a sequence in its message's key."""
QUIET = timedelta(days=SUNSET_QUIET_DAYS)
ANSWER_TIME = timedelta(days=SUNSET_ANSWER_DAYS)
NEXT_LOOK = timedelta(days=1)
"""How often to look whether the person has done something."""


class SunsetRule:
    """Stops emails to whoever did not react to the last ones.

    messages: all of a lead; last_act: returns when a lead last clicked, visited, replied or sent a
    form, None: never; may_ask: returns whether there is an email that asks; ask: plans its message,
    unless it exists.
    """

    def __init__(
        self,
        *,
        messages: Callable[[str], Sequence[OutboxMessage]],
        last_act: Callable[[str], datetime | None],
        may_ask: Callable[[], bool],
        ask: Callable[[OutboxMessage], None],
    ) -> None:
        self._messages = messages
        self._last_act = last_act
        self._may_ask = may_ask
        self._ask = ask

    def __call__(self, leaving: Leaving) -> Skip | Hold | None:
        """Return that an email waits for the answer, or that there was none; None: it may leave.

        The question is planned when the first email to somebody who is quiet would leave, and goes
        in its place.
        """
        lead = leaving.lead
        heard_at = self._quiet_since(leaving)
        if heard_at is None:
            return None
        emails = [
            one
            for one in self._messages(lead.lead_id)
            if one.sequence is not None and (one.claimed_at or one.created_at) > heard_at
        ]
        if sum(Mark.DELIVERED in one.marks for one in emails) < SUNSET_DELIVERED:
            return None
        questions = [one for one in emails if one.email == SUNSET]
        asked_at = min(
            (one.claimed_at for one in questions if one.state in LEFT and one.claimed_at),
            default=None,
        )
        if asked_at is not None:
            stops_at = asked_at + ANSWER_TIME
            if leaving.now >= stops_at:
                return Skip(MessageState.SUPPRESSED, NotSentReason.SUNSET)
            return _until(min(stops_at, leaving.now + NEXT_LOOK), leaving)
        if leaving.message.email == SUNSET or not self._may_ask():
            return None
        if any(one.state not in OPEN for one in questions):
            return None  # the question could not be sent, and is not asked again
        day = day_of(heard_at, UTC).isoformat()
        key = MessageKey(MessageKind.NURTURE, lead.standing.cycle, (SUNSET, day))
        self._ask(planned_email(lead, key, SUNSET, about=lead.version, now=leaving.now))
        return _until(leaving.now + NEXT_LOOK, leaving)

    def _quiet_since(self, leaving: Leaving) -> datetime | None:
        """Return when a lead was last heard of; None when that is not long ago.

        A young lead costs no read.
        """
        began = leaving.lead.created_at
        if began is None or leaving.now - began < QUIET:
            return None
        heard_at = max(self._last_act(leaving.lead.lead_id) or began, began)
        return heard_at if leaving.now - heard_at >= QUIET else None


def _until(at: datetime, leaving: Leaving) -> Hold:
    # The wait is ours: who answers gets the email, however long it took.
    return Hold(NotSentReason.SUNSET, until=at, ends_at=leaving.ends_at, is_owed=True)
