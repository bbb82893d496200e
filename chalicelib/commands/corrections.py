"""What people correct about a lead's past: take events back, merge two leads, rebuild one.

Each derives the lead anew from all its events, in the request.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Protocol

from chalicelib.commands.acts import Acts
from chalicelib.days import day_of, zone_of
from chalicelib.delivery.message_keys import ANSWER_KINDS, MessageKind
from chalicelib.delivery.outbox import LEFT, MessageState, OutboxMessage, cancelled
from chalicelib.errors import FieldError, InputError, LongReplayError, StateError
from chalicelib.events import RETRACTED_IDS, Act, Event, Kind, confirmed_form_of
from chalicelib.leads import merging
from chalicelib.leads.acts import OTHER_LEAD
from chalicelib.leads.decision import score_of
from chalicelib.leads.derivation import at_once, refusing, surveyed_at_once
from chalicelib.leads.histories import FOREVER, digest_in
from chalicelib.leads.lead import CYCLE, Lead
from chalicelib.leads.rebuild import LeadDifference, compare_leads
from chalicelib.lifecycle import moves
from chalicelib.lifecycle.decide import withdraw
from chalicelib.lifecycle.stages import Recorded, Stage, Standing, Transition
from chalicelib.limits import MERGE_MAX_WAITING, REPLAY_AT_ONCE_MAX_EVENTS
from chalicelib.qualify.qualify import Qualify
from chalicelib.qualify.reactions import Cause, LeadChange, Plan
from chalicelib.runtime import Runtime
from chalicelib.scoring.by_hand import given_by
from chalicelib.scoring.model import Model
from chalicelib.scoring.score import Score, score
from chalicelib.scoring.tally import until
from chalicelib.writing import until_written

TOO_LONG_TO_RETRACT = (
    f"the lead has more than {REPLAY_AT_ONCE_MAX_EVENTS:,} events, too many to take some of them"
    " back in a request; move the lead yourself instead, or disqualify it"
)
TOO_LONG_TO_MERGE = (
    f"together the leads have more than {REPLAY_AT_ONCE_MAX_EVENTS:,} events, too many to merge"
    " them in a request; go on with one of them, and disqualify the other"
)


class LeadHistory(Protocol):
    """Where a lead's transitions and messages are kept."""

    def transitions(self, lead_id: str, newest: int | None = None) -> list[Recorded]:
        """Return a lead's transitions, newest first."""

    def messages(self, lead_id: str) -> list[OutboxMessage]:
        """Return all outbox messages of a lead."""


