"""The use case: something happened; bring its lead up to date.

    event -> count (or replay) -> decide -> ask the reactions -> one conditional write

Every path ends in `conclude`, so there is one place where a lead is decided and written.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from chalicelib.days import day_of
from chalicelib.errors import AlreadyPlannedError, ConflictError
from chalicelib.events import Act, Event, acts_of, elapsed_ms, lead_id_of
from chalicelib.leads.decision import Decision, decide_lead
from chalicelib.leads.derivation import Derivation
from chalicelib.leads.histories import EventHistory
from chalicelib.leads.lead import Lead
from chalicelib.leads.replay import count, join_until
from chalicelib.lifecycle.stages import Actor, Transition
from chalicelib.limits import COUNTED_HOURS, COUNTED_MAX_IDS, REPLAY_EVERY_MINUTES
from chalicelib.qualify.reactions import (
    NO_CHANGE,
    Cause,
    LeadChange,
    Moved,
    Reaction,
    Situation,
    carry_out,
)
from chalicelib.runtime import Runtime
from chalicelib.scoring.model import Model
from chalicelib.telemetry import current_trace, log
from chalicelib.writing import until_written

REPLAY_EVERY = timedelta(minutes=REPLAY_EVERY_MINUTES)


class LeadStore(Protocol):
    """Where leads are kept."""

    def read(self, lead_id: str) -> Lead:
        """Return a lead as it stands; version 0 when nothing was derived for it yet."""

    def write(self, before: Lead, after: Lead, change: LeadChange) -> None:
        """Replace a lead, with what changes with it.

        Raises ConflictError, or AlreadyPlannedError when only effects exist already.
        """

    def request_replay(self, lead: Lead, due_at: datetime) -> None:
        """Ask the clock to replay a lead. Raises ConflictError."""

    def replayed(self, lead: Lead) -> None:
        """Take the lead off the clock's list unless requested again. Raises ConflictError."""


class EventReader(EventHistory, Protocol):
    """Where events are kept."""

    def owner(self, visitor: str) -> str | None:
        """Return the lead that a visitor belongs to."""

    def joined(self, visitor: str, until: datetime) -> list[Event]:
        """Return the events of a visitor that a join counts."""


