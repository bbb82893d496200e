"""How the handoff of a lead follows what becomes of the lead (ADR 0067)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.events import Act, Event
from chalicelib.handoff.giving import call_off, given_to, tell_new_owner
from chalicelib.handoff.handoff import (
    IN_SALES_HANDS,
    Handoff,
    HandoffState,
    brought_to,
    newest_of,
    state_in,
)
from chalicelib.handoff.handoff_records import handoff_record
from chalicelib.handoff.plan import follow
from chalicelib.handoff.routing import hears_of
from chalicelib.leads.acts import OTHER_LEAD, acts_of
from chalicelib.qualify.reactions import NO_PLAN, Cause, Plan, Situation


class _FromAbsorbed(NamedTuple):
    """What a merge plans."""

    plan: Plan
    carries_on: bool
    """Whether the handoff of the absorbed lead is this lead's from now on."""


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
        deeds: Sequence[Event],
        *,
        is_new: bool,
        new_owner: str | None,
    ) -> Plan:
        """Return how the newest handoff follows.

        deeds: the events that say what sales did with the lead; is_new: whether the lead is
        handed over anew, so that an earlier handoff is over; new_owner: to whom a person gives the
        lead, None for nobody.
        """
        newest = newest_of(self._leads.handoffs(situation.after.lead_id))
        merged = self._merged(situation, newest, is_new=is_new)
        if newest is None or merged.carries_on:
            return merged.plan
        return merged.plan + self._changed(
            newest, situation, deeds, is_new=is_new, new_owner=new_owner
        )

    def _changed(
        self,
        newest: Handoff,
        situation: Situation,
        deeds: Sequence[Event],
        *,
        is_new: bool,
        new_owner: str | None,
    ) -> Plan:
        handoff = follow(newest, situation, deeds, is_new=is_new)
        plan = NO_PLAN
        if new_owner is not None and handoff.state is not HandoffState.CLOSED:
            handoff = given_to(handoff, new_owner)
            plan = self._given(handoff, situation)
        if handoff is newest:
            return NO_PLAN
        return plan + Plan(records=[handoff_record(newest, handoff)])

    def _merged(
        self, situation: Situation, ours: Handoff | None, *, is_new: bool
    ) -> "_FromAbsorbed":
        """Return how the handoff of a lead that turned out to be this one goes on here.

        It keeps its clock: the lead was handed over once, whoever it is now.
        """
        others = [str(one.properties[OTHER_LEAD]) for one in acts_of(situation.events, Act.MERGED)]
        theirs = newest_of(self._leads.handoffs(others[0])) if others else None
        if theirs is None or theirs.state is HandoffState.CLOSED:
            return _FromAbsorbed(NO_PLAN, carries_on=False)
        over = brought_to(theirs, HandoffState.CLOSED, situation.now)
        records = [handoff_record(theirs, over)]
        standing = situation.after.standing
        is_ours = ours is not None and ours.cycle == standing.cycle
        carries_on = standing.stage in IN_SALES_HANDS and not is_new and not is_ours
        if carries_on:
            here = replace(
                theirs,
                lead_id=situation.after.lead_id,
                cycle=standing.cycle,
                about=situation.after.version,
                version=1,
            )
            records.append(
                handoff_record(
                    None, brought_to(here, state_in(standing.stage, here), situation.now)
                )
            )
        return _FromAbsorbed(Plan(records=records), carries_on=carries_on)

    def _given(self, handoff: Handoff, situation: Situation) -> Plan:
        """Return what a handoff's new owner is sent."""
        if handoff.state is not HandoffState.OPEN or situation.cause is Cause.SILENT:
            return NO_PLAN
        person = hears_of(self._routing(), handoff.owner)
        notices = self._leads.notices(handoff.lead_id, handoff.cycle)
        return Plan(
            messages=tell_new_owner(handoff, person, situation.now), changed=call_off(notices)
        )
