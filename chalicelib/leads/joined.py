"""What a join brings to a lead besides its own event."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.days import day_of
from chalicelib.events import USER_PREFIX, Event, Join, Owner, browser_rank_of, joins_on, lead_id_of
from chalicelib.leads.caps import first_read
from chalicelib.leads.histories import EventReader
from chalicelib.leads.lead import Lead
from chalicelib.leads.replay import join_until
from chalicelib.limits import COUNTED_HOURS, COUNTED_MAX_IDS
from chalicelib.scoring.model import Model

LEAST_TIME = timedelta(milliseconds=1)  # between two captures, as they are stored


def by_lead(
    events: Sequence[Event], owner: Callable[[str], Owner | None]
) -> Mapping[str, Mapping[int, Event]]:
    """Return events by the id of their lead, at their positions, as they count for it.

    Each visitor is looked up once. An event of a visitor without an owner stays where it is until a
    form claims the visitor. One of a user id that was taken over may count for two (ADR 0037).
    """
    owners: dict[str, Owner | None] = {}
    found: dict[str, dict[int, Event]] = {}
    for position, event in enumerate(events):
        partition = event.partition
        if own := lead_id_of(partition):
            found.setdefault(own, {})[position] = event
            continue
        if partition not in owners:
            owners[partition] = owner(partition)
        for lead_id, ranked in _owned(event, owners[partition]):
            found.setdefault(lead_id, {})[position] = ranked
    return found


def _owned(event: Event, owner: Owner | None) -> list[tuple[str, Event]]:
    """Return the leads that an event of a visitor counts for, each with the event as it counts.

    owner: whose the visitor is. Mostly there is one lead; there is none while the visitor is free.
    """
    if owner is None:
        return []
    ranked = replace(event, browser_rank=browser_rank_of(event.partition, owner.rank))
    return [(lead_id, ranked) for lead_id in owner.leads_at(event.captured_at)]


def joined_by(
    reader: EventReader, lead: Lead, events: Iterable[Event], now: datetime
) -> list[Event]:
    """Return the events of the visitors that some events of a lead join.

    Of each visitor one more than can be counted, at most: then only a replay can tell.
    """
    most = COUNTED_MAX_IDS + 1
    return [
        one
        for join in joins_on(events)
        for one in join.own(
            reader.joined(join.visitor, _until(reader, join), first_read(now), most)
        )
        if lead.takes(one.captured_at, join.lead_id)
    ]


def _until(reader: EventReader, join: Join) -> datetime:
    """Return up to when a visitor's events count with a join.

    Claim against count: another claim of a user id may have ended it since (ADR 0037).
    """
    until = join_until(join.captured_at)
    owner = reader.owner(join.visitor) if join.visitor.startswith(USER_PREFIX) else None
    ended_at = owner.ended_at(join.lead_id) if owner else None
    return min(until, ended_at - LEAST_TIME) if ended_at else until


def are_old(joined: Iterable[Event], model: Model, now: datetime) -> bool:
    """Return whether a ping was captured on a day whose ids a standing no longer keeps whole.

    How many pings of that day were counted is unknown then.
    """
    last = day_of(now - timedelta(hours=COUNTED_HOURS), model.zone)
    return any(one.is_ping and day_of(one.captured_at, model.zone) <= last for one in joined)
