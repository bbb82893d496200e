"""How a lead is derived from its events with the model that is active: read, replay, recount.

Nothing is decided or written here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from chalicelib.events import Event, Join
from chalicelib.leads import histories
from chalicelib.leads.lead import Lead, find_survivor
from chalicelib.leads.replay import drop_uncounted, recount_since, replay
from chalicelib.runtime import Runtime
from chalicelib.scoring.model import Model
from chalicelib.scoring.tally import Since


class LeadSource(Protocol):
    """Where leads are read."""

    def read(self, lead_id: str) -> Lead:
        """Return a lead as it stands; version 0 when nothing was derived for it yet."""


class Derivation:
    """Derives leads from their events.

    model: returns the active model, of a given activation or a later one.
    """

    def __init__(
        self,
        *,
        leads: LeadSource,
        events: histories.EventHistory,
        model: Callable[[int], Model],
        runtime: Runtime,
    ) -> None:
        self._leads = leads
        self._events = events
        self._model = model
        self._now = runtime.now

    def lead(self, lead_id: str) -> Lead:
        """Return the lead of an id, or the lead that it was merged into."""
        return find_survivor(self._leads.read, lead_id)

    def model(self, lead: Lead) -> Model:
        """Return the active model; never an older one than the lead was decided with."""
        return self._model(lead.activation)

    def is_stale(self, lead: Lead) -> bool:
        """Return whether a model that counts differently has counted the lead, or its `since`."""
        matching = self.model(lead).matching
        since = lead.standing.since
        is_counted = since is None or since.is_counted_by(matching)
        return lead.version > 0 and not (lead.matching == matching and is_counted)

    def own_events(self, lead: Lead) -> list[Event]:
        """Return all events of a lead's own partition and of the leads merged into it."""
        return histories.own_events(self._events, lead.lead_id)

    def visitors(self, lead: Lead, own: Sequence[Event]) -> dict[Join, list[Event]]:
        """Return what counts of each visitor that a lead joined. own: as `own_events` has them."""
        return histories.visitors(self._events, lead.lead_id, own)

    def replayed(
        self,
        lead: Lead,
        own: Sequence[Event],
        visitors: Mapping[Join, Sequence[Event]] | None = None,
    ) -> Lead:
        """Return a lead derived anew from its own events, not yet decided.

        visitors: the events that count of each visitor it joined; all of them without it.
        """
        theirs = self.visitors(lead, own) if visitors is None else visitors
        now = self._now()
        return replace(replay(self.model(lead), lead, own, theirs, now), replayed_at=now)

    def recounted(self, lead: Lead) -> Lead:
        """Return a lead with what it has counted, counted as the active model counts.

        An event that is still on its way is left out: a request must not be swallowed by a
        publish, which announces nothing (playbook, rule 1).
        """
        now = self._now()
        own = drop_uncounted(lead, self.own_events(lead), now)
        visitors = {
            join: drop_uncounted(lead, events, now)
            for join, events in self.visitors(lead, own).items()
        }
        return self.replayed(lead, own, visitors)

    def recounted_since(self, lead: Lead, since: Since | None) -> Since | None:
        """Return from when a lead's behaviour counts, as the active model counts it.

        A transition keeps what another model may have counted.
        """
        model = self.model(lead)
        if since is None or since.is_counted_by(model.matching):
            return since
        own = self.own_events(lead)
        return recount_since(model, since, own, self.visitors(lead, own))

    def counted_as(self, lead: Lead, model: Model) -> Lead:
        """Return a lead derived from all its events as a model counts them, for what-if."""
        own = self.own_events(lead)
        return replay(model, lead, own, self.visitors(lead, own), self._now())
