"""Held handoffs are released: one of them, or all in a job (playbook, rule 9; ADR 0071).

The job saves a page of handoffs before it releases any of them, and sees afterwards from the
handoffs themselves what became of each: so every one is released once, and the report is right,
wherever a runner dies. A handoff whose lead moved on is not released.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.errors import FieldError, InputError, NotFoundError, StateError
from chalicelib.handoff.desk import Desk
from chalicelib.handoff.handoff import Handoff, HandoffState, WhyHeld
from chalicelib.handoff.listening import listener
from chalicelib.handoff.listing import HandoffIndex, HandoffList, WantedHandoffs
from chalicelib.handoff.opening import opened
from chalicelib.handoff.plan import awaits_call, notices_of
from chalicelib.jobs.job import Job, JobStatus, end_job
from chalicelib.jobs.ports import JobStep
from chalicelib.jobs.runner import AT_ONCE, JobRunner
from chalicelib.jobs.walk import try_each
from chalicelib.leads.lead import Lead
from chalicelib.limits import HELD_EXPECTED_MAX, JOB_PAGE_LEADS
from chalicelib.runtime import Runtime
from chalicelib.telemetry import log
from chalicelib.writing import until_written

RELEASE_HANDOFFS = "release_handoffs"


class HeldHandoffs(HandoffIndex, Protocol):
    """Where handoffs are kept."""

    def read(self, lead_id: str, cycle: int) -> Handoff | None:
        """Return the handoff of a lead's cycle as it stands now, or None."""

    def move(
        self, before: Handoff, after: Handoff, *, planned: Sequence[OutboxMessage] = ()
    ) -> None:
        """Replace a handoff, with the messages that it plans. Raise ConflictError."""


class Releasing:
    """Releases held handoffs.

    lead: reads one by its id; desk: returns the salespeople at a moment.
    """

    def __init__(
        self,
        *,
        handoffs: HeldHandoffs,
        lead: Callable[[str], Lead],
        desk: Callable[[datetime], Desk],
        runtime: Runtime,
    ) -> None:
        self._handoffs = handoffs
        self._lead = lead
        self._desk = desk
        self.runtime = runtime

    @until_written
    def release(self, lead_id: str, cycle: int) -> Handoff:
        """Open a held handoff: from now on sales is notified of it, and its clock runs.

        Raise NotFoundError; StateError for one that is not held, and for a lead that moved on.
        """
        held = self._handoffs.read(lead_id, cycle)
        if held is None:
            raise NotFoundError("there is no such handoff")
        if held.state is not HandoffState.HELD:
            raise StateError(f"the handoff is {held.state}; only a held one can be released")
        if not awaits_call(self._lead(lead_id), cycle):
            raise StateError("the lead is not an SQL any more; there is nothing to hand over")
        # Release against verdict: both write the handoff on the version that they read, so that one
        # of them is first, and the other looks again. ADR 0067
        now = self.runtime.now()
        handoff = opened(held, now)
        person = listener(self._desk(now), handoff.owner)
        self._handoffs.move(held, handoff, planned=notices_of(handoff, person, now))
        log("handoff_released", lead_id=lead_id, cycle=cycle)
        return handoff


