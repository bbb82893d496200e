"""The use case: a handoff is due, so its clock does what is next (ADR 0070).

    read the handoff and its lead -> what is due -> one conditional write

A step is written in one transaction with its messages, on the version of the handoff and of the
standing that were read: of a verdict and a step, one is first, and the other looks again.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from chalicelib.days import zone_of
from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.errors import AlreadyPlannedError
from chalicelib.handoff.dealing import Dealt
from chalicelib.handoff.desk import Desk
from chalicelib.handoff.escalation import StepTaken, take_step
from chalicelib.handoff.giving import call_off
from chalicelib.handoff.handoff import Handoff, HandoffState, SlaStep, WhyHeld, brought_to
from chalicelib.handoff.handoff_records import handoff_record
from chalicelib.handoff.opening import opened
from chalicelib.handoff.plan import best_first, notices_of
from chalicelib.handoff.routing import Person
from chalicelib.handoff.sla import DueStep, next_due_step
from chalicelib.handoff.working_time import WorkingTime, usual_time
from chalicelib.leads.lead import Lead
from chalicelib.lifecycle.stages import Stage
from chalicelib.qualify.reactions import LeadChange, Plan, carry_out
from chalicelib.runtime import Runtime
from chalicelib.telemetry import log
from chalicelib.writing import until_written


class SlaHandoffs(Protocol):
    """Where handoffs are kept."""

    def read(self, lead_id: str, cycle: int) -> Handoff | None:
        """Return the handoff of a lead's cycle as it stands now, or None."""

    def move(self, before: Handoff, after: Handoff) -> None:
        """Replace a handoff. Raise ConflictError when it is no longer as it was read."""


class SlaLeads(Protocol):
    """Where leads are kept."""

    def read(self, lead_id: str) -> Lead:
        """Return a lead as it stands."""

    def notices(self, lead_id: str, cycle: int) -> list[OutboxMessage]:
        """Return the notices of a cycle's handoff."""

    def write(self, before: Lead, after: Lead, change: LeadChange) -> None:
        """Replace a lead, with what changes with it.

        Raise ConflictError, or AlreadyPlannedError when only effects exist already.
        """


class SlaClock:
    """Looks after handoffs that are due.

    desk: returns the salespeople at a moment; another: returns somebody else who is there and could
    get a lead, None for nobody; deal: deals a lead anew that waited for room.
    """

    def __init__(
        self,
        *,
        handoffs: SlaHandoffs,
        leads: SlaLeads,
        desk: Callable[[datetime], Desk],
        another: Callable[[Desk, Handoff, Lead], Person | None],
        deal: Callable[[Desk, Handoff, Lead], Dealt],
        runtime: Runtime,
    ) -> None:
        self._handoffs = handoffs
        self._leads = leads
        self._desk = desk
        self._another = another
        self._deal = deal
        self.runtime = runtime

    @until_written
    def look(self, lead_id: str, cycle: int) -> None:
        """Do what is due of a handoff, and say when to look again. Nothing when it is not due."""
        now = self.runtime.now()
        handoff = self._handoffs.read(lead_id, cycle)
        if handoff is None or handoff.due_at is None or handoff.due_at > now:
            return
        # Step against verdict: the handoff is read first, and its version is part of the write, so
        # that a verdict which is not seen here makes the write fail. ADR 0070
        lead = self._leads.read(lead_id)
        if lead.merged_into or not lead.takes(handoff.created_at, lead_id):
            # The lead goes on as another one, or its erasure is under way.
            over = brought_to(handoff, HandoffState.CLOSED, now)
            self._handoffs.move(handoff, replace(over, due_at=None, version=handoff.version + 1))
            return
        desk = self._desk(now)
        if handoff.state is HandoffState.HELD and handoff.why_held is WhyHeld.FULL:
            self._open(handoff, lead, desk)
            return
        due = _next_of(handoff, lead, desk)
        if due is None or due.at > now:
            due_at = due.at if due else None
            after = replace(handoff, due_at=due_at, version=handoff.version + 1)
            self._handoffs.move(handoff, after)
            return
        self._take(due.step, handoff, lead, desk)

    def _open(self, held: Handoff, lead: Lead, desk: Desk) -> None:
        """Open a handoff that waited for room, or let it wait for the next day that has some."""
        dealt = self._deal(desk, held, lead)
        chosen = dealt.chosen
        if chosen.waits_until is not None:
            due_at = best_first(chosen.waits_until, lead)
            self._handoffs.move(held, replace(held, due_at=due_at, version=held.version + 1))
            return
        after = replace(
            opened(held, desk.now),
            owner=chosen.owner,
            holder=chosen.holder,
            why=chosen.why,
            handed_to=chosen.holder or chosen.owner,
            handed_why=chosen.why,
        )
        plan = Plan(
            messages=notices_of(after, dealt.receiver, desk.now),
            records=[handoff_record(held, after), *dealt.records],
            owner=chosen.owner,
        )
        self._save(lead, plan)
        log("handoff_released", lead_id=lead.lead_id, cycle=held.cycle)

    def _take(self, step: SlaStep, handoff: Handoff, lead: Lead, desk: Desk) -> None:
        taken = take_step(handoff, step, desk, lambda: self._another(desk, handoff, lead))
        then = _next_of(taken.handoff, lead, desk)
        after = replace(taken.handoff, due_at=then.at if then else None)
        self._write(lead, handoff, replace(taken, handoff=after))
        log(
            "handoff_step",
            lead_id=lead.lead_id,
            cycle=handoff.cycle,
            priority=handoff.priority,
            step=step,
            reassigned=after.owner != handoff.owner,
        )

    def _write(self, lead: Lead, handoff: Handoff, taken: StepTaken) -> None:
        is_passed_on = taken.handoff.owner != handoff.owner
        plan = Plan(
            messages=taken.messages,
            changed=self._called_off(handoff) if is_passed_on else (),
            records=[handoff_record(handoff, taken.handoff)],
            owner=taken.handoff.owner if is_passed_on else None,
        )
        self._save(lead, plan)

    def _save(self, lead: Lead, plan: Plan) -> None:
        after = carry_out(replace(lead, version=lead.version + 1), plan)
        try:
            self._leads.write(lead, after, LeadChange(plan=plan))
        except AlreadyPlannedError as planned:
            self._leads.write(lead, after, LeadChange(plan=plan.without(planned)))

    def _called_off(self, handoff: Handoff) -> Sequence[tuple[OutboxMessage, OutboxMessage]]:
        return call_off(self._leads.notices(handoff.lead_id, handoff.cycle))


def _next_of(handoff: Handoff, lead: Lead, desk: Desk) -> DueStep | None:
    standing = lead.standing
    rests = (standing.stage, standing.cycle) == (Stage.RECYCLED, handoff.cycle + 1)
    if handoff.state is HandoffState.CLOSED and not rests:
        return None  # sales has heard of the lead since, or it is nobody's to look at again
    is_opportunity = standing.stage is Stage.OPPORTUNITY
    return next_due_step(handoff, receiver_time(handoff, desk), is_opportunity=is_opportunity)


def receiver_time(handoff: Handoff, desk: Desk) -> WorkingTime:
    """Return in whose working time a handoff's clock runs: of somebody who works usual hours where
    the company is, when nobody has it.
    """
    person = desk.everybody.get(handoff.receiver or "")
    if person is not None:
        return desk.time_of(person)
    return usual_time(zone_of(desk.zone), desk.routing.holidays or desk.country)
