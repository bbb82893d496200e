"""What people do with a lead's stage: move it, answer the five questions, close it, import it.

Each is decided in the request, in one transaction of the person's event, the standing, the
transition and what follows from it; the event's stream record then finds it counted.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Protocol

from chalicelib.commands.acts import Acts
from chalicelib.days import day_of
from chalicelib.errors import FieldError, InputError, StateError
from chalicelib.events import Act, FieldValue, Value
from chalicelib.leads.acts import CONTACT_HOW, ContactHow
from chalicelib.leads.decision import score_of
from chalicelib.leads.lead import CYCLE, QUESTIONS, Lead
from chalicelib.leads.merging import ANSWERED_IN, answers_in_cycle
from chalicelib.lifecycle import moves
from chalicelib.lifecycle.stages import (
    Outcome,
    Recorded,
    Stage,
    Transition,
    cycle_before,
    standing_after,
)
from chalicelib.limits import HAND_POINTS_MAX_LIVE, UNDO_MINUTES
from chalicelib.qualify.qualify import Qualify
from chalicelib.qualify.reactions import Cause
from chalicelib.runtime import Runtime
from chalicelib.scoring import by_hand
from chalicelib.scoring.by_hand import live_on
from chalicelib.scoring.tally import Since
from chalicelib.writing import until_written

LOST_FROM = frozenset({Stage.SQL, Stage.ACCEPTED, Stage.OPPORTUNITY})
CONTACTED: Mapping[ContactHow, str] = {
    ContactHow.CALLED: "sales called",
    ContactHow.WROTE: "sales wrote",
    ContactHow.BOOKED: "sales booked a meeting",
}
"""Why a lead is accepted that a salesperson got in touch with."""
UNDO_TIME = timedelta(minutes=UNDO_MINUTES)


class TransitionReader(Protocol):
    """Where transitions are kept."""

    def transitions(self, lead_id: str, newest: int | None = None) -> list[Recorded]:
        """Return a lead's transitions, newest first."""


