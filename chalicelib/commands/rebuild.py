"""The job that derives all leads anew from their events.

On a healthy table nothing differs. Leads that differ are saved by name before any of them is
rebuilt, because afterwards it no longer shows: so what is reported is right wherever a runner dies
(ADR 0022).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from chalicelib.errors import LongReplayError, NotFoundError
from chalicelib.jobs.job import CHECKPOINT, Job, JobStatus, end_job
from chalicelib.jobs.ports import JobStep
from chalicelib.jobs.runner import AT_ONCE
from chalicelib.jobs.walk import START, LeadIndex, Place, estimate_total, next_page, try_each
from chalicelib.leads.lead import Lead
from chalicelib.leads.rebuild import LeadDifference
from chalicelib.limits import REBUILD_NAMED_MAX_LEADS, REBUILD_NAMED_MAX_PARTS
from chalicelib.runtime import Runtime

REBUILD = "rebuild"


class LeadRebuilder(Protocol):
    """What derives one lead anew."""

    def inspect(self, lead_id: str) -> tuple[Lead, list[LeadDifference]]:
        """Return a lead, and in what it differs from itself derived anew. Raise NotFoundError."""

    def rebuild(self, lead_id: str) -> tuple[Lead, list[LeadDifference]]:
        """Derive a lead anew, and write it where it differs. Raise NotFoundError."""

    def leave_to_clock(self, lead_id: str) -> None:
        """Ask for the replay of a lead that has too many events for a job. Raise NotFoundError."""


class JobStarter(Protocol):
    """What starts a job."""

    def start(self, kind: str, state: Any, after: timedelta) -> dict[str, Any]:
        """Write a new job, due after a time. Return it as the API shows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuildState:
    """How far a rebuild came."""

    place: Place = START
    """Where the walk over all leads stands."""
    walked: int = 0
    """Leads that are behind the walk, those of the page included."""
    page: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The leads that are about to be rebuilt, each with some of the parts in which it differs;
    without any where the report has no room for it."""
    rebuilt: int = 0
    """Leads that were derived anew."""
    differed: int = 0
    """Those of them that were not what their events say."""
    differences: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Some of these, each with some of the parts in which it differed."""
    failed: int = 0
    """Leads that could not be derived anew."""
    failed_ids: Sequence[str] = ()
    """Some of these."""
    left: int = 0
    """Leads that have too many events for a job, so that the clock derives them anew."""
    left_ids: Sequence[str] = ()
    """Some of these."""


