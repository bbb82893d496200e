"""When an email may leave: in working hours where the person is."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.company import SettingsDocument, read_company
from chalicelib.days import day_of, zone_of
from chalicelib.document import parse_document
from chalicelib.errors import DocumentError
from chalicelib.events import Rank
from chalicelib.leads.lead import Lead
from chalicelib.nurture.windows import (
    SHARED_MINUTES,
    WorkingHours,
    country_zones,
    is_open,
    next_open,
    working_hours_of,
)
from chalicelib.scoring.touches import BrowserZone, Touches
from tests.factories import profile
from tests.fakes import NOW

WEEKDAYS = frozenset(range(5))
NINE_HOURS = 540


def place(*zones: str, opens: int = 510, closes: int = 1050, **other: Any) -> WorkingHours:
    return WorkingHours(zones=zones, opens=opens, closes=closes, **{"weekdays": WEEKDAYS, **other})


BERLIN = place("Europe/Berlin")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def lead(browser: str | None = None, zone: str = "Europe/Berlin", **known: Any) -> Lead:
    said = BrowserZone(Rank.FORM, date(2026, 11, 2), browser) if browser else None
    return Lead(lead_id="A" * 26, zone=zone, profile=profile(known), touches=Touches(zone=said))


def company(**settings: Any) -> SettingsDocument:
    return read_company(settings)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-03T10:00+01:00", "2026-11-03T10:00+01:00"),  # open
        ("2026-11-03T08:29:59+01:00", "2026-11-03T08:30+01:00"),  # a second too early
        ("2026-11-03T17:29:59+01:00", "2026-11-03T17:29:59+01:00"),  # the last second
        ("2026-11-03T17:30+01:00", "2026-11-04T08:30+01:00"),  # closed
        ("2026-11-06T18:00+01:00", "2026-11-09T08:30+01:00"),  # a Friday evening
        ("2026-03-27T18:00+01:00", "2026-03-30T08:30+02:00"),  # over the change of the clocks
        ("2026-10-23T18:00+02:00", "2026-10-26T08:30+01:00"),
    ],
)
def test_an_email_leaves_in_working_hours(now: str, expected: str) -> None:
    assert next_open(at(now), BERLIN) == at(expected)


def test_the_browsers_zone_comes_before_the_country() -> None:
    found = working_hours_of(lead("America/Los_Angeles", country="US"), company())
    assert found.zones == ("America/Los_Angeles",)
    assert next_open(at("2026-11-03T09:00+01:00"), found) == at("2026-11-03T08:30-08:00")


def test_a_browsers_zone_that_is_none_says_nothing() -> None:
    assert working_hours_of(lead("Mars/Base", country="AT"), company()).zones == ("Europe/Vienna",)


def test_without_zone_and_country_the_companys_zone_counts() -> None:
    assert working_hours_of(lead(zone="Europe/Paris"), company()).zones == ("Europe/Paris",)
    assert working_hours_of(lead(country="Elsewhere"), company()).zones == ("Europe/Berlin",)


def test_a_country_of_many_zones_is_open_in_all() -> None:
    found = working_hours_of(lead(country="US"), company())
    assert next_open(at("2026-07-07T09:00-04:00"), found) == at("2026-07-07T08:30-10:00")
    assert next_open(at("2026-07-07T17:30-04:00"), found) == at("2026-07-08T08:30-10:00")


def test_a_country_without_common_hours_has_its_first_zone() -> None:
    assert country_zones("RU", NINE_HOURS) == ("Europe/Kaliningrad",)
    assert country_zones("US", 2 * 60) == ("America/New_York",)


def test_a_countrys_own_zone_is_shown() -> None:
    assert working_hours_of(lead(country="DE"), company()).zone == zone_of("Europe/Berlin")


def test_public_holidays_of_both_sides_are_closed() -> None:
    found = working_hours_of(lead(country="US"), company(country="DE"))
    assert found.holidays == ("DE", "US")
    # Unity Day (a Saturday in 2026), Thanksgiving, both days of Christmas in Germany
    assert not is_open(at("2025-10-03T16:00-04:00"), found)
    assert next_open(at("2026-11-26T16:00-05:00"), found) == at("2026-11-27T13:30-05:00")


def test_a_region_has_holidays_of_its_own() -> None:
    corpus_christi = at("2026-06-04T10:00+02:00")
    bavaria = working_hours_of(lead(), company(country="DE", sending={"holidays": ["DE-BY"]}))
    assert next_open(corpus_christi, bavaria) == at("2026-06-05T08:30+02:00")
    assert is_open(corpus_christi, working_hours_of(lead(), company(country="DE")))
    assert not working_hours_of(lead(), company(country="DE", sending={"holidays": []})).holidays


def test_what_a_stranger_says_is_a_country_closes_nothing() -> None:
    assert is_open(at("2026-11-03T10:00+01:00"), working_hours_of(lead(country="zz"), company()))


def test_days_that_are_all_holidays_open_all_the_same() -> None:
    christmas = place("Europe/Berlin", weekdays=frozenset({4}), holidays=("DE",))
    assert next_open(at("2026-12-22T10:00+01:00"), christmas) == at("2027-01-08T08:30+01:00")


def test_hours_in_the_night_of_a_change_are_narrow() -> None:
    night = place("Europe/Berlin", opens=150, closes=240, weekdays=frozenset({6}))
    skipped = next_open(at("2026-03-28T12:00+01:00"), night)  # there is no 02:30
    assert skipped == at("2026-03-29T03:30+02:00")
    repeated = next_open(at("2026-10-24T12:00+02:00"), night)  # 02:30 comes twice
    assert repeated == at("2026-10-25T02:30+01:00")


@pytest.mark.parametrize(
    "wrong",
    [
        {"hours": ["08:30"]},
        {"hours": ["17:30", "08:30"]},
        {"hours": ["08:30", "09:29"]},
        {"hours": ["8:30", "17:30"]},
        {"hours": ["08:30", "24:01"]},
        {"days": []},
        {"days": ["monday"]},
        {"holidays": ["Bavaria"]},
        {"per_7_days": -1},
        {"per_30_days": 101},
        {"hours_apart": 721},
        {"hour": 3},
    ],
)
def test_settings_that_mean_nothing_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(DocumentError):
        parse_document(SettingsDocument, {"sending": wrong})


ZONES = st.sampled_from(
    ["Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata", "Pacific/Apia", "Pacific/Kiritimati",
     "Australia/Lord_Howe", "America/St_Johns", "Africa/Casablanca", "Asia/Kathmandu", "UTC"]
)  # fmt: skip
COUNTRIES = st.sampled_from(["US", "RU", "BR", "AU", "CA", "DE", "FR", "KI", "MX", "ID", "XX", ""])
CLOCKS = st.integers(0, 30 * 525_600).map(lambda minutes: NOW + timedelta(minutes=minutes))


@st.composite
def places(draw: st.DrawFn) -> WorkingHours:
    opens = draw(st.integers(0, 1440 - SHARED_MINUTES))
    closes = draw(st.integers(opens + SHARED_MINUTES, 1440))
    hours = [f"{minute // 60:02}:{minute % 60:02}" for minute in (opens, closes)]
    days = draw(
        st.sets(st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), min_size=1)
    )
    settings = company(country="DE", sending={"hours": hours, "days": sorted(days)})
    browser = draw(st.none() | ZONES)
    return working_hours_of(lead(browser, draw(ZONES), country=draw(COUNTRIES)), settings)


@given(places(), CLOCKS)
def test_what_opens_is_within_the_hours_of_every_zone(where: WorkingHours, now: datetime) -> None:
    found = next_open(now, where)
    assert found >= now
    assert next_open(found, where) == found
    for name in where.zones:
        wall = found.astimezone(zone_of(name))
        assert where.opens <= wall.hour * 60 + wall.minute < where.closes
        assert wall.weekday() in where.weekdays
    assert len({day_of(found, zone_of(name)) for name in where.zones}) == 1


@given(places(), CLOCKS, st.integers(0, 20_000))
def test_nothing_between_now_and_the_next_moment_is_open(
    where: WorkingHours, now: datetime, minutes: int
) -> None:
    later = now + timedelta(minutes=minutes)
    assert next_open(later, where) >= next_open(now, where)
    assert is_open(later, where) <= (later >= next_open(now, where))
