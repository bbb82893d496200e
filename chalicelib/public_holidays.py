"""Public holidays of countries, such as DE, and of their regions, such as DE-BY."""

from collections.abc import Set
from datetime import date
from functools import lru_cache

YEARS_CACHED = 64  # of a country or region
ANY_YEAR = 2026  # in which every country that the library knows has holidays


def is_region(name: str) -> bool:
    """Return whether public holidays are known of a country, DE, or of a region, DE-BY."""
    try:
        _holidays(name, ANY_YEAR)
    except NotImplementedError:
        return False
    return True


def is_holiday(day: date, region: str) -> bool:
    """Return whether a day is a public holiday of a country or region; of an unknown one, none is.

    The first question in a process costs half a second.
    """
    try:
        return day in _holidays(region, day.year)
    except NotImplementedError:
        return False


@lru_cache(maxsize=YEARS_CACHED)
def _holidays(region: str, year: int) -> Set[date]:
    """Return the public holidays of a country or region. Raise NotImplementedError."""
    from holidays import country_holidays  # half a second, for whoever asks

    country, _, part = region.partition("-")
    # No names are asked for, in no language: packaging leaves out their translations.
    found = country_holidays(country, subdiv=part or None, years=year, language="none")
    return frozenset(found)
