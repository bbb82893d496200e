"""What people do with a lead: move it, answer, close, take events back, merge, rebuild.

Each is decided in the request, in one transaction of the person's event, the standing, the
transition and what it wants; the event's stream record then finds it counted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from chalicelib.delivery.outbox import CORRECTION, OutboxMessage, State, cancelled
from chalicelib.errors import FieldError, InputError, StateError
from chalicelib.events import (
    OTHER_LEAD,
    RETRACTED_IDS,
    Act,
    Event,
    Kind,
    Value,
    event_id,
    lead_partition,
    retracted_ids,
)
from chalicelib.leads import lead as leads
from chalicelib.leads import merging
from chalicelib.leads.lead import CYCLE, QUESTIONS, Lead, score_of
from chalicelib.leads.rebuild import Difference, differences
from chalicelib.lifecycle import moves
from chalicelib.lifecycle.decide import withdraw
from chalicelib.lifecycle.stages import Outcome, Recorded, Stage, Transition, cycle_before, fold
from chalicelib.limits import MERGE_MAX_WAITING, UNDO_MINUTES
from chalicelib.qualify.effects import Cause, Change
from chalicelib.qualify.qualify import Qualify
from chalicelib.scoring.model import Model
from chalicelib.scoring.score import Score, score
from chalicelib.scoring.tally import Tally, until
from chalicelib.writing import persist

LOST_FROM = frozenset({Stage.SQL, Stage.ACCEPTED, Stage.OPPORTUNITY})
UNDO_TIME = timedelta(minutes=UNDO_MINUTES)


class Kept(Protocol):
    """Where leads are kept."""

    def transitions(self, lead_id: str, newest: int | None = None) -> list[Recorded]:
        """A lead's transitions, the newest first."""

    def outbox(self, lead_id: str) -> list[OutboxMessage]:
        """All messages of a lead."""


