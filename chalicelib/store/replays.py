"""Requested replays, and how far a long one has come (ADR 0007, ADR 0034)."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chalicelib.events import Join, Rank, epoch_ms, from_epoch_ms, parse_time
from chalicelib.leads.caps import DayCaps
from chalicelib.leads.histories import Merge, Retraction, Survey
from chalicelib.leads.lead import Lead
from chalicelib.leads.progress import Progress
from chalicelib.leads.requests import ReplayRequests
from chalicelib.limits import REPLAY_SAVED_DAYS
from chalicelib.scoring.tally import pack, unpack
from chalicelib.store import keys, places
from chalicelib.store.attributes import bytes_in, milliseconds, time_in, without_absent
from chalicelib.store.expiry import expires_after
from chalicelib.store.table import Item


def replay_item(lead_id: str, requests: ReplayRequests) -> Item:
    """Return the item by which a lead asks for a replay."""
    item: Item = {
        "pk": keys.lead(lead_id),
        "sk": keys.REPLAY,
        "schema": keys.SCHEMA,
        "requests": requests.count,
    }
    urgent = [epoch_ms(at) for at in requests.urgent_at]
    item |= without_absent(
        {
            "taken": requests.taken or None,
            "then_at_ms": milliseconds(requests.then_at),
            "urgent_at_ms": json.dumps(urgent) if urgent else None,
            "cause": json.dumps(requests.cause) if requests.cause else None,
            "is_asked": requests.is_asked or None,
        }
    )
    if requests.due_at is not None and requests.is_asked and requests.cause is not None:
        item["list_pk"] = places.asked(keys.shard(lead_id, keys.ASKED_SHARDS))
        item["list_sk"] = f"{requests.cause[1]}#{lead_id}"
    if requests.due_at is not None:
        item["due_pk"] = places.due(keys.shard(lead_id, keys.DUE_SHARDS))
        item["due_sk"] = places.due_at(requests.due_at, lead_id)
    return item


def requests_of(item: Item) -> ReplayRequests:
    """Return what a stored item asks for. Code before this version kept the count alone."""
    due_at = str(item["due_sk"]).partition("#")[0] if "due_sk" in item else None
    cause = json.loads(str(item["cause"])) if "cause" in item else None
    return ReplayRequests(
        count=int(item["requests"]),
        taken=int(item.get("taken", 0)),
        due_at=parse_time(due_at) if due_at else None,
        then_at=time_in(item, "then_at_ms"),
        urgent_at=tuple(map(from_epoch_ms, json.loads(str(item.get("urgent_at_ms", "[]"))))),
        cause=(cause[0], cause[1]) if cause else None,
        is_asked=bool(item.get("is_asked", False)),
    )


def saved_item(lead: Lead, progress: Progress, derived: Item) -> Item:
    """Return how far a replay is, as it is stored. derived: of its lead, as a profile is stored."""
    survey = progress.survey
    created_at = progress.derived.created_at
    return {
        **{name: value for name, value in derived.items() if name not in keys.INDEXED},
        "pk": keys.lead(lead.lead_id),
        "sk": keys.UNFINISHED,
        "schema": keys.SCHEMA,
        "began_at_ms": epoch_ms(progress.began_at),
        "version": progress.version,
        "matching": progress.matching,
        "taken": progress.taken,
        "tally": pack(progress.derived.tally),
        "then": pack(progress.then),
        "ids": json.dumps({digest.hex(): hour for digest, hour in progress.ids.items()}),
        "survey": json.dumps(
            [
                [[epoch_ms(one.at), one.lead_id, one.absorbed] for one in survey.merges],
                [
                    [epoch_ms(one.at), one.lead_id, "".join(sorted(one.digests))]
                    for one in survey.retractions
                ],
                [_packed(one) for one in survey.joins],
            ]
        ),
        "place": json.dumps(
            {
                "is_counting": progress.is_counting,
                "partition": progress.partition,
                "before": progress.before,
                "joined": progress.joined,
                "created_at_ms": created_at and epoch_ms(created_at),
                "caps": progress.caps.seen(),
                "then_caps": progress.then_caps.seen(),
            }
        ),
        **expires_after(progress.began_at, REPLAY_SAVED_DAYS),
    }


def progress_of(lead: Lead, item: Item, derived: Mapping[str, Any]) -> Progress:
    """Return how far a replay of a lead is, from its stored item.

    derived: what a lead's profile item of the same attributes holds.
    """
    merges, retractions, joins = json.loads(str(item["survey"]))
    place = json.loads(str(item["place"]))
    ids = json.loads(str(item["ids"]))
    matching = str(item["matching"])
    tally = unpack(bytes_in(item["tally"]))
    created_at_ms = place.get("created_at_ms")  # code of before did not keep it
    created_at = from_epoch_ms(created_at_ms) if created_at_ms else lead.created_at
    cleared = replace(
        lead, counted={}, crowded=False, matching=matching, tally=tally, created_at=created_at
    )
    return Progress(
        began_at=from_epoch_ms(int(item["began_at_ms"])),
        version=int(item["version"]),
        matching=matching,
        taken=int(item["taken"]),
        derived=replace(cleared, **derived),
        survey=Survey(
            lead.lead_id,
            merges=[Merge(from_epoch_ms(at), one, absorbed) for at, one, absorbed in merges],
            retractions=[
                Retraction(from_epoch_ms(at), one, _digests_in(text))
                for at, one, text in retractions
            ],
            joins=[
                Join(visitor, one, from_epoch_ms(at), Rank(rank))
                for visitor, one, at, rank in joins
            ],
        ),
        is_counting=place["is_counting"],
        partition=place["partition"],
        before=place["before"],
        joined=place["joined"],
        caps=DayCaps(place["caps"]),
        then_caps=DayCaps(place["then_caps"]),
        then=unpack(bytes_in(item["then"])),
        ids={bytes.fromhex(digest): hour for digest, hour in ids.items()},
    )


def _packed(join: Join) -> list[object]:
    """Return a join that stands on an event alone. None of these has ended."""
    return [join.visitor, join.lead_id, epoch_ms(join.captured_at), join.rank.value]


def _digests_in(text: str) -> frozenset[str]:
    """Return the digests of a retraction: 16 hex digits each, one behind the other."""
    return frozenset(text[start : start + 16] for start in range(0, len(text), 16))
