"""How sales reacts to a decision: a lead is handed over, taken back, or announced to its owner."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol, assert_never

from chalicelib.delivery.message_keys import MessageKind
from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.events import Act, Event, Kind
from chalicelib.form_kinds import FORM_KIND
from chalicelib.handoff.figures import MOST_YEARS, count_requests
from chalicelib.handoff.given import is_answered
from chalicelib.handoff.handoff import IN_SALES_HANDS, Handoff, WhyHeld
from chalicelib.handoff.hearing import (
    WARNINGS_MAX,
    notifications,
    unanswered_message,
)
from chalicelib.leads.acts import acts_of
from chalicelib.leads.requests import is_request
from chalicelib.lifecycle.stages import Actor, Recorded, Stage
from chalicelib.limits import NEWS_MAX_DAYS, NOTICES_CHANGED_MAX
from chalicelib.qualify.reactions import NO_PLAN, Cause, Plan, Situation
from chalicelib.scoring.matching import value_of
from chalicelib.scoring.model import REQUESTED
from chalicelib.scoring.profile import values

if TYPE_CHECKING:
    from chalicelib.handoff.dealing import Dealing
    from chalicelib.handoff.desk import Desk
    from chalicelib.handoff.verdicts import GivenVerdict

NOTICES_MAX = 5  # by four ways, and to the topic
DEALT_MAX = 3  # the load, the owner of a company, and that the lead is of it
# the notices of a handoff, or of an accepted lead warnings and a request; the handoff, and the one
# before it; by what it was dealt; taken back, with those that went to somebody else; the verdict;
# the handoff of a lead that is absorbed; counts of requests
MOST_WRITES = (
    max(NOTICES_MAX, WARNINGS_MAX + 2) + 2 + DEALT_MAX + NOTICES_CHANGED_MAX + 2 + MOST_YEARS
)

SHOW_MESSAGES = frozenset({MessageKind.HANDOFF, MessageKind.TRIAGE})
BELOW_SQL = frozenset({Stage.LEAD, Stage.MQL})
OUR_DEEDS = frozenset({Kind.PERSON, Kind.SALES})
"""What our people did with a lead, not the lead."""

MOVES_ON = (Act.CONTACT, Act.NOTE, Act.OPPORTUNITY, Act.PROFILE, Act.OWNER, Act.MERGED)
"""What sales does with a lead that it has: it does not lie still then (playbook, rule 8)."""


class HandoffReader(Protocol):
    """What the reaction reads about a lead's handoffs."""

    def notices(self, lead_id: str, cycle: int) -> list[OutboxMessage]:
        """Return the notices of a cycle's handoff."""

    def handoffs(self, lead_id: str) -> list[Handoff]:
        """Return all handoffs of a lead."""

    def verdict(self, lead_id: str, cycle: int) -> "GivenVerdict | None":
        """Return the verdict on a cycle's handoff, None without one."""

    def transitions(self, lead_id: str, newest: int | None = None) -> list[Recorded]:
        """Return a lead's transitions, newest first."""


