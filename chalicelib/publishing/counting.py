"""Walks over all leads and counts what a draft would change, in bounded memory, and from where it
stood.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from chalicelib.limits import (
    CHANGED_MAX_BYTES,
    CHANGED_MAX_LEADS,
    JOB_PAGE_LEADS,
    JOB_PART_MAX_BYTES,
)
from chalicelib.publishing.ports import Leads, Listed, Part
from chalicelib.publishing.simulate import Found, WhatIf, found_of
from chalicelib.publishing.work import Work

ORDER = "234567ABCDEFGHIJKLMNOPQRSTUVWXYZ"  # the characters of a lead id, as they sort


@dataclass(frozen=True, slots=True)
class Counted:
    """What a stretch of the walk came to: how far it went, and the leads that it found to
    change.
    """

    work: Work
    listed: Sequence[Listed]
    over: bool


def count(
    leads: Leads, shards: int, what_if: WhatIf, work: Work, go_on: Callable[[], bool]
) -> Counted:
    """Walk on from where the work stands, as long as `go_on` says, or until a part of the list is
    full.
    """
    found, listing = found_so_far(work), _Listing(work)
    shard, after = work.shard, work.after
    while shard < shards and go_on() and not listing.is_full_part:
        ids = leads.every(shard, after, JOB_PAGE_LEADS)
        last = _judge(leads, what_if, found, listing, ids, go_on)
        if last == len(ids) < JOB_PAGE_LEADS:
            shard, after = shard + 1, ""
        elif last:
            after = ids[last - 1]
    work = replace(
        work,
        shard=shard,
        after=after,
        found=found.to_json(),
        listed=listing.leads,
        listed_bytes=listing.bytes,
    )
    return Counted(work, listing.pending, shard == shards)


def found_so_far(work: Work) -> Found:
    """What the walk has counted."""
    return found_of(work.found) if work.found is not None else Found()


def in_parts(listed: Sequence[Listed]) -> list[Part]:
    """A list cut into parts that each fit into an item."""
    parts: list[list[Listed]] = []
    room = 0
    for one in listed:
        size = _size(one)
        if size > room:
            parts.append([])
            room = JOB_PART_MAX_BYTES
        parts[-1].append(one)
        room -= size
    return list(parts)


def estimate(done: int, shard: int, after: str, shards: int) -> int:
    """About how many leads there are, when so many came before a place of the walk: their ids are
    spread evenly, so nobody has to count them.
    """
    within = sum(
        max(ORDER.find(letter), 0) / 32**place for place, letter in enumerate(after[:3], 1)
    )
    share = (shard + within) / shards
    return max(done, round(done / share)) if share else done


class _Listing:
    """The leads that change, as many as are listed by name."""

    def __init__(self, work: Work) -> None:
        self.leads, self.bytes = work.listed, work.listed_bytes
        self.pending: list[Listed] = []
        self._pending_bytes = 0

    @property
    def has_room(self) -> bool:
        return self.leads < CHANGED_MAX_LEADS and self.bytes < CHANGED_MAX_BYTES

    @property
    def is_full_part(self) -> bool:
        return self._pending_bytes >= JOB_PART_MAX_BYTES

    def add(self, one: Listed) -> None:
        size = _size(one)
        self.pending.append(one)
        self.leads, self.bytes, self._pending_bytes = (
            self.leads + 1,
            self.bytes + size,
            self._pending_bytes + size,
        )


def _judge(
    leads: Leads,
    what_if: WhatIf,
    found: Found,
    listing: _Listing,
    ids: Sequence[str],
    go_on: Callable[[], bool],
) -> int:
    """Judge a page of leads, one at least, and as long as `go_on` says; how many of its ids are
    over then.
    """
    for position, lead in enumerate(leads.read_many(ids)):
        if position and not go_on():
            return ids.index(lead.lead_id)
        change = what_if.add(found, lead)
        if change is not None and listing.has_room:
            listing.add(change.shape())
    return len(ids)


def _size(one: Listed) -> int:
    return len(json.dumps(one, ensure_ascii=False).encode()) + 1