def start_release(
    runner: JobRunner,
    handoffs: HandoffList,
    *,
    why: WhyHeld | None,
    expected: int | None,
    owners: frozenset[str] | None,
) -> dict[str, Any]:
    """Start the job that releases all held handoffs, or those that one reason holds.

    why: None for any; owners: whose handoffs the asker sees, None for everybody's; expected: how
    many there are, by whoever asks; None: whatever number.
    Return the job as the API shows it. Raise StateError when there are more or fewer, InputError
    for a number that is never counted.
    """
    if expected is not None:
        if expected > HELD_EXPECTED_MAX:
            words = f"must be at most {HELD_EXPECTED_MAX}; release more without it"
            raise InputError(FieldError("expected", words))
        found = handoffs.count(_held(why, owners), expected + 1)
        if found != expected:
            words = f"more than {expected}" if found > expected else str(found)
            raise StateError(f"{words} handoffs are held, and not {expected}; look at them again")
    return runner.start(RELEASE_HANDOFFS, HandoffReleaseState(why=why, owners=owners), AT_ONCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffReleaseState:
    """How far a release came."""

    why: WhyHeld | None = None
    """Which of them; None: all."""
    owners: Collection[str] | None = None
    """Whose; None: everybody's."""
    before: str = ""
    """The place in the list from which it goes on."""
    is_walked: bool = False
    page: Sequence[str] = ()
    """Those that are about to be released: lead id, #, cycle."""
    released: int = 0
    left: int = 0
    """Those whose lead had moved on, or that somebody else released."""
    failed: int = 0


class HandoffReleaseHandler:
    """Does the steps of a release of many."""

    kind = RELEASE_HANDOFFS

    def __init__(self, *, releasing: Releasing, handoffs: HeldHandoffs, runtime: Runtime) -> None:
        self._releasing = releasing
        self._handoffs = handoffs
        self.runtime = runtime

    def encode(self, state: HandoffReleaseState) -> Mapping[str, Any]:
        """Return a state in JSON values."""
        owners = sorted(state.owners) if state.owners is not None else None
        return {**asdict(state), "owners": owners}

    def decode(self, kept: Mapping[str, Any]) -> HandoffReleaseState:
        """Return the state that `encode` gave these values of."""
        why = WhyHeld(kept["why"]) if kept["why"] else None
        return HandoffReleaseState(**{**kept, "why": why, "page": tuple(kept["page"])})

    def step(self, job: Job[HandoffReleaseState], until: datetime) -> JobStep[HandoffReleaseState]:
        """Release the handoffs of the page, see what became of them, and plan the next page."""
        tried = try_each(job.state.page, self._release, lambda: self.runtime.now() < until)
        state = self._seen(job.state, len(tried.ids))
        if not state.page and not state.is_walked:
            state = self._planned(state)
        done = state.released + state.left + state.failed
        after = replace(job, state=state, done=done, total=done + len(state.page))
        after = replace(after, report=self.failure(state))
        if state.is_walked and not state.page:
            after = end_job(after, JobStatus.DONE, self.failure(state))
        return JobStep(job=after)

    def report(self, job: Job[HandoffReleaseState]) -> Mapping[str, Any] | None:
        """Return a job's report."""
        return job.report

    def failure(self, state: HandoffReleaseState) -> Mapping[str, Any]:
        """Return how far it came."""
        return {
            "why": state.why.value if state.why else None,
            "released": state.released,
            "left": state.left,
            "failed": state.failed,
        }

    def _release(self, one: str) -> None:
        lead_id, cycle = _parsed(one)
        try:
            self._releasing.release(lead_id, cycle)
        except (StateError, NotFoundError):
            return  # released by a runner that died, or by a person; or the lead moved on

    def _seen(self, state: HandoffReleaseState, tried: int) -> HandoffReleaseState:
        """Return the state with what became of the first handoffs of its page."""
        released = left = failed = 0
        for one in state.page[:tried]:
            lead_id, cycle = _parsed(one)
            handoff = self._handoffs.read(lead_id, cycle)
            if handoff is not None and handoff.opened_at is not None:
                released += 1
            elif self._is_held_still(handoff):
                failed += 1
            else:
                left += 1
        return replace(
            state,
            page=state.page[tried:],
            released=state.released + released,
            left=state.left + left,
            failed=state.failed + failed,
        )

    def _is_held_still(self, handoff: Handoff | None) -> bool:
        return handoff is not None and handoff.state is HandoffState.HELD

    def _planned(self, state: HandoffReleaseState) -> HandoffReleaseState:
        """Return the state with the next page: the next held handoffs."""
        found = self._handoffs.in_state(HandoffState.HELD, state.before, JOB_PAGE_LEADS)
        wanted = _held(state.why, state.owners)
        page = [f"{one.lead_id}#{one.cycle}" for _, one in found if wanted.takes(one)]
        before = found[-1][0] if found else state.before
        return replace(state, page=page, before=before, is_walked=not found)


def _held(why: WhyHeld | None, owners: Collection[str] | None) -> WantedHandoffs:
    """Return which handoffs are released."""
    seen = frozenset(owners) if owners is not None else None
    return WantedHandoffs(states=[HandoffState.HELD], why=why, owners=seen)


def _parsed(one: str) -> tuple[str, int]:
    lead_id, cycle = one.split("#")
    return lead_id, int(cycle)
