"""The store of events, and of the owners of visitors."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice

from chalicelib.errors import ConflictError
from chalicelib.events import (
    RANK_OF_KIND,
    Event,
    FieldValue,
    Join,
    Kind,
    Owner,
    Rank,
    Value,
    confirmed_form_of,
    epoch_ms,
    from_epoch_ms,
    joins_on,
    said_as,
)
from chalicelib.limits import SPAM_KEPT_DAYS
from chalicelib.settings import Retention
from chalicelib.store import keys
from chalicelib.store.expiry import expires_after
from chalicelib.store.joins import join_of, owner_of, rank_in
from chalicelib.store.table import ABSENT, Item, Put, Table
from chalicelib.telemetry import current_trace

AS_EVER = Retention()
RECENT_PER_PARTITION = 20  # a salesperson reads no more
RECENT_VISITORS = 20  # nobody has more browsers; whoever claims others must not slow a notice down
_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
FORM_EVENTS_MAX = 100
"""Events of a lead's own that are looked through for a form."""


class Events:
    """Appends and reads events; knows which lead a visitor belongs to."""

    def __init__(self, table: Table, retention: Retention = AS_EVER) -> None:
        self._table = table
        self._retention = retention

    def append(self, event: Event) -> bool:
        """Store an event. Return False when it was there already.

        Raise ConflictError when the table was busy.
        """
        try:
            self._table.write(put_event(event, self._retention))
        except ConflictError as conflict:
            if not conflict.failed:  # busy, which says nothing about the event
                raise
            return False
        return True

    def of(
        self, partition: str, *, before: str = "", since: datetime | None = None
    ) -> Iterator[Event]:
        """Return the events of a lead or a visitor, newest first by the client's clock.

        Pages are read only as the events are needed. before: the id of the event behind which to
        go on; since: the client's time at which to stop.
        """
        first = f"{keys.EVENT}{epoch_ms(since):013d}" if since else keys.EVENT
        last = keys.event(before) if before else keys.EVENT + keys.END
        found = self._table.query(partition, first=first, last=last, newest_first=True)
        return (event for event in map(event_of, found) if event.id != before)

    def one(self, partition: str, event_id: str) -> Event | None:
        """Return one event, or None."""
        item = self._table.get(partition, keys.event(event_id))
        return event_of(item) if item else None

    def joined(self, visitor: str, until: datetime, since: datetime, most: int) -> list[Event]:
        """Return the newest events of a visitor that were captured up to a time, at most `most`.

        This is what a join counts. `until` is the join with its grace (JOIN_GRACE_MINUTES): an
        event that another machine captured just before the form may carry a later time. Later
        events find the owner, and count by their own stream records; an event that comes both ways
        is recognised by its id. since: the client's time at which to stop.
        """
        found = (event for event in self.of(visitor, since=since) if event.captured_at <= until)
        return list(islice(found, most))

    def recent(self, lead_id: str, cause: tuple[str, str] | None = None) -> list[Event]:
        """Return the latest events of a lead and of the visitors it joined last, newest first.

        At most RECENT_PER_PARTITION: what a salesperson reads. They are in the order of their
        capture, because a client's clock says what its sender wants. cause: the partition and the
        id of an event that stands before them all, however many came after it.
        """
        own = list(self._newest(keys.lead(lead_id)))
        joins = [*joins_on(own), *self.joins(lead_id)]
        joins.sort(key=lambda join: (join.captured_at, join.visitor), reverse=True)
        visitors = list(dict.fromkeys(join.visitor for join in joins))[:RECENT_VISITORS]
        every = [*own, *(event for visitor in visitors for event in self._newest(visitor))]
        caused = self.one(*cause) if cause else None
        first = [caused] if caused else []
        others = [event for event in every if event not in first]
        others.sort(key=lambda event: (event.captured_at, event.id), reverse=True)
        return [*first, *others][:RECENT_PER_PARTITION]

    def has_sent(self, lead_id: str, form_id: str) -> bool:
        """Return whether a form is among the latest events of a lead's own, spam apart."""
        own = islice(self.of(keys.lead(lead_id)), FORM_EVENTS_MAX)
        forms = (one for one in own if one.kind is Kind.FORM and not one.screened)
        return any(one.name == form_id for one in forms)

    def last_act(self, lead_id: str) -> datetime | None:
        """Return when a person last did anything, as we captured it; None: never.

        Looked at are the lead's own events, and those of the visitors that it joined last.
        """
        joins = sorted(self.joins(lead_id), key=lambda join: join.captured_at, reverse=True)
        visitors = [join.visitor for join in joins[:RECENT_VISITORS]]
        acts = (
            next(filter(_is_act, self.of(partition)), None)
            for partition in (keys.lead(lead_id), *visitors)
        )
        return max((act.captured_at for act in acts if act), default=None)

    def joins(self, lead_id: str) -> list[Join]:
        """Return the visitors that belong to a lead, at most as many as may.

        What older code joined stands on the joining events only: see `joins_on`.
        """
        found = self._table.query(keys.lead(lead_id), first=keys.JOIN, last=keys.JOIN + keys.END)
        return [join_of(item) for item in found]

    def owner(self, visitor: str) -> Owner | None:
        """Return whose a visitor is, None for a free one."""
        item = self._table.get(visitor, keys.OWNER)
        return owner_of(item) if item else None

    def _newest(self, partition: str) -> Iterator[Event]:
        found = self._table.query(
            partition,
            first=keys.EVENT,
            last=keys.EVENT + keys.END,
            newest_first=True,
            limit=RECENT_PER_PARTITION,
        )
        return map(event_of, found)


