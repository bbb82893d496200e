"""How sales hears of a lead that it does not get, or already has (playbook, rules 1 and 7)."""

from collections.abc import Sequence
from typing import Protocol, assert_never

from chalicelib.events import Event
from chalicelib.handoff.afterwards import pass_on_activity, pass_on_request, triage_request
from chalicelib.handoff.desk import Desk
from chalicelib.handoff.handoff import Handoff, HandoffState, newest_of
from chalicelib.handoff.handoff_records import handoff_record
from chalicelib.handoff.hearing import HAVE_AN_OWNER, has_heard
from chalicelib.handoff.listening import listener
from chalicelib.handoff.opening import opened
from chalicelib.handoff.plan import notices_of, warn_owner
from chalicelib.handoff.priority import priority_of
from chalicelib.leads.lead import Notified, NotifiedAbout
from chalicelib.leads.requests import is_request
from chalicelib.lifecycle.stages import Stage
from chalicelib.qualify.reactions import NO_PLAN, Plan, Situation
from chalicelib.scoring.model import REQUESTED
from chalicelib.scoring.profile import values


class HandoffsOfLead(Protocol):
    """Where a lead's handoffs are read."""

    def handoffs(self, lead_id: str) -> Sequence[Handoff]:
        """Return all handoffs of a lead."""


class Announcing:
    """Plans what sales is told. desk: the salespeople at this moment."""

    def __init__(self, leads: HandoffsOfLead, desk: Desk) -> None:
        self._leads = leads
        self._desk = desk

    def __call__(
        self, situation: Situation, notified: Sequence[Notified], cause: Event | None
    ) -> Plan:
        """Return the messages about what sales must hear. cause: the event that they are about."""
        plan = NO_PLAN
        for one in notified:
            match one.about:
                case NotifiedAbout.DISQUALIFIED:
                    lead = situation.after
                    person = listener(self._desk, lead.standing.owner)
                    warning = warn_owner(lead, one.rule, person, situation.now)
                    plan += Plan(messages=[warning])
                case NotifiedAbout.REQUEST:
                    plan += self._request(situation, one, cause)
                case NotifiedAbout.ACTIVITY:
                    plan += self._activity(situation, one)
                case _:
                    assert_never(one.about)
        return plan + Plan(notified=notified)

    def _request(self, situation: Situation, one: Notified, cause: Event | None) -> Plan:
        lead = situation.after
        if lead.standing.stage not in HAVE_AN_OWNER:
            day = one.rule if has_heard(lead) else ""
            return Plan(messages=[triage_request(lead, situation.now, day)])
        if held := self._held(situation):
            return self._released(held, situation)
        is_known = cause is not None and is_request(situation.model, cause)
        request = cause.id if cause is not None and is_known else situation.score.day.isoformat()
        return Plan(messages=pass_on_request(lead, self._desk, situation.now, request))

    def _activity(self, situation: Situation, one: Notified) -> Plan:
        """Return who hears of what a lead does. Of a held handoff nobody has heard yet."""
        if self._held(situation):
            return NO_PLAN
        lead = situation.after
        return Plan(messages=pass_on_activity(lead, self._desk, situation.now, one.rule))

    def _held(self, situation: Situation) -> Handoff | None:
        """Return the lead's handoff if it waits for a person to release it."""
        if situation.after.standing.stage is not Stage.SQL:
            return None
        newest = newest_of(self._leads.handoffs(situation.after.lead_id))
        return newest if newest and newest.state is HandoffState.HELD else None

    def _released(self, held: Handoff, situation: Situation) -> Plan:
        """Return the handoff opened by a request: a human waits, whatever held it (rule 1)."""
        lead = situation.after
        domain = str(values(lead.profile).get("email_domain", ""))
        handoff = opened(
            held,
            situation.now,
            kind=REQUESTED,
            priority=priority_of(REQUESTED, situation.score.grade, domain),
        )
        person = listener(self._desk, handoff.owner)
        return Plan(
            messages=notices_of(handoff, person, situation.now),
            records=[handoff_record(held, handoff)],
        )
