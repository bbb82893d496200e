"""Which enrolments a decision begins and which it ends, with their emails (ADR 0055).

The next email of one that runs is planned by course.py.
"""

from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.events import Act
from chalicelib.leads.acts import OTHER_LEAD, SEQUENCE_DO, SEQUENCE_NAME, START_SEQUENCE, acts_of
from chalicelib.leads.lead import Lead
from chalicelib.nurture import exits
from chalicelib.nurture.asked_later import is_asked_later, put_off, rest_of_verdict
from chalicelib.nurture.conditions import KnownOfLead
from chalicelib.nurture.enrolment import (
    Enrolment,
    ExitReason,
    counts_of,
    waiting_for,
    with_email_on_way,
)
from chalicelib.nurture.enrolment_records import record_of
from chalicelib.nurture.entering import (
    BY_STAGE,
    MOST_RUNNING,
    Fitting,
    entered_by,
    fitting,
    next_entry,
    ranked,
    rivals,
)
from chalicelib.nurture.moves import HELD_LOOK, Circumstances, SendStep, next_move, sent_by
from chalicelib.nurture.occasions import may_begin, occasion_of
from chalicelib.nurture.sequence_reader import SequenceReader
from chalicelib.nurture.sequences import EnteredStage, SequenceDocument
from chalicelib.nurture.step_emails import planned_email
from chalicelib.nurture.waits import earliest_end, is_none
from chalicelib.qualify.reactions import NO_PLAN, Cause, Plan, Situation
from chalicelib.telemetry import current_trace

SETTLING = timedelta(minutes=2)
"""How long the first email waits where what the lead does next may let another sequence fit
better: its events do not arrive in order."""
BY_HAND = "by hand"
"""The cause of an entry that one of our people wanted."""

EnrolmentsOf = Callable[[str], Sequence[Enrolment]]
MessagesOf = Callable[[str], Sequence[OutboxMessage]]


