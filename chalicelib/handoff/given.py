"""Whether a decision takes in what a salesperson answered; it is asked about every one."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta, tzinfo

from chalicelib.days import start_of
from chalicelib.events import Act, Event
from chalicelib.leads.acts import ACT_BY, VERDICT_SAID, VERDICT_UNTIL, acts_of
from chalicelib.lifecycle.verdicts import SalesVerdict
from chalicelib.qualify.reactions import Moved

MORNING = timedelta(hours=9)


def is_answered(events: Sequence[Event], moved: Sequence[Moved]) -> bool:
    """Return whether a decision gives a verdict, takes one back, or merges two leads."""
    is_act = any(acts_of(events, act) for act in (Act.VERDICT, Act.MERGED))
    return is_act or is_taken_back(moved)


def is_taken_back(moved: Sequence[Moved]) -> bool:
    """Return whether a decision takes a verdict back, on the page or by a move."""
    return bool(moved) and moved[-1].transition.undoes


def verdict_event_in(events: Sequence[Event]) -> Event | None:
    """Return the verdict among the events that a decision took in, None without one."""
    given = acts_of(events, Act.VERDICT)
    return next((one for one in given if one.properties[VERDICT_SAID] != SalesVerdict.UNDO), None)


def taken_by(events: Sequence[Event]) -> str | None:
    """Return who takes the lead by a verdict among the events, None when nobody does."""
    given = verdict_event_in(events)
    is_taken = given is not None and given.properties[VERDICT_SAID] == SalesVerdict.ACCEPT
    return str(given.properties[ACT_BY]) if given and is_taken else None


def put_off_until(events: Sequence[Event], zone: tzinfo) -> datetime | None:
    """Return when a salesperson wants to look again at a lead that they reject by a verdict among
    the events: in the morning of the day that they chose. None when they chose none.
    """
    given = verdict_event_in(events)
    if given is None or VERDICT_UNTIL not in given.properties:
        return None
    day = date.fromisoformat(str(given.properties[VERDICT_UNTIL]))
    return start_of(day, zone) + MORNING
