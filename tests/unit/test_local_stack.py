"""What `make run` decides by itself, and who may read what it writes."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import hypothesis.strategies as some
import pytest
from hypothesis import given

from chalicelib.days import day_of
from chalicelib.nurture.waits import ends_at
from chalicelib.nurture.windows import next_open
from chalicelib.settings import parse_offset
from infra.local.clock import offset_to, walk_start
from infra.local.stack import TIME_ZONE, demo_hours, offset_into_hours
from infra.paths import make_private, write_private


@pytest.mark.parametrize(
    ("now", "offset"),
    [
        ("2026-11-20T08:30", ""),  # a Friday
        ("2026-11-20T17:19", ""),
        ("2026-11-20T17:20", "-1h"),
        ("2026-11-21T23:59", "-31h"),  # to Friday, 16:59
        ("2026-11-20T07:00", "-14h"),  # to Thursday, 17:00
        ("2026-12-27T23:00", "-78h"),  # over Christmas, to Thursday
    ],
)
def test_a_walk_is_put_into_working_hours(now: str, offset: str) -> None:
    there = datetime.fromisoformat(now).replace(tzinfo=ZoneInfo(TIME_ZONE))
    assert offset_into_hours(there) == offset


@pytest.mark.parametrize(
    ("now", "start"),
    [
        ("2026-11-28T02:00", "2026-11-17"),  # a Saturday, so that the Monday in it is over
        ("2026-12-01T02:00", "2026-11-24"),
        ("2026-11-30T23:59", "2026-11-17"),  # a Monday may not be over yet
        ("2026-11-02T12:00", "2026-10-13"),  # the clocks changed on October 25
        ("2027-01-08T12:00", "2026-12-15"),  # Christmas and New Year
        ("2026-04-10T12:00", "2026-03-17"),  # Easter, and summer time from March 29 on
        ("2026-06-01T12:00", "2026-05-05"),  # Whit Monday, and Ascension Day before it
    ],
)
def test_the_walk_begins_on_a_tuesday_before_plain_days(now: str, start: str) -> None:
    there = datetime.fromisoformat(now).replace(tzinfo=ZoneInfo(TIME_ZONE))
    began = walk_start(there, demo_hours()).astimezone(ZoneInfo(TIME_ZONE))
    assert began.isoformat()[:16] == f"{start}T10:00"


@given(minutes=some.integers(0, 20 * 365 * 24 * 60))
def test_the_emails_of_a_walk_leave_on_wednesday_and_monday(minutes: int) -> None:
    """On any day of any year the walk is over by now, and takes as many days."""
    hours = demo_hours()
    moment = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    first = walk_start(moment, hours)
    second = next_open(ends_at("1d", first, hours.zone), hours)
    third = next_open(ends_at("4d", second, hours.zone), hours)
    days = [day_of(one, hours.zone) for one in (first, second, third)]
    assert [day.weekday() for day in days] == [1, 2, 0]
    assert [(day - days[0]).days for day in days] == [0, 1, 6]
    assert days[-1] < day_of(moment, hours.zone)


def test_an_offset_takes_the_clock_to_a_moment() -> None:
    now = datetime(2026, 11, 28, 2, 0, 30, tzinfo=UTC)
    for minutes in (-20_000, -1, 0, 1, 90):
        moment = now + timedelta(minutes=minutes, seconds=20)
        late = now + parse_offset(offset_to(moment, now)) - moment
        assert timedelta(0) <= late < timedelta(minutes=1)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("mode", [None, 0o755, 0o777, 0o700])
def test_only_its_owner_enters_the_local_folder(tmp_path: Path, mode: int | None) -> None:
    """Also one that an earlier version, or somebody's umask, has made for all to read."""
    folder = tmp_path / ".local"
    if mode is not None:
        folder.mkdir()
        folder.chmod(mode)
    make_private(folder)
    assert mode_of(folder) == 0o700


def test_what_is_private_is_written_where_only_its_owner_reads(tmp_path: Path) -> None:
    file = tmp_path / ".local" / "stack.json"
    write_private(file, "{}")
    assert (mode_of(file.parent), mode_of(file)) == (0o700, 0o600)
