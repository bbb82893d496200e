"""The job of a mailing that leaves: it plans the emails of the recipients.

Each is planned under a key that a lead has once, so that a page that is done again after a crash
plans nothing twice, and what became of it is the same (ADR 0022, ADR 0064).
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from chalicelib.delivery.message_keys import mailing_key
from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.errors import NotFoundError
from chalicelib.events import from_epoch_ms
from chalicelib.jobs.job import Job, JobStatus, end_job
from chalicelib.jobs.ports import JobStep
from chalicelib.jobs.walk import try_each
from chalicelib.leads.lead import Lead, find_known
from chalicelib.nurture.mailings.mailing import Mailing, MailingStatus
from chalicelib.nurture.mailings.ports import RecipientStore
from chalicelib.nurture.step_emails import planned_email
from chalicelib.runtime import Runtime
from chalicelib.writing import until_written

SEND_MAILING = "mailing"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanningState:
    """How far the planning of a mailing's emails came."""

    mailing: str
    count_job: str
    counted_at_ms: int
    """When the recipients began to be counted."""
    parts: int
    part: int = 0
    """The part that is worked on."""
    passed: int = 0
    """How many of it are behind."""
    planned: int = 0
    others: Mapping[str, int] = field(default_factory=dict)
    """Why nothing was planned for others; how many of each."""
    again: Sequence[str] = ()
    """Leads for whom it did not work: they are the last part, and tried once more."""
    failed: int = 0
    """Those of them for whom it did not work again."""


class PlanningHandler:
    """Does the steps of a mailing that leaves: each plans the emails of a part of its recipients.

    plan: plans a message, unless it exists.
    """

    kind = SEND_MAILING

    def __init__(
        self,
        *,
        read: Callable[[str], Lead],
        store: RecipientStore,
        plan: Callable[[OutboxMessage], None],
        runtime: Runtime,
    ) -> None:
        self._read = read
        self._store = store
        self._plan = plan
        self.runtime = runtime

    def encode(self, state: PlanningState) -> Mapping[str, Any]:
        """Return a state in JSON values."""
        return asdict(state)

    def decode(self, kept: Mapping[str, Any]) -> PlanningState:
        """Return the state that `encode` gave these values of."""
        return PlanningState(**{**kept, "again": tuple(kept["again"])})

    def step(self, job: Job[PlanningState], until: datetime) -> JobStep[PlanningState]:
        """Plan the emails of the part, as long as there is time."""
        state = job.state
        mailing = self._store.read(state.mailing)
        if mailing is None or mailing.status is not MailingStatus.CONFIRMED:
            report = {**plan_report(state), "cancelled": True}
            return JobStep(job=end_job(replace(job, report=report), JobStatus.DONE, report))
        is_first_try = state.part < state.parts
        part = self._store.part(state.count_job, state.part) if is_first_try else state.again
        part = part[state.passed :]
        others = Counter(state.others)
        planned: list[str] = []

        def plan(lead_id: str) -> None:
            reason = self._planned(lead_id, mailing, from_epoch_ms(state.counted_at_ms))
            if reason is None:
                planned.append(lead_id)
            else:
                others[reason.value] += 1

        tried = try_each(part, plan, lambda: self.runtime.now() < until)
        is_behind = len(tried.ids) == len(part)
        state = replace(
            state,
            planned=state.planned + len(planned),
            others=dict(sorted(others.items())),
            part=state.part + (is_first_try and is_behind),
            passed=0 if is_first_try and is_behind else state.passed + len(tried.ids),
            again=(*state.again, *tried.failed) if is_first_try else state.again,
            failed=state.failed + (0 if is_first_try else len(tried.failed)),
        )
        is_over = state.part == state.parts and state.passed == len(state.again)
        report = plan_report(state)
        done = state.planned + sum(state.others.values())
        after = replace(
            job, state=state, done=done, total=mailing.recipients or done, report=report
        )
        return JobStep(job=end_job(after, JobStatus.DONE, report) if is_over else after)

    def report(self, job: Job[PlanningState]) -> Mapping[str, Any] | None:
        """Return a job's report."""
        return job.report

    def failure(self, state: PlanningState) -> Mapping[str, Any]:
        """Return how far it came."""
        return plan_report(state)

    @until_written
    def _planned(
        self, lead_id: str, mailing: Mailing, counted_at: datetime
    ) -> NotSentReason | None:
        """Plan the email of a recipient, or of the lead that it was merged into. Return why not."""
        now = self.runtime.now()
        try:
            lead = find_known(self._read, lead_id)
        except NotFoundError:
            return NotSentReason.ERASED
        if lead.erased_at is not None and lead.erased_at >= counted_at:
            return NotSentReason.ERASED  # whoever came back since was not counted
        key = mailing_key(mailing.id)
        self._plan(planned_email(lead, key, mailing.email or "", about=lead.version, now=now))
        return None


def plan_report(state: PlanningState) -> dict[str, Any]:
    """Return what was planned so far."""
    return {
        "mailing": state.mailing,
        "planned": state.planned,
        "others": dict(state.others),
        "failed": state.failed,
    }
