"""The use case: something happened; bring its lead up to date."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.errors import AlreadyPlannedError, ConflictError
from chalicelib.events import Act, Event, acts_of, lead_id_of
from chalicelib.leads import histories
from chalicelib.leads import lead as leads
from chalicelib.leads.lead import Decision, Lead
from chalicelib.lifecycle.stages import Actor, Recorded, Stage, Transition
from chalicelib.limits import COUNTED_HOURS, COUNTED_MAX_IDS, REPLAY_EVERY_MINUTES
from chalicelib.qualify import effects
from chalicelib.qualify.effects import Cause, Change
from chalicelib.scoring.model import Model
from chalicelib.telemetry import log
from chalicelib.writing import persist

NOTHING = Change()
REPLAY_EVERY = timedelta(minutes=REPLAY_EVERY_MINUTES)


class Leads(Protocol):
    """Where leads are kept."""

    def read(self, lead_id: str) -> Lead:
        """A lead as it stands; version 0 when nothing was derived of it yet."""

    def write(self, before: Lead, after: Lead, change: Change) -> None:
        """Replace a lead, with what changes with it. Raises ConflictError, or AlreadyPlannedError
        for effects that exist.
        """

    def notices(self, lead_id: str, cycle: int) -> list[OutboxMessage]:
        """The notices of a cycle's handoff."""

    def transitions(self, lead_id: str, newest: int | None = None) -> list[Recorded]:
        """A lead's transitions, the newest first."""

    def request_replay(self, lead: Lead, due_at: datetime) -> None:
        """Ask the clock to replay a lead. Raises ConflictError."""

    def replayed(self, lead: Lead) -> None:
        """Take the lead off the clock's list, if no more was asked since. Raises ConflictError."""


class Events(histories.Events, Protocol):
    """Where events are kept."""

    def owner(self, visitor: str) -> str | None:
        """The lead that a visitor belongs to."""

    def joined(self, visitor: str, until: datetime) -> list[Event]:
        """What a join counts of a visitor."""


class Documents(Protocol):
    """Where the sequences and the routing are kept."""

    def all(self, kind: str) -> Sequence[Mapping[str, Any]]:
        """All documents of a kind."""

    def get(self, kind: str) -> Mapping[str, Any] | None:
        """The document of a kind of which there is one."""


