"""What counts at all of what strangers send, and how much of it (ADR 0034).

The caps hold for one partition (a visitor's, a user's, a lead's own) and one captured day. A replay
reads a partition newest first, so what counts are the newest ids. `count` takes in so few events
that it can never meet a cap: above that only a replay can tell.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

from chalicelib.days import ordinal_of
from chalicelib.events import Event, Kind, lead_id_of, parse_event_time
from chalicelib.limits import (
    CLOCK_MAX_BEHIND_DAYS,
    FORMS_MAX_PER_DAY,
    HORIZON_DAYS,
    PINGS_MAX_PER_DAY,
)
from chalicelib.mail_events import UNCOUNTED

HORIZON = timedelta(days=HORIZON_DAYS)
CLOCK_MAX_BEHIND = timedelta(days=CLOCK_MAX_BEHIND_DAYS)


class Capped(StrEnum):
    """What is counted up to a number a captured day."""

    PING = "ping"
    FORM = "form"
    DOWNLOAD = "download"  # what a form records besides itself


MOST = {
    Capped.PING: PINGS_MAX_PER_DAY,
    Capped.FORM: FORMS_MAX_PER_DAY,
    Capped.DOWNLOAD: FORMS_MAX_PER_DAY,
}


def is_countable(event: Event) -> bool:
    """Return whether an event can ever count. Depends on the event alone, so order cannot matter.

    A ping does not if it was older than the horizon when it came, or if its sender's clock is more
    than a day behind: a replay finds pings by the sender's own time. Nor does the use of a link
    before its verdict (ADR 0061).
    """
    if not event.is_ping:
        return event.kind is not Kind.MAIL or event.name not in UNCOUNTED
    is_recent = event.at >= event.captured_at - HORIZON
    return is_recent and parse_event_time(event.id) >= event.at - CLOCK_MAX_BEHIND


def first_counted(now: datetime) -> datetime:
    """Return the moment since which pings count."""
    return now - HORIZON


def first_read(now: datetime) -> datetime:
    """Return the sender's time from which on a visitor's events are read."""
    return first_counted(now) - CLOCK_MAX_BEHIND


class DayCaps:
    """Counts the events of one partition by captured day, newest first."""

    def __init__(self, seen: Iterable[tuple[str, int, int]] = ()) -> None:
        self._seen = {(Capped(what), day): number for what, day, number in seen}

    def admits(self, event: Event, zone: tzinfo) -> bool:
        """Return whether an event is within its cap, and count it."""
        what = _capped_as(event)
        if what is None:
            return True
        place = (what, ordinal_of(event.captured_at, zone))
        self._seen[place] = self._seen.get(place, 0) + 1
        return self._seen[place] <= MOST[what]

    def seen(self) -> list[tuple[str, int, int]]:
        """Return what was counted: of what, on which day, how many."""
        return [(what.value, day, number) for (what, day), number in self._seen.items()]


def _capped_as(event: Event) -> Capped | None:
    """Return which cap an event falls under. Email feedback and people's acts have none."""
    if event.is_ping:
        return Capped.PING
    if event.kind is Kind.FORM:
        return Capped.FORM
    is_own = lead_id_of(event.partition) is not None
    return Capped.DOWNLOAD if is_own and event.kind in (Kind.TRACK, Kind.PAGE) else None
