"""How a lead is derived from its events with the model that is active: read, replay, recount.

Nothing is decided or written here.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol

from chalicelib.errors import LongReplayError
from chalicelib.events import Event
from chalicelib.leads.histories import EventHistory, Survey
from chalicelib.leads.lead import Lead, find_survivor
from chalicelib.leads.progress import Progress, begin
from chalicelib.leads.replay import is_uncounted
from chalicelib.leads.replaying import Replaying
from chalicelib.limits import REPLAY_AT_ONCE_MAX_EVENTS
from chalicelib.runtime import Runtime
from chalicelib.scoring.model import Model
from chalicelib.scoring.tally import Since

LEFT_TO_CLOCK = (
    f"the lead has more than {REPLAY_AT_ONCE_MAX_EVENTS:,} events, too many for a request; the"
    " clock derives it anew within minutes"
)


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
        events: EventHistory,
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
        return lead.exists and not (lead.matching == matching and is_counted)

    def replaying(
        self,
        lead: Lead,
        saved: Progress | None = None,
        *,
        also: Sequence[Event] = (),
        sees: Callable[[Event], None] | None = None,
    ) -> Replaying:
        """Return a replay of a lead, to be done in steps.

        saved: how far it came before; when the lead or the model changed since, it begins anew.
        also: events that are about to be stored; sees: gets every event that is read.
        """
        model = self.model(lead)
        now = (lead.version, model.matching, lead.requests.taken)
        fits = saved and (saved.version, saved.matching, saved.taken) == now
        progress = saved if saved and fits else begin(lead, model, self._now())
        return Replaying(
            events=self._events, model=model, lead=lead, progress=progress, also=also, sees=sees
        )

    def replayed(self, lead: Lead, also: Sequence[Event] = ()) -> Lead:
        """Return a lead derived anew from all its events, not yet decided.

        also: events that are about to be stored. Raises LongReplayError.
        """
        return at_once(self.replaying(lead, also=also))

    def recounted(self, lead: Lead) -> Lead:
        """Return a lead with what it has counted, counted as the active model counts.

        An event that is still on its way is left out: a request must not be swallowed by a
        publish, which announces nothing (playbook, rule 1). Raises LongReplayError.
        """
        now = self._now()
        model = self.model(lead)
        replaying = Replaying(
            events=self._events,
            model=model,
            lead=lead,
            progress=begin(lead, model, now),
            leaves_out=lambda event: is_uncounted(lead, event, now),
        )
        return at_once(replaying)

    def recounted_since(self, lead: Lead, since: Since | None) -> Since | None:
        """Return from when a lead's behaviour counts, as the active model counts it.

        A transition keeps what another model may have counted. Raises LongReplayError.
        """
        if since is None or since.is_counted_by(self.model(lead).matching):
            return since
        then = replace(lead, standing=replace(lead.standing, since=since))
        return self.replayed(then).standing.since

    def counted_as(self, lead: Lead, model: Model) -> Lead:
        """Return a lead derived from all its events as a model counts them, for what-if.

        One that has too many events for that is returned as it is.
        """
        progress = begin(lead, model, self._now())
        replaying = Replaying(events=self._events, model=model, lead=lead, progress=progress)
        try:
            return at_once(replaying)
        except LongReplayError:
            return lead


def at_once(replaying: Replaying) -> Lead:
    """Return the lead of a replay that is done within other work. Raises LongReplayError."""
    if not replaying.step(REPLAY_AT_ONCE_MAX_EVENTS):
        raise LongReplayError(LEFT_TO_CLOCK)
    return replaying.lead()


def surveyed_at_once(replaying: Replaying) -> Survey:
    """Return what must be known before a replay counts. Raises LongReplayError."""
    found = replaying.survey(REPLAY_AT_ONCE_MAX_EVENTS)
    if found is None:
        raise LongReplayError(LEFT_TO_CLOCK)
    return found


@contextmanager
def refusing(words: str) -> Iterator[None]:
    """Say in these words that a lead has too many events, and what to do instead."""
    try:
        yield
    except LongReplayError:
        raise LongReplayError(words) from None
