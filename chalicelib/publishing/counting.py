"""Walks over all leads and counts what a draft would change, in bounded memory, and from where it
stood.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from chalicelib.jobs.job import CHECKPOINT
from chalicelib.jobs.walk import estimate_total, next_page
from chalicelib.leads.lead import Lead
from chalicelib.lifecycle.stages import Transition
from chalicelib.limits import (
    CHANGED_MAX_BYTES,
    CHANGED_MAX_LEADS,
    JOB_PART_MAX_BYTES,
)
from chalicelib.publishing.ports import (
    EmailForecast,
    Findings,
    LeadRecounter,
    LeadWalk,
    ListedLead,
    ListPart,
    ModelStore,
)
from chalicelib.publishing.simulate import Found, LeadMove, WhatIf, found_of, report
from chalicelib.publishing.state import CountState, Simulated
from chalicelib.publishing.versions import StoredModel
from chalicelib.runtime import Runtime
from chalicelib.scoring.compile import compile_model

LEADS = "leads"  # of a report: the leads that change, which are kept beside the job


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What a stretch of the walk came to."""

    state: CountState
    """How far the count is then."""
    listed: Sequence[ListedLead]
    """The leads of the stretch that change, as many as are listed by name."""
    over: bool
    """Whether the walk has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountStep:
    """What a step of a job that counts came to."""

    state: CountState
    """How far the count is then, with the new parts of the job's list."""
    done: int
    total: int
    over: bool
    """Whether the walk has ended."""
    findings: Findings
    """What is saved with the job."""


class ChangeCounter:
    """Counts what a draft would change.

    capacity: handoffs a week that sales takes; shards: of the walk over all leads.
    """

    def __init__(
        self,
        *,
        leads: LeadWalk,
        models: ModelStore,
        recounter: LeadRecounter,
        forecast: EmailForecast,
        capacity: Callable[[], int],
        shards: int,
        runtime: Runtime,
    ) -> None:
        self._leads = leads
        self._models = models
        self._recounter = recounter
        self._forecast = forecast
        self._capacity = capacity
        self._shards = shards
        self._runtime = runtime

    def step(self, state: CountState, document: StoredModel | None, until: datetime) -> CountStep:
        """Count on up to a checkpoint. document: the draft, when it is not a version."""
        what_if = self.what_if(state, document)
        stretch = self.count_on(what_if, state, min(until, self._runtime.now() + CHECKPOINT))
        parts = in_parts(stretch.listed)
        after = replace(stretch.state, parts=state.parts + len(parts))
        found = found_so_far(after)
        simulated = Simulated(found.changed, self._runtime.now()) if stretch.over else None
        return CountStep(
            state=after,
            done=found.leads,
            total=found.leads if stretch.over else self.estimate(after),
            over=stretch.over,
            findings=Findings(
                parts=parts, first=state.parts, digest=state.digest, simulated=simulated
            ),
        )

    def what_if(self, state: CountState, document: StoredModel | None) -> WhatIf:
        """Return the two models of a count. document: the draft, when it is not a version."""
        active = self._models.model(state.base.version)
        assert active is not None, "versions are never deleted"
        if document is not None:
            draft = compile_model(document, 0, zone=active.zone)
        else:
            stored = self._models.model(state.version or 0)
            assert stored is not None, "versions are never deleted, and a job keeps its document"
            draft = stored
        return WhatIf(
            active=active,
            draft=draft,
            day=date.fromordinal(state.day),
            counted_as=self._recounter.counted_as,
        )

    def count_on(self, what_if: WhatIf, state: CountState, until: datetime) -> Stretch:
        """Count on until a time, or until a part of the list is full."""
        return count_changes(
            self._leads,
            self._shards,
            what_if,
            state,
            lambda: self._runtime.now() < until,
            lambda moves: self._forecast.count(moves, self._runtime.now()),
        )

    def estimate(self, state: CountState) -> int:
        """Return about how many leads there are, by how far the count came."""
        return estimate_total(found_so_far(state).leads, state.place, self._shards)

    def report(self, state: CountState) -> dict[str, Any]:
        """Return what a finished count found, without the list of leads."""
        found = found_so_far(state)
        shape = report(found, [], self._capacity(), truncated=found.changed > state.listed)
        return {**shape, "emails": found.emails}