@dataclass(kw_only=True)
class Enrolling:
    """What becomes of a lead's enrolments with one decision."""

    situation: Situation
    signals: Set[str]
    """What its events mean, of the signals that sequences name."""
    sequences: SequenceReader
    enrolments: EnrolmentsOf
    messages: MessagesOf
    held_by: Callable[[int], str | None]

    def plan(self) -> Plan:
        """Return what begins and what ends."""
        entries = list(self._entries()) if may_begin(self.situation) else []
        if not entries and not self._ends_any:
            return NO_PLAN
        running = [one for one in self._known if one.is_running]
        ended = [(one, *why) for one in running if (why := self._why(one, entries))]
        left = [one for one in running if one not in [each for each, _, _ in ended]]
        begun = list(self._begun(entries, left))
        plan = sum((self._closed(*one) for one in ended), NO_PLAN)
        plan = sum((self._begins(*one) for one in begun), plan)
        if self._rests:
            plan += Plan(records=[record_of(one, put_off(one, self._now)) for one in left])
        return sum((self._merged(other) for other in self._absorbed), plan)

    # --- what there is ----------------------------------------------------------------------------

    @cached_property
    def _lead(self) -> Lead:
        return self.situation.after

    @cached_property
    def _now(self) -> datetime:
        return self.situation.now

    @cached_property
    def _cycle(self) -> int:
        moved = self.situation.moved
        return moved[-1].transition.cycle if moved else self._lead.standing.cycle

    @cached_property
    def _known(self) -> Sequence[Enrolment]:
        return self.enrolments(self._lead.lead_id)

    @cached_property
    def _kept(self) -> Sequence[OutboxMessage]:
        return self.messages(self._lead.lead_id)

    @cached_property
    def _entered(self) -> EnteredStage | None:
        moved = self.situation.moved
        return entered_by(moved[-1].transition) if moved else None

    @cached_property
    def _absorbed(self) -> list[str]:
        merges = acts_of(self.situation.events, Act.MERGED)
        return [str(one.properties[OTHER_LEAD]) for one in merges]

    @cached_property
    def _every_ends(self) -> ExitReason | None:
        return exits.ends_every(self._lead.standing.stage, self.situation.events)

    @property
    def _rests(self) -> bool:
        return self.situation.cause is Cause.NEWS and is_asked_later(self.situation.events)

    @property
    def _ends_any(self) -> bool:
        """Whether something may end or rest, so that the enrolments must be read."""
        if (
            self._every_ends
            or self._absorbed
            or self._rests
            or acts_of(self.situation.events, Act.SEQUENCE)
        ):
            return True
        return any(self._goal_of(one.id, one) for one in self.sequences.every())

    def _goal_of(self, sequence_id: str, document: SequenceDocument | None) -> exits.Ends | None:
        return exits.ends_one(
            sequence_id, document, self.situation.events, self.signals, self._entered
        )

    # --- what ends --------------------------------------------------------------------------------

    def _why(self, one: Enrolment, entries: Sequence[Fitting]) -> exits.Ends | None:
        """Return why an enrolment ends with this decision, None where it goes on."""
        if self._every_ends:
            return self._every_ends, None
        _, document = self.sequences.one(one.sequence)
        if goal := self._goal_of(one.sequence, document):
            return goal
        is_outranked = any(self._outranks(entry, one) for entry in entries)
        return (ExitReason.OUTRANKED, None) if is_outranked else None

    def _outranks(self, entry: Fitting, one: Enrolment) -> bool:
        """Return whether an entry by a stage takes the place of an enrolment: of one that entered
        by an earlier stage, or of a less important one that has sent nothing yet.
        """
        is_by_stage = entry.cause.startswith(BY_STAGE)
        if not is_by_stage or entry.sequence.id == one.sequence or one.cause == BY_HAND:
            return False
        if one.cause.startswith(BY_STAGE):
            return one.cause != entry.cause and self._entered is not EnteredStage.COOLED
        _, document = self.sequences.one(one.sequence)
        ranks = ranked([entry.sequence, *([document] if document else [])])
        return not one.has_begun and ranks[0] is entry.sequence

    def _closed(self, one: Enrolment, reason: ExitReason, goal: str | None) -> Plan:
        message = next((each for each in self._kept if str(each.key) == one.on_way), None)
        after = exits.closed(one, reason, self._now, message=message, goal=goal)
        off = exits.called_off(message, reason) if message else None
        return Plan(
            records=[record_of(one, after)],
            changed=[(message, off)] if message and off else [],
            counts=counts_of(one, after),
        )

    def _merged(self, other: str) -> Plan:
        """Return the end of another lead's enrolments: the merge calls off what it has planned."""
        running = [one for one in self.enrolments(other) if one.is_running]
        ends = [exits.closed(one, ExitReason.MERGED, self._now, message=None) for one in running]
        return Plan(
            records=[record_of(*pair) for pair in zip(running, ends, strict=True)],
            counts=[
                count for pair in zip(running, ends, strict=True) for count in counts_of(*pair)
            ],
        )

    # --- what begins ------------------------------------------------------------------------------

    def _entries(self) -> Iterator[Fitting]:
        """Yield what the lead may enter: one sequence by its stage, one by what it did, and those
        that one of our people started.
        """
        every = self.sequences.every()
        is_news = self.situation.cause is Cause.NEWS
        occasion = occasion_of(self.situation)
        by_stage = fitting(every, replace(occasion, entered=self._entered)) if self._entered else []
        did = replace(
            occasion,
            signals=self.signals,
            forms=exits.forms_in(self.situation.events),
        )
        by_deed = fitting(every, did) if is_news else []
        yield from by_stage[:1]
        yield from [
            one for one in by_deed if one.sequence not in [s.sequence for s in by_stage[:1]]
        ][:1]
        for act in acts_of(self.situation.events, Act.SEQUENCE):
            _, document = self.sequences.one(str(act.properties[SEQUENCE_NAME]))
            if act.properties[SEQUENCE_DO] == START_SEQUENCE and document is not None:
                yield Fitting(document, BY_HAND)

    def _begun(
        self, entries: Sequence[Fitting], running: Sequence[Enrolment]
    ) -> Iterator[tuple[SequenceDocument, Enrolment]]:
        """Yield the enrolments that begin. running: those that go on."""
        left = list(running)
        for entry in entries:
            is_by_stage = entry.cause.startswith(BY_STAGE)
            has_one = any(one.cause.startswith(BY_STAGE) for one in left)
            number = next_entry(
                entry.sequence,
                self._known,
                self._cycle,
                self._now,
                by_hand=entry.cause == BY_HAND,
            )
            if number is None or (is_by_stage and has_one) or len(left) >= MOST_RUNNING:
                continue
            new = Enrolment(
                lead_id=self._lead.lead_id,
                sequence=entry.sequence.id,
                cycle=self._cycle,
                entry=number,
                entered_at=self._now,
                cause=entry.cause,
                due_at=self._now,
                trace=current_trace(),
            )
            left.append(new)
            yield entry.sequence, new

    def _begins(self, sequence: SequenceDocument, new: Enrolment) -> Plan:
        """Return the plan of a new enrolment, with its first email where that is due at once."""
        first = sequence.steps[0]
        job = self.held_by(self.situation.model.activation) if self._is_publish else None
        if job is not None:
            message = self._first(new, first.id, first.every_email[0], job)
            after = with_email_on_way(new, first.id, message.key, self._now + HELD_LOOK)
            return _new(replace(after, version=1), message)
        entered = self._entered if new.cause.startswith(BY_STAGE) else None
        situation = self.situation
        rest = rest_of_verdict(situation.events, situation.model.zone) or self._now
        if entered and rivals(sequence, self.sequences.every(), entered):
            due_at = max(earliest_end(first.wait, self._now), self._now + SETTLING, rest)
            return _new(replace(waiting_for(new, first.id, due_at), version=1))
        if rest == self._now and first.if_ is None and is_none(first.wait):
            move = next_move(sequence, new, self._at_once())
            if isinstance(move, SendStep):
                message = self._first(new, move.step, move.email)
                after = with_email_on_way(new, move.step, message.key, self._now)
                return _new(replace(after, version=1), message)
        due_at = max(earliest_end(first.wait, self._now), rest)
        return _new(replace(waiting_for(new, first.id, due_at), version=1))

    @property
    def _is_publish(self) -> bool:
        return self.situation.cause is Cause.PUBLISH

    def _at_once(self) -> Circumstances:
        def unasked() -> KnownOfLead:
            raise AssertionError("the first step has no condition")

        is_known = bool(self._known) or self._cycle > 1
        return Circumstances(
            now=self._now,
            known=unasked,
            sent=sent_by(self._kept) if is_known else (),
            over_at=earliest_end,
        )

    def _first(
        self, new: Enrolment, step: str, email: str, held_by: str | None = None
    ) -> OutboxMessage:
        moved = self.situation.moved
        return planned_email(
            self._lead,
            new.message_key(step),
            email,
            about=moved[-1].version if moved else self._lead.version,
            now=self._now,
            held_by=held_by,
        )


def _new(after: Enrolment, message: OutboxMessage | None = None) -> Plan:
    return Plan(
        records=[record_of(None, after)],
        messages=[message] if message else [],
        counts=counts_of(None, after),
    )
