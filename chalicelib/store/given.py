"""What our people said of a lead, as its profile item holds it: points by hand (ADR 0050), and
whether its emails stop (ADR 0055).
"""

import json
from datetime import date
from typing import Any

from chalicelib.events import epoch_ms, from_epoch_ms
from chalicelib.leads.emails import EmailsSaid
from chalicelib.scoring.by_hand import Given, GivenPoints
from chalicelib.store.attributes import iso_day, json_in
from chalicelib.store.table import Item


def given_parts(given: Given) -> Item:
    """Return what is stored of points by hand: nothing without them (ADR 0027)."""
    if not given:
        return {}
    parts = [_parts_of(one) for one in given]
    return {"given": json.dumps(parts, separators=(",", ":"), ensure_ascii=False)}


def given_in(item: Item) -> Given:
    """Return the points by hand of a stored item."""
    return tuple(_points_of(*parts) for parts in json_in(item, "given") or ())


def emails_parts(said: EmailsSaid | None) -> Item:
    """Return what is stored of what was said of a lead's emails: nothing without it."""
    if said is None:
        return {}
    return {"emails": json.dumps([epoch_ms(said.at), said.event_id, said.stop])}


def emails_in(item: Item) -> EmailsSaid | None:
    """Return what was said of a lead's emails, from a stored item."""
    parts = json_in(item, "emails")
    return EmailsSaid(from_epoch_ms(parts[0]), str(parts[1]), bool(parts[2])) if parts else None


def _parts_of(one: GivenPoints) -> list[Any]:
    return [epoch_ms(one.at), one.event_id, one.milli, one.reason, iso_day(one.until), one.group]


def _points_of(
    at_ms: int, event_id: str, milli: int, reason: str, until: str | None, group: str | None
) -> GivenPoints:
    ends = date.fromisoformat(until) if until else None
    return GivenPoints(from_epoch_ms(at_ms), event_id, milli, reason, ends, group)
