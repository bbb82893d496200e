"""What a join brings to a lead besides its own event."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.days import day_of
from chalicelib.events import USER_PREFIX, Event, Owner, browser_rank_of, joins_on, lead_id_of
from chalicelib.leads.caps import first_read
from chalicelib.leads.histories import EventReader
from chalicelib.leads.replay import join_until
from chalicelib.limits import COUNTED_HOURS, COUNTED_MAX_IDS
from chalicelib.scoring.model import Model


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


def joined_by(reader: EventReader, events: Iterable[Event], now: datetime) -> list[Event]:
    """Return the events of the visitors that some events join.

    Of each visitor one more than can be counted, at most: then only a replay can tell.
    """
    most = COUNTED_MAX_IDS + 1
    found: list[Event] = []
    for join in joins_on(events):
        until = join_until(join.captured_at)
        own = join.own(reader.joined(join.visitor, until, first_read(now), most))
        # Claim against count: since the claim another one may have ended it. ADR 0037
        is_user = join.visitor.startswith(USER_PREFIX)
        owner = reader.owner(join.visitor) if is_user else None
        found += [
            one for one in own if owner is None or join.lead_id in owner.leads_at(one.captured_at)
        ]
    return found


def are_old(joined: Iterable[Event], model: Model, now: datetime) -> bool:
    """Return whether a ping was captured on a day whose ids a standing no longer keeps whole.

    How many pings of that day were counted is unknown then.
    """
    last = day_of(now - timedelta(hours=COUNTED_HOURS), model.zone)
    return any(one.is_ping and day_of(one.captured_at, model.zone) <= last for one in joined)
