"""Brings every lead to a model that was just activated: those that change stage first, then all of
them.

A page of leads is saved with the stages that they have before any of them is moved, and what became
of them is seen afterwards from the leads themselves: so what is reported is right, and each lead
moves once, wherever a runner dies.

Workers keep the model for up to 30 seconds. One that does not know of the activation yet may write
a lead behind the walk by the older model. So the walk is done again until one that began a minute
after the activation found nothing (ADR 0022).
"""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.errors import LongReplayError
from chalicelib.events import epoch_ms
from chalicelib.jobs.job import Job
from chalicelib.jobs.walk import START, next_page, try_each
from chalicelib.leads.lead import Lead
from chalicelib.lifecycle.stages import Stage
from chalicelib.limits import SETTLE_SECONDS, SWEEP_FAILED_MAX_LEADS, SWEEP_TRIES
from chalicelib.publishing.ports import LeadMover, PublishStore, SweptLeads
from chalicelib.publishing.state import PublishState, SweepState
from chalicelib.scoring.model import Model

SETTLE_MS = timedelta(seconds=SETTLE_SECONDS) // timedelta(milliseconds=1)
FIRST_PASS = 1  # the one that tells how far the publish is


class Sweep:
    """One step after the other: move the page that was planned, see what became of it, plan the
    next.
    """

    def __init__(
        self, *, leads: SweptLeads, store: PublishStore, mover: LeadMover, shards: int
    ) -> None:
        self._leads = leads
        self._store = store
        self._mover = mover
        self._shards = shards

    def step(
        self, job: Job[PublishState], model: Model, now: datetime, go_on: Callable[[], bool]
    ) -> Job[PublishState]:
        """Move the job's page, as far as `go_on` lets it, and plan the next one.

        model: the active one. When so many leads fail in a row that they cannot be at fault, raise
        the last one's error.
        """
        page = list(job.state.sweep.page)
        if page:
            left: set[str] = set()

            def move(lead_id: str) -> None:
                try:
                    self._mover.published(lead_id)
                except LongReplayError:  # its replay brings it to the model. ADR 0034
                    left.add(lead_id)

            tried = try_each(page, move, go_on)
            job = self._seen(job, model, tried.ids, left)
        return self._planned(job, model, now, go_on)

    def is_over(self, state: PublishState) -> bool:
        """Whether a whole walk that began long enough after the activation has ended, and nothing
        is left to try.
        """
        sweep = state.sweep
        settled = sweep.began_at_ms >= state.activated_at_ms + SETTLE_MS
        return self.is_walked(sweep) and settled and not _to_try(sweep)

    def has_lost(self, sweep: SweepState) -> bool:
        """Whether more leads failed than a report can name."""
        return len(sweep.failed) > SWEEP_FAILED_MAX_LEADS

    def next_pass(self, state: PublishState, now: datetime) -> tuple[SweepState, datetime]:
        """Return the beginning of another walk, and when it is to begin."""
        sweep = state.sweep
        waits = state.activated_at_ms + SETTLE_MS - epoch_ms(now)
        at = now + timedelta(milliseconds=max(waits, SETTLE_MS if _to_try(sweep) else 0, 0))
        passes = sweep.passes + 1
        again = replace(sweep, place=START, passes=passes, began_at_ms=epoch_ms(at), left=0)
        return again, at

    def is_walked(self, sweep: SweepState) -> bool:
        """Whether a walk has ended."""
        return not sweep.page and sweep.place.shard == self._shards

    def _seen(
        self, job: Job[PublishState], model: Model, tried: Sequence[str], left: Set[str]
    ) -> Job[PublishState]:
        """Return the job with what became of these leads of its page. One that is still behind the
        model failed, unless it was left to the clock: the lead says so itself, whatever a runner
        that died had seen.
        """
        sweep = job.state.sweep
        moved = dict(sweep.moved)
        held = sweep.held
        emails_held = sweep.emails_held
        failed = dict(sweep.failed)
        for lead in self._leads.read_many(tried):
            if lead.lead_id in left:
                failed.pop(lead.lead_id, None)
                continue
            if is_behind(lead, model):
                failed[lead.lead_id] = failed.get(lead.lead_id, 0) + 1
                continue
            failed.pop(lead.lead_id, None)
            before = sweep.page[lead.lead_id]
            stage = lead.standing.stage
            if stage.value != before:
                moved[f"{before}->{stage}"] = moved.get(f"{before}->{stage}", 0) + 1
                held += stage is Stage.SQL
                emails_held += self._held_emails(job, lead)
        gone = set(tried)
        after = replace(
            sweep,
            page={lead_id: stage for lead_id, stage in sweep.page.items() if lead_id not in gone},
            walked=sweep.walked + (len(tried) if sweep.passes == FIRST_PASS else 0),
            moved=moved,
            held=held,
            emails_held=emails_held,
            failed=failed,
            left=sweep.left + len(left),
        )
        listed = len(tried) if not sweep.passes else 0
        return _so_far(replace(job, done=job.done + listed), after)

    def _held_emails(self, job: Job[PublishState], lead: Lead) -> int:
        """Return how many emails to a lead that moved this publish holds."""
        if not job.state.hold_emails or lead.standing.stage is Stage.SQL:
            return 0
        return sum(one.held_by == job.id for one in self._leads.messages(lead.lead_id))

    def _planned(
        self, job: Job[PublishState], model: Model, now: datetime, go_on: Callable[[], bool]
    ) -> Job[PublishState]:
        """Return the job with its next page: the next leads that are behind the model."""
        sweep = job.state.sweep
        while not sweep.page and sweep.place.shard < self._shards:
            if sweep.part < job.state.count.parts:
                ids = [str(one["lead_id"]) for one in self._store.part(job.id, sweep.part)]
                sweep = replace(sweep, part=sweep.part + 1)
            else:
                if not sweep.passes:
                    sweep = replace(sweep, passes=FIRST_PASS, began_at_ms=epoch_ms(now), left=0)
                ids = next_page(self._leads, sweep.place)
                sweep = replace(sweep, place=sweep.place.behind(ids, len(ids)))
            page = self._behind(ids, model)
            walked = len(ids) - len(page) if sweep.passes == FIRST_PASS else 0
            sweep = replace(sweep, page=page, walked=sweep.walked + walked)
            if not go_on():
                break
        return _so_far(job, sweep)

    def _behind(self, ids: Sequence[str], model: Model) -> Mapping[str, str]:
        """Return those of these leads that are behind the model, each with its stage."""
        found = self._leads.read_many(ids) if ids else []
        return {lead.lead_id: lead.standing.stage.value for lead in found if is_behind(lead, model)}


def is_behind(lead: Lead, model: Model) -> bool:
    """Whether a lead was decided by an older model than this, or counted by another. One that
    turned out to be another is never touched again.
    """
    if lead.merged_into:
        return False
    return lead.activation < model.activation or lead.matching != model.matching


def _so_far(job: Job[PublishState], sweep: SweepState) -> Job[PublishState]:
    """Return the job with how many leads are certainly there: those that moved first are among
    those of the walk.
    """
    done = min(max(job.done, sweep.walked), job.total)
    return replace(job, done=done, state=replace(job.state, sweep=sweep))


def _to_try(sweep: SweepState) -> bool:
    """Whether a lead failed that is to be tried again."""
    return any(tries < SWEEP_TRIES for tries in sweep.failed.values())