def count_changes(
    leads: LeadWalk,
    shards: int,
    what_if: WhatIf,
    state: CountState,
    go_on: Callable[[], bool],
    emails: Callable[[Sequence[tuple[Lead, Transition, Callable[[], str | None]]]], int],
) -> Stretch:
    """Walk on from where the count stands, as long as `go_on` says, or until a part of the list is
    full.

    emails: how many emails some moves would cause.
    """
    found = found_so_far(state)
    listing = _Listing(state)
    place = state.place
    while place.shard < shards and go_on() and not listing.is_full_part:
        ids = next_page(leads, place)
        passed, moves = _judge(leads, what_if, found, listing, ids, go_on)
        found.emails += emails(entries_of(moves))
        place = place.behind(ids, passed)
    after = replace(
        state,
        place=place,
        found=found.to_json(),
        listed=listing.leads,
        listed_bytes=listing.bytes,
    )
    return Stretch(state=after, listed=listing.pending, over=place.shard == shards)


def entries_of(
    moves: Sequence[LeadMove],
) -> list[tuple[Lead, Transition, Callable[[], str | None]]]:
    """Return the leads that a draft moves, each with the last of its steps, and what interests it
    most as the draft counts.

    A lead that the draft only keeps where it stands takes none, so it gets no email.
    """
    return [
        (one.after.lead, one.after.steps[-1], one.after.interest)
        for one in moves
        if one.after.steps
    ]


def found_so_far(state: CountState) -> Found:
    """Return what the walk has counted."""
    return found_of(state.found) if state.found is not None else Found()


def in_parts(listed: Sequence[ListedLead]) -> list[ListPart]:
    """Return a list cut into parts that each fit into an item."""
    parts: list[list[ListedLead]] = []
    room = 0
    for one in listed:
        size = _size(one)
        if size > room:
            parts.append([])
            room = JOB_PART_MAX_BYTES
        parts[-1].append(one)
        room -= size
    return list(parts)


def with_leads(
    report: Mapping[str, Any] | None, listed: Callable[[], Sequence[Mapping[str, Any]]]
) -> Mapping[str, Any] | None:
    """Return a report with the leads that change, if it is one that lists them."""
    if report is None or LEADS not in report:
        return report
    return {**report, LEADS: list(listed())}


class _Listing:
    """The leads that change, as many as are listed by name."""

    def __init__(self, state: CountState) -> None:
        self.leads = state.listed
        self.bytes = state.listed_bytes
        self.pending: list[ListedLead] = []
        self._pending_bytes = 0

    @property
    def has_room(self) -> bool:
        return self.leads < CHANGED_MAX_LEADS and self.bytes < CHANGED_MAX_BYTES

    @property
    def is_full_part(self) -> bool:
        return self._pending_bytes >= JOB_PART_MAX_BYTES

    def add(self, one: ListedLead) -> None:
        size = _size(one)
        self.pending.append(one)
        self.leads += 1
        self.bytes += size
        self._pending_bytes += size


def _judge(
    leads: LeadWalk,
    what_if: WhatIf,
    found: Found,
    listing: _Listing,
    ids: Sequence[str],
    go_on: Callable[[], bool],
) -> tuple[int, list[LeadMove]]:
    """Judge a page of leads, at least one, and as long as `go_on` says. Return how many of its ids
    are over then, and the leads that change.
    """
    moves: list[LeadMove] = []
    for position, lead in enumerate(leads.read_many(ids)):
        if position and not go_on():
            return ids.index(lead.lead_id), moves
        move = what_if.add(found, lead)
        if move is None:
            continue
        moves.append(move)
        if listing.has_room:
            listing.add(move.shape())
    return len(ids), moves


def _size(one: ListedLead) -> int:
    return len(json.dumps(one, ensure_ascii=False).encode()) + 1
