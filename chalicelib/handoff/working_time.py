"""When a salesperson works: in their own zone, without days off and public holidays. Pure.

A deadline in working time and the choice of who gets a lead both go by it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum

from chalicelib.company.sending import DAY_NAMES, minute_of
from chalicelib.days import day_of, moments_of, zone_of
from chalicelib.handoff.routing import WORKING_DAYS, WORKING_HOURS, Person
from chalicelib.public_holidays import is_holiday

NEXT_DAY = timedelta(days=1)
#: Somebody who does not work for longer has left; deadlines end here.
WORK_HORIZON = timedelta(days=400)
USUAL_HOURS: Mapping[str, tuple[str, str]] = dict.fromkeys(WORKING_DAYS, WORKING_HOURS)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingTime:
    """When a person works."""

    zone: tzinfo
    hours: Mapping[int, tuple[int, int]]
    """Day of the week, Monday is 0 -> the minutes of the day at which work starts and ends."""
    days_off: tuple[tuple[date, date], ...] = ()
    """The first and the last day of each leave."""
    holidays: str | None = None
    """The country or region whose public holidays are no working days."""


class DayKind(StrEnum):
    """What becomes of a day of the week on which a person works."""

    WORK = "work"
    HOLIDAY = "holiday"
    DAY_OFF = "day_off"


@dataclass(frozen=True, slots=True, kw_only=True)
class _UsualDay:
    kind: DayKind
    starts: datetime
    ends: datetime


def working_time_of(person: Person, *, zone: str, holidays: str | None) -> WorkingTime:
    """Return when a person works.

    zone: the IANA name of the company's zone, for a person who names none; holidays: the country or
    region whose public holidays such a person has, None for nobody's.
    """
    said = (person.hours or {}).items()
    hours = {day: times for day, times in said if minute_of(times[0]) < minute_of(times[1])}
    return WorkingTime(
        zone=zone_of(person.time_zone or zone),
        hours={
            DAY_NAMES.index(day): (minute_of(start), minute_of(end))
            for day, (start, end) in (hours or USUAL_HOURS).items()
        },
        days_off=tuple((off.first, off.last) for off in person.days_off),
        holidays=person.holidays or holidays,
    )


def usual_time(zone: tzinfo, holidays: str | None) -> WorkingTime:
    """Return when somebody works of whom nothing else is known."""
    hours = {
        DAY_NAMES.index(day): (minute_of(start), minute_of(end))
        for day, (start, end) in USUAL_HOURS.items()
    }
    return WorkingTime(zone=zone, hours=hours, holidays=holidays)


def is_working(at: datetime, time: WorkingTime) -> bool:
    """Return whether a moment is working time."""
    return next_start(at, time) == at


def is_present(at: datetime, time: WorkingTime) -> bool:
    """Return whether a person is not away: at work, or about to be at the next usual time.

    At night and at weekends the next usual working day counts.
    """
    return next(_usual_days(at, time)).kind is DayKind.WORK


def is_on_leave(at: datetime, time: WorkingTime) -> bool:
    """Return whether a day off comes before a person works again. A public holiday is none: it may
    be everybody's.
    """
    for day in _usual_days(at, time):
        if day.kind is not DayKind.HOLIDAY:
            return day.kind is DayKind.DAY_OFF
    return True


def next_start(at: datetime, time: WorkingTime) -> datetime:
    """Return the first moment of working time from `at` on, in UTC."""
    return working_minutes_later(at, 0, time)


def working_minutes_later(at: datetime, minutes: int, time: WorkingTime) -> datetime:
    """Return the moment at which so many minutes of working time have passed since `at`, in UTC.

    The end of the horizon for somebody who does not work for that long.
    """
    at = at.astimezone(UTC)  # whose minutes all are as long as they look
    left = timedelta(minutes=minutes)
    for day in _working_days(at, time):
        start = max(at, day.starts)
        if start + left <= day.ends:
            return start + left
        left -= day.ends - start
    return at + WORK_HORIZON


def working_days_later(at: datetime, days: int, time: WorkingTime) -> datetime:
    """Return when work starts on the n-th working day after that of `at`."""
    today = day_of(at, time.zone)
    coming = (one for one in _working_days(at, time) if day_of(one.starts, time.zone) > today)
    for number, day in enumerate(coming, start=1):
        if number == days:
            return day.starts
    return at + WORK_HORIZON


def _working_days(at: datetime, time: WorkingTime) -> Iterator[_UsualDay]:
    return (day for day in _usual_days(at, time) if day.kind is DayKind.WORK)


def _usual_days(at: datetime, time: WorkingTime) -> Iterator[_UsualDay]:
    """Yield the days of the week on which a person works, from `at` on; of each leave only one.

    Hours that begin or end in the night in which the clocks change begin late and end early.
    """
    day = day_of(at, time.zone)
    last = day + WORK_HORIZON
    while day <= last:
        leave_ends = _leave_ends(day, time)
        usual = _usual_day(day, leave_ends, time)
        if usual is not None and max(at, usual.starts) < usual.ends:
            yield usual
            day = min(leave_ends or day, last)  # a leave may end in the year 9999
        day += NEXT_DAY


def _usual_day(day: date, leave_ends: date | None, time: WorkingTime) -> _UsualDay | None:
    hours = time.hours.get(day.weekday())
    if hours is None:
        return None
    return _UsualDay(
        kind=_kind_of(day, leave_ends, time),
        starts=moments_of(day, hours[0], time.zone)[1],
        ends=moments_of(day, hours[1], time.zone)[0],
    )


def _leave_ends(day: date, time: WorkingTime) -> date | None:
    return max((last for first, last in time.days_off if first <= day <= last), default=None)


def _kind_of(day: date, leave_ends: date | None, time: WorkingTime) -> DayKind:
    if leave_ends is not None:
        return DayKind.DAY_OFF
    # Holidays are asked for last: the first one costs half a second.
    is_free = time.holidays is not None and is_holiday(day, time.holidays)
    return DayKind.HOLIDAY if is_free else DayKind.WORK
