"""Brings every lead to a model that was just activated: those that change stage first, then all of
them.

A page of leads is saved with the stages that they have before any of them is moved, and what became
of them is seen afterwards from the leads themselves: so what is reported is right, and each lead
moves once, wherever a runner dies.

Workers keep the model for up to 30 seconds. One that does not know of the activation yet may write
a lead behind the walk by the older model. So the walk is done again until one that began a minute
after the activation found nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.events import epoch_ms
from chalicelib.leads.lead import Lead
from chalicelib.lifecycle.stages import Stage
from chalicelib.limits import (
    JOB_PAGE_LEADS,
    SETTLE_SECONDS,
    SWEEP_FAILED_IN_A_ROW,
    SWEEP_FAILED_MAX_LEADS,
    SWEEP_TRIES,
)
from chalicelib.publishing.ports import Jobs, Leads, Qualify
from chalicelib.publishing.work import Job, Work
from chalicelib.scoring.model import Model
from chalicelib.telemetry import log, where

SETTLE_MS = timedelta(seconds=SETTLE_SECONDS) // timedelta(milliseconds=1)
FIRST_PASS = 1  # the one that tells how far the publish is


class Moving:
    """One step after the other: move the page that was planned, see what became of it, plan the
    next.
    """

    def __init__(self, leads: Leads, jobs: Jobs, qualify: Qualify, shards: int) -> None:
        self._leads, self._jobs, self._qualify, self._shards = leads, jobs, qualify, shards

    def step(self, job: Job, model: Model, now: datetime, go_on: Callable[[], bool]) -> Job:
        """The job after its page was moved, as far as `go_on` let it, and the next one was planned.

        model: the active one. Raises what so many leads in a row failed with that it is no lead's
        fault.
        """
        if job.work.page:
            job = self._seen(job, model, self._moved(list(job.work.page), go_on))
        return self._planned(job, model, now, go_on)

    def is_over(self, work: Work) -> bool:
        """Whether a whole walk that began long enough after the activation has ended, and nothing
        is left to try.
        """
        settled = work.began_at_ms >= work.activated_at_ms + SETTLE_MS
        return not work.page and work.shard == self._shards and settled and not _to_try(work)

    def has_lost(self, work: Work) -> bool:
        """Whether more leads failed than a report can name."""
        return len(work.failed) > SWEEP_FAILED_MAX_LEADS

    def next_pass(self, work: Work, now: datetime) -> tuple[Work, datetime]:
        """The work at the beginning of another walk, and when it is to begin."""
        waits = work.activated_at_ms + SETTLE_MS - epoch_ms(now)
        at = now + timedelta(milliseconds=max(waits, SETTLE_MS if _to_try(work) else 0, 0))
        return replace(
            work, shard=0, after="", passes=work.passes + 1, began_at_ms=epoch_ms(at)
        ), at

    def is_walked(self, work: Work) -> bool:
        """Whether a walk has ended."""
        return not work.page and work.shard == self._shards

    def _moved(self, page: Sequence[str], go_on: Callable[[], bool]) -> Sequence[str]:
        """Bring leads to the model, one at least, and as long as there is time: those that it was
        tried with.
        """
        failed = 0
        for position, lead_id in enumerate(page):
            if position and not go_on():
                return page[:position]
            try:
                self._qualify.published(lead_id)
                failed = 0
            except (
                Exception
            ) as error:  # the others must not wait for this one; it is tried in the next walk
                failed += 1
                log(
                    "due_failed",
                    task="job",
                    lead_id=lead_id,
                    error=type(error).__name__,
                    where=where(error),
                )
                if failed == SWEEP_FAILED_IN_A_ROW:
                    raise
        return page

    def _seen(self, job: Job, model: Model, tried: Sequence[str]) -> Job:
        """The job with what became of these leads of its page: one that failed is still behind."""
        work = job.work
        moved, held, failed = dict(work.moved), work.held, dict(work.failed)
        for lead in self._leads.read_many(tried):
            if is_behind(lead, model):
                failed[lead.lead_id] = failed.get(lead.lead_id, 0) + 1
                continue
            failed.pop(lead.lead_id, None)
            before, stage = work.page[lead.lead_id], lead.standing.stage
            if stage.value != before:
                moved[f"{before}->{stage}"] = moved.get(f"{before}->{stage}", 0) + 1
                held += stage is Stage.SQL
        walked = work.walked + (len(tried) if work.passes == FIRST_PASS else 0)
        listed = len(tried) if not work.passes else 0
        page = {lead_id: stage for lead_id, stage in work.page.items() if lead_id not in set(tried)}
        work = replace(work, page=page, walked=walked, moved=moved, held=held, failed=failed)
        return _so_far(replace(job, done=job.done + listed, work=work))

    def _planned(self, job: Job, model: Model, now: datetime, go_on: Callable[[], bool]) -> Job:
        """The job with its next page: the next leads that are behind the model."""
        work = job.work
        while not work.page and work.shard < self._shards:
            if work.part < job.parts:
                ids = [str(one["lead_id"]) for one in self._jobs.part(job.id, work.part)]
                work = replace(work, part=work.part + 1)
            else:
                if not work.passes:
                    work = replace(work, passes=FIRST_PASS, began_at_ms=epoch_ms(now))
                ids = self._leads.every(work.shard, work.after, JOB_PAGE_LEADS)
                is_last = len(ids) < JOB_PAGE_LEADS
                work = replace(work, shard=work.shard + is_last, after="" if is_last else ids[-1])
            page = self._behind(ids, model)
            walked = work.walked + (len(ids) - len(page) if work.passes == FIRST_PASS else 0)
            work = replace(work, page=page, walked=walked)
            if not go_on():
                break
        return _so_far(replace(job, work=work))

    def _behind(self, ids: Sequence[str], model: Model) -> Mapping[str, str]:
        """Those of these leads that are behind the model, each with its stage."""
        found = self._leads.read_many(ids) if ids else []
        return {lead.lead_id: lead.standing.stage.value for lead in found if is_behind(lead, model)}


def is_behind(lead: Lead, model: Model) -> bool:
    """Whether a lead was decided by an older model than this, or counted by another. One that
    turned out to be another is never touched again.
    """
    if lead.merged_into:
        return False
    return lead.activation < model.activation or lead.matching != model.matching


def _so_far(job: Job) -> Job:
    """The job with how many leads are certainly there: those that moved first are among those of
    the walk.
    """
    return replace(job, done=min(max(job.done, job.work.walked), job.total))


def _to_try(work: Work) -> bool:
    """Whether a lead failed that is to be tried again."""
    return any(passes < SWEEP_TRIES for passes in work.failed.values())
