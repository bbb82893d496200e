"""When marketing's emails may leave: in the working hours of the person's own place. Pure.

A place has one zone or several: of a person of whom only the country is known the hours count that
are open in every zone of it (ADR 0056).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache

from chalicelib.company import SettingsDocument
from chalicelib.company.sending import DAY_NAMES, minute_of
from chalicelib.days import day_of, moments_of, zone_of
from chalicelib.leads.lead import Lead
from chalicelib.public_holidays import is_holiday
from chalicelib.scoring.profile import values

A_DAY = timedelta(days=1)
#: No run of holidays is as long. Of somebody whose every working day is one, none is looked at.
SEARCHED_DAYS = 60
SHARED_MINUTES = 60  # what several zones must have in common, or only the first one counts
#: One day of each half of the year, between two changes of the clocks: zones change at other hours.
COMPARED_AT = (datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 7, 15, tzinfo=UTC))
ZONES_CACHED = 256  # there are 249 countries


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingHours:
    """When emails to a person may leave."""

    zones: tuple[str, ...]
    """The IANA names of the zones in all of which it must be open; the first is shown."""
    opens: int
    """The minute of the day from which on emails may leave."""
    closes: int
    """The minute of the day from which on they may not."""
    weekdays: frozenset[int]
    """The days of the week that are open; Monday is 0."""
    holidays: tuple[str, ...] = ()
    """The countries and regions whose public holidays are closed, such as DE or DE-BY."""

    @property
    def zone(self) -> tzinfo:
        """The zone in which a person reads a time."""
        return zone_of(self.zones[0])


def working_hours_of(lead: Lead, company: SettingsDocument) -> WorkingHours:
    """Return when emails to a lead may leave: by where its browser is, else by its country, else by
    the company's zone.

    company: what the settings say; the company's zone comes with the lead (ADR 0025).
    """
    said = values(lead.profile).get("country")
    country = said if isinstance(said, str) else None
    sending = company.sending
    opens, closes = map(minute_of, sending.hours)
    return WorkingHours(
        zones=_zones_of(lead, country, closes - opens),
        opens=opens,
        closes=closes,
        weekdays=frozenset(map(DAY_NAMES.index, sending.days)),
        holidays=tuple(_holidays_of(company, country)),
    )


def next_open(at: datetime, hours: WorkingHours) -> datetime:
    """Return the first moment from `at` on at which an email may leave, in UTC.

    Hours that begin or end in the night in which the clocks change begin late and end early.
    """
    zones = [zone_of(name) for name in hours.zones]
    first = day_of(at, zones[0]) - A_DAY  # it may be yesterday in another zone
    days = [first + number * A_DAY for number in range(SEARCHED_DAYS)]
    open_days = [day for day in days if day.weekday() in hours.weekdays]
    for holidays in (hours.holidays, ()):  # where every open day is a holiday, none is one
        for day in open_days:
            opens = max(moments_of(day, hours.opens, zone)[1] for zone in zones)
            closes = min(moments_of(day, hours.closes, zone)[0] for zone in zones)
            moment = max(at.astimezone(UTC), opens)
            # Holidays are asked for last: the first one of a country costs half a second.
            if moment < closes and not _is_holiday(day, holidays):
                return moment
    raise AssertionError("a window of an hour opens within a week")


def is_open(at: datetime, hours: WorkingHours) -> bool:
    """Return whether an email may leave at a moment."""
    return next_open(at, hours) == at


@lru_cache(maxsize=ZONES_CACHED)
def country_zones(country: str, minutes: int) -> tuple[str, ...]:
    """Return the zones whose hours count for a country, none for an unknown one.

    They are all zones of it when hours of so many minutes have one in common there all year, else
    the one that is listed first.
    """
    every = _listed_zones().get(country, ())
    if all(_spread(every, at) + SHARED_MINUTES <= minutes for at in COMPARED_AT):
        return every
    return every[:1]


def _zones_of(lead: Lead, country: str | None, minutes: int) -> tuple[str, ...]:
    browser = lead.touches.zone
    if browser is not None and _is_zone(browser.name):
        return (browser.name,)
    found = country_zones(country, minutes) if country else ()
    return found or (lead.zone,)


def _holidays_of(company: SettingsDocument, country: str | None) -> list[str]:
    """Return whose public holidays are closed: both sides' ones, unless the company has none."""
    ours = company.sending.holidays
    if ours == []:
        return []
    ours = ours or ([company.country] if company.country else [])
    return list(dict.fromkeys([*ours, *([country] if country else [])]))


def _is_zone(name: str) -> bool:
    try:
        zone_of(name)
    except ValueError:
        return False
    return True


def _spread(zones: Sequence[str], at: datetime) -> int:
    """Return how many minutes the clocks of some zones differ at most."""
    offsets = [at.replace(tzinfo=zone_of(name)).utcoffset() or timedelta(0) for name in zones]
    return int((max(offsets) - min(offsets)).total_seconds() // 60) if offsets else 0


@lru_cache(maxsize=1)
def _listed_zones() -> dict[str, tuple[str, ...]]:
    """Return the zones of each country, in the order of the tz database, its own before those that
    it shares with a larger one.
    """
    from importlib.resources import files  # only somebody whose browser has not said it needs them

    table = files("tzdata").joinpath("zoneinfo", "zone1970.tab").read_text(encoding="utf-8")
    own: dict[str, list[str]] = {}
    shared: dict[str, list[str]] = {}
    for line in table.splitlines():
        if line and not line.startswith("#"):
            countries, _, name = line.split("\t")[:3]
            first, *others = countries.split(",")
            own.setdefault(first, []).append(name)
            for country in others:
                shared.setdefault(country, []).append(name)
    return {
        country: (*own.get(country, ()), *shared.get(country, ()))
        for country in own.keys() | shared.keys()
    }


def _is_holiday(day: date, regions: Iterable[str]) -> bool:
    return any(is_holiday(day, region) for region in regions)
