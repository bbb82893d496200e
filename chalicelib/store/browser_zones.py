"""The time zone of a lead's browser, as it stands with the profile."""

import json
from datetime import date

from chalicelib.events import Rank
from chalicelib.scoring.touches import BrowserZone
from chalicelib.store.attributes import json_in
from chalicelib.store.table import Item


def browser_zone_parts(zone: BrowserZone | None) -> Item:
    """Return the attribute of a zone, none where no browser has said it."""
    if zone is None:
        return {}
    return {"browser_zone": json.dumps([zone.rank.value, zone.day.isoformat(), zone.name])}


def browser_zone_in(item: Item) -> BrowserZone | None:
    """Return the zone of a profile's item, None where it has none."""
    if "browser_zone" not in item:
        return None
    rank, day, name = json_in(item, "browser_zone")
    return BrowserZone(Rank(rank), date.fromisoformat(day), name)
