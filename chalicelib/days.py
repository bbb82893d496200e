"""Days of the company's time zone. `day_of` is the only way from a moment to a day (ADR 0025).

A day decides what a limit per day counts, when a score fades, when a lead cools and when a rest
ends; with two ways to a day, two of these would disagree around midnight.
"""

import calendar
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

UTC_NAME = "UTC"


@lru_cache(maxsize=64)  # the US have 29
def zone_of(name: str) -> tzinfo:
    """Return the time zone of an IANA name, for example `Europe/Berlin`.

    Raises ValueError for a name that is not one.
    """
    if name == UTC_NAME:
        return UTC
    from zoneinfo import ZoneInfo  # a deployment in UTC does not pay for it

    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        raise ValueError(f"there is no time zone {name!r}; an example is Europe/Berlin") from None


def name_of(zone: tzinfo) -> str:
    """Return the IANA name of a time zone."""
    return str(getattr(zone, "key", UTC_NAME))


def day_of(at: datetime, zone: tzinfo) -> date:
    """Return the day on which a moment falls in a time zone."""
    return (at if at.tzinfo is zone else at.astimezone(zone)).date()


def ordinal_of(at: datetime, zone: tzinfo) -> int:
    """Return the same day as a proleptic ordinal, as tallies keep days."""
    return (at if at.tzinfo is zone else at.astimezone(zone)).toordinal()


def hour_of(at: datetime) -> datetime:
    """Return the moment at which the hour of another one began, in UTC."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def start_of(day: date, zone: tzinfo) -> datetime:
    """Return the first moment of a day, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def moments_of(day: date, minute: int, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return when it is a minute of a day, the first time and the last, in UTC.

    They differ in the night in which the clocks change. Of a minute that they skip the first comes
    before the change, and the last behind it.
    """
    wall = datetime.combine(day, time()) + timedelta(minutes=minute)
    both = [wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    return min(both), max(both)


def local_time(at: datetime, zone: tzinfo) -> datetime:
    """Return a moment as people in a time zone write it: for what they read, not for its day."""
    return at.astimezone(zone)


def days_later(at: datetime, days: int, zone: tzinfo) -> datetime:
    """Return the moment so many days later at the same time of day in a zone, in UTC."""
    return (at.astimezone(zone) + timedelta(days=days)).astimezone(UTC)


def end_of(day: date, zone: tzinfo) -> datetime:
    """Return the last microsecond of a day, in UTC."""
    return start_of(day + timedelta(days=1), zone) - timedelta(microseconds=1)


def months_later(today: date, months: int) -> date:
    """Return the same day some months later, the last of its month where there is no such day."""
    years, month = divmod(today.month - 1 + months, 12)
    year = today.year + years
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(today.day, last))