class Commands:
    """Does what people ask of a lead. Each answers with the lead as it is then.

    model: a stored version of the model, compiled, or None.
    """

    def __init__(
        self,
        qualify: Qualify,
        kept: Kept,
        model: Callable[[int], Model | None],
        now: Callable[[], datetime],
        new_id: Callable[[], str],
        pause: Callable[[int], None],
    ) -> None:
        self._qualify, self._kept, self._model = qualify, kept, model
        self._now, self._new_id, self._pause = now, new_id, pause

    def move(self, lead_id: str, target: Stage, reason: str) -> Lead:
        """Move a lead along a legal edge. Back to sql within ten minutes of a verdict undoes the
        verdict.

        Raises NotFoundError, StateError.
        """
        return persist(lambda: self._move(self._known(lead_id), target, reason), self._pause)

    def answer(self, lead_id: str, answers: Mapping[str, Value]) -> Lead:
        """Keep answers to an opportunity's five questions; the fifth makes an accepted lead an
        opportunity.

        Raises NotFoundError, StateError for a lead that sales did not accept.
        """
        return persist(lambda: self._answer(self._known(lead_id), answers), self._pause)

    def close(self, lead_id: str, outcome: Outcome, reason: str, value: float | None) -> Lead:
        """Close the loop: a won lead is a customer, a lost one is recycled. Raises NotFoundError,
        StateError.
        """
        return persist(
            lambda: self._close(self._known(lead_id), outcome, reason, value), self._pause
        )

    def retract(self, lead_id: str, event_ids: Sequence[str], reason: str) -> Lead:
        """Take events back out of the score, and what the model decided for them, unless sales has
        accepted.

        Raises NotFoundError; InputError for an id that is no event of this lead.
        """
        return persist(
            lambda: self._retract(self._known(lead_id), event_ids, reason), self._pause
        )

    def merge(self, lead_id: str, other_lead_id: str) -> Lead:
        """Make two leads one: the other's id answers with this one from now on. Again, it changes
        nothing.

        Raises NotFoundError; InputError for a lead that is to be merged with itself.
        """
        return persist(lambda: self._merge(lead_id, other_lead_id), self._pause)

    def take(self, lead_id: str, fields: Mapping[str, Value], stage: Stage | None) -> Lead:
        """Take what an import says of a person, who may be new, and may be a customer already.
        Nobody is told.
        """
        return persist(lambda: self._take(lead_id, fields, stage), self._pause)

    def inspect(self, lead_id: str) -> tuple[Lead, list[Difference]]:
        """Return a lead, and in what it differs from itself derived anew. Nothing is written.

        Raise NotFoundError.
        """
        lead = self._known(lead_id)
        return lead, differences(lead, self._replayed(lead), self._now().date())

    def rebuild(self, lead_id: str) -> tuple[Lead, list[Difference]]:
        """Derive a lead anew from all its events; with what differed: on a healthy table nothing.

        Raises NotFoundError.
        """
        return persist(lambda: self._rebuild(self._known(lead_id)), self._pause)

    def _known(self, lead_id: str) -> Lead:
        return leads.known(self._qualify.lead, lead_id)

    # --- the stage --------------------------------------------------------------------------------

    def _move(self, lead: Lead, target: Stage, reason: str) -> Lead:
        event = self._act(lead.lead_id, Act.STAGE, {"stage": target.value, "reason": reason})
        counted = self._counted(lead, event)
        undone = self._undone(lead, reason) if target is Stage.SQL else None
        if undone is not None:
            return self._conclude(lead, counted, event, [undone], Cause.SILENT)
        return self._conclude(lead, counted, event, [self._moved(counted, target, reason)])

    def _moved(
        self, lead: Lead, target: Stage, reason: str, outcome: Outcome | None = None
    ) -> Transition:
        """A person's move of a lead that is counted up to now: what it did before a recycle must be
        known.
        """
        model = self._qualify.model(lead)
        worth = score_of(model, lead, self._now().date())
        return moves.move(model, lead.standing, worth, lead.tally, target, reason, outcome)

    def _undone(self, lead: Lead, reason: str) -> Transition | None:
        """The transition that undoes a verdict of the last ten minutes; None when there is none to
        undo.
        """
        done = self._kept.transitions(lead.lead_id)
        if (
            not done
            or self._now() - done[0].at > UNDO_TIME
            or not moves.is_verdict(lead.standing, done[0].transition)
        ):
            return None
        before = fold(one.transition for one in reversed(done[1:]))
        before = replace(
            before, cycle=cycle_before(done[0].transition)
        )  # which a merge may have raised
        return moves.undo(lead.standing, before, reason, self._now().date())

    def _answer(self, lead: Lead, answers: Mapping[str, Value]) -> Lead:
        standing = lead.standing
        if standing.stage not in merging.ANSWERED_IN:
            raise StateError(
                f"the lead is {standing.stage}; only one that sales accepted has answers to give"
            )
        event = self._act(lead.lead_id, Act.OPPORTUNITY, {**answers, CYCLE: standing.cycle})
        counted = self._counted(lead, event)
        if standing.stage is not Stage.ACCEPTED or not merging.answers(counted).keys() >= QUESTIONS:
            return self._conclude(lead, counted, event, [])
        moved = self._moved(counted, Stage.OPPORTUNITY, "all five answers are given")
        return self._conclude(lead, counted, event, [moved])

    def _close(self, lead: Lead, outcome: Outcome, reason: str, value: float | None) -> Lead:
        stage = lead.standing.stage
        if outcome is Outcome.LOST and stage not in LOST_FROM:
            raise StateError(f"the lead is {stage}; only one that sales has can be lost")
        target = Stage.CUSTOMER if outcome is Outcome.WON else Stage.RECYCLED
        facts: dict[str, Value] = {"outcome": outcome.value, "reason": reason}
        event = self._act(
            lead.lead_id, Act.OUTCOME, facts | ({"value": value} if value is not None else {})
        )
        counted = self._counted(lead, event)
        return self._conclude(lead, counted, event, [self._moved(counted, target, reason, outcome)])

    def _take(self, lead_id: str, fields: Mapping[str, Value], stage: Stage | None) -> Lead:
        """lead_id: of the address, whose event it is, also when it turned out to be another lead's:
        emails go on to that one's own.
        """
        lead = self._qualify.lead(lead_id)
        event = replace(self._act(lead_id, Act.IMPORTED, {}), fields=fields)
        becomes = stage is Stage.CUSTOMER and lead.standing.stage is not stage
        counted = self._counted(lead, event)
        steps = [self._moved(counted, Stage.CUSTOMER, "imported as a customer")] if becomes else []
        return self._conclude(lead, counted, event, steps, Cause.IMPORT)

    # --- what is a replay -------------------------------------------------------------------------

    def _retract(self, lead: Lead, event_ids: Sequence[str], reason: str) -> Lead:
        own = self._qualify.own_events(lead)
        visitors = self._qualify.visitors(own)
        _check_retractable(
            event_ids, [*own, *(event for events in visitors.values() for event in events)]
        )
        fresh = [one for one in dict.fromkeys(event_ids) if one not in retracted_ids(own)]
        if not fresh:
            return lead
        event = self._act(
            lead.lead_id, Act.RETRACTED, {RETRACTED_IDS: " ".join(fresh), "reason": reason}
        )
        folded = self._qualify.folded(lead, [*own, event], visitors)
        undone = self._withdrawn(lead, folded, f"taken back: {reason}")
        return self._qualify.conclude(lead, folded, moves=undone, also=Change(events=[event]))

    def _withdrawn(self, lead: Lead, folded: Lead, why: str) -> list[Transition]:
        """What taking back evidence undoes: judged by the model and on the day that gave the
        stage.
        """
        given = (one for one in self._kept.transitions(lead.lead_id) if not one.transition.undoes)
        entered = next((one for one in given if one.transition.target is lead.standing.stage), None)
        active = self._qualify.model(lead)
        if entered is None:
            return []
        model = self._model(entered.model_version) or active
        before, after = (_score_then(model, one, entered.transition) for one in (lead, folded))
        now, given_by = score_of(active, folded, self._now().date()), entered.transition.actor
        undone = withdraw(model, lead.standing, given_by, before, after, now, why)
        return [undone] if undone else []

    def _merge(self, lead_id: str, other_lead_id: str) -> Lead:
        if lead_id == other_lead_id:
            raise InputError(FieldError("other_lead_id", "is this lead itself; give the other one"))
        lead, other = self._known(lead_id), self._known(other_lead_id)
        if lead.lead_id == other.lead_id:
            return lead
        steps = moves.merged(
            lead.standing, other.standing, "merged with another lead", self._now().date()
        )
        standing = merging.surviving(lead.standing, other.standing, steps)
        acts = [self._act(lead.lead_id, Act.MERGED, {OTHER_LEAD: other.lead_id})]
        cycle = steps[-1].cycle if steps else standing.cycle
        if answers := merging.answers_of_an_earlier_cycle(lead, other, cycle):
            acts.append(self._act(lead.lead_id, Act.OPPORTUNITY, {**answers, CYCLE: cycle}))
        own = [*self._qualify.own_events(lead), *self._qualify.own_events(other), *acts]
        folded = self._qualify.folded(lead, own, self._qualify.visitors(own))
        outbox = self._kept.outbox(other.lead_id)
        # A correction goes all the same: what it corrects has left.
        waiting = [one for one in outbox if one.state is State.PLANNED and one.kind != CORRECTION]
        if len(waiting) > MERGE_MAX_WAITING:
            raise StateError(
                f"{len(waiting)} messages of the other lead are waiting; merge when they have left"
            )
        absorbed = replace(
            other,
            version=other.version + 1,
            merged_into=lead.lead_id,
            tally=Tally(),
            counted={},
            review_on=None,
        )
        return self._qualify.conclude(
            lead,
            replace(folded, standing=standing),
            cause=Cause.SILENT if merging.told_already(other.standing, outbox) else Cause.NEWS,
            moves=steps,
            also=Change(
                events=acts,
                cancelled=[(one, cancelled(one)) for one in waiting],
                absorbed=(other, absorbed),
            ),
        )

    def _rebuild(self, lead: Lead) -> tuple[Lead, list[Difference]]:
        folded = self._replayed(lead)
        found = differences(lead, folded, self._now().date())
        return (self._qualify.conclude(lead, folded) if found else lead), found

    def _replayed(self, lead: Lead) -> Lead:
        own = self._qualify.own_events(lead)
        return self._qualify.folded(lead, own, self._qualify.visitors(own))

    # --- writing ----------------------------------------------------------------------------------

    def _act(self, lead_id: str, act: Act, facts: Mapping[str, Value]) -> Event:
        now, partition = self._now(), lead_partition(lead_id)
        return Event(
            partition=partition,
            id=event_id(partition, now, self._new_id()),
            kind=Kind.PERSON,
            name=act.value,
            at=now,
            captured_at=now,
            properties=facts,
        )

    def _conclude(
        self,
        lead: Lead,
        counted: Lead,
        event: Event,
        steps: Sequence[Transition],
        cause: Cause = Cause.NEWS,
    ) -> Lead:
        """Write a person's act with what it moved. counted: the lead with the act counted in."""
        return self._qualify.conclude(
            lead, counted, cause=cause, moves=steps, also=Change(events=[event])
        )

    def _counted(self, lead: Lead, event: Event) -> Lead:
        if lead.crowded:
            own = [*self._qualify.own_events(lead), event]
            return self._qualify.folded(lead, own, self._qualify.visitors(own))
        if self._qualify.is_stale(lead):
            lead = self._qualify.recounted(lead)
        counted = leads.count(self._qualify.model(lead), lead, event, [], self._now())
        assert counted is not None, "an act that was never written is not counted"
        return counted


def _check_retractable(event_ids: Sequence[str], events: Sequence[Event]) -> None:
    """Raises InputError naming each id that is no event of the lead, or a person's act, which is
    not scored.
    """
    kinds = {event.id: event.kind for event in events}
    wrong = [
        FieldError(
            f"event_ids.{position}",
            "is a person's act, which is not scored"
            if one in kinds
            else "is no event of this lead; see its timeline",
        )
        for position, one in enumerate(event_ids)
        if kinds.get(one, Kind.PERSON) is Kind.PERSON
    ]
    if wrong:
        raise InputError(*wrong)


def _score_then(model: Model, lead: Lead, entered: Transition) -> Score:
    """The score on the day of a transition, of what the lead had done by then."""
    tally = until(lead.tally, entered.on.toordinal())
    return score(model, lead.profile, lead.touches, tally, entered.on, lead.standing.since)
