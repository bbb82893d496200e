"""The use case: something happened; bring its lead up to date.

    events -> count -> decide -> ask the reactions -> one conditional write

What only a replay can tell is requested of the clock: no replay runs where records are processed
(ADR 0034). Every path ends in `conclude`, so there is one place where a lead is decided and
written.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial

from chalicelib.errors import AlreadyPlannedError, ConflictError, LongReplayError
from chalicelib.events import Act, Event, elapsed_ms
from chalicelib.leads.acts import acts_of
from chalicelib.leads.decision import decide_lead
from chalicelib.leads.derivation import Derivation
from chalicelib.leads.histories import FOREVER, EventReader
from chalicelib.leads.joined import are_old, joined_by
from chalicelib.leads.lead import Lead
from chalicelib.leads.progress import Progress
from chalicelib.leads.replay import ADDRESS, count, new_events
from chalicelib.leads.requests import about, requested_by
from chalicelib.lifecycle.stages import Actor, Transition
from chalicelib.limits import COUNTED_MAX_IDS, REPLAY_STEP_EVENTS
from chalicelib.qualify.ports import LeadStore
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
from chalicelib.writing import persist_shared, until_written


class Qualify:
    """Keeps a lead's tally, profile, score and stage true.

    model: returns the active model, of a given activation or a later one; reactions: asked in
    this order about every decision; urgent: called with a lead's id after an urgent request for
    its replay is stored.
    """

    def __init__(
        self,
        *,
        leads: LeadStore,
        events: EventReader,
        model: Callable[[int], Model],
        reactions: Sequence[Reaction],
        urgent: Callable[[str], None],
        runtime: Runtime,
    ) -> None:
        self.derive = Derivation(leads=leads, events=events, model=model, runtime=runtime)
        self._leads = leads
        self._events = events
        self._reactions = reactions
        self._urgent = urgent
        self.runtime = runtime

    # --- what comes from outside -------------------------------------------------------------

    @until_written
    def captured(self, lead_id: str, events: Sequence[Event]) -> None:
        """Count events of a lead and rescore it: one read, one decision, one write."""
        lead = self.derive.lead(lead_id)
        news = new_events(lead, events)
        if not news:
            return
        if lead.counts_by_replay or self.derive.is_stale(lead):
            self.request_replay(lead, news)
            return
        lead = self.caught_up(lead)
        counted = self._counted(lead, news)
        if counted is None:
            self.request_replay(lead, news)
            return
        imported = len(acts_of(news, Act.IMPORTED)) == len(news)
        self.conclude(lead, counted, events=news, cause=Cause.IMPORT if imported else Cause.NEWS)

    @until_written
    def review(self, lead_id: str) -> None:
        """Decide a lead's stage as of today: what the clock does on the day a lead cools.

        A lead whose replay is under way is decided when that is whole.
        """
        lead = self.derive.lead(lead_id)
        if not lead.exists or lead.requests.is_under_way:
            return
        with suppress(LongReplayError):
            lead = self.caught_up(lead)
            self.conclude(lead, lead, actor=Actor.CLOCK)

    @until_written
    def replay(self, lead_id: str, until: datetime = FOREVER) -> None:
        """Derive a lead anew from all its events: what the clock does when it is requested.

        until: when to stop, at least one step later; the lead then stays due, and goes on from
        there. It is decided when it is whole.
        """
        requested = self._leads.read(lead_id)
        lead = self.derive.lead(lead_id)
        if requested.merged_into:
            # A worker that did not see the merge requested it, so nothing else takes the absorbed
            # lead off the list (ADR 0019).
            with suppress(ConflictError):
                self._leads.replayed(requested)
        if self.derive.is_stale(lead) and not lead.counts_by_replay:
            with suppress(LongReplayError):
                lead = self.caught_up(lead)
        lead, saved = self._begun(lead)
        replaying = self.derive.replaying(lead, saved)
        while not replaying.step(REPLAY_STEP_EVENTS):
            if lead.requests.due_at is not None:
                self._leads.save_unfinished(lead, replaying.progress)
                if self.runtime.now() >= until:
                    return
        self._end(lead, replaying.lead())

    @until_written
    def published(self, lead_id: str) -> bool:
        """Bring a lead to the active model. Return False when it is there already.

        Raises LongReplayError for one that is left to the clock.
        """
        lead = self._leads.read(lead_id)
        if lead.requests.is_under_way and self.derive.is_stale(lead):
            raise LongReplayError
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
        if before.is_erased and ADDRESS not in counted.profile:
            return before  # a page view of its browser, a notice of an email: begins nothing anew
        now = self.runtime.now()
        model = self.derive.model(before)
        decision = decide_lead(model, counted, now, actor, moves)
        moved = [
            Moved(transition, decision.score, now, before.version + number)
            for number, transition in enumerate(decision.transitions, 1)
        ]
        situation = Situation(
            model=model,
            before=before,
            after=replace(decision.lead, version=before.version + max(1, len(moved))),
            moved=moved,
            score=decision.score,
            events=[*events, *also.events],
            cause=_cause(cause, also, is_news=len(moved) > len(moves)),
            now=now,
            absorbed=also.absorbed[0] if also.absorbed else None,
        )
        after = persist_shared(partial(self._carried_out, situation, also), self.runtime.pause)
        log(
            "qualified",
            lead_id=before.lead_id,
            version=after.version,
            stage=after.standing.stage,
            moved=moved[-1].transition.target if moved else None,
            after_ms=min((elapsed_ms(one.captured_at, now) for one in events), default=None),
        )
        return after

    def _carried_out(self, situation: Situation, also: LeadChange, lost: int) -> Lead:
        situation = replace(situation, lost=lost)
        plan = sum((reaction(situation) for reaction in self._reactions), also.plan)
        plan = plan.caused_by(situation.events, current_trace())
        after = carry_out(situation.after, plan)
        self._write(situation.before, after, replace(also, moved=situation.moved, plan=plan))
        return after

    def _write(self, before: Lead, after: Lead, change: LeadChange) -> None:
        try:
            self._leads.write(before, after, change)
        except AlreadyPlannedError as planned:
            rest = replace(change, plan=change.plan.without(planned))
            self._leads.write(before, after, rest)

    # --- what is new -------------------------------------------------------------------------

    def _counted(self, lead: Lead, events: Sequence[Event]) -> Lead | None:
        """Return the lead with new events counted in; None if only a replay can.

        Only a replay knows the cap on the pings of a day that is no longer kept.
        """
        now = self.runtime.now()
        model = self.derive.model(lead)
        joined = joined_by(self._events, lead, events, now)
        if len(joined) > COUNTED_MAX_IDS or (lead.exists and are_old(joined, model, now)):
            return None
        return count(model, lead, events, joined, now)

    def request_replay(self, lead: Lead, events: Sequence[Event]) -> None:
        """Ask for a replay, at once or in the lead's turn. Nothing is written if it is due."""
        now = self.runtime.now()
        asked = about(lead.requests, events, self.derive.model(lead))
        after = requested_by(asked, events, lead.replayed_at, now)
        if after is None and asked is lead.requests:
            return
        # What a replay that is due already is about counts as a request: two writers must not
        # undo one another.
        after = after or replace(asked, count=asked.count + 1)
        self._leads.put_requests(lead, after)
        if after.urgent_at != lead.requests.urgent_at and after.urgent_at[-1:] == (now,):
            self._urgent(lead.lead_id)

    # --- all events --------------------------------------------------------------------------

    def leave_to_clock(self, lead: Lead) -> None:
        """Have the clock replay a lead that has too many events for other work.

        The replay counts as begun: who comes by until it has ended does not read them all again.
        """
        if not lead.requests.is_under_way:
            self._leads.put_requests(lead, lead.requests.at(self.runtime.now()).begun())
            log("left_to_clock", lead_id=lead.lead_id)

    def caught_up(self, lead: Lead) -> Lead:
        """Return the lead as the active model has it.

        What a publish changes about it is announced to nobody, whatever comes first: the publish's
        own walk or an event. Raises LongReplayError for a lead that is left to the clock.
        """
        if not lead.exists:
            return lead
        if self.derive.is_stale(lead):
            try:
                counted = self.derive.recounted(lead)
            except LongReplayError:
                self.leave_to_clock(lead)
                raise
            return self.conclude(lead, counted, cause=Cause.PUBLISH)
        if lead.activation != self.derive.model(lead).activation:
            return self.conclude(lead, lead, cause=Cause.PUBLISH)
        return lead

    def _begun(self, lead: Lead) -> tuple[Lead, Progress | None]:
        """Return the lead with its replay begun, and how far an earlier worker came with it.

        Ping against replay: one that comes from here on asks for another replay, even though the
        lead is due already. One that came before is among the events that are read (ADR 0034).
        """
        if lead.requests.due_at is None:
            return lead, None
        saved = self._leads.unfinished(lead) if lead.requests.is_under_way else None
        if saved is not None and saved.taken == lead.requests.taken:
            return lead, saved
        begun = lead.requests.begun()
        self._leads.put_requests(lead, begun)
        return replace(lead, requests=begun), None

    def _end(self, lead: Lead, replayed: Lead) -> None:
        """Decide a replayed lead, and take it off the clock's list."""
        about = lead.requests.cause
        event = self._events.one(*about) if about else None
        # What a publish changes is announced to nobody, unless somebody asks meanwhile (rule 1).
        cause = Cause.PUBLISH if event is None and self.derive.is_stale(lead) else Cause.NEWS
        self.conclude(lead, replayed, cause=cause, events=[event] if event else [])
        if lead.requests.count:
            # If it was requested again meanwhile, that request stays and is due in its own time
            # (ADR 0007).
            with suppress(ConflictError):
                self._leads.replayed(lead)


def _cause(cause: Cause, also: LeadChange, *, is_news: bool) -> Cause:
    """Return the cause that reactions see.

    is_news: the model moved the lead, beyond what a person decided. What the model concludes from
    a silent move is news; what a merged lead had asked for was announced for that lead.
    """
    if cause is Cause.SILENT and is_news:
        cause = Cause.NEWS
    return Cause.MERGE if cause is Cause.NEWS and also.absorbed else cause
