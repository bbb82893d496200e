"""What a join brings to a lead besides its own event."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.days import day_of
from chalicelib.events import Event, Owner, browser_rank_of, joins_on, lead_id_of
from chalicelib.leads.caps import first_read
from chalicelib.leads.histories import EventReader
from chalicelib.leads.replay import join_until
from chalicelib.limits import COUNTED_HOURS, COUNTED_MAX_IDS
from chalicelib.scoring.model import Model


class Owners:
    """Whose the visitors of a batch of events are. Each is looked up once."""

    def __init__(self, owner: Callable[[str], Owner | None]) -> None:
        self._owner = owner
        self._known: dict[str, Owner | None] = {}

    def by_lead(self, events: Sequence[Event]) -> Mapping[str, Sequence[int]]:
        """Return the positions of events by the id of the lead that they count for.

        Mostly that is one lead. An event of a visitor without an owner stays where it is until a
        form claims the visitor.
        """
        found: dict[str, list[int]] = {}
        for position, event in enumerate(events):
            own = lead_id_of(event.partition)
            owner = None if own else self._of(event.partition)
            leads = [own] if own else owner.leads_at(event.captured_at) if owner else []
            for lead_id in leads:
                found.setdefault(lead_id, []).append(position)
        return found

    def ranked(self, events: Sequence[Event]) -> list[Event]:
        """Return events with the rank of the browser that they came from (ADR 0037)."""
        return [
            replace(event, browser_rank=browser_rank_of(event.partition, owner.rank))
            if lead_id_of(event.partition) is None and (owner := self._of(event.partition))
            else event
            for event in events
        ]

    def ranking(
        self, work: Callable[[str, Sequence[Event]], None]
    ) -> Callable[[str, Sequence[Event]], None]:
        """Return what works on a lead's events, with the ranks of their browsers."""
        return lambda lead_id, events: work(lead_id, self.ranked(events))

    def _of(self, visitor: str) -> Owner | None:
        if visitor not in self._known:
            self._known[visitor] = self._owner(visitor)
        return self._known[visitor]


def joined_by(reader: EventReader, events: Iterable[Event], now: datetime) -> list[Event]:
    """Return the events of the visitors that some events join.

    Of each visitor one more than can be counted, at most: then only a replay can tell.
    """
    return [
        one
        for join in joins_on(events)
        for one in join.own(
            reader.joined(
                join.visitor, join_until(join.captured_at), first_read(now), COUNTED_MAX_IDS + 1
            )
        )
    ]


def are_old(joined: Iterable[Event], model: Model, now: datetime) -> bool:
    """Return whether a ping was captured on a day whose ids a standing no longer keeps whole.

    How many pings of that day were counted is unknown then.
    """
    last = day_of(now - timedelta(hours=COUNTED_HOURS), model.zone)
    return any(one.is_ping and day_of(one.captured_at, model.zone) <= last for one in joined)
