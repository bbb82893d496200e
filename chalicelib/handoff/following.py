"""How the handoff of a lead follows what becomes of the lead (ADR 0067)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.events import Event
from chalicelib.handoff.given import taken_by
from chalicelib.handoff.giving import call_off, given_to, tell_new_owner
from chalicelib.handoff.handoff import Handoff, HandoffState, newest_of
from chalicelib.handoff.handoff_records import handoff_record
from chalicelib.handoff.plan import follow
from chalicelib.handoff.routing import hears_of
from chalicelib.qualify.reactions import NO_PLAN, Cause, Plan, Situation


class FollowedLeads(Protocol):
    """What is read of a lead that moves."""

    def notices(self, lead_id: str, cycle: int) -> list[OutboxMessage]:
        """Return the notices of a cycle's handoff."""

    def handoffs(self, lead_id: str) -> Sequence[Handoff]:
        """Return all handoffs of a lead."""


class Following:
    """Plans how a handoff changes with its lead. routing: the stored document, if there is one."""

    def __init__(
        self, leads: FollowedLeads, routing: Callable[[], Mapping[str, Any] | None]
    ) -> None:
        self._leads = leads
        self._routing = routing

    def __call__(
        self,
        situation: Situation,
        contacts: Sequence[Event],
        *,
        is_new: bool,
        new_owner: str | None,
    ) -> Plan:
        """Return how the newest handoff follows.

        contacts: the events that say how a salesperson got in touch; is_new: whether the lead is
        handed over anew, so that an earlier handoff is over; new_owner: to whom a person gives the
        lead, None for nobody.
        """
        newest = newest_of(self._leads.handoffs(situation.after.lead_id))
        if newest is None:
            return NO_PLAN
        handoff = follow(newest, situation, contacts, is_new=is_new)
        plan = NO_PLAN
        taker = taken_by(situation.events)
        if taker not in (None, newest.owner, newest.holder):
            handoff = replace(handoff, owner=taker, holder=None)
            plan = Plan(owner=taker)
        if new_owner is not None and handoff.state is not HandoffState.CLOSED:
            handoff = given_to(handoff, new_owner)
            plan += self._given(handoff, situation)
        if handoff is newest:
            return NO_PLAN
        return plan + Plan(records=[handoff_record(newest, handoff)])

    def _given(self, handoff: Handoff, situation: Situation) -> Plan:
        """Return what a handoff's new owner is sent."""
        if handoff.state is not HandoffState.OPEN or situation.cause is Cause.SILENT:
            return NO_PLAN
        person = hears_of(self._routing(), handoff.owner)
        notices = self._leads.notices(handoff.lead_id, handoff.cycle)
        return Plan(
            messages=tell_new_owner(handoff, person, situation.now), changed=call_off(notices)
        )
