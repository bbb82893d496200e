"""What was counted of a lead's requests, as its standing keeps it."""

import json

from chalicelib.leads.request_counts import RequestCounts, RequestOutcome
from chalicelib.store.attributes import json_in
from chalicelib.store.table import Item


def pack_request_counts(asked: RequestCounts) -> str | None:
    """Return requests as JSON: [[day, outcome, number], ...]; None for none."""
    rows = [[day, outcome.value, number] for (day, outcome), number in sorted(asked.items())]
    return json.dumps(rows) if rows else None


def request_counts_in(item: Item) -> RequestCounts:
    """Return the requests that a stored standing counts."""
    rows = json_in(item, "asked") or ()
    return {(day, RequestOutcome(outcome)): number for day, outcome, number in rows}
