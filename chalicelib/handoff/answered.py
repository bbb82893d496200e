"""What is kept of a verdict, in the transaction of the decision that it makes (ADR 0069)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from chalicelib.events import lead_id_of
from chalicelib.handoff.given import is_taken_back, verdict_event_in
from chalicelib.handoff.handoff import Handoff, HandoffState, brought_to, newest_of
from chalicelib.handoff.handoff_records import handoff_record
from chalicelib.handoff.verdicts import (
    GivenVerdict,
    cycle_in,
    follow_up,
    given_by_event,
    take_verdict_back,
)
from chalicelib.leads.acts import absorbed_of
from chalicelib.qualify.reactions import Plan, Situation
from chalicelib.scoring.profile import values


class AnswerReader(Protocol):
    """What is read about a lead that was answered."""

    def handoffs(self, lead_id: str) -> list[Handoff]:
        """Return all handoffs of a lead."""

    def verdict(self, lead_id: str, cycle: int) -> GivenVerdict | None:
        """Return the verdict on a cycle's handoff, None without one."""


def keep_answer(situation: Situation, leads: AnswerReader) -> Plan:
    """Return what becomes of a verdict's item; and the end of the handoffs of a lead that turns out
    to be another one.
    """
    lead = situation.after
    absorbed = [leads.handoffs(one) for one in absorbed_of(situation.events)]
    plan = end_absorbed(absorbed, situation.now)
    event = verdict_event_in(situation.events)
    if event is not None:
        lead_id = (
            lead_id_of(event.partition) or lead.lead_id
        )  # a duplicate's own, not its survivor's
        before = leads.verdict(lead_id, cycle_in(event))
        domain = str(values(lead.profile).get("email_domain", ""))
        after = given_by_event(lead_id, event, domain)
        return plan + Plan(records=[follow_up(before, after)])
    if is_taken_back(situation.moved):
        before = leads.verdict(lead.lead_id, lead.standing.cycle)
        return plan + Plan(records=[take_verdict_back(before)] if before else [])
    return plan


def end_absorbed(handoffs: Sequence[Sequence[Handoff]], now: datetime) -> Plan:
    """Return the end of the handoffs of leads that were absorbed. handoffs: those of each lead."""
    newest = filter(None, map(newest_of, handoffs))
    ended = [(one, brought_to(one, HandoffState.CLOSED, now)) for one in newest]
    return Plan(records=[handoff_record(*pair) for pair in ended if pair[1] is not pair[0]])
