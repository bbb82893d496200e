"""Read the times that clients send, by one rule (ADR 0040)."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.inputs.repairs import Cleaned, Repair, Warned
from chalicelib.limits import CLOCK_MAX_AHEAD_HOURS, SENT_BEFORE_MAX_SECONDS

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
#: The year 2286: an event's id has thirteen digits of milliseconds.
TOO_LATE = EARLIEST + timedelta(milliseconds=10**13)
#: From these sizes on a number counts milliseconds, microseconds, nanoseconds; below, seconds. A
#: number below the smallest is not a time: say, the milliseconds since a page was opened.
TIME_UNITS = ((10**17, 10**9), (10**14, 10**6), (10**11, 10**3), (10**8, 1))
NUMERIC = re.compile(r"\d{9,19}(?:\.\d{1,9})?", re.ASCII)
SHORT_PART = re.compile(r"-(\d)(?=[-T ]|$)")  # Segment's own samples have `2015-2-02T...`
GO_ZONE = re.compile(r" ([+-]\d{4}) [A-Z+-][A-Z0-9+-]*(?: m=\S+)?$")  # Go's `+0100 CET`


@dataclass(frozen=True, slots=True)
class EventTime:
    """When an event happened."""

    stamped: datetime
    """The client's own time, as it was sent: what the event is recognised by."""
    at: datetime
    """The same, corrected for the client's clock; never after the arrival."""
    warnings: tuple[Warned, ...] = ()


def read_time(value: Any) -> Cleaned[datetime | None]:
    """Return the aware UTC time that a client sent, None for nothing or for anything but a time.

    A number counts seconds, milliseconds, microseconds or nanoseconds, by its size; a text is ISO
    8601, with any offset (none means UTC) and any number of digits, or a number.
    """
    if value in (None, ""):
        return Cleaned(None)
    try:
        at = _time_of(value)
    except (TypeError, ValueError, OverflowError):
        return Cleaned(None, (Repair.ARRIVAL,))
    return Cleaned(at) if EARLIEST <= at < TOO_LATE else Cleaned(None, (Repair.ARRIVAL,))


def event_time(
    timestamp: Any, sent_at: Any, arrived: datetime, *, original: Any = None
) -> EventTime:
    """Return when an event happened, by the rule of times.

    timestamp, else original (RudderStack's `originalTimestamp`), is when it happened by the
    client's clock; sent_at is when the client sent it by the same clock, so that the difference to
    the arrival corrects that clock. A time that cannot be read counts as the arrival. A sent_at
    that cannot be read, lies before the event, or a day and more after the arrival corrects
    nothing. What lies ahead happened on arrival.
    """
    name = "timestamp" if timestamp not in (None, "") else "originalTimestamp"
    read = read_time(timestamp if timestamp not in (None, "") else original)
    warnings = tuple(read.warnings(name))
    stamped = read.value
    if stamped is None:
        return EventTime(arrived, arrived, warnings)
    sent = read_time(sent_at).value
    late = timedelta(0)
    if sent is not None and _corrects(sent, stamped, arrived):
        late = arrived - sent
    return EventTime(stamped, max(EARLIEST, min(stamped + late, arrived)), warnings)


def _corrects(sent: datetime, stamped: datetime, arrived: datetime) -> bool:
    is_after = sent >= stamped - timedelta(seconds=SENT_BEFORE_MAX_SECONDS)
    return is_after and sent <= arrived + timedelta(hours=CLOCK_MAX_AHEAD_HOURS)


def _time_of(value: Any) -> datetime:
    """Return the time of a value. Raise TypeError, ValueError, OverflowError."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError("is neither a number nor a text")
    if isinstance(value, int | float):
        return _time_of_number(value)
    text = value.strip()
    if text[4:5] != "-" and NUMERIC.fullmatch(text):
        return _time_of_number(float(text) if "." in text else int(text))
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = datetime.fromisoformat(GO_ZONE.sub(r"\1", SHORT_PART.sub(r"-0\1", text)))
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _time_of_number(number: int | float) -> datetime:
    for least, per_second in TIME_UNITS:
        if number >= least:
            return EARLIEST + timedelta(microseconds=int(number * 1_000_000 // per_second))
    raise ValueError("is too small for a time")
