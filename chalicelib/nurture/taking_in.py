"""Taking in those who are in a sequence's stage already, when a marketer asks for it.

Otherwise a new sequence, and one that is switched on again, takes in only those who enter from then
on (ADR 0055).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from chalicelib.days import day_of
from chalicelib.errors import NotFoundError, StateError
from chalicelib.jobs.job import CHECKPOINT, Job, JobStatus, end_job
from chalicelib.jobs.ports import JobStep
from chalicelib.jobs.walk import START, LeadIndex, Place, estimate_total, next_page, try_each
from chalicelib.leads.decision import score_of
from chalicelib.leads.lead import Lead
from chalicelib.lifecycle.stages import Stage
from chalicelib.nurture.enrolment import Enrolment
from chalicelib.nurture.entering import Occasion, fitting, next_entry
from chalicelib.nurture.sequence_reader import SequenceReader
from chalicelib.nurture.sequences import EnteredStage, SequenceDocument
from chalicelib.runtime import Runtime
from chalicelib.scoring.interests import interest
from chalicelib.scoring.model import Model

TAKE_IN = "take_in"
COUNTED_LEADS = 200
"""How many of a stage the answer to a PUT looks at."""
PRESENT = {EnteredStage.MQL: Stage.MQL, EnteredStage.RECYCLED: Stage.RECYCLED}
"""The stages in which somebody can be present: nobody stays cooled."""
WHY = "the sequence takes in those who were present"


class PresentLeads(Protocol):
    """Where leads are read."""

    def in_stage(self, stage: Stage, most: int) -> tuple[list[str], bool]:
        """Return the ids of a stage's leads, and whether there are more than `most`."""

    def read(self, lead_id: str) -> Lead:
        """Return a lead as it stands."""


@dataclass(frozen=True, slots=True)
class Fits:
    """Says whether somebody who is there would enter a sequence, had they just come."""

    sequences: SequenceReader
    model: Callable[[int], Model]
    enrolments: Callable[[str], Sequence[Enrolment]]

    def __call__(self, sequence: SequenceDocument, lead: Lead, now: datetime) -> bool:
        """Return whether a lead fits, no other sequence comes first, and it may enter."""
        entered = next((one for one, at in PRESENT.items() if at is lead.standing.stage), None)
        if entered is None or lead.merged_into or lead.gets_no_emails:
            return False
        model = self.model(lead.activation)
        worth = score_of(model, lead, day_of(now, model.zone))
        occasion = Occasion(
            stage=lead.standing.stage,
            entered=entered,
            talked=lead.standing.handed_on is not None,
            topic=lambda: interest(model, worth),
        )
        others = [one for one in self.sequences.every() if one.id != sequence.id]
        first = next(iter(fitting([*others, sequence], occasion)), None)
        if worth.left_out or first is None or first.sequence is not sequence:
            return False
        known = self.enrolments(lead.lead_id)
        return next_entry(sequence, known, lead.standing.cycle, now) is not None


class Present:
    """Counts those who are in a sequence's stage now, and would enter it."""

    def __init__(self, *, leads: PresentLeads, fits: Fits, runtime: Runtime) -> None:
        self._leads = leads
        self._fits = fits
        self._runtime = runtime

    def count(self, sequence: SequenceDocument) -> dict[str, Any]:
        """Return how many would enter, of the first 200 of each stage, and whether there are more.

        Whoever may not be written to is counted; the job leaves them out.
        """
        stages = {
            PRESENT[stage]
            for way in sequence.enter
            if way.is_by_stage
            for stage in way.stages
            if stage in PRESENT
        }
        found = 0
        is_more = False
        for stage in sorted(stages):
            ids, has_more = self._leads.in_stage(stage, COUNTED_LEADS)
            is_more = is_more or has_more
            now = self._runtime.now()
            found += sum(self._fits(sequence, self._leads.read(one), now) for one in ids)
        return {"leads": found, "is_more": is_more}