class Qualify:
    """Keeps a lead's tally, profile, score and stage true.

    model: the active model, of a given activation or a later one; now: the clock; pause: waits
    before another try, longer with each, with jitter.
    """

    def __init__(
        self,
        leads: Leads,
        events: Events,
        model: Callable[[int], Model],
        documents: Documents,
        now: Callable[[], datetime],
        pause: Callable[[int], None],
    ) -> None:
        self._leads, self._events, self._model, self._documents = leads, events, model, documents
        self._now, self._pause = now, pause

    def captured(self, event: Event) -> None:
        """Count an event and rescore its lead. An event of a visitor without an owner is left where
        it is.
        """
        lead_id = lead_id_of(event.partition) or self._events.owner(event.partition)
        if lead_id is not None:
            persist(lambda: self._count(lead_id, event), self._pause)

    def review(self, lead_id: str) -> None:
        """Decide a lead's stage as of today: what the clock does on the day a lead cools."""
        persist(lambda: self._review(lead_id), self._pause)

    def replay(self, lead_id: str) -> None:
        """Derive a lead anew from all its events."""
        persist(lambda: self._replay_of(lead_id), self._pause)

    def published(self, lead_id: str) -> bool:
        """Bring a lead to the active model: counted as it counts, and decided. False when it is
        there already.
        """
        return persist(lambda: self._published(lead_id), self._pause)

    def lead(self, lead_id: str) -> Lead:
        """The lead of an id; of one that turned out to be another, that other."""
        return leads.survivor(self._leads.read, lead_id)

    def model(self, lead: Lead) -> Model:
        """The active model; never an older one than the lead was decided with."""
        return self._model(lead.activation)

    def is_stale(self, lead: Lead) -> bool:
        """Whether a lead was counted by a model that counts otherwise than the active one."""
        return lead.version > 0 and lead.matching != self.model(lead).matching

    def own_events(self, lead: Lead) -> list[Event]:
        """All events of a lead's own partition, and of the leads that turned out to be this one."""
        return histories.own_events(self._events, lead.lead_id)

    def visitors(self, own: Iterable[Event]) -> dict[str, list[Event]]:
        """What counts of each visitor that a lead's own events joined."""
        return histories.visitors(self._events, own)

    def folded(
        self, lead: Lead, own: Sequence[Event], visitors: Mapping[str, Sequence[Event]]
    ) -> Lead:
        """A lead derived anew of these events, not yet decided."""
        now = self._now()
        return replace(leads.replay(self.model(lead), lead, own, visitors, now), replayed_at=now)

    def recounted(self, lead: Lead) -> Lead:
        """A lead with what it has counted already, counted as the active model counts; not yet
        decided.

        A request that is still on its way must not be swallowed by what tells nobody (playbook,
        rule 1).
        """
        now = self._now()
        own = leads.counted_by(lead, self.own_events(lead), now)
        visitors = {
            one: leads.counted_by(lead, events, now) for one, events in self.visitors(own).items()
        }
        return self.folded(lead, own, visitors)

    def counted_as(self, lead: Lead, model: Model) -> Lead:
        """A lead derived anew of all its events as a model counts them: what-if, for nobody to
        keep.
        """
        own = self.own_events(lead)
        return leads.replay(model, lead, own, self.visitors(own), self._now())

    def conclude(
        self,
        before: Lead,
        folded: Lead,
        *,
        actor: Actor = Actor.MODEL,
        cause: Cause = Cause.NEWS,
        moves: Sequence[Transition] = (),
        also: Change = NOTHING,
    ) -> Lead:
        """Score, decide and write, in one write on the version that was read. Returns the lead as
        it is then.

        moves: what a person decided of it; also: what is written with it.
        """
        now, model = self._now(), self.model(before)
        decision = leads.decided(model, folded, now, actor, moves)
        steps = max(1, len(decision.transitions))
        after = replace(decision.lead, version=before.version + steps)
        if cause is Cause.SILENT and len(decision.transitions) > len(moves):
            cause = Cause.NEWS  # what the model makes of a person's move is news
        # What an absorbed lead asked for was told of that lead.
        is_news = cause is Cause.NEWS and also.absorbed is None
        words = effects.wants_word(model, before, after, decision.score) if is_news else ()
        change, after = self._change(before, replace(decision, lead=after), words, cause, now)
        change = replace(
            also,
            moved=change.moved,
            handoff=change.handoff,
            outbox=[*also.outbox, *change.outbox],
            cancelled=[*also.cancelled, *change.cancelled],
        )
        try:
            self._leads.write(before, after, change)
        except AlreadyPlannedError as planned:
            self._leads.write(before, after, change.without(planned))
        log(
            "qualified",
            lead_id=before.lead_id,
            version=after.version,
            stage=after.standing.stage,
            moved=change.moved[-1].transition.target if change.moved else None,
        )
        return after

    def _count(self, lead_id: str, event: Event) -> None:
        lead = self.lead(lead_id)
        if lead.crowded and event.is_ping:
            rested = lead.replayed_at + REPLAY_EVERY if lead.replayed_at else self._now()
            self._leads.request_replay(lead, max(self._now(), rested))
            return
        cause = Cause.IMPORT if acts_of([event], Act.IMPORTED) else Cause.NEWS
        if event.digest in lead.counted:
            return
        if not lead.crowded:
            lead = self._caught_up(lead)
        if lead.crowded:  # a request must reach a human at once, so it does not wait for the clock
            self._replay(lead, cause=cause)
            return
        model = self.model(lead)
        joined = [
            one
            for visitor in event.joins
            for one in self._events.joined(visitor, leads.join_until(event))
        ]
        # Only a replay knows the cap on a day's pings, and how a changed model counts what came
        # before.
        if (
            len(joined) > COUNTED_MAX_IDS
            or self.is_stale(lead)
            or (lead.version and _is_of_old(joined, self._now()))
        ):
            self._replay(lead, cause=cause)
            return
        counted = leads.count(model, lead, event, joined, self._now())
        if counted is not None:
            self.conclude(lead, counted, cause=cause)

    def _review(self, lead_id: str) -> None:
        lead = self._caught_up(self.lead(lead_id))
        if lead.version:
            self.conclude(lead, lead, actor=Actor.CLOCK)

    def _published(self, lead_id: str) -> bool:
        lead = self._leads.read(lead_id)
        return not lead.merged_into and self._caught_up(lead) is not lead

    def _caught_up(self, lead: Lead) -> Lead:
        """The lead as the active model has it. What a publish makes of it is no news, whatever
        comes to it first.
        """
        if not lead.version or (
            lead.activation == self.model(lead).activation and not self.is_stale(lead)
        ):
            return lead
        if self.is_stale(lead):
            return self._replay(lead, cause=Cause.PUBLISH)
        return self.conclude(lead, lead, cause=Cause.PUBLISH)

    def _replay_of(self, lead_id: str) -> None:
        asked = self._leads.read(lead_id)
        self._replay(self.lead(lead_id))
        # asked for by a worker that did not see the merge, so nothing else takes it off the list
        if asked.merged_into:
            with suppress(ConflictError):
                self._leads.replayed(asked)

    def _replay(self, lead: Lead, *, cause: Cause = Cause.NEWS) -> Lead:
        folded = self.recounted(lead) if cause is Cause.PUBLISH else self._replayed(lead)
        after = self.conclude(lead, folded, cause=cause)
        if lead.replay_requests:
            with suppress(
                ConflictError
            ):  # more was asked meanwhile: that ask stays, and is due in its own time
                self._leads.replayed(lead)
        return after

    def _replayed(self, lead: Lead) -> Lead:
        own = self.own_events(lead)
        return self.folded(lead, own, self.visitors(own))

    def _change(
        self, before: Lead, decision: Decision, words: Sequence[str], cause: Cause, now: datetime
    ) -> tuple[Change, Lead]:
        """What a decision wants, and the lead with the owner and the warnings that follow from it.

        words: what sales has to be told of a lead that it does not get.
        """
        lead, moved = decision.lead, effects.moves(before, decision, now)
        if not moved and not words:
            return Change(), lead
        documents = effects.Documents(
            self._documents.all("sequence"), self._documents.get("routing")
        )
        wanted = effects.entering(moved[-1], lead, documents, cause) if moved else Change()
        lead = effects.told(effects.owned(lead, wanted.handoff), words)
        outbox = [*wanted.outbox, *effects.words_to_sales(words, lead, documents, now)]
        taken_back, corrections = self._taken_back(before, moved, now)
        change = replace(wanted, moved=moved, outbox=[*outbox, *corrections], cancelled=taken_back)
        return change, lead

    def _taken_back(
        self, before: Lead, moved: Sequence[effects.Moved], now: datetime
    ) -> tuple[list[tuple[OutboxMessage, OutboxMessage]], list[OutboxMessage]]:
        """What becomes of a handoff's notices when the lead leaves sql: who has answered need not
        be told any more, and who was told although there will be no answer is corrected.
        """
        if before.standing.stage is not Stage.SQL or not moved:
            return [], []
        from chalicelib.handoff.plan import withdrawn

        # A merge may have raised the standing's cycle since: the notices are of the one in which
        # sales got the lead.
        entries = (one.transition for one in self._leads.transitions(before.lead_id))
        cycle = next(
            (one.cycle for one in entries if one.target is Stage.SQL), before.standing.cycle
        )
        waiting, corrections = withdrawn(
            self._leads.notices(before.lead_id, cycle), moved[0].version, now
        )
        return waiting, corrections if effects.leaves_sales(before, moved) else []


def _is_of_old(joined: Sequence[Event], now: datetime) -> bool:
    """Whether some were captured on a day of which a standing no longer keeps the ids: of how many
    pings is unknown.
    """
    last = (now - timedelta(hours=COUNTED_HOURS)).date()
    return any(one.is_ping and one.captured_at.date() <= last for one in joined)