def _is_act(event: Event) -> bool:
    from chalicelib.scoring.matching import OWN_KINDS  # pings load this module, and need none of it

    names = OWN_KINDS.get(event.kind, ())
    return names is None or event.name in names


def put_event(event: Event, retention: Retention = AS_EVER) -> Put:
    """Return the write that appends an event; it fails when the event exists."""
    return Put(event_item(event, retention), ABSENT)


def event_key(event: Event) -> str:
    """Return the sort key of an event. What reads events to count them finds neither surplus nor
    screened ones.
    """
    if event.screened:
        return keys.screened(event.id)
    return keys.surplus(event.id) if event.is_surplus else keys.event(event.id)


def _kept_days(event: Event, retention: Retention) -> int:
    """Return for how many days an event is kept; 0: until somebody deletes it."""
    if event.is_ping:
        return retention.events
    if event.screened:
        return SPAM_KEPT_DAYS
    # A lead's own track event is the download that a form recorded; a confirmation repeats what a
    # form said.
    is_forms = event.kind in (Kind.FORM, Kind.TRACK) or confirmed_form_of(event) is not None
    return retention.forms if is_forms else 0


def event_item(event: Event, retention: Retention = AS_EVER) -> Item:
    """Return an event as it is stored.

    Open-ended parts are JSON text. Empty parts are left out, so that a ping stays within one write
    unit.
    """
    item: Item = {
        "pk": event.partition,
        "sk": event_key(event),
        "schema": keys.SCHEMA,
        "kind": event.kind.value,
        "at_ms": epoch_ms(event.at),
        "captured_at_ms": epoch_ms(event.captured_at),
    }
    parts = {
        "properties": event.properties,
        "campaign": event.campaign,
        "fields": {name: one_value(value) for name, value in event.fields.items()},
        "lists": lists_of(event.fields),
        "said": event.said,
        "joins": event.joins,
        "cut": event.cut,
    }
    item |= {name: _json(part) for name, part in parts.items() if part}
    if event.name:
        item["name"] = event.name
    if event.zone:
        item["zone"] = event.zone
    if event.screened:
        item["screened"] = event.screened
    if not event.is_ping:
        item["rank"] = event.rank.name.lower()
    if event.rank is Rank.CONFIRMED:
        item["confirmed"] = True  # for the version before, which knows no ranks
    if event.browser_rank is not _usual_browser_rank(event.kind):
        item["browser_rank"] = event.browser_rank.name.lower()
    if (trace := current_trace()) is not None:
        item["trace"] = trace  # for the log lines of what follows from it (ADR 0031)
    # Never in the distant past, however old the event (see `expires_after`).
    item |= expires_after(event.at, _kept_days(event, retention), event.captured_at)
    return item


def event_of(item: Item) -> Event:
    """Return the event of a stored item.

    Raise KeyError, ValueError or TypeError for an item that does not hold an event.
    """
    kind = Kind(str(item["kind"]))
    return Event(
        partition=str(item["pk"]),
        id=str(item["sk"]).partition("#")[2].replace("#", "-"),
        kind=kind,
        name=str(item.get("name", "")),
        at=from_epoch_ms(int(item["at_ms"])),
        captured_at=from_epoch_ms(int(item["captured_at_ms"])),
        properties=json.loads(str(item.get("properties", "{}"))),
        campaign=json.loads(str(item.get("campaign", "{}"))),
        fields=with_lists(
            json.loads(str(item.get("fields", "{}"))), json.loads(str(item.get("lists", "{}")))
        ),
        said=json.loads(str(item.get("said", "{}"))),
        joins=tuple(json.loads(str(item.get("joins", "[]")))),
        rank=_rank_of(item, kind),
        browser_rank=rank_in(item, "browser_rank", _usual_browser_rank(kind)),
        is_surplus=str(item["sk"]).startswith(keys.SURPLUS),
        screened=str(item.get("screened", "")),
        zone=str(item.get("zone", "")),
        cut=tuple(json.loads(str(item.get("cut", "[]")))),
    )


def lists_of(fields: Mapping[str, FieldValue]) -> dict[str, tuple[Value, ...]]:
    """Return the fields that are lists.

    A reader of before knows no lists: it finds them in `fields`, as text (ADR 0027).
    """
    return {name: value for name, value in fields.items() if isinstance(value, tuple)}


def one_value(value: FieldValue) -> Value:
    """Return a field as a reader of before knows it."""
    return said_as(value) if isinstance(value, tuple) else value


def with_lists(
    fields: Mapping[str, Value], lists: Mapping[str, Sequence[Value]]
) -> Mapping[str, FieldValue]:
    """Return fields, those that are lists as such."""
    return {**fields, **{name: tuple(values) for name, values in lists.items()}}


def _rank_of(item: Item, kind: Kind) -> Rank:
    """Return an event's rank. Earlier versions only stored whether it was confirmed."""
    if item.get("confirmed"):
        return Rank.CONFIRMED
    return rank_in(item, "rank", RANK_OF_KIND.get(kind, Rank.FORM))


def _usual_browser_rank(kind: Kind) -> Rank:
    return Rank.IDENTIFY if kind is Kind.IDENTIFY else Rank.FORM
