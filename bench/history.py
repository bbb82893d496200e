"""Leads with a past, written straight to the table with the real codecs.

A lead came 60 days ago by a form that claimed its visitor; since then its visitor did eight kinds
of things, and at most 40 of them in the last 48 hours.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.events import Event, Kind, Value, event_id, lead_partition, visitor_partition
from chalicelib.leads.decision import decide_lead
from chalicelib.leads.lead import Lead
from chalicelib.leads.replay import replay
from chalicelib.qualify.reactions import LeadChange
from chalicelib.scoring.model import Model
from chalicelib.store.dynamo import marshal
from chalicelib.store.events import event_item, put_owner
from chalicelib.store.leads import Leads
from chalicelib.store.table import Item, Put, Write

DAYS = 60
RECENT = timedelta(hours=48)
RECENT_MAX = 40
BATCH = 25
# Eight signals of the default model: site-visit, blog, product-page, case-study and login-page by
# path, ad-click by its medium, favourite and webinar-attended by name. None of message, and a
# company too small to fit: a lead that moves by itself is not one that only counts.
PATHS = ("/", "/blog/one", "/products/a", "/customers/acme", "/support/contact", "/landing")
NAMES = ("Product Added to Wishlist", "Webinar Attended")
AD = {"source": "google", "medium": "cpc", "name": "spring"}
TINY = 3
KINDS = len(PATHS) + len(NAMES)


@dataclass(frozen=True)
class Past:
    """A lead's past: its own events, its visitor's, and what is derived of them."""

    email: str
    visitor_id: str
    own: Sequence[Event]
    pings: Sequence[Event]
    lead: Lead

    @property
    def visitor(self) -> str:
        """The visitor's partition."""
        return visitor_partition(self.visitor_id)


def past(model: Model, lead_id: str, email: str, number: int, now: datetime) -> Past:
    """The past of a lead with so many events of its visitor."""
    visitor_id = f"bench-{number}-{lead_id[:8]}"
    form = _form(lead_id, email, visitor_id, now - timedelta(days=DAYS))
    pings = list(_pings(visitor_partition(visitor_id), number, now))
    empty = Lead(lead_id=lead_id)
    folded = replay(model, empty, [form], {visitor_partition(visitor_id): pings}, now)
    decided = decide_lead(model, replace(folded, version=1), now)
    settled = decide_lead(model, decided.lead, now).lead  # a second look moves it no more
    return Past(email, visitor_id, [form], pings, replace(settled, version=1))


def items(one: Past) -> list[Item]:
    """The items of a past's events."""
    return [event_item(event) for event in (*one.own, *one.pings)]


def derived(one: Past) -> list[Item]:
    """The items that are derived of a past: the visitor's owner, standing and profile."""
    kept = KeptTable()
    Leads(kept, spread_reviews=True).write(Lead(lead_id=one.lead.lead_id), one.lead, LeadChange())
    return [put_owner(one.visitor, one.lead.lead_id).item, *kept.items.values()]


def put_all(client: Any, table_name: str, every: Iterable[Item]) -> None:
    """Write items over what is there, in batches."""
    waiting = [{"PutRequest": {"Item": marshal(item)}} for item in every]
    for start in range(0, len(waiting), BATCH):
        asked = {table_name: waiting[start : start + BATCH]}
        while asked:
            asked = client.batch_write_item(RequestItems=asked).get("UnprocessedItems")


def times(number: int, now: datetime) -> Iterator[datetime]:
    """When the events of a past happened: evenly over 60 days, with at most 40 in the last 48
    hours.
    """
    recent = min(RECENT_MAX, max(1, number // 5))
    older, first = (
        number - recent,
        RECENT + timedelta(hours=1),
    )  # captured hours are remembered, not minutes
    for position in range(recent):
        yield now - RECENT * (position + 1) / (recent + 1)
    for position in range(older):
        yield now - first - (timedelta(days=DAYS - 1) - first) * (position + 1) / (older + 1)


def _form(lead_id: str, email: str, visitor_id: str, at: datetime) -> Event:
    partition = lead_partition(lead_id)
    fields: dict[str, Value] = {
        "email": email,
        "first_name": "Ann",
        "company_size": TINY,
        "country": "DE",
    }
    return Event(
        partition=partition,
        id=event_id(partition, at, "first"),
        kind=Kind.FORM,
        name="tour",
        at=at,
        captured_at=at,
        fields=fields,
        joins=(visitor_partition(visitor_id),),
    )


def _pings(visitor: str, number: int, now: datetime) -> Iterator[Event]:
    drawn = random.Random(number)
    for position, at in enumerate(times(number, now)):
        turn = position if position < KINDS else drawn.randrange(KINDS)
        path = PATHS[turn] if turn < len(PATHS) else None
        yield Event(
            partition=visitor,
            id=event_id(visitor, at, str(position)),
            kind=Kind.PAGE if path else Kind.TRACK,
            name="" if path else NAMES[turn - len(PATHS)],
            at=at,
            captured_at=at,
            campaign=AD if path == PATHS[-1] else {},
            properties={"path": path, "url": f"https://www.keybook.example{path}"} if path else {},
        )


class KeptTable:
    """A table in memory that takes every write and has no index: for what is written, and for a
    stub to answer.
    """

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], Item] = {}

    def get(self, pk: str, sk: str) -> Item | None:
        """One item."""
        return self.items.get((pk, sk))

    def get_many(self, keys: Sequence[tuple[str, str]]) -> list[Item]:
        """Those that there are."""
        return [self.items[key] for key in keys if key in self.items]

    def query(self, pk: str, **_: Any) -> Iterator[Item]:
        """A whole partition."""
        return iter([item for key, item in self.items.items() if key[0] == pk])

    def write(self, *writes: Write) -> None:
        """Keep the items."""
        self.items |= {
            (str(put.item["pk"]), str(put.item["sk"])): put.item
            for put in writes
            if isinstance(put, Put)
        }
