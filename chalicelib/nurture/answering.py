"""How marketing reacts to what a person sends: a form is answered at once, and what waited for a
confirmation goes on (ADR 0045).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.days import day_of
from chalicelib.delivery.holding import brought_forward
from chalicelib.delivery.message_keys import MessageKey, MessageKind
from chalicelib.delivery.outbox import OutboxMessage, Via, planned
from chalicelib.events import CONSENT_PENDING, Event, Kind, confirmed_form_of, lead_id_of
from chalicelib.limits import ANSWER_MAX_HOURS, ANSWERS_PER_MAILBOX
from chalicelib.qualify.reactions import NO_PLAN, Cause, Plan, Situation

MOST_WAITING = 10  # emails that wait for one confirmation: more sequences do not begin at once
MOST_WRITES = ANSWERS_PER_MAILBOX + MOST_WAITING
ANSWERED_WITHIN = timedelta(hours=ANSWER_MAX_HOURS)
FIRST_CYCLE = 1  # of every answer: a day has one answer to a form, whatever becomes of the lead


class AnsweringReaction:
    """Plans the answers to forms, and lets go on what waited for a confirmation.

    form: returns a stored form, or None; messages: all messages of a lead.
    """

    def __init__(
        self,
        *,
        form: Callable[[str], Mapping[str, Any] | None],
        messages: Callable[[str], Sequence[OutboxMessage]],
    ) -> None:
        self._form = form
        self._messages = messages

    def __call__(self, situation: Situation) -> Plan:
        """Return what follows from the forms and confirmations that a decision took in.

        Nothing follows from what was imported, merged or published, or from a form that a replay
        found again: that was answered when it came.
        """
        if situation.cause is not Cause.NEWS:
            return NO_PLAN
        forms = [one for one in situation.events if _is_answered(one, situation.now)]
        is_confirmed = any(map(confirmed_form_of, situation.events))
        if not forms and not is_confirmed:  # as of most events
            return NO_PLAN
        answers = [answer for form in forms for answer in self._answers(form, situation)]
        waiting = self._waiting(situation) if is_confirmed else ()
        return Plan(messages=answers[:ANSWERS_PER_MAILBOX], changed=[*waiting][:MOST_WAITING])

    def _answers(self, event: Event, situation: Situation) -> Iterator[OutboxMessage]:
        """Yield the answer to a form, if it has one."""
        form = self._form(event.name) or {}
        url, _ = asset_of(form)
        is_acknowledged = bool(form.get("acknowledge") or url)
        if not is_acknowledged and not event.properties.get(CONSENT_PENDING):
            return
        kind = MessageKind.ACKNOWLEDGEMENT if is_acknowledged else MessageKind.CONFIRMATION
        day = day_of(event.captured_at, UTC).isoformat()
        answer = planned(
            # Not the survivor of a merge: the answer goes to the address that the form names.
            lead_id=lead_id_of(event.partition) or situation.after.lead_id,
            key=MessageKey(kind, FIRST_CYCLE, (event.name, day)),
            via=Via.EMAIL,
            to=str(event.fields["email"]),
            about=situation.after.version,
            now=situation.now,
            email=form.get("acknowledge"),
        )
        yield replace(answer, cause=(event.partition, event.id))

    def _waiting(self, situation: Situation) -> Iterator[tuple[OutboxMessage, OutboxMessage]]:
        """Yield the emails that waited for a confirmation, each before and after."""
        for message in self._messages(situation.after.lead_id):
            after = brought_forward(message, situation.now)
            if after is not None:
                yield message, after


def asset_of(form: Mapping[str, Any]) -> tuple[str, str]:
    """Return the URL and the title of what a stored form gates, each empty where it has none.

    Without a URL there is nothing to send: an id means nothing to its reader.
    """
    asset = form.get("asset")
    if not isinstance(asset, Mapping):
        return "", ""
    return str(asset.get("url") or ""), str(asset.get("title") or "")


def _is_answered(event: Event, now: datetime) -> bool:
    """Return whether a form may be answered: it counts, and somebody may still wait for it."""
    is_kept_only = event.is_surplus or bool(event.screened)
    is_counted = event.kind is Kind.FORM and not is_kept_only and "email" in event.fields
    return is_counted and now - event.captured_at < ANSWERED_WITHIN