class HandoffReaction:
    """Plans what sales is sent.

    dealing: deals leads out; addresses: who answers forms that are not for sales, by their kind.
    """

    def __init__(
        self,
        *,
        leads: HandoffReader,
        dealing: "Callable[[], Dealing]",
        addresses: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self._leads = leads
        self._dealing = dealing
        self._addresses = addresses

    def __call__(self, situation: Situation) -> Plan:
        """Return the handoff, the notifications and the corrections that a decision calls for."""
        handed_over = self._handed_over(situation)
        if handed_over.owner is not None:
            after = situation.after
            standing = replace(after.standing, owner=handed_over.owner)
            situation = replace(situation, after=replace(after, standing=standing))
        plan = handed_over + self._announced(situation)
        plan += self._passed_on(situation, plan) + self._taken_back(situation)
        plan += self._followed(situation, handed_over) + self._answered(situation)
        plan += _colleague(situation)
        plan = _about(cause_of(situation), plan) if plan.messages else plan
        return plan + count_requests(situation)

    def _desk(self, situation: Situation) -> "Desk":
        """Return the salespeople at this moment."""
        return self._dealing().desk(situation.after.zone, situation.now)

    def _handed_over(self, situation: Situation) -> Plan:
        """Return the handoff of a lead that became an SQL, with its notices."""
        moved = situation.moved
        is_sql = bool(moved) and moved[-1].transition.target is Stage.SQL
        if not is_sql or situation.cause is Cause.SILENT:
            return NO_PLAN
        from chalicelib.handoff.plan import hand_over  # few events move a lead
        from chalicelib.handoff.priority import priority_of

        last = moved[-1]
        lead = situation.after
        held = why_held(situation)
        dealing = self._dealing()
        said = values(lead.profile)
        domain = str(said.get("email_domain", ""))
        return hand_over(
            last.transition,
            lead=lead,
            about=last.version,
            priority=priority_of(last.transition.kind, situation.score.grade, domain),
            dealt=dealing.deal(
                dealing.desk(lead.zone, last.at),
                dealing.facts_of(said, last.transition.kind or "", lead.standing.owner),
                lead.lead_id,
                is_held=held is not None,
                lost=situation.lost,
            ),
            now=last.at,
            why_held=held,
        )

    def _followed(self, situation: Situation, handed_over: Plan) -> Plan:
        """Return how the handoff of a lead follows what the lead does from then on."""
        before = situation.before.standing
        after = situation.after.standing
        deeds = [one for act in MOVES_ON for one in acts_of(situation.events, act)]
        is_given = handed_over is NO_PLAN and after.owner not in (None, before.owner)
        is_in_sales_hands = bool({before.stage, after.stage} & IN_SALES_HANDS)
        if not is_in_sales_hands or not (situation.moved or deeds or is_given):
            return NO_PLAN
        from chalicelib.handoff.following import Following  # few events move a lead

        follow = Following(self._leads, lambda: self._desk(situation))
        return follow(
            situation,
            deeds,
            is_new=handed_over is not NO_PLAN,
            new_owner=after.owner if is_given else None,
        )

    def _answered(self, situation: Situation) -> Plan:
        """Return what is kept of a verdict, and the end of what an absorbed lead had waiting."""
        if not is_answered(situation.events, situation.moved):
            return NO_PLAN
        from chalicelib.handoff.answered import keep_answer

        return keep_answer(situation, self._leads)

    def _announced(self, situation: Situation) -> Plan:
        """Return what sales must hear about a lead that it does not get, or already has."""
        notified = notifications(situation)
        if not notified:
            return NO_PLAN
        from chalicelib.handoff.announcing import Announcing  # few events announce anything

        announce = Announcing(self._leads, self._desk(situation))
        return announce(situation, notified, cause_of(situation))

    def _passed_on(self, situation: Situation, plan: Plan) -> Plan:
        """Return who is notified of what somebody wrote in a form that is not a request.

        plan: what sales hears anyway; a notice of it shows what was written.
        """
        if any(one.kind in SHOW_MESSAGES for one in plan.messages):
            return NO_PLAN
        written = unanswered_message(situation)
        if written is None:
            return NO_PLAN
        from chalicelib.handoff.afterwards import pass_on_message  # few events hold one

        address = self._addresses().get(str(value_of(written, FORM_KIND)))
        day = situation.score.day
        messages = pass_on_message(
            situation.after, self._desk(situation), address, situation.now, day
        )
        return Plan(messages=messages)

    def _taken_back(self, situation: Situation) -> Plan:
        """Return what becomes of a handoff's notices when the lead leaves sql.

        Notices that wait are cancelled, because sales has answered or need not answer. Notices
        that left are corrected when there will be no answer.
        """
        before = situation.before
        if before.standing.stage is not Stage.SQL or not situation.moved:
            return NO_PLAN
        from chalicelib.handoff.plan import take_back

        # A merge may have raised the standing's cycle since: the notices belong to the cycle in
        # which sales got the lead (ADR 0019).
        entries = (one.transition for one in self._leads.transitions(before.lead_id))
        sql_cycles = (one.cycle for one in entries if one.target is Stage.SQL)
        cycle = next(sql_cycles, before.standing.cycle)
        plan = take_back(
            self._leads.notices(before.lead_id, cycle), situation.moved[0].version, situation.now
        )
        return plan if is_over_unanswered(situation) else replace(plan, messages=())


def why_held(situation: Situation) -> WhyHeld | None:
    """Return why a handoff waits for a person, None when it does not (playbook, rule 9)."""
    match situation.cause:
        case Cause.PUBLISH:
            return WhyHeld.PUBLISH
        case Cause.IMPORT:
            return WhyHeld.IMPORT
        case Cause.NEWS | Cause.MERGE | Cause.SILENT:
            return WhyHeld.OLD if is_about_old(situation) else None
        case _:
            assert_never(situation.cause)


def is_about_old(situation: Situation) -> bool:
    """Return whether behaviour of more than a week ago makes an SQL: what a client sends late.

    A request is never held: a human waits for an answer.
    """
    if situation.after.standing.kind == REQUESTED or not situation.events:
        return False
    deeds = [one for one in situation.events if one.kind not in OUR_DEEDS]
    limit = situation.now - timedelta(days=NEWS_MAX_DAYS)
    return bool(deeds) and all(one.at < limit for one in deeds)


def is_over_unanswered(situation: Situation) -> bool:
    """Return whether a handoff ends without an answer from sales.

    That is: by the model, or because its evidence was taken back.
    """
    first = situation.moved[0].transition
    by_model = first.target is Stage.DISQUALIFIED and first.actor is not Actor.PERSON
    return first.target in BELOW_SQL or by_model


def cause_of(situation: Situation) -> Event | None:
    """Return the event that sales is notified about: the first request of those that a decision
    took in, else the last thing that the lead did. None when only time had passed.
    """
    deeds = sorted(
        (event for event in situation.events if event.kind not in OUR_DEEDS),
        key=lambda event: (event.captured_at, event.id),
    )
    requests = (event for event in deeds if is_request(situation.model, event))
    return next(requests, deeds[-1] if deeds else None)


def _about(event: Event | None, plan: Plan) -> Plan:
    """Return the plan, with its notices about an event: they show it first (ADR 0038)."""
    if event is None:
        return plan
    cause = (event.partition, event.id)
    return replace(plan, messages=[replace(one, cause=cause) for one in plan.messages])


def _colleague(situation: Situation) -> Plan:
    """Return that a lead which moves up is of its company: notices list active colleagues."""
    if not situation.moved or situation.after.standing.stage not in (Stage.MQL, Stage.SQL):
        return NO_PLAN
    from chalicelib.handoff.companies import colleague_record, company_of

    domain = company_of(values(situation.after.profile))
    return Plan(records=[colleague_record(domain, situation.now)]) if domain else NO_PLAN
