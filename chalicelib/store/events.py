"""Events and the owners of visitors."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

from chalicelib.errors import ConflictError
from chalicelib.events import Event, Kind, epoch_ms, from_epoch_ms, visitors_of
from chalicelib.limits import EVENTS_MAX_PER_VISITOR_DAY, HORIZON_DAYS, JOINED_MAX_EVENTS
from chalicelib.store import keys
from chalicelib.store.table import ABSENT, Item, Put, Table

RECENT_PER_PARTITION = 20  # a salesperson reads no more


class Events:
    """Appends and reads events; knows whose a visitor is."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def append(self, event: Event) -> bool:
        """Store an event; False when it was there already."""
        try:
            self._table.write(put_event(event))
        except ConflictError as conflict:
            if not conflict.failed:
                raise
            return False
        return True

    def of(self, partition: str) -> Iterator[Event]:
        """All events of a lead or a visitor, newest first by the client's clock, read as they are
        needed.
        """
        found = self._table.query(
            partition, first=keys.EVENT, last=keys.EVENT + keys.END, newest_first=True
        )
        return map(event_of, found)

    def joined(self, visitor: str, until: datetime) -> list[Event]:
        """The newest 1,000 events of a visitor that were captured up to a time: what a join
        counts.
        """
        found: list[Event] = []
        for event in self.of(visitor):
            if event.captured_at <= until:
                found.append(event)
                if len(found) == JOINED_MAX_EVENTS:
                    break
        return found

    def since_join(self, visitor: str, until: datetime) -> list[Event]:
        """What a replay takes of a visitor: what its join counts, and everything captured later."""
        before, after = 0, list[Event]()
        for event in self.of(visitor):
            before += event.captured_at <= until
            if event.captured_at > until or before <= JOINED_MAX_EVENTS:
                after.append(event)
        return after

    def recent(self, lead_id: str) -> list[Event]:
        """A lead's latest events and those of the visitors it joined, newest first: what a
        salesperson reads.
        """
        own = list(self._newest(keys.lead(lead_id)))
        every = [*own, *(event for visitor in visitors_of(own) for event in self._newest(visitor))]
        return sorted(every, key=lambda event: (event.at, event.id), reverse=True)[
            :RECENT_PER_PARTITION
        ]

    def owner(self, visitor: str) -> str | None:
        """The lead that a visitor belongs to."""
        item = self._table.get(visitor, keys.OWNER)
        return str(item["lead_id"]) if item else None

    def is_shared(self, visitor: str, now: datetime) -> bool:
        """Whether a visitor id had over 2,000 events in the last day: then many browsers use it."""
        first = f"{keys.EVENT}{epoch_ms(now - timedelta(days=1)):013d}"
        most = EVENTS_MAX_PER_VISITOR_DAY + 1
        return (
            sum(
                1
                for _ in self._table.query(
                    visitor, first=first, last=keys.EVENT + keys.END, limit=most
                )
            )
            == most
        )

    def _newest(self, partition: str) -> Iterator[Event]:
        found = self._table.query(
            partition,
            first=keys.EVENT,
            last=keys.EVENT + keys.END,
            newest_first=True,
            limit=RECENT_PER_PARTITION,
        )
        return map(event_of, found)


def put_event(event: Event) -> Put:
    """The write that appends an event."""
    return Put(event_item(event), ABSENT)


def put_owner(visitor: str, lead_id: str) -> Put:
    """The write that gives a free visitor to a lead."""
    return Put({"pk": visitor, "sk": keys.OWNER, "schema": keys.SCHEMA, "lead_id": lead_id}, ABSENT)


def event_item(event: Event) -> Item:
    """An event as it is stored. Open-ended parts are JSON text; empty parts are left out, so that a
    ping is small.
    """
    item: Item = {
        "pk": event.partition,
        "sk": keys.event(event.id),
        "schema": keys.SCHEMA,
        "kind": event.kind.value,
        "at_ms": epoch_ms(event.at),
        "captured_at_ms": epoch_ms(event.captured_at),
    }
    parts = {
        "properties": event.properties,
        "campaign": event.campaign,
        "fields": event.fields,
        "joins": event.joins,
    }
    item |= {name: _json(part) for name, part in parts.items() if part}
    if event.name:
        item["name"] = event.name
    if event.confirmed:
        item["confirmed"] = True
    if event.is_ping:
        # never long ago: DynamoDB does not expire what should have expired more than five years
        # before
        expires_at = max(event.at + timedelta(days=HORIZON_DAYS), event.captured_at)
        item["expires_at_epoch_s"] = int(expires_at.timestamp())
    return item


def event_of(item: Item) -> Event:
    """The event of a stored item. Raises KeyError, ValueError or TypeError for one that is none."""
    return Event(
        partition=str(item["pk"]),
        id=str(item["sk"]).removeprefix(keys.EVENT).replace("#", "-"),
        kind=Kind(str(item["kind"])),
        name=str(item.get("name", "")),
        at=from_epoch_ms(int(item["at_ms"])),
        captured_at=from_epoch_ms(int(item["captured_at_ms"])),
        properties=json.loads(str(item.get("properties", "{}"))),
        campaign=json.loads(str(item.get("campaign", "{}"))),
        fields=json.loads(str(item.get("fields", "{}"))),
        joins=tuple(json.loads(str(item.get("joins", "[]")))),
        confirmed=bool(item.get("confirmed", False)),
    )


def _json(part: object) -> str:
    return json.dumps(part, separators=(",", ":"), ensure_ascii=False)
