"""A person's act on a lead: the event that records it, and the lead with that event counted in."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from chalicelib.access.acting import who_acts
from chalicelib.errors import LongReplayError
from chalicelib.events import (
    Act,
    Event,
    FieldValue,
    Kind,
    Rank,
    Value,
    lead_partition,
    own_event_id,
)
from chalicelib.leads.acts import ACT_BY
from chalicelib.leads.lead import Lead, find_known
from chalicelib.leads.replay import count, with_events
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
        fields: Mapping[str, FieldValue] | None = None,
        said: Mapping[str, str] | None = None,
    ) -> Event:
        """Return the event of an act.

        facts: what was said; fields: what it says of the person; said: the words of fields that
        were read out of words.
        """
        now = self.runtime.now()
        partition = lead_partition(lead_id)
        by = who_acts()
        return Event(
            partition=partition,
            id=own_event_id(partition, now, self.runtime.new_id()),
            kind=Kind.PERSON,
            name=act.value,
            at=now,
            captured_at=now,
            properties=facts if by is None else {ACT_BY: by, **facts},
            fields=fields or {},
            said=said or {},
            rank=Rank.CONFIRMED,
        )

    def counted(self, lead: Lead, event: Event) -> Lead:
        """Return the lead with an act counted in; a crowded one replayed, a stale one recounted.

        One that has too many events for that gets the act on top of what is counted: a person's
        word does not wait until a flood is counted (ADR 0034).
        """
        derive = self.qualify.derive
        try:
            if lead.crowded:
                return derive.replayed(lead, [event])
            if derive.is_stale(lead):
                lead = derive.recounted(lead)
            counted = count(derive.model(lead), lead, [event], [], self.runtime.now())
            return counted or derive.replayed(lead, [event])
        except LongReplayError:
            return replace(with_events(derive.model(lead), lead, [event]), counted={}, crowded=True)

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
