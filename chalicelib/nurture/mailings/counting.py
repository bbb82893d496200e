"""The job that counts the recipients of a mailing.

Whoever is fixed as a recipient is saved page by page, in one transaction with how far the count
came (ADR 0022, ADR 0064).
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from chalicelib.delivery.message_keys import mailing_key
from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.jobs.job import CHECKPOINT, Job, JobStatus, end_job
from chalicelib.jobs.ports import JobStep
from chalicelib.jobs.walk import START, LeadIndex, Place, estimate_total, next_page, try_each
from chalicelib.leads.lead import Lead
from chalicelib.nurture.mailings.ports import RecipientStore
from chalicelib.nurture.step_emails import planned_email
from chalicelib.runtime import Runtime

COUNT_MAILING = "mailing_count"

OnList = Callable[[Lead, datetime], bool]
WhyUnsent = Callable[[OutboxMessage, Lead, datetime], NotSentReason | None]
"""An email as it would be planned, its lead and now -> why the lead does not get it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountingState:
    """How far a count came."""

    mailing: str
    list: str
    email: str
    at: str
    """When it leaves."""
    versions: Mapping[str, int]
    """Of the mailing, its list and its email, as they are counted for."""
    place: Place = START
    """Where the walk over all leads stands."""
    walked: int = 0
    recipients: int = 0
    parts: int = 0
    """Into how many parts the recipients were saved."""
    others: Mapping[str, int] = field(default_factory=dict)
    """Why others of the list get nothing; how many of each."""
    failed: int = 0
    """Leads that could not be read, so that nobody knows about them."""


class CountingHandler:
    """Does the steps of a count: each looks at a page of all leads.

    on_list: returns what says whether a lead is on a list, of a version; why_not: why it would not
    get an email.
    """

    kind = COUNT_MAILING

    def __init__(
        self,
        *,
        leads: LeadIndex,
        read: Callable[[str], Lead],
        store: RecipientStore,
        on_list: Callable[[str, int], OnList],
        why_not: WhyUnsent,
        shards: int,
        runtime: Runtime,
    ) -> None:
        self._leads = leads
        self._read = read
        self._store = store
        self._on_list = on_list
        self._why_not = why_not
        self._shards = shards
        self._runtime = runtime

    def encode(self, state: CountingState) -> Mapping[str, Any]:
        """Return a state in JSON values."""
        return asdict(state)

    def decode(self, kept: Mapping[str, Any]) -> CountingState:
        """Return the state that `encode` gave these values of."""
        return CountingState(**{**kept, "place": Place(**kept["place"])})

    def step(self, job: Job[CountingState], until: datetime) -> JobStep[CountingState]:
        """Look at the next leads, up to a page of which some are recipients."""
        state = job.state
        on_list = self._on_list(state.list, state.versions["list"])
        recipients: list[str] = []
        others = Counter(state.others)

        def look(lead_id: str) -> None:
            lead = self._read(lead_id)
            now = self._runtime.now()
            if lead.lead_id != lead_id or not on_list(lead, now):
                return
            key = mailing_key(state.mailing)
            email = planned_email(lead, key, state.email, about=lead.version, now=now)
            reason = self._why_not(email, lead, now)
            if reason is None:
                recipients.append(lead_id)
            else:
                others[reason.value] += 1

        place = state.place
        walked = state.walked
        failed = state.failed
        end = min(until, self._runtime.now() + CHECKPOINT)
        while not recipients and place.shard < self._shards:
            ids = next_page(self._leads, place)
            tried = try_each(ids, look, lambda: self._runtime.now() < end)
            place = place.behind(ids, len(tried.ids))
            walked += len(tried.ids)
            failed += len(tried.failed)
            if self._runtime.now() >= end:
                break
        after_state = replace(
            state,
            place=place,
            walked=walked,
            recipients=state.recipients + len(recipients),
            parts=state.parts + bool(recipients),
            others=dict(sorted(others.items())),
            failed=failed,
        )
        is_over = place.shard == self._shards
        total = walked if is_over else estimate_total(walked, place, self._shards)
        report = count_report(after_state)
        after = replace(job, state=after_state, done=walked, total=total, report=report)
        if is_over:
            after = end_job(after, JobStatus.DONE, report)
        if not recipients:
            return JobStep(job=after)
        return JobStep(
            job=after,
            save=lambda before, ours: self._store.save_part(before, ours, state.parts, recipients),
        )

    def report(self, job: Job[CountingState]) -> Mapping[str, Any] | None:
        """Return a job's report."""
        return job.report

    def failure(self, state: CountingState) -> Mapping[str, Any]:
        """Return how far it came."""
        return count_report(state)


def count_report(state: CountingState) -> dict[str, Any]:
    """Return what a count has found so far."""
    return {
        "mailing": state.mailing,
        "at": state.at,
        "versions": dict(state.versions),
        "recipients": state.recipients,
        "others": dict(state.others),
        "failed": state.failed,
    }
