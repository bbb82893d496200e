"""Leads with a past, written directly to the table with the real codecs.

A lead came 60 days ago, by a form that claimed its visitor. Since then its visitor has done eight
kinds of things, at most 40 of them in the last 48 hours.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.events import (
    Event,
    Kind,
    Owner,
    Value,
    event_id,
    joins_on,
    lead_partition,
    visitor_partition,
)
from chalicelib.leads.decision import decide_lead
from chalicelib.leads.lead import Lead
from chalicelib.qualify.reactions import LeadChange
from chalicelib.scoring.model import Model
from chalicelib.store.dynamo import marshal
from chalicelib.store.events import event_item
from chalicelib.store.joins import put_join, put_owner
from chalicelib.store.leads import Leads
from chalicelib.store.table import Item, Put, Write
from tests import factories as make
from tests.fakes import replay

DAYS = 60
RECENT = timedelta(hours=48)
RECENT_MAX = 40
BATCH = 25
# Eight signals of the default model: site-visit, blog, product-page, case-study, compare-page and
# login-page by path, ad-click by its medium, webinar-attended by name. None of them asks for
# anything, and the company is too small to fit: the lead must not move by itself, so that counting
# alone is measured.
PATHS = (
    *("/", "/blog/one", "/products/a", "/customers/acme"),
    *("/compare/us", "/support/contact", "/landing"),
)
NAMES = ("Webinar Attended",)
AD = {"source": "google", "medium": "cpc", "name": "spring"}
TINY = 3
KINDS = len(PATHS) + len(NAMES)


@dataclass(frozen=True)
class Past:
    """A lead's past: its own events, those of its visitor, and what is derived from them."""

    email: str
    visitor_id: str
    own: Sequence[Event]
    pings: Sequence[Event]
    lead: Lead

    @property
    def visitor(self) -> str:
        """The partition of the visitor."""
        return visitor_partition(self.visitor_id)


def past(model: Model, lead_id: str, email: str, number: int, now: datetime) -> Past:
    """Return the past of a lead whose visitor has a number of events."""
    visitor_id = f"bench-{number}-{lead_id[:8]}"
    form = _form(lead_id, email, visitor_id, now - timedelta(days=DAYS))
    pings = list(_pings(visitor_partition(visitor_id), number, now))
    empty = Lead(lead_id=lead_id)
    replayed = replay(model, empty, [form, *pings], now)
    decided = decide_lead(model, replace(replayed, version=1), now)
    settled = decide_lead(model, decided.lead, now).lead  # a second look moves it no more
    return Past(email, visitor_id, [form], pings, replace(settled, version=1))


def items(one: Past) -> list[Item]:
    """Return the items of a past's events."""
    return [event_item(event) for event in (*one.own, *one.pings)]


def derived(one: Past) -> list[Item]:
    """Return the items that are derived from a past: the owner of the visitor, and the lead's."""
    kept = KeptTable()
    Leads(kept, mailbox_of=make.mailbox, spread_reviews=True).write(
        Lead(lead_id=one.lead.lead_id), one.lead, LeadChange()
    )
    joins = [put_join(join).item for join in joins_on(one.own)]
    return [put_owner(one.visitor, Owner(one.lead.lead_id)).item, *joins, *kept.items.values()]


def put_all(client: Any, table_name: str, every: Iterable[Item]) -> None:
    """Write items in batches, over what is there."""
    waiting = [{"PutRequest": {"Item": marshal(item)}} for item in every]
    for start in range(0, len(waiting), BATCH):
        request = {table_name: waiting[start : start + BATCH]}
        while request:
            request = client.batch_write_item(RequestItems=request).get("UnprocessedItems")


def times(number: int, now: datetime) -> Iterator[datetime]:
    """Yield when the events of a past happened.

    They are spread evenly over 60 days, with at most 40 in the last 48 hours.
    """
    recent = min(RECENT_MAX, max(1, number // 5))
    older = number - recent
    first = RECENT + timedelta(hours=1)  # a lead remembers the hour of capture, not the minute
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
    """A table in memory that accepts every write and has no index.

    It collects what is written, for a stub to answer with.
    """

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], Item] = {}

    def get(self, pk: str, sk: str, *, lagging: bool = False) -> Item | None:  # noqa: ARG002
        """Return one item."""
        return self.items.get((pk, sk))

    def get_many(self, keys: Sequence[tuple[str, str]]) -> list[Item]:
        """Return the items that exist."""
        return [self.items[key] for key in keys if key in self.items]

    def query(self, pk: str, **_: Any) -> Iterator[Item]:
        """Return a whole partition."""
        return iter([item for key, item in self.items.items() if key[0] == pk])

    def write(self, *writes: Write) -> None:
        """Keep the items."""
        self.items |= {
            (str(put.item["pk"]), str(put.item["sk"])): put.item
            for put in writes
            if isinstance(put, Put)
        }
