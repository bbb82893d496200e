"""A person's act on a lead: the event that records it, and the lead with that event counted in."""

from collections.abc import Mapping, Sequence

from chalicelib.events import Act, Event, Kind, Rank, Value, lead_partition, own_event_id
from chalicelib.leads.lead import Lead, find_known
from chalicelib.leads.replay import count
from chalicelib.lifecycle.stages import Transition
from chalicelib.qualify.qualify import Qualify
from chalicelib.qualify.reactions import Cause, LeadChange
from chalicelib.runtime import Runtime


class Acts:
    """What every command does with a lead: find it, record the act, count it, conclude."""

    def __init__(self, *, qualify: Qualify, runtime: Runtime) -> None:
        self.qualify = qualify
        self.runtime = runtime

    def known(self, lead_id: str) -> Lead:
        """Return the lead of an id that somebody sent us. Raises NotFoundError."""
        return find_known(self.qualify.derive.lead, lead_id)

    def event(
        self,
        lead_id: str,
        act: Act,
        facts: Mapping[str, Value],
        fields: Mapping[str, Value] | None = None,
    ) -> Event:
        """Return the event of an act. facts: what was said; fields: what it says of the person."""
        now = self.runtime.now()
        partition = lead_partition(lead_id)
        return Event(
            partition=partition,
            id=own_event_id(partition, now, self.runtime.new_id()),
            kind=Kind.PERSON,
            name=act.value,
            at=now,
            captured_at=now,
            properties=facts,
            fields=fields or {},
            rank=Rank.CONFIRMED,
        )

    def counted(self, lead: Lead, event: Event) -> Lead:
        """Return the lead with an act counted in; a crowded one replayed, a stale one recounted."""
        if lead.crowded:
            own = [*self.qualify.derive.own_events(lead), event]
            return self.qualify.derive.replayed(lead, own)
        if self.qualify.derive.is_stale(lead):
            lead = self.qualify.derive.recounted(lead)
        counted = count(self.qualify.derive.model(lead), lead, event, [], self.runtime.now())
        assert counted is not None, "an act that was never written is not counted"
        return counted

    def conclude(
        self,
        lead: Lead,
        counted: Lead,
        event: Event,
        steps: Sequence[Transition],
        cause: Cause = Cause.NEWS,
    ) -> Lead:
        """Write an act with what it moved. counted: the lead with the act counted in."""
        also = LeadChange(events=[event])
        return self.qualify.conclude(lead, counted, cause=cause, moves=steps, also=also)
