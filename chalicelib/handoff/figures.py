"""How many requests there were, and that none is silent (playbook, rule 1; ADR 0071).

Each request is counted in the transaction of the decision that takes it in. Counts of a year stand
together under a name that no sequence can have.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from chalicelib.delivery.counts import Count
from chalicelib.errors import FieldError, InputError
from chalicelib.handoff.hearing import HAVE_AN_OWNER
from chalicelib.leads.request_counts import RequestCounts, RequestOutcome, added, asked_after
from chalicelib.limits import HORIZON_DAYS
from chalicelib.qualify.reactions import NO_PLAN, Plan, Situation
from chalicelib.scoring.matching import REQUESTS

COUNTED_UNDER = "requests."
"""What stands before the year: no sequence's id has a dot."""
IN_TIME = "in_time"
"""Requests whose decision is still to come."""
USUAL_DAYS = 30  # that are shown where nobody says which
A_DAY_AS_TEXT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MOST_YEARS = 3
"""In which the days of a tally can lie."""


def count_requests(situation: Situation) -> Plan:
    """Return what a decision counts: new requests, and those that are none any more.

    What our own people ask is not counted (rule 10). Requests of more than 400 days ago are
    forgotten, and stay counted.
    """
    lead = situation.after
    absorbed = situation.absorbed.asked if situation.absorbed else {}
    if not lead.asked and not absorbed and REQUESTS not in lead.tally.days:
        return NO_PLAN  # as most leads
    before = added(lead.asked, absorbed)
    first_day = situation.score.day.toordinal() - HORIZON_DAYS + 1
    is_sales = lead.standing.stage in HAVE_AN_OWNER
    outcome = RequestOutcome.HANDED_OFF if is_sales else RequestOutcome.TRIAGED
    after: RequestCounts = {}
    if not situation.score.internal:
        after = asked_after(before, lead.tally, outcome, first_day)
    if after == lead.asked and not absorbed:
        return NO_PLAN
    counted = {day: number for day, number in before.items() if day[0] >= first_day}
    return Plan(counts=[*changed_counts(counted, after)], asked=after)


def changed_counts(before: RequestCounts, after: RequestCounts) -> Iterator[Count]:
    """Yield what to count when the requests of a lead change."""
    for day, outcome in sorted(before.keys() | after.keys()):
        more = after.get((day, outcome), 0) - before.get((day, outcome), 0)
        if more:
            on = date.fromordinal(day)
            yield Count(f"{COUNTED_UNDER}{on.year}", f"{on:%m-%d}:{outcome}", more)


def parse_days(first: str | None, last: str | None, today: date) -> tuple[date, date]:
    """Return the days of a query, both included: without them the last thirty.

    Raise InputError for what is not a day, and for days of which nothing is known.
    """
    to = _parse_day("to", last) if last is not None else today
    since = _parse_day("from", first) if first is not None else to - timedelta(days=USUAL_DAYS - 1)
    if not today - timedelta(days=HORIZON_DAYS) < since <= to:
        words = f"must be a day of the last {HORIZON_DAYS}, and not after to"
        raise InputError(FieldError("from", words))
    if to > today:
        raise InputError(FieldError("to", f"is in the future; today is {today.isoformat()}"))
    return since, to


def _parse_day(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text if A_DAY_AS_TEXT.fullmatch(text) else "")
    except ValueError:
        raise InputError(FieldError(name, "must be a date, for example 2026-11-21")) from None


def shape_figures(
    first: date,
    last: date,
    counted: Callable[[int], Mapping[str, int]],
    waiting: Iterable[date],
) -> dict[str, Any]:
    """Return the figures of some days as the API answers them.

    counted: returns what was counted in a year; waiting: the days of requests whose decision is
    still to come. Of each day, and of all: requests = handed off + triaged + in time.
    """
    of_year = {year: counted(year) for year in range(first.year, last.year + 1)}
    pending = Counter(waiting)
    every = [first + timedelta(days=ago) for ago in range((last - first).days + 1)]
    days: dict[date, dict[str, int]] = {}
    for day in every:
        found = of_year[day.year]
        days[day] = {one.value: found.get(f"{day:%m-%d}:{one}", 0) for one in RequestOutcome}
        days[day][IN_TIME] = pending[day]
    total = {name: sum(day[name] for day in days.values()) for name in (*RequestOutcome, IN_TIME)}
    return {
        "from": first.isoformat(),
        "to": last.isoformat(),
        **_with_sum(total),
        "days": [{"day": day.isoformat(), **_with_sum(one)} for day, one in days.items()],
    }


def _with_sum(numbers: Mapping[str, int]) -> dict[str, int]:
    return {"requests": sum(numbers.values())} | {str(name): n for name, n in numbers.items()}
