"""How the handoff of a lead follows what becomes of the lead (ADR 0067)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.events import Event
from chalicelib.handoff.desk import Desk
from chalicelib.handoff.given import put_off_until, taken_by
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
from chalicelib.handoff.listening import listener
from chalicelib.handoff.plan import follow
from chalicelib.handoff.priority import priority_of
from chalicelib.leads.acts import absorbed_of
from chalicelib.lifecycle.stages import Stage
from chalicelib.qualify.reactions import NO_PLAN, Cause, Plan, Situation
from chalicelib.scoring.model import INFERRED


class FollowedLeads(Protocol):
    """What is read of a lead that moves."""

    def notices(self, lead_id: str, cycle: int) -> list[OutboxMessage]:
        """Return the notices of a cycle's handoff."""

    def handoffs(self, lead_id: str) -> Sequence[Handoff]:
        """Return all handoffs of a lead."""


class Following:
    """Plans how a handoff changes with its lead. desk: returns the salespeople at this moment."""

    def __init__(self, leads: FollowedLeads, desk: Callable[[], Desk]) -> None:
        self._leads = leads
        self._desk = desk

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
        carried = None if is_new else self._carried_on(situation, newest)
        if carried is not None:
            over = brought_to(newest, HandoffState.CLOSED, situation.now) if newest else None
            own = [handoff_record(newest, over)] if over and over is not newest else []
            return Plan(records=[*own, handoff_record(None, carried)])
        if is_taken_directly(situation, newest):
            return Plan(records=[handoff_record(None, take_directly(situation))])
        if newest is None:
            return NO_PLAN
        handoff = follow(newest, situation, deeds, is_new=is_new)
        plan = NO_PLAN
        taker = taken_by(situation.events)
        if taker not in (None, newest.owner, newest.holder):
            handoff = replace(handoff, owner=taker, holder=None)
            plan = Plan(owner=taker)
        put_off = put_off_until(situation.events, situation.model.zone)
        if put_off is not None:
            handoff = replace(handoff, again_at=put_off, due_at=put_off)
        if new_owner is not None and handoff.state is not HandoffState.CLOSED:
            handoff = given_to(handoff, new_owner)
            plan += self._given(handoff, situation)
        if handoff is newest:
            return NO_PLAN
        return plan + Plan(records=[handoff_record(newest, handoff)])

    def _carried_on(self, situation: Situation, newest: Handoff | None) -> Handoff | None:
        """Return the handoff of a lead that turned out to be this one, as it goes on here.

        With its clock: sales was asked once, whoever the lead is now. None when there is none, or
        this lead has one of its own.
        """
        standing = situation.after.standing
        absorbed = absorbed_of(situation.events)
        is_ours = newest is not None and newest.cycle == standing.cycle
        if not absorbed or is_ours or standing.stage not in IN_SALES_HANDS:
            return None
        theirs = newest_of(self._leads.handoffs(absorbed[0]))
        if theirs is None or theirs.state is HandoffState.CLOSED:
            return None
        moved = situation.moved
        here = replace(
            theirs,
            lead_id=situation.after.lead_id,
            cycle=standing.cycle,
            about=moved[-1].version if moved else situation.after.version,
        )
        return brought_to(here, state_in(standing.stage, here), situation.now)

    def _given(self, handoff: Handoff, situation: Situation) -> Plan:
        """Return what a handoff's new owner is sent."""
        if handoff.state is not HandoffState.OPEN or situation.cause is Cause.SILENT:
            return NO_PLAN
        person = listener(self._desk(), handoff.owner)
        notices = self._leads.notices(handoff.lead_id, handoff.cycle)
        return Plan(
            messages=tell_new_owner(handoff, person, situation.now), changed=call_off(notices)
        )


def is_taken_directly(situation: Situation, newest: Handoff | None) -> bool:
    """Return whether sales has taken a lead that was never handed over in its cycle."""
    standing = situation.after.standing
    if not situation.moved or standing.stage not in (Stage.ACCEPTED, Stage.OPPORTUNITY):
        return False
    if newest is None:
        return True
    return newest.state is HandoffState.CLOSED and newest.cycle != standing.cycle


def take_directly(situation: Situation) -> Handoff:
    """Return the handoff of such a lead: accepted, and its clock runs as that of any other."""
    lead = situation.after
    now = situation.now
    return Handoff(
        lead_id=lead.lead_id,
        cycle=lead.standing.cycle,
        kind=INFERRED,
        state=HandoffState.ACCEPTED,
        priority=priority_of(INFERRED, situation.score.grade, ""),
        owner=lead.standing.owner,
        is_dealt=False,
        why="Sales took the lead before it was handed over.",
        about=situation.moved[-1].version,
        created_at=now,
        opened_at=now,
        accepted_at=now,
        touched_at=now,
        due_at=now,
    )
