"""The requests of a lead by their day, and what became of each (ADR 0071).

How many there were the tally knows: it counts each once, however often, however late and in
whatever replay it is found. What is kept beside it is what was counted of them elsewhere, so that a
change of the lead is a change of those figures.
"""

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum

from chalicelib.scoring.matching import REQUESTS
from chalicelib.scoring.tally import Tally


class RequestOutcome(StrEnum):
    """What became of a request."""

    HANDED_OFF = "handed_off"  # a salesperson has it
    TRIAGED = "triaged"  # the team looks at it


RequestCounts = Mapping[tuple[int, RequestOutcome], int]
"""Day, as an ordinal, and outcome -> how many requests; none is 0."""
LEAST_FIRST = (RequestOutcome.TRIAGED, RequestOutcome.HANDED_OFF)
"""Which is taken back first when it is not known which of a day's requests was."""


def asked_after(
    asked: RequestCounts, tally: Tally, outcome: RequestOutcome, first_day: int
) -> RequestCounts:
    """Return the requests of a lead after a decision.

    asked: before it; outcome: of those that are new; first_day: from which on the tally knows them,
    as an ordinal: earlier ones are forgotten.
    """
    days = tally.days.get(REQUESTS, {})
    after: dict[tuple[int, RequestOutcome], int] = {}
    for day in sorted(days):
        if day < first_day:
            continue
        known = {one: asked.get((day, one), 0) for one in LEAST_FIRST}
        more = days[day] - sum(known.values())
        known[outcome] += max(more, 0)
        for one in LEAST_FIRST:
            fewer = min(known[one], max(-more, 0))
            known[one] -= fewer
            more += fewer
        after |= {(day, one): number for one, number in known.items() if number}
    return after


def added(*every: RequestCounts) -> RequestCounts:
    """Return the requests of several leads that turned out to be one."""
    total: Counter[tuple[int, RequestOutcome]] = Counter()
    for asked in every:
        total.update(asked)
    return dict(total)
