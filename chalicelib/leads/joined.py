"""What a join brings to a lead besides its own event."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from chalicelib.days import day_of
from chalicelib.events import Event, lead_id_of
from chalicelib.leads.caps import first_read
from chalicelib.leads.histories import EventReader
from chalicelib.leads.replay import join_until
from chalicelib.limits import COUNTED_HOURS, COUNTED_MAX_IDS
from chalicelib.scoring.model import Model


def by_lead(
    events: Sequence[Event], owner: Callable[[str], str | None]
) -> Mapping[str, Sequence[int]]:
    """Return the positions of events by the id of their lead, each visitor looked up once.

    An event of a visitor without an owner stays where it is until a form claims the visitor.
    """
    owners: dict[str, str | None] = {}
    found: dict[str, list[int]] = {}
    for position, event in enumerate(events):
        partition = event.partition
        if partition not in owners:
            owners[partition] = lead_id_of(partition) or owner(partition)
        if lead_id := owners[partition]:
            found.setdefault(lead_id, []).append(position)
    return found


def joined_by(reader: EventReader, events: Iterable[Event], now: datetime) -> list[Event]:
    """Return the events of the visitors that some events join.

    Of each visitor one more than can be counted, at most: then only a replay can tell.
    """
    return [
        one
        for event in events
        for visitor in event.joins
        for one in reader.joined(
            visitor, join_until(event.captured_at), first_read(now), COUNTED_MAX_IDS + 1
        )
    ]


def are_old(joined: Iterable[Event], model: Model, now: datetime) -> bool:
    """Return whether a ping was captured on a day whose ids a standing no longer keeps whole.

    How many pings of that day were counted is unknown then.
    """
    last = day_of(now - timedelta(hours=COUNTED_HOURS), model.zone)
    return any(one.is_ping and day_of(one.captured_at, model.zone) <= last for one in joined)
