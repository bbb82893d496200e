"""A recount of what is counted live, from the leads in a table."""

from collections import Counter
from collections.abc import Iterable
from datetime import date

from chalicelib.handoff.figures import COUNTED_UNDER
from chalicelib.scoring.matching import REQUESTS
from chalicelib.store import keys
from chalicelib.store.lead_items import lead_of
from chalicelib.store.table import Item


def live_requests(items: Iterable[Item]) -> dict[str, int]:
    """Return how many requests are counted, by day, whatever became of them."""
    counted: Counter[str] = Counter()
    under = f"{keys.NUMBERS}{COUNTED_UNDER}"
    for item in items:
        if not str(item["pk"]).startswith(under):
            continue
        year = str(item["pk"]).removeprefix(under)
        for name, number in item.items():
            if ":" in name:
                counted[f"{year}-{name.partition(':')[0]}"] += int(number)
    return {day: number for day, number in counted.items() if number}


def recounted_requests(items: Iterable[Item]) -> dict[str, int]:
    """Return how many requests the tallies of all leads know, by day.

    A tally is what a replay of the lead's events gives: other properties say so.
    """
    counted: Counter[str] = Counter()
    for item in items:
        if item["sk"] == keys.STANDING:
            lead = lead_of(str(item["pk"]).removeprefix(keys.LEAD), [item])
            for day, number in lead.tally.days.get(REQUESTS, {}).items():
                counted[date.fromordinal(day).isoformat()] += number
    return dict(counted)
