"""The job that releases the emails which a publish holds (ADR 0030).

A page of messages is saved before any of them is released, and what became of them is seen
afterwards from the messages themselves: so each is released once, and the report is right, wherever
a runner dies. Only a held message is released, by a write that expects it to be held still.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from chalicelib.delivery import outbox
from chalicelib.delivery.message_keys import parse_outbox_id
from chalicelib.delivery.outbox import MessageState, OutboxMessage
from chalicelib.jobs.job import Job, JobStatus, end_job
from chalicelib.jobs.ports import JobStep
from chalicelib.jobs.walk import try_each
from chalicelib.limits import JOB_PAGE_LEADS
from chalicelib.publishing.ports import HeldEmails, MovedLeads
from chalicelib.publishing.state import ReleaseState
from chalicelib.runtime import Runtime
from chalicelib.telemetry import log
from chalicelib.writing import until_written

RELEASE = "release"


class ReleaseHandler:
    """Does the steps of a release."""

    kind = RELEASE

    def __init__(self, *, leads: MovedLeads, outbox: HeldEmails, runtime: Runtime) -> None:
        self._leads = leads
        self._outbox = outbox
        self.runtime = runtime

    def encode(self, state: ReleaseState) -> Mapping[str, Any]:
        """Return a state in JSON values."""
        return asdict(state)

    def decode(self, kept: Mapping[str, Any]) -> ReleaseState:
        """Return the state that `encode` gave these values of."""
        return ReleaseState(**{**kept, "page": tuple(kept["page"])})

    def step(self, job: Job[ReleaseState], until: datetime) -> JobStep[ReleaseState]:
        """Release the messages of the page, see what became of them, and plan the next page."""
        tried = try_each(job.state.page, self._release, lambda: self.runtime.now() < until)
        state = self._seen(job.state, len(tried.ids))
        if not state.page and not state.is_walked:
            state = self._planned(state)
        done = state.released + state.cancelled + state.failed
        after = replace(job, state=state, done=done, total=done + len(state.page))
        after = replace(after, report=release_report(state))
        if state.is_walked and not state.page:
            after = end_job(after, JobStatus.DONE, release_report(state))
        return JobStep(job=after)

    def report(self, job: Job[ReleaseState]) -> Mapping[str, Any] | None:
        """Return a job's report."""
        return job.report

    def failure(self, state: ReleaseState) -> Mapping[str, Any]:
        """Return how far it came."""
        return release_report(state)

    @until_written
    def _release(self, message_id: str) -> None:
        """Release a held message, or cancel it when its lead has moved on meanwhile.

        Deliver asks for the consent, as it does for each email.
        """
        message = self._read(message_id)
        if message is None or message.state is not MessageState.HELD:
            return  # released by a runner that died, or cancelled by a merge
        now = self.runtime.now()
        after = (
            outbox.released(message, now) if self._is_wanted(message) else outbox.cancelled(message)
        )
        self._outbox.save(message, after)
        log(
            "message",
            lead_id=after.lead_id,
            key=str(after.key),
            state=after.state,
            reason=after.reason,
        )

    def _is_wanted(self, message: OutboxMessage) -> bool:
        """Return whether its lead stands where the transition put it that wanted the email."""
        lead = self._leads.read(message.lead_id)
        entry = self._leads.transition(message.lead_id, message.about)
        if entry is None or lead.merged_into:
            return False
        standing = lead.standing
        return (standing.stage, standing.cycle) == (entry.transition.target, message.key.cycle)

    def _seen(self, state: ReleaseState, tried: int) -> ReleaseState:
        """Return the state with what became of the first messages of its page."""
        found = [self._read(message_id) for message_id in state.page[:tried]]
        states = [one.state for one in found if one is not None]
        failed = states.count(MessageState.HELD)
        cancelled = states.count(MessageState.CANCELLED)
        return replace(
            state,
            page=state.page[tried:],
            released=state.released + len(states) - failed - cancelled,
            cancelled=state.cancelled + cancelled,
            failed=state.failed + failed,
        )

    def _planned(self, state: ReleaseState) -> ReleaseState:
        """Return the state with the next page: the next messages that this publish holds."""
        found = self._outbox.outbox([MessageState.HELD], state.before, JOB_PAGE_LEADS)
        page = [
            one.id
            for _, one in found
            if one.held_by == state.publish_id and one.state is MessageState.HELD
        ]
        before = found[-1][0] if found else state.before
        return replace(state, page=page, before=before, is_walked=not found)

    def _read(self, message_id: str) -> OutboxMessage | None:
        return self._outbox.read(*parse_outbox_id(message_id))


def release_report(state: ReleaseState) -> dict[str, Any]:
    """Return what a release has done so far."""
    return {
        "publish": state.publish_id,
        "released": state.released,
        "cancelled": state.cancelled,
        "failed": state.failed,
    }