@dataclass(frozen=True, slots=True, kw_only=True)
class TakingInState:
    """How far it came."""

    sequence: str
    place: Place = START
    """Where the walk over all leads stands."""
    walked: int = 0
    entered: int = 0
    """Leads that entered."""
    refused: Mapping[str, int] = field(default_factory=dict)
    """Why others did not, although they fit; how many of each."""
    failed: int = 0


class TakeInHandler:
    """Does the steps of taking in. enter: enters one lead, or raises StateError saying why not."""

    kind = TAKE_IN

    def __init__(
        self,
        *,
        leads: LeadIndex,
        read: Callable[[str], Lead],
        fits: Fits,
        enter: Callable[[str, str, str], Lead],
        shards: int,
        runtime: Runtime,
    ) -> None:
        self._leads = leads
        self._read = read
        self._fits = fits
        self._enter = enter
        self._shards = shards
        self._runtime = runtime

    def encode(self, state: TakingInState) -> Mapping[str, Any]:
        """Return a state in JSON values."""
        return asdict(state)

    def decode(self, kept: Mapping[str, Any]) -> TakingInState:
        """Return the state that `encode` gave these values of."""
        return TakingInState(**{**kept, "place": Place(**kept["place"])})

    def step(self, job: Job[TakingInState], until: datetime) -> JobStep[TakingInState]:
        """Walk on, and enter those who fit, as long as there is time."""
        end = min(until, self._runtime.now() + CHECKPOINT)
        state = job.state
        is_stored, sequence = self._fits.sequences.one(state.sequence)
        if not is_stored or sequence is None or not sequence.active:
            report = {**take_in_report(state), "switched_off": True}
            return JobStep(job=end_job(replace(job, report=report), JobStatus.DONE, report))
        while state.place.shard < self._shards:
            state = self._page(job, state, sequence, end)
            if self._runtime.now() >= end:
                break
        is_over = state.place.shard == self._shards
        total = state.walked
        if not is_over:
            total = estimate_total(state.walked, state.place, self._shards)
        report = take_in_report(state)
        after = replace(job, state=state, done=state.walked, total=total, report=report)
        return JobStep(job=end_job(after, JobStatus.DONE, report) if is_over else after)

    def report(self, job: Job[TakingInState]) -> Mapping[str, Any] | None:
        """Return a job's report."""
        return job.report

    def failure(self, state: TakingInState) -> Mapping[str, Any]:
        """Return how far it came."""
        return take_in_report(state)

    def _page(
        self,
        job: Job[TakingInState],
        state: TakingInState,
        sequence: SequenceDocument,
        end: datetime,
    ) -> TakingInState:
        entered: list[str] = []
        refused = dict(state.refused)

        def enter(lead_id: str) -> None:
            # Seen from the enrolment: a runner that died may have begun it. ADR 0022
            known = self._fits.enrolments(lead_id)
            ours = (one for one in known if one.sequence == sequence.id)
            if any(one.entered_at >= job.created_at for one in ours):
                entered.append(lead_id)
                return
            if not self._fits(sequence, self._read(lead_id), self._runtime.now()):
                return
            try:
                self._enter(lead_id, sequence.id, WHY)
                entered.append(lead_id)
            except StateError as error:
                why = str(error)
                refused[why] = refused.get(why, 0) + 1
            except NotFoundError:  # erased since the index was read
                return

        ids = next_page(self._leads, state.place)
        tried = try_each(ids, enter, lambda: self._runtime.now() < end)
        return replace(
            state,
            place=state.place.behind(ids, len(tried.ids)),
            walked=state.walked + len(tried.ids),
            entered=state.entered + len(entered),
            refused=refused,
            failed=state.failed + len(tried.failed),
        )


def take_in_report(state: TakingInState) -> dict[str, Any]:
    """Return what has been done so far."""
    return {
        "sequence": state.sequence,
        "entered": state.entered,
        "refused": dict(state.refused),
        "failed": state.failed,
    }
