"""How long a sequence waits between two emails: a time, until a weekday's hour, or until a time
before or after the date of what the lead signed up for.
"""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Annotated

from pydantic import Field

from chalicelib.company.sending import minute_of
from chalicelib.days import day_of, days_later, moments_of
from chalicelib.document import needs

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WAIT_UNITS = {"d": "days", "h": "hours", "m": "minutes"}
CLOCKS_CHANGE = timedelta(hours=1)
#: What waits are written as: `1d`, `3h`, `30m`, `0d`, `tuesday 9:00`.
_SPAN = r"(?:0|[1-9]\d{0,2})[dhm]"
_WEEKDAY = rf"(?:{'|'.join(WEEKDAYS)}) (?:[01]?\d|2[0-3]):[0-5]\d"
_DATED = r"\{date\}(?: [+-] [1-9]\d{0,2}[dhm])?"
NEEDED = (
    "a wait is needed, such as 1d, 3h, 30m, 0d for at once, tuesday 9:00, or {date} - 1d; at most"
    " 999 of a unit"
)

SpanText = Annotated[
    str,
    Field(pattern=rf"^{_SPAN}$"),
    needs("a time is needed, such as 90d or 12h; at most 999 of a unit"),
]
"""A length of time."""
Wait = Annotated[str, Field(pattern=rf"^(?:{_SPAN}|{_WEEKDAY}|{_DATED})$"), needs(NEEDED)]
"""A length of time, a weekday with an hour (the next one that comes), or a time around a date."""


def span_of(span: str) -> timedelta:
    """Return the length of a time such as `7d`."""
    return timedelta(**{WAIT_UNITS[span[-1]]: int(span[:-1])})


def earliest_end(wait: str, since: datetime) -> datetime:
    """Return a time at which a wait is over in no zone yet, or just is: when to look how long it
    takes in the lead's.
    """
    if not re.fullmatch(_SPAN, wait):
        return since
    is_over_clocks = wait.endswith("d") and span_of(wait)
    return since + span_of(wait) - (CLOCKS_CHANGE if is_over_clocks else timedelta(0))


def is_none(wait: str) -> bool:
    """Return whether a wait is over at once."""
    return re.fullmatch(_SPAN, wait) is not None and not span_of(wait)


def is_dated(wait: str) -> bool:
    """Return whether a wait is until a time around the date of what the lead signed up for."""
    return re.fullmatch(_DATED, wait) is not None


def is_before_date(wait: str) -> bool:
    """Return whether a wait is over before the date: what it sends is of no use afterwards."""
    return is_dated(wait) and " - " in wait


def ends_at(wait: str, since: datetime, zone: tzinfo) -> datetime:
    """Return when a wait is over, in UTC.

    Days keep the hour of the day in the zone, also over a change of the clocks. since: the date
    itself, of a wait until a time around one.
    """
    if is_dated(wait):
        _, sign, by_text = f"{wait} + 0d".split(" ")[:3]
        by = span_of(by_text) if sign == "+" else -span_of(by_text)
        is_in_days = by_text.endswith("d")
        return days_later(since, by.days, zone) if is_in_days else since.astimezone(UTC) + by
    if re.fullmatch(_SPAN, wait):
        span = span_of(wait)
        is_in_days = wait.endswith("d")
        return days_later(since, span.days, zone) if is_in_days else since.astimezone(UTC) + span
    weekday, _, clock = wait.partition(" ")
    today = day_of(since, zone)
    days = (WEEKDAYS.index(weekday) - today.weekday()) % len(WEEKDAYS)
    minute = minute_of(clock)
    found, _ = moments_of(today + timedelta(days=days), minute, zone)
    if found > since:
        return found
    return moments_of(today + timedelta(days=days + len(WEEKDAYS)), minute, zone)[0]