class RebuildHandler:
    """Does the steps of a rebuild. shards: of the walk over all leads."""

    kind = REBUILD

    def __init__(
        self, *, leads: LeadIndex, rebuilder: LeadRebuilder, shards: int, runtime: Runtime
    ) -> None:
        self._leads = leads
        self._rebuilder = rebuilder
        self._shards = shards
        self._runtime = runtime

    def encode(self, state: RebuildState) -> Mapping[str, Any]:
        """Return a state in JSON values."""
        return asdict(state)

    def decode(self, kept: Mapping[str, Any]) -> RebuildState:
        """Return the state that `encode` gave these values of."""
        return RebuildState(**{**kept, "place": Place(**kept["place"])})

    def step(self, job: Job[RebuildState], until: datetime) -> JobStep[RebuildState]:
        """Rebuild the leads of the page, and find the next leads that differ."""
        end = min(until, self._runtime.now() + CHECKPOINT)
        state = self._found(self._rebuilt(job.state, end), end)
        over = not state.page and state.place.shard == self._shards
        done = state.walked - len(state.page)
        total = done if over else estimate_total(state.walked, state.place, self._shards)
        after = replace(job, state=state, done=done, total=total, report=rebuild_report(state))
        if over:
            after = end_job(after, JobStatus.DONE, rebuild_report(state))
        return JobStep(job=after)

    def report(self, job: Job[RebuildState]) -> Mapping[str, Any] | None:
        """Return a job's report."""
        return job.report

    def failure(self, state: RebuildState) -> Mapping[str, Any]:
        """Return how far it came."""
        return rebuild_report(state)

    def _rebuilt(self, state: RebuildState, end: datetime) -> RebuildState:
        """Rebuild the leads of the page, at least one, and as long as there is time.

        One that a runner rebuilt before it died no longer differs, and is left as it is.
        """
        erased: set[str] = set()
        left: list[str] = []

        def rebuild(lead_id: str) -> None:
            try:
                self._rebuilder.rebuild(lead_id)
            except NotFoundError:
                erased.add(lead_id)
            except LongReplayError:  # it has grown since it was looked at
                left.append(lead_id)

        tried = try_each(list(state.page), rebuild, self._has_until(end))
        lost = erased.union(tried.failed, left)
        differed = {one: state.page[one] for one in tried.ids if one not in lost}
        named = {one: parts for one, parts in differed.items() if parts}
        gone = set(tried.ids)
        return replace(
            _with_left(_with_failed(state, tried.failed), left),
            page={one: parts for one, parts in state.page.items() if one not in gone},
            rebuilt=state.rebuilt + len(differed),
            differed=state.differed + len(differed),
            differences={**state.differences, **named},
        )

    def _found(self, state: RebuildState, end: datetime) -> RebuildState:
        """Walk on to the next leads that differ, as long as there is time."""
        while not state.page and state.place.shard < self._shards:
            state = self._inspected(state, end)
            if not self._has_until(end)():
                break
        return state

    def _inspected(self, state: RebuildState, end: datetime) -> RebuildState:
        """Look at the next leads, at least at one, and as long as there is time."""
        page: dict[str, Sequence[str]] = {}
        room = REBUILD_NAMED_MAX_LEADS - len(state.differences)
        healthy: list[str] = []
        left: list[str] = []

        def inspect(lead_id: str) -> None:
            try:
                lead, found = self._rebuilder.inspect(lead_id)
            except NotFoundError:  # erased since the index was read
                return
            except LongReplayError:  # no lead may keep a rebuild from its end. ADR 0034
                self._rebuilder.leave_to_clock(lead_id)
                left.append(lead_id)
                return
            if lead.lead_id != lead_id:  # absorbed: the survivor stands at a place of its own
                return
            if found:
                most = REBUILD_NAMED_MAX_PARTS if len(page) < room else 0
                page[lead_id] = [one.part for one in found[:most]]
            else:
                healthy.append(lead_id)

        ids = next_page(self._leads, state.place)
        tried = try_each(ids, inspect, self._has_until(end))
        return replace(
            _with_left(_with_failed(state, tried.failed), left),
            place=state.place.behind(ids, len(tried.ids)),
            walked=state.walked + len(tried.ids),
            page=page,
            rebuilt=state.rebuilt + len(healthy),
        )

    def _has_until(self, end: datetime) -> Callable[[], bool]:
        return lambda: self._runtime.now() < end


def start_rebuild(jobs: JobStarter, after: timedelta = AT_ONCE) -> dict[str, Any]:
    """Begin to derive all leads anew; the clock does it from its next tick on. Return the job.

    after: how long the clock leaves it alone, for example until every worker knows the new model.
    Several may run at once: to rebuild a lead twice changes nothing, and one that starts later
    sees what the earlier one has behind it.
    """
    return jobs.start(REBUILD, RebuildState(), after)


def rebuild_report(state: RebuildState) -> dict[str, Any]:
    """Return what a rebuild has done so far."""
    return {
        "rebuilt": state.rebuilt,
        "differed": state.differed,
        "differences": [
            {"lead_id": lead_id, "parts": list(parts)}
            for lead_id, parts in sorted(state.differences.items())
        ],
        "failed": state.failed,
        "failed_ids": sorted(state.failed_ids),
        "left_to_clock": state.left,
        "left_ids": sorted(state.left_ids),
    }


def _with_failed(state: RebuildState, failed: Sequence[str]) -> RebuildState:
    named = [*state.failed_ids, *failed][:REBUILD_NAMED_MAX_LEADS]
    return replace(state, failed=state.failed + len(failed), failed_ids=named)


def _with_left(state: RebuildState, left: Sequence[str]) -> RebuildState:
    named = [*state.left_ids, *left][:REBUILD_NAMED_MAX_LEADS]
    return replace(state, left=state.left + len(left), left_ids=named)
