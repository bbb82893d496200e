"""When a salesperson works: hours, zones, days off, public holidays, the change of the clocks."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.days import zone_of
from chalicelib.document import parse_document
from chalicelib.handoff.routing import Person
from chalicelib.handoff.working_time import (
    WORK_HORIZON,
    WorkingTime,
    is_on_leave,
    is_present,
    is_working,
    next_start,
    working_days_later,
    working_minutes_later,
    working_time_of,
)

BERLIN = "Europe/Berlin"
HOUR = 60


def works(zone: str = BERLIN, holidays: str | None = None, **keys: Any) -> WorkingTime:
    kim = {"id": "kim", "name": "Kim", "email": "kim@keybook.example", **keys}
    return working_time_of(parse_document(Person, kim), zone=zone, holidays=holidays)


def at(said: str, zone: str = BERLIN) -> datetime:
    return datetime.fromisoformat(said).replace(tzinfo=zone_of(zone))


def shown(moment: datetime, zone: str = BERLIN) -> str:
    return f"{moment.astimezone(zone_of(zone)):%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("said", "start"),
    [
        ("2026-11-23 12:00", "2026-11-23 12:00"),  # a Monday
        ("2026-11-23 08:59", "2026-11-23 09:00"),
        ("2026-11-23 17:30", "2026-11-24 09:00"),
        ("2026-11-27 17:30", "2026-11-30 09:00"),
        ("2026-11-29 12:00", "2026-11-30 09:00"),
    ],
)
def test_work_is_monday_to_friday_by_default(said: str, start: str) -> None:
    assert shown(next_start(at(said), works())) == start
    assert is_working(at(said), works()) is (said == start)


def test_a_person_works_in_their_own_zone() -> None:
    new_york = works(time_zone="America/New_York")
    assert shown(next_start(at("2026-11-23 12:00"), new_york)) == "2026-11-23 15:00"


def test_hours_that_end_before_they_begin_do_not_count() -> None:
    """Of before they were refused."""
    wrong = works(hours={"mon": ["17:30", "09:00"], "tue": ["09:00", "12:00"]})
    assert shown(next_start(at("2026-11-23 12:00"), wrong)) == "2026-11-24 09:00"
    only_wrong = works(hours={"mon": ["17:30", "09:00"]})
    assert is_working(at("2026-11-23 12:00"), only_wrong)


def test_a_deadline_counts_working_minutes_alone() -> None:
    time = works(days_off=["2026-11-24"])
    for minutes, said in (
        (15, "2026-11-23 17:15"),
        (30, "2026-11-23 17:30"),
        (31, "2026-11-25 09:01"),
        (30 + 510 * 2 + 60, "2026-11-27 10:00"),
        (30 + 510 * 3 + 60, "2026-11-30 10:00"),
    ):
        assert shown(working_minutes_later(at("2026-11-23 17:00"), minutes, time)) == said


def test_working_days_later_skip_what_is_free() -> None:
    time = works(holidays="DE", days_off=[{"from": "2026-12-28", "to": "2026-12-30"}])
    for said in ("2026-12-24 08:00", "2026-12-24 18:00", "2026-12-26 12:00"):
        assert shown(working_days_later(at(said), 1, time)) == "2026-12-31 09:00"
        assert shown(working_days_later(at(said), 2, time)) == "2027-01-04 09:00"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("2026-12-18 12:00", (True, False)),
        ("2026-12-18 18:00", (False, True)),  # the evening before a leave
        ("2026-12-19 12:00", (False, True)),
        ("2026-12-23 12:00", (False, True)),
        ("2026-12-23 18:00", (True, False)),
        ("2026-12-24 18:00", (False, False)),  # Christmas is everybody's
        ("2026-12-27 12:00", (True, False)),
    ],
)
def test_a_person_is_away_on_leave_and_on_holidays(said: str, expected: tuple[bool, bool]) -> None:
    time = works(holidays="DE", days_off=[{"from": "2026-12-19", "to": "2026-12-23"}])
    assert (is_present(at(said), time), is_on_leave(at(said), time)) == expected


def test_a_holiday_of_the_region_is_free_there() -> None:
    germany = works(holidays="DE")
    epiphany = at("2026-01-06 12:00")
    assert is_present(epiphany, germany)
    kim = {"id": "kim", "name": "Kim", "email": "kim@keybook.example", "holidays": "DE-BY"}
    own = working_time_of(parse_document(Person, kim), zone=BERLIN, holidays="DE")
    assert not is_present(epiphany, own)


def test_a_leave_of_years_ends_at_the_horizon() -> None:
    gone = works(days_off=[{"from": "2026-01-01", "to": "9999-12-31"}])
    now = at("2026-11-23 12:00")
    assert working_minutes_later(now, 15, gone) == now + WORK_HORIZON
    assert working_days_later(now, 5, gone) == now + WORK_HORIZON
    assert not is_present(now, gone)
    assert is_on_leave(now, gone)


@pytest.mark.parametrize(
    ("day", "hours"),
    [("2026-03-29", 23), ("2026-10-25", 25), ("2026-11-01", 24)],
)
def test_a_whole_day_has_the_hours_it_has(day: str, hours: int) -> None:
    time = works(hours={"sun": ["00:00", "24:00"]})
    midnight = at(f"{day} 00:00")
    end = working_minutes_later(midnight, hours * HOUR, time)
    assert end == midnight.astimezone(UTC) + timedelta(hours=hours)
    assert next_start(end, time) > end


def test_hours_that_the_clocks_skip_are_none() -> None:
    time = works(hours={"sun": ["02:00", "03:00"]})
    found = next_start(at("2026-03-28 12:00"), time)
    assert shown(found) == "2026-04-05 02:00"
    assert is_working(found, time)


ZONES = st.sampled_from(
    ["Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Australia/Lord_Howe", "UTC"]
)
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 1_051_200).map(lambda number: BEGIN + timedelta(minutes=number))
DAYS = st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"])


@st.composite
def times(draw: st.DrawFn) -> WorkingTime:
    hours = {}
    for day in draw(st.sets(DAYS, min_size=1)):
        first = draw(st.integers(0, 22))
        hours[day] = (f"{first:02}:00", f"{draw(st.integers(first + 1, 23)):02}:30")
    leaves = []
    for start in draw(st.lists(MOMENTS, max_size=3)):
        end = start + timedelta(days=draw(st.integers(0, 40)))
        leaves.append({"from": f"{start:%Y-%m-%d}", "to": f"{end:%Y-%m-%d}"})
    return works(zone=draw(ZONES), hours=hours, days_off=leaves, holidays="DE")


@given(times(), MOMENTS, st.integers(0, 1_000), st.integers(1, 1_000))
def test_working_minutes_add_up(time: WorkingTime, now: datetime, one: int, more: int) -> None:
    first = working_minutes_later(now, one, time)
    assert working_minutes_later(first, more, time) == working_minutes_later(now, one + more, time)
    start = next_start(first, time)
    assert first <= start
    assert is_working(start, time)