class Qualify:
    """Keeps a lead's tally, profile, score and stage true.

    model: returns the active model, of a given activation or a later one; reactions: asked in
    this order about every decision.
    """

    def __init__(
        self,
        *,
        leads: LeadStore,
        events: EventReader,
        model: Callable[[int], Model],
        reactions: Sequence[Reaction],
        runtime: Runtime,
    ) -> None:
        self.derive = Derivation(leads=leads, events=events, model=model, runtime=runtime)
        self._leads = leads
        self._events = events
        self._reactions = reactions
        self.runtime = runtime

    # --- what comes from outside -------------------------------------------------------------

    def captured(self, event: Event) -> None:
        """Count an event and rescore its lead.

        An event of a visitor without an owner stays where it is until a form claims the visitor.
        """
        lead_id = lead_id_of(event.partition) or self._events.owner(event.partition)
        if lead_id is not None:
            self._count(lead_id, event)

    @until_written
    def review(self, lead_id: str) -> None:
        """Decide a lead's stage as of today: what the clock does on the day a lead cools."""
        lead = self.caught_up(self.derive.lead(lead_id))
        if lead.version:
            self.conclude(lead, lead, actor=Actor.CLOCK)

    @until_written
    def replay(self, lead_id: str) -> None:
        """Derive a lead anew from all its events: what the clock does for a crowded lead."""
        requested = self._leads.read(lead_id)
        self._replay(self.derive.lead(lead_id))
        if requested.merged_into:
            # A worker that did not see the merge requested it, so nothing else takes the absorbed
            # lead off the list (ADR 0019).
            with suppress(ConflictError):
                self._leads.replayed(requested)

    @until_written
    def published(self, lead_id: str) -> bool:
        """Bring a lead to the active model. Return False when it is there already."""
        lead = self._leads.read(lead_id)
        return not lead.merged_into and self.caught_up(lead) is not lead

    def conclude(
        self,
        before: Lead,
        counted: Lead,
        *,
        actor: Actor = Actor.MODEL,
        cause: Cause = Cause.NEWS,
        moves: Sequence[Transition] = (),
        events: Sequence[Event] = (),
        also: LeadChange = NO_CHANGE,
    ) -> Lead:
        """Score, decide, ask the reactions, and write; return the lead as it is then.

        One write, on the version that was read. moves: what a person decided; events: what was
        taken in; also: what else is written with it.
        """
        now = self.runtime.now()
        model = self.derive.model(before)
        decision = decide_lead(model, counted, now, actor, moves)
        moved = _moved(before, decision, now)
        situation = Situation(
            model=model,
            before=before,
            after=replace(decision.lead, version=before.version + max(1, len(moved))),
            moved=moved,
            score=decision.score,
            events=[*events, *also.events],
            cause=_cause(cause, also, is_news=len(moved) > len(moves)),
            now=now,
        )
        plan = sum((reaction(situation) for reaction in self._reactions), also.plan)
        plan = plan.caused_by(situation.events, current_trace())
        after = carry_out(situation.after, plan)
        self._write(before, after, replace(also, moved=moved, plan=plan))
        log(
            "qualified",
            lead_id=before.lead_id,
            version=after.version,
            stage=after.standing.stage,
            moved=moved[-1].transition.target if moved else None,
            after_ms=min((elapsed_ms(one.captured_at, now) for one in events), default=None),
        )
        return after

    def _write(self, before: Lead, after: Lead, change: LeadChange) -> None:
        try:
            self._leads.write(before, after, change)
        except AlreadyPlannedError as planned:
            rest = replace(change, plan=change.plan.without(planned))
            self._leads.write(before, after, rest)

    # --- one event ---------------------------------------------------------------------------

    @until_written
    def _count(self, lead_id: str, event: Event) -> None:
        lead = self.derive.lead(lead_id)
        if lead.crowded and event.is_ping:
            self._request_replay(lead)
            return
        if event.digest in lead.counted:
            return
        if not lead.crowded:
            lead = self.caught_up(lead)
        cause = Cause.IMPORT if acts_of([event], Act.IMPORTED) else Cause.NEWS
        counted = None if lead.crowded else self._counted(lead, event)
        if counted is None:
            # Only a replay can tell. It does not wait for the clock, because a request must reach
            # a human at once (ADR 0008).
            self._replay(lead, events=[event], cause=cause)
        elif counted is not lead:
            self.conclude(lead, counted, events=[event], cause=cause)

    def _counted(self, lead: Lead, event: Event) -> Lead | None:
        """Return the lead with an event counted in, itself when it was; None if only a replay can.

        Only a replay knows the cap on the pings of a day that is no longer kept, and how a model
        that counts differently counts what came before.
        """
        until = join_until(event.captured_at)
        joined = [one for visitor in event.joins for one in self._events.joined(visitor, until)]
        now = self.runtime.now()
        model = self.derive.model(lead)
        if len(joined) > COUNTED_MAX_IDS or self.derive.is_stale(lead):
            return None
        if lead.version and _are_old(joined, model, now):
            return None
        return count(model, lead, event, joined, now) or lead

    def _request_replay(self, lead: Lead) -> None:
        """Ask the clock to replay a crowded lead, at most once in fifteen minutes."""
        now = self.runtime.now()
        rested = lead.replayed_at + REPLAY_EVERY if lead.replayed_at else now
        self._leads.request_replay(lead, max(now, rested))

    # --- all events --------------------------------------------------------------------------

    def caught_up(self, lead: Lead) -> Lead:
        """Return the lead as the active model has it.

        What a publish changes about it is announced to nobody, whatever comes first: the publish's
        own walk or an event.
        """
        if not lead.version:
            return lead
        if self.derive.is_stale(lead):
            return self._replay(lead, cause=Cause.PUBLISH)
        if lead.activation != self.derive.model(lead).activation:
            return self.conclude(lead, lead, cause=Cause.PUBLISH)
        return lead

    def _replay(
        self, lead: Lead, *, events: Sequence[Event] = (), cause: Cause = Cause.NEWS
    ) -> Lead:
        if cause is Cause.PUBLISH:
            counted = self.derive.recounted(lead)
        else:
            counted = self.derive.replayed(lead, self.derive.own_events(lead))
        after = self.conclude(lead, counted, events=events, cause=cause)
        if lead.replay_requests:
            # If it was requested again meanwhile, that request stays and is due in its own time
            # (ADR 0007).
            with suppress(ConflictError):
                self._leads.replayed(lead)
        return after


def _moved(before: Lead, decision: Decision, now: datetime) -> list[Moved]:
    """Return the transitions of a decision, each with the standing's version that it makes."""
    return [
        Moved(transition, decision.score, now, before.version + number)
        for number, transition in enumerate(decision.transitions, 1)
    ]


def _cause(cause: Cause, also: LeadChange, *, is_news: bool) -> Cause:
    """Return the cause that reactions see.

    is_news: the model moved the lead, beyond what a person decided. What the model concludes from
    a silent move is news; what a merged lead had asked for was announced for that lead.
    """
    if cause is Cause.SILENT and is_news:
        cause = Cause.NEWS
    return Cause.MERGE if cause is Cause.NEWS and also.absorbed else cause


def _are_old(joined: Sequence[Event], model: Model, now: datetime) -> bool:
    """Return whether a ping was captured on a day whose ids a standing no longer keeps whole.

    How many pings of that day were counted is unknown then.
    """
    last = day_of(now - timedelta(hours=COUNTED_HOURS), model.zone)
    return any(one.is_ping and day_of(one.captured_at, model.zone) <= last for one in joined)