class Corrections:
    """Corrects leads.

    model: returns a stored version of the model, compiled, or None; carry_over: brings what earlier
    code has suppressed of a lead to its mailbox, and raises ConflictError; is_being_erased: whether
    what was held on a lead, before it began anew, is still being deleted.
    """

    def __init__(
        self,
        *,
        qualify: Qualify,
        history: LeadHistory,
        model: Callable[[int], Model | None],
        carry_over: Callable[[str], None],
        is_being_erased: Callable[[Lead], bool],
        runtime: Runtime,
    ) -> None:
        self._qualify = qualify
        self._history = history
        self._model = model
        self._carry_over = carry_over
        self._is_being_erased = is_being_erased
        self._acts = Acts(qualify=qualify, runtime=runtime)
        self.runtime = runtime

    @until_written
    def retract(self, lead_id: str, event_ids: Sequence[str], reason: str) -> Lead:
        """Take events back out of the score, with what the model decided because of them.

        What sales has accepted stays. Raises NotFoundError; InputError for an id that is not one
        of this lead's events; LongReplayError.
        """
        lead = self._acts.known(lead_id)
        found: dict[str, bool] = {}
        confirmations: list[str] = []

        def see(event: Event) -> None:
            if event.id in wanted:
                found[event.id] = event.kind is not Kind.PERSON or event.name == Act.POINTS
            if confirmed_form_of(event) in wanted:
                confirmations.append(event.id)

        wanted = frozenset(event_ids)
        replaying = self._qualify.derive.replaying(lead, sees=see)
        with refusing(TOO_LONG_TO_RETRACT):
            survey = surveyed_at_once(replaying)
        gone = survey.retracted_by(FOREVER, survey.lead_ids)
        # A confirmation repeats what its form said, so it goes with it. ADR 0045
        every = dict.fromkeys([*event_ids, *confirmations])
        fresh = [one for one in every if digest_in(one) not in gone]
        facts = {RETRACTED_IDS: " ".join(fresh), "reason": reason}
        event = self._acts.event(lead.lead_id, Act.RETRACTED, facts)
        replaying.show_older(REPLAY_AT_ONCE_MAX_EVENTS)
        replaying.take_back(event)
        with refusing(TOO_LONG_TO_RETRACT):
            replayed = at_once(replaying)
        _check_retractable(event_ids, found)
        if not fresh:
            return lead
        undone = self._withdrawn(lead, replayed, f"taken back: {reason}")
        return self._acts.conclude(lead, replayed, event, undone)

    @until_written
    def merge(self, lead_id: str, other_lead_id: str, *, why: Sequence[Event] = ()) -> Lead:
        """Make two leads one: from now on the other id answers with this lead.

        why: the acts that it follows from. Merging again changes nothing. Raises NotFoundError;
        InputError for a lead and itself; StateError while one is being erased, or too many messages
        of the other lead are waiting; LongReplayError.
        """
        if lead_id == other_lead_id:
            raise InputError(FieldError("other_lead_id", "is this lead itself; give the other one"))
        lead = self._acts.known(lead_id)
        other = self._acts.known(other_lead_id)
        if lead.lead_id == other.lead_id:
            return lead
        if any(self._is_being_erased(one) for one in (lead, other)):
            # A replay of the survivor would count what is about to be deleted. ADR 0046
            raise StateError("one of these leads is being erased; merge in a few minutes")
        today = day_of(self.runtime.now(), self._qualify.derive.model(lead).zone)
        derive = self._qualify.derive
        with refusing(TOO_LONG_TO_MERGE):
            ours, theirs = (
                replace(one.standing, since=derive.recounted_since(one, one.standing.since))
                for one in (lead, other)
            )
        steps = moves.merged(ours, theirs, "merged with another lead", today)
        standing = merging.surviving_standing(ours, theirs, steps)
        events = self._merge_events(lead, other, steps[-1].cycle if steps else standing.cycle)
        with refusing(TOO_LONG_TO_MERGE):
            replayed = derive.replayed(lead, events)
        began = merging.earlier_beginning(replayed, other)
        messages = self._history.messages(other.lead_id)
        return self._qualify.conclude(
            lead,
            replace(replayed, standing=standing, created_at=began),
            cause=Cause.SILENT if _has_left(other.standing, messages) else Cause.NEWS,
            moves=steps,
            also=LeadChange(
                events=[*events, *why],
                plan=Plan(changed=_cancel_waiting(messages)),
                absorbed=(other, merging.absorbed_by(other, lead, self.runtime.now())),
            ),
        )

    def inspect(self, lead_id: str) -> tuple[Lead, list[LeadDifference]]:
        """Return a lead and in what it differs from itself derived anew. Write nothing.

        Raise NotFoundError.
        """
        lead = self._acts.known(lead_id)
        return lead, self._compared(lead, self._qualify.derive.replayed(lead))

    @until_written
    def rebuild(self, lead_id: str) -> tuple[Lead, list[LeadDifference]]:
        """Derive a lead anew from all its events; return it with what differed.

        On a healthy table nothing differs. What another model or time zone changes about the lead
        is announced to nobody. Raises NotFoundError; LongReplayError for one that is left to the
        clock.
        """
        lead = self._qualify.caught_up(self._acts.known(lead_id))
        # What earlier code suppressed stands with the lead, and with those that it absorbed, which
        # stand on no list: nothing else comes by them. ADR 0036
        self._carry_over(lead.lead_id)
        replaying = self._qualify.derive.replaying(lead)
        try:
            replayed = at_once(replaying)
        except LongReplayError:
            self._qualify.leave_to_clock(lead)
            raise
        for absorbed in surveyed_at_once(replaying).lead_ids[1:]:
            self._carry_over(absorbed)
        found = self._compared(lead, replayed)
        return (self._qualify.conclude(lead, replayed) if found else lead), found

    @until_written
    def leave_to_clock(self, lead_id: str) -> None:
        """Have the clock replay a lead that has too many events for a job. Raise NotFoundError."""
        self._qualify.leave_to_clock(self._acts.known(lead_id))

    def _compared(self, lead: Lead, replayed: Lead) -> list[LeadDifference]:
        today = day_of(self.runtime.now(), self._qualify.derive.model(lead).zone)
        return compare_leads(lead, replayed, today)

    def _merge_events(self, lead: Lead, other: Lead, cycle: int) -> list[Event]:
        """Return the events of a merge: that it happened, and answers to give again."""
        events = [self._acts.event(lead.lead_id, Act.MERGED, {OTHER_LEAD: other.lead_id})]
        if answers := merging.answers_to_repeat(lead, other, cycle):
            facts = {**answers, CYCLE: cycle}
            events.append(self._acts.event(lead.lead_id, Act.OPPORTUNITY, facts))
        return events

    def _withdrawn(self, lead: Lead, replayed: Lead, why: str) -> list[Transition]:
        """Return what taking back evidence undoes.

        It is judged by the model, and on the day, that gave the stage (ADR 0018). That day is taken
        from its moment: the lead may be counted in another time zone since.
        """
        given = (
            one for one in self._history.transitions(lead.lead_id) if not one.transition.undoes
        )
        stage = lead.standing.stage
        entered = next((one for one in given if one.transition.target is stage), None)
        if entered is None:
            return []
        active = self._qualify.derive.model(lead)
        model = self._model(entered.model_version) or active
        before = _score_on(model, lead, day_of(entered.at, zone_of(lead.zone)))
        after = _score_on(model, replayed, day_of(entered.at, active.zone))
        now = score_of(active, replayed, day_of(self.runtime.now(), active.zone))
        given_by = entered.transition.actor
        undone = withdraw(model, lead.standing, given_by, before, after, now, why)
        return [undone] if undone else []