class Commands:
    """Does what people ask about a lead's stage. Each command returns the lead as it is then."""

    def __init__(
        self, *, qualify: Qualify, transitions: TransitionReader, runtime: Runtime
    ) -> None:
        self._qualify = qualify
        self._transitions = transitions
        self.acts = Acts(qualify=qualify, runtime=runtime)
        self.runtime = runtime

    @until_written
    def move(self, lead_id: str, target: Stage, reason: str) -> Lead:
        """Move a lead along a legal edge.

        Back to sql within ten minutes of a verdict undoes the verdict. Raises NotFoundError,
        StateError.
        """
        lead = self.acts.known(lead_id)
        facts = {"stage": target.value, "reason": reason}
        event = self.acts.event(lead.lead_id, Act.STAGE, facts)
        counted = self.acts.counted(lead, event)
        undone = self.undone(lead, reason) if target is Stage.SQL else None
        if undone is not None:
            return self.acts.conclude(lead, counted, event, [undone], Cause.SILENT)
        return self.acts.conclude(lead, counted, event, [self.moved(counted, target, reason)])

    @until_written
    def answer(self, lead_id: str, answers: Mapping[str, Value]) -> Lead:
        """Keep answers to an opportunity's five questions.

        The fifth makes an accepted lead an opportunity. Raises NotFoundError; StateError for a
        lead that sales has not accepted.
        """
        lead = self.acts.known(lead_id)
        standing = lead.standing
        if standing.stage not in ANSWERED_IN:
            raise StateError(
                f"the lead is {standing.stage}; only a lead that sales accepted has answers to give"
            )
        facts = {**answers, CYCLE: standing.cycle}
        event = self.acts.event(lead.lead_id, Act.OPPORTUNITY, facts)
        counted = self.acts.counted(lead, event)
        is_whole = answers_in_cycle(counted).keys() >= QUESTIONS
        if standing.stage is not Stage.ACCEPTED or not is_whole:
            return self.acts.conclude(lead, counted, event, [])
        moved = self.moved(counted, Stage.OPPORTUNITY, "all five answers are given")
        return self.acts.conclude(lead, counted, event, [moved])

    @until_written
    def close(self, lead_id: str, outcome: Outcome, reason: str, value: float | None) -> Lead:
        """Close the loop: a lead that is won becomes a customer, one that is lost is recycled.

        value: of the deal, in the currency that sales uses. Raises NotFoundError, StateError.
        """
        lead = self.acts.known(lead_id)
        stage = lead.standing.stage
        if outcome is Outcome.LOST and stage not in LOST_FROM:
            raise StateError(f"the lead is {stage}; only a lead that sales has can be lost")
        target = Stage.CUSTOMER if outcome is Outcome.WON else Stage.RECYCLED
        facts: dict[str, Value] = {"outcome": outcome.value, "reason": reason}
        if value is not None:
            facts["value"] = value
        event = self.acts.event(lead.lead_id, Act.OUTCOME, facts)
        counted = self.acts.counted(lead, event)
        moved = self.moved(counted, target, reason, outcome)
        return self.acts.conclude(lead, counted, event, [moved])

    @until_written
    def contact(self, lead_id: str, how: ContactHow) -> Lead:
        """Record that a salesperson got in touch with a lead, or tried to.

        It accepts an SQL: nobody calls a lead that they do not take. A try that reached nobody
        does not. Raises NotFoundError.
        """
        lead = self.acts.known(lead_id)
        event = self.acts.event(lead.lead_id, Act.CONTACT, {CONTACT_HOW: how.value})
        counted = self.acts.counted(lead, event)
        accepts = lead.standing.stage is Stage.SQL and how in CONTACTED
        moved = [self.moved(counted, Stage.ACCEPTED, CONTACTED[how])] if accepts else []
        return self.acts.conclude(lead, counted, event, moved)

    @until_written
    def give_points(
        self,
        lead_id: str,
        points: float,
        reason: str,
        until: date | None = None,
        group: str | None = None,
    ) -> Lead:
        """Give a lead points by hand, or take some (ADR 0050).

        until: the last day on which they count; group: without it the model's own choice. Raises
        NotFoundError; InputError for a day that is over and a group that the model does not have;
        StateError for a lead that has as many as it can.
        """
        lead = self.acts.known(lead_id)
        model = self._qualify.derive.model(lead)
        today = day_of(self.runtime.now(), model.zone)
        if until is not None and until < today:
            raise InputError(FieldError("until", f"is over; today is {today.isoformat()}"))
        if (group or model.hand_group) not in model.groups:
            known = ", ".join(model.groups) or "none"
            raise InputError(FieldError("group", f"is not a group of the model, which has {known}"))
        if len(live_on(lead.given, today)) >= HAND_POINTS_MAX_LIVE:
            raise StateError(
                f"the lead has points by hand {HAND_POINTS_MAX_LIVE} times; take some back first"
            )
        whole = int(points) if points.is_integer() else points
        facts: dict[str, Value] = {by_hand.GIVEN_POINTS: whole, by_hand.GIVEN_REASON: reason}
        if until is not None:
            facts[by_hand.GIVEN_UNTIL] = until.isoformat()
        if group is not None:
            facts[by_hand.GIVEN_GROUP] = group
        event = self.acts.event(lead.lead_id, Act.POINTS, facts)
        return self.acts.conclude(lead, self.acts.counted(lead, event), event, [])

    @until_written
    def take(
        self,
        lead_id: str,
        fields: Mapping[str, FieldValue],
        said: Mapping[str, str],
        stage: Stage | None,
    ) -> Lead:
        """Take in what an import says of a person, new or known, perhaps already a customer.

        lead_id: of the address. The event stays with it even when it was merged into another
        lead: emails go on to that lead's own address. said: the words of the fields that were read
        out of words. Nobody is notified.
        """
        lead = self._qualify.derive.lead(lead_id)
        event = self.acts.event(lead_id, Act.IMPORTED, {}, fields, said)
        counted = self.acts.counted(lead, event)
        becomes_customer = stage is Stage.CUSTOMER and lead.standing.stage is not stage
        steps = (
            [self.moved(counted, Stage.CUSTOMER, "imported as a customer")]
            if becomes_customer
            else []
        )
        return self.acts.conclude(lead, counted, event, steps, Cause.IMPORT)

    def moved(
        self,
        lead: Lead,
        target: Stage,
        reason: str,
        outcome: Outcome | None = None,
        *,
        rest_until: date | None = None,
    ) -> Transition:
        """Return a person's move of a lead. Raise StateError when there is no such edge.

        The lead is counted up to now: what it did before a recycle must be known. rest_until: the
        day that the person chose, instead of the model's rest.
        """
        model = self._qualify.derive.model(lead)
        now = self.runtime.now()
        worth = score_of(model, lead, day_of(now, model.zone))
        from_now = Since.now(model, lead.tally, now, lead.lead_id)
        moved = moves.move(model, lead.standing, worth, from_now, target, reason, outcome)
        return replace(moved, rest_until=rest_until) if rest_until else moved

    def undone(self, lead: Lead, reason: str) -> Transition | None:
        """Return the transition that undoes a verdict of the last ten minutes, if there is one."""
        done = self._transitions.transitions(lead.lead_id)
        if not done or self.runtime.now() - done[0].at > UNDO_TIME:
            return None
        if not moves.is_verdict(lead.standing, done[0].transition):
            return None
        before = standing_after(one.transition for one in reversed(done[1:]))
        before = replace(
            before,
            cycle=cycle_before(done[0].transition),  # a merge may raise it
            since=self._qualify.derive.recounted_since(lead, before.since),
        )
        today = day_of(self.runtime.now(), self._qualify.derive.model(lead).zone)
        return moves.undo(lead.standing, before, reason, today)
