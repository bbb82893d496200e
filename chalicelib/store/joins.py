"""Joins as they are stored: whose a visitor is, and which visitors a lead has."""

import json

from chalicelib.events import Join, Owner, Rank, epoch_ms, from_epoch_ms
from chalicelib.store import keys
from chalicelib.store.attributes import time_in
from chalicelib.store.table import ABSENT, Expectation, Item, Put


def put_owner(visitor: str, owner: Owner, before: Owner | None = None) -> Put:
    """Return the write that gives a visitor to a lead; it fails when another one was first.

    before: whose it was, None for a free one.
    """
    item = _owner_item(visitor, owner)
    if before is None:
        return Put(item, ABSENT)
    read = _owner_item(visitor, before)
    compared = ("lead_id", "rank", "contested_at_ms")
    return Put(item, {name: read.get(name) for name in compared})


def owner_of(item: Item) -> Owner:
    """Return the owner of a stored item. What older code claimed, a form claimed."""
    earlier = json.loads(str(item.get("earlier", "{}")))
    return Owner(
        lead_id=str(item["lead_id"]),
        rank=rank_in(item, "rank", Rank.FORM),
        contested_at=time_in(item, "contested_at_ms"),
        earlier={lead_id: from_epoch_ms(at_ms) for lead_id, at_ms in earlier.items()},
    )


def put_join(join: Join, expect: Expectation = ABSENT, name: str = "") -> Put:
    """Return the write that keeps a join for good: the event that says so may expire (ADR 0034)."""
    item: Item = {
        "pk": keys.lead(join.lead_id),
        "sk": keys.join(join.visitor),
        "schema": keys.SCHEMA,
        "captured_at_ms": epoch_ms(join.captured_at),
    }
    if join.rank is not Rank.FORM:
        item["rank"] = join.rank.name.lower()
    if join.ended_at is not None:
        item["ended_at_ms"] = epoch_ms(join.ended_at)
    return Put(item, expect, name)


def join_of(item: Item) -> Join:
    """Return the join of a stored item."""
    return Join(
        visitor=str(item["sk"]).removeprefix(keys.JOIN),
        lead_id=str(item["pk"]).removeprefix(keys.LEAD),
        captured_at=from_epoch_ms(int(item["captured_at_ms"])),
        rank=rank_in(item, "rank", Rank.FORM),
        ended_at=time_in(item, "ended_at_ms"),
    )


def rank_in(item: Item, name: str, default: Rank) -> Rank:
    """Return the rank that an attribute of an item names."""
    return Rank[str(item[name]).upper()] if name in item else default


def _owner_item(visitor: str, owner: Owner) -> Item:
    item: Item = {
        "pk": visitor,
        "sk": keys.OWNER,
        "schema": keys.SCHEMA,
        "lead_id": owner.lead_id,
    }
    if owner.rank is not Rank.FORM:
        item["rank"] = owner.rank.name.lower()
    if owner.contested_at is not None:
        item["contested_at_ms"] = epoch_ms(owner.contested_at)
    if owner.earlier:
        item["earlier"] = json.dumps({one: epoch_ms(at) for one, at in owner.earlier.items()})
    return item