def _check_retractable(event_ids: Sequence[str], found: Mapping[str, bool]) -> None:
    """Raise InputError naming each id that is not one of the lead's events, or an act of a person
    that is not scored.

    found: whether those that are can be taken back, by their ids.
    """
    wrong = [
        FieldError(
            f"event_ids.{position}",
            "is a person's act, which is not scored"
            if one in found
            else "is not one of this lead's events; see its timeline",
        )
        for position, one in enumerate(event_ids)
        if not found.get(one)
    ]
    if wrong:
        raise InputError(*wrong)


def _has_left(standing: Standing, messages: Sequence[OutboxMessage]) -> bool:
    """Return whether the emails or notices that a stage calls for have left in its cycle."""
    kind = MessageKind.HANDOFF if standing.stage is Stage.SQL else MessageKind.NURTURE
    ours = [one for one in messages if one.kind is kind and one.key.cycle == standing.cycle]
    return any(one.state in LEFT for one in ours)


def _cancel_waiting(
    messages: Sequence[OutboxMessage],
) -> list[tuple[OutboxMessage, OutboxMessage]]:
    """Return the waiting messages of an absorbed lead, each before and after it is cancelled.

    A correction goes out all the same, because what it corrects has left; so does the answer to a
    form, because somebody waits for it. Raises StateError when they do not fit into the
    transaction.
    """
    waiting = [
        one
        for one in messages
        if one.state in (MessageState.PLANNED, MessageState.HELD)
        and one.kind not in {MessageKind.CORRECTION, *ANSWER_KINDS}
    ]
    if len(waiting) > MERGE_MAX_WAITING:
        raise StateError(
            f"{len(waiting)} messages of the other lead are waiting; merge when they have left"
        )
    return [(one, cancelled(one)) for one in waiting]


def _score_on(model: Model, lead: Lead, day: date) -> Score:
    """Return the score on a day, of what the lead had done by then."""
    tally = until(lead.tally, day.toordinal())
    given = given_by(lead.given, day, model.zone)
    return score(model, lead.evidence._replace(tally=tally, given=given), day)
