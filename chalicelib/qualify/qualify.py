"""The use case: an event was captured; bring its lead up to date."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from chalicelib.delivery.intents import Intent
from chalicelib.errors import AlreadyPlannedError, ConflictError
from chalicelib.events import Event, lead_id_of, lead_partition, visitors_of
from chalicelib.lifecycle.stages import Actor
from chalicelib.limits import COUNTED_MAX_IDS, REFOLD_EVERY_MINUTES
from chalicelib.qualify import lead as leads
from chalicelib.qualify.effects import Effects, Moved, effects, owned
from chalicelib.qualify.lead import Lead
from chalicelib.scoring.model import Model
from chalicelib.telemetry import log
from chalicelib.writing import until_written

if TYPE_CHECKING:
    from chalicelib.handoff.plan import Handoff

REFOLD_EVERY = timedelta(minutes=REFOLD_EVERY_MINUTES)


class Leads(Protocol):
    """Where leads are kept."""

    def read(self, lead_id: str) -> Lead:
        """A lead as it stands; version 0 when nothing was derived of it yet."""

    def write(
        self,
        before: Lead,
        after: Lead,
        moved: Moved | None,
        intents: Sequence[Intent],
        handoff: "Handoff | None",
    ) -> None:
        """Replace a lead. Raises ConflictError, or AlreadyPlannedError for intents that exist."""

    def ask_refold(self, lead: Lead, due_at: datetime) -> None:
        """Ask the clock to refold a lead. Raises ConflictError."""

    def refolded(self, lead: Lead) -> None:
        """Take the lead off the clock's list, if no more was asked since. Raises ConflictError."""


class Events(Protocol):
    """Where events are kept."""

    def owner(self, visitor: str) -> str | None:
        """The lead that a visitor belongs to."""

    def of(self, partition: str) -> Iterable[Event]:
        """All events of a lead or visitor."""

    def joined(self, visitor: str, until: datetime) -> list[Event]:
        """What a join counts of a visitor."""

    def since_join(self, visitor: str, until: datetime) -> list[Event]:
        """What a refold takes of a visitor."""


class Documents(Protocol):
    """Where the model, the sequences and the routing are kept."""

    def model(self) -> Model:
        """The active model."""

    def all(self, kind: str) -> Sequence[Mapping[str, Any]]:
        """All documents of a kind."""

    def get(self, kind: str) -> Mapping[str, Any] | None:
        """The document of a kind of which there is one."""


class Qualify:
    """Keeps a lead's tally, profile, score and stage true.

    now: the clock; pause: waits before another try, longer with each, with jitter.
    """

    def __init__(
        self,
        leads: Leads,
        events: Events,
        documents: Documents,
        now: Callable[[], datetime],
        pause: Callable[[int], None],
    ) -> None:
        self._leads, self._events, self._documents = leads, events, documents
        self._now, self._pause = now, pause

    def captured(self, event: Event) -> None:
        """Count an event and rescore its lead. An event of a visitor without an owner is left where it is."""
        lead_id = lead_id_of(event.partition) or self._events.owner(event.partition)
        if lead_id is not None:
            until_written(lambda: self._count(lead_id, event), self._pause)

    def review(self, lead_id: str) -> None:
        """Decide a lead's stage as of today: what the clock does on the day a lead cools."""
        until_written(lambda: self._review(lead_id), self._pause)

    def refold(self, lead_id: str) -> None:
        """Derive a lead anew from all its events."""
        until_written(lambda: self._refold(lead_id), self._pause)

    def _count(self, lead_id: str, event: Event) -> None:
        lead = self._leads.read(lead_id)
        if lead.crowded and event.is_ping:
            rested = lead.refolded_at + REFOLD_EVERY if lead.refolded_at else self._now()
            self._leads.ask_refold(lead, max(self._now(), rested))
            return
        if lead.crowded:  # a request must reach a human at once, so it does not wait for the clock
            self._refold(lead_id)
            return
        if event.digest in lead.counted:
            return
        joined = [one for visitor in event.joins for one in self._events.joined(visitor, leads.join_until(event))]
        if len(joined) > COUNTED_MAX_IDS:  # only a refold knows the cap on a day's pings
            self._refold(lead_id)
            return
        counted = leads.count(self._documents.model(), lead, event, joined, self._now())
        if counted is not None:
            self._decide(lead, counted, Actor.MODEL)

    def _review(self, lead_id: str) -> None:
        lead = self._leads.read(lead_id)
        if lead.version:
            self._decide(lead, lead, Actor.CLOCK)

    def _refold(self, lead_id: str) -> None:
        lead = self._leads.read(lead_id)
        own = list(self._events.of(lead_partition(lead_id)))
        joins = visitors_of(own).items()
        visitors = {visitor: self._events.since_join(visitor, leads.join_until(join)) for visitor, join in joins}
        folded = leads.refold(self._documents.model(), lead, own, visitors, self._now())
        self._decide(lead, replace(folded, refolded_at=self._now()), Actor.MODEL)
        if lead.refold_asks:
            with suppress(ConflictError):  # more was asked meanwhile: that ask stays, and is due in its own time
                self._leads.refolded(lead)

    def _decide(self, before: Lead, folded: Lead, actor: Actor) -> None:
        """Score, decide and write, in one write on the version that was read."""
        now = self._now()
        decision = leads.decided(self._documents.model(), replace(folded, version=before.version + 1), now)
        moved = Moved(decision.transition, decision.score, actor, now) if decision.transition else None
        wanted = self._effects(moved, decision.lead) if moved else Effects()
        after = owned(decision.lead, wanted.handoff)
        try:
            self._leads.write(before, after, moved, wanted.intents, wanted.handoff)
        except AlreadyPlannedError as planned:
            left = [intent for intent in wanted.intents if intent.key not in planned.intents]
            self._leads.write(before, after, moved, left, None if planned.handoff else wanted.handoff)
        log(
            "qualified",
            lead_id=before.lead_id,
            version=after.version,
            stage=after.standing.stage,
            moved=moved.transition.target if moved else None,
        )

    def _effects(self, moved: Moved, lead: Lead) -> Effects:
        return effects(moved, lead, self._documents.all("sequence"), self._documents.get("routing"))
