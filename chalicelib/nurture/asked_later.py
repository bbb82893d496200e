"""Who answers an email's question with "later" hears nothing of their sequences until then, nor
does a lead that a salesperson has put off.

The emails that ship ask it, and promise that (ADR 0059).
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta, tzinfo

from chalicelib.days import start_of
from chalicelib.events import Act, Event, Kind
from chalicelib.leads.acts import VERDICT_UNTIL, acts_of
from chalicelib.mail_events import MailEvent
from chalicelib.nurture.enrolment import Enrolment

LATER = "later"
"""The answer, whatever the question."""
ANSWER_NAME = "answer"  # the property of the event that names it
LATER_MONTHS = 3
"""After how many months a person is asked again: an email says which month that is."""
LATER_AFTER = timedelta(days=91)


def is_asked_later(events: Iterable[Event]) -> bool:
    """Return whether a person has just asked for a rest."""
    return any(
        one.kind is Kind.MAIL
        and one.name == MailEvent.ANSWERED
        and one.properties.get(ANSWER_NAME) == LATER
        for one in events
    )


def put_off(enrolment: Enrolment, now: datetime) -> Enrolment:
    """Return a running enrolment as it rests: its next step is looked at when the rest is over."""
    due_at = max(enrolment.due_at or now, now + LATER_AFTER)
    return replace(enrolment, due_at=due_at, version=enrolment.version + 1)


def rest_of_verdict(events: Iterable[Event], zone: tzinfo) -> datetime | None:
    """Return until when nothing is sent to a lead that sales has just put off: the beginning of the
    day that the salesperson chose (ADR 0069). None when they chose none.
    """
    days = (one.properties.get(VERDICT_UNTIL) for one in acts_of(events, Act.VERDICT))
    return next((start_of(date.fromisoformat(str(day)), zone) for day in days if day), None)
