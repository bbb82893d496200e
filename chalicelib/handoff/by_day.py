"""What a person did, day by day in the reader's time zone, with repeats folded."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from itertools import groupby

from chalicelib.days import day_of, local_time
from chalicelib.events import Event
from chalicelib.handoff.deeds import deed_in_words, is_deed


@dataclass(frozen=True, slots=True)
class DayOfDeeds:
    """What somebody did on a day."""

    day: str
    """Such as `Sun 22 Nov`."""
    deeds: Sequence[tuple[str, str]]
    """The time of the last one, and what it was with how often: `10:03`, `visited pricing`."""


def days_of_deeds(
    events: Iterable[Event], zone: tzinfo, today: date, quoted: Event | None = None
) -> list[DayOfDeeds]:
    """Return the deeds of some events by day, the newest first, however they were ordered.

    quoted: whose words stand elsewhere.
    """
    deeds = sorted(filter(is_deed, events), key=lambda one: one.captured_at, reverse=True)
    return [
        DayOfDeeds(day_words(day, today), _folded(ones, zone, quoted))
        for day, ones in groupby(deeds, lambda one: day_of(one.captured_at, zone))
    ]


def day_words(day: date, today: date) -> str:
    """Return a day as people write it, with its year where that is another one."""
    year = "" if day.year == today.year else f" {day.year}"
    return f"{day:%a} {day.day} {day:%b}{year}"


def time_words(at: datetime, zone: tzinfo) -> str:
    """Return the time of a day."""
    return f"{local_time(at, zone):%H:%M}"


def _folded(events: Iterable[Event], zone: tzinfo, quoted: Event | None) -> list[tuple[str, str]]:
    """Return each deed once, at its last time, with how often it was done."""
    times: dict[str, list[datetime]] = {}
    for event in events:
        words = deed_in_words(event, is_quoted=event == quoted)
        times.setdefault(words, []).append(event.captured_at)
    return [
        (time_words(at[0], zone), words + (f", {len(at)} times" if len(at) > 1 else ""))
        for words, at in times.items()
    ]
