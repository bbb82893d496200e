"""Read dates as people write them: `27.11.2026`, `11/27/2026`, `Nov 27, 2026`. To ISO 8601."""

import re
from datetime import date
from typing import Any

from chalicelib.inputs.countries import folded
from chalicelib.inputs.repairs import Cleaned, Repair
from chalicelib.inputs.texts import read_line

ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[T ].*)?", re.ASCII)
YEAR_FIRST = re.compile(r"(\d{4})[-./](\d{1,2})[-./](\d{1,2})(?:[T ].*)?", re.ASCII)
YEAR_LAST = re.compile(r"(\d{1,2})\s?[-./]\s?(\d{1,2})\s?[-./]\s?(\d{4}|\d\d)", re.ASCII)
DAY_FIRST = re.compile(r"(\d{1,2})(?:\.|st|nd|rd|th|er|º)?\s*(?:de |of )?([^\W\d]+)\.?,?"
                       r"\s*(?:de |del )?(\d{4})", re.IGNORECASE)  # fmt: skip
MONTH_FIRST = re.compile(r"([^\W\d]+)\.?\s*(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})", re.IGNORECASE)
#: Where 11/12/2026 is the twelfth of November.
MONTH_FIRST_COUNTRIES = frozenset(["US", "PH", "PR", "GU", "AS", "MP", "VI", "UM"])
#: The first letters that tell a month from the others, in five languages, without accents.
MONTHS: tuple[tuple[str, ...], ...] = (
    ("jan", "jän", "ene", "gen"), ("feb", "fev", "feb"), ("mar", "marz"), ("apr", "avr", "abr"),
    ("may", "mai", "mag"), ("jun", "juin", "giu"), ("jul", "juil", "lug"), ("aug", "aou", "ago"),
    ("sep", "set"), ("oct", "okt", "ott"), ("nov",), ("dec", "dez", "dic"),
)  # fmt: skip


def read_date(value: Any, country: str | None = None) -> Cleaned[str]:
    """Return a date as `YYYY-MM-DD`, or the text of what is none.

    country: the ISO code of where it was written, which says whether `11/12/2026` begins with the
    day or with the month; dots are days first everywhere. A time behind the date is left out.
    """
    text = read_line(value)
    said = text.value
    if not said:
        return text
    found = _date_in(said, country)
    if found is None:
        return Cleaned(said, tuple(dict.fromkeys((*text.repairs, Repair.KEPT_AS_TEXT))))
    iso = found.isoformat()
    if iso == said:
        return text
    return Cleaned(iso, (*text.repairs, Repair.READ_AS), words=said)


def _date_in(said: str, country: str | None) -> date | None:
    if found := YEAR_FIRST.fullmatch(said):
        year, month, day = map(int, found.groups())
        return _valid(year, month, day)
    if found := YEAR_LAST.fullmatch(said):
        first, second, year = map(int, found.groups())
        if len(found[3]) == 2:
            year += 2_000
        is_month_first = "/" in said and (country or "").upper() in MONTH_FIRST_COUNTRIES
        day, month = (second, first) if is_month_first else (first, second)
        # Where the month cannot be one, the other order was meant.
        return _valid(year, month, day) or _valid(year, day, month)
    if found := DAY_FIRST.fullmatch(said):
        return _valid(int(found[3]), _month(found[2]), int(found[1]))
    if found := MONTH_FIRST.fullmatch(said):
        return _valid(int(found[3]), _month(found[1]), int(found[2]))
    return None


def _month(word: str) -> int:
    """Return the number of a month's name, 0 for any other word."""
    plain = folded(word)
    starts = enumerate(MONTHS, 1)
    return next((number for number, names in starts if plain.startswith(names)), 0)


def _valid(year: int, month: int, day: int) -> date | None:
    try:
        return date.fromisoformat(f"{year:04d}-{month:02d}-{day:02d}")
    except ValueError:
        return None
