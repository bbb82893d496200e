"""The course of an enrolment: does what is due of it, one move after the other (ADR 0055).

    due -> what became of the email on its way -> next move: wait, skip, send or end

Every step that is come to has exactly one message, one that is skipped in its end state: so what
was planned is what was sent, what waits, and what was not sent by reason.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.days import day_of
from chalicelib.delivery.message_keys import MessageKey, parse_key
from chalicelib.delivery.outbox import MessageState, OutboxMessage, cancelled, settled
from chalicelib.leads.decision import score_of
from chalicelib.leads.lead import Lead
from chalicelib.nurture.conditions import KnownOfLead
from chalicelib.nurture.course_ports import EnrolmentStore, MessageReader
from chalicelib.nurture.enrolment import (
    Enrolment,
    ExitReason,
    belongs_to,
    end_enrolment,
    past,
    waiting_for,
    with_email_on_way,
)
from chalicelib.nurture.entering import Occasion, better
from chalicelib.nurture.exits import ends_every
from chalicelib.nurture.moves import (
    EMAIL_LOOK,
    Circumstances,
    Finish,
    Left,
    NotSent,
    OnWay,
    SendStep,
    SkipStep,
    WaitFor,
    became,
    next_move,
    repeats,
    sent_by,
)
from chalicelib.nurture.pauses import PAUSED_LOOK, States, is_paused, pauses_of, shifted
from chalicelib.nurture.sending import Span
from chalicelib.nurture.sequence_reader import SequenceReader
from chalicelib.nurture.sequences import SequenceDocument
from chalicelib.nurture.step_emails import planned_email
from chalicelib.nurture.waits import ends_at
from chalicelib.nurture.windows import WorkingHours, next_open
from chalicelib.runtime import Runtime
from chalicelib.scoring.interests import interest
from chalicelib.scoring.model import Model
from chalicelib.scoring.profile import remembered, values
from chalicelib.telemetry import log, tracing
from chalicelib.writing import until_written

DATE_LOOK = timedelta(hours=6)
"""How often to look whether a date is still the one that is waited for."""
UNREAD_LOOK = timedelta(days=1)
"""How often to look whether this version can read a sequence again that a later one wrote."""


class Course:
    """Does what is due of enrolments.

    lead: returns a lead as it stands; model: the active model, of a given activation or a later
    one; messages: all of a lead; hours: when emails to a lead may leave; states: what is
    paused; date: when that takes place which it signed up for; clicked: an email that left ->
    whether a person clicked a link of it.
    """

    def __init__(
        self,
        *,
        enrolments: EnrolmentStore,
        outbox: MessageReader,
        sequences: SequenceReader,
        lead: Callable[[str], Lead],
        model: Callable[[int], Model],
        messages: Callable[[str], Sequence[OutboxMessage]],
        hours: Callable[[Lead], WorkingHours],
        states: Callable[[], States],
        date: Callable[[Enrolment], datetime | None],
        clicked: Callable[[OutboxMessage], bool],
        runtime: Runtime,
    ) -> None:
        self._enrolments = enrolments
        self._outbox = outbox
        self._sequences = sequences
        self._lead = lead
        self._model = model
        self._messages = messages
        self._hours = hours
        self._states = states
        self._date = date
        self._clicked = clicked
        self.runtime = runtime

    def work(self, lead_id: str, key: str) -> None:
        """Do what is due of an enrolment, up to its next wait."""
        while self._step(lead_id, key):
            pass

    @until_written
    def _step(self, lead_id: str, key: str) -> bool:
        """Do the next thing, in one write. Return whether more may be due at once."""
        enrolment = self._enrolments.read(lead_id, key)
        now = self.runtime.now()
        if enrolment is None or enrolment.due_at is None or enrolment.due_at > now:
            return False
        with tracing(enrolment.trace):
            lead = self._lead(lead_id)
            if enrolment.on_way is not None:
                return self._look_after(enrolment, parse_key(enrolment.on_way), now)
            reason = self._ends(lead, now)
            if reason is not None:
                return self._end(enrolment, reason, now)
            is_stored, sequence = self._sequences.one(enrolment.sequence)
            if sequence is None:
                if not is_stored:
                    return self._end(enrolment, ExitReason.SWITCHED_OFF, now)
                later = replace(enrolment, due_at=now + UNREAD_LOOK, version=enrolment.version + 1)
                return self._move(enrolment, later)
            return self._go_on(enrolment, lead, sequence, now)

    def _ends(self, lead: Lead, now: datetime) -> ExitReason | None:
        """Return why an enrolment ends whatever its sequence says; None: it goes on.

        Decisions end enrolments themselves. This finds what no decision was about.
        """
        if lead.merged_into:
            return ExitReason.MERGED
        if lead.gets_no_emails:
            return ExitReason.STOPPED_BY_OWNER
        reason = ends_every(lead.standing.stage, ())
        if reason is not None:
            return reason
        model = self._model(lead.activation)
        is_left_out = score_of(model, lead, day_of(now, model.zone)).left_out
        return ExitReason.INTERNAL if is_left_out else None

    # --- the email on its way ---------------------------------------------------------------------

    def _look_after(self, enrolment: Enrolment, key: MessageKey, now: datetime) -> bool:
        """Look what became of the email on its way."""
        message = self._outbox.read(enrolment.lead_id, key)
        found = became(message, now)
        _, sequence = self._sequences.one(enrolment.sequence)
        step = sequence.step(enrolment.step or "") if sequence else None
        match found:
            case OnWay(look_at):
                later = replace(enrolment, due_at=look_at, version=enrolment.version + 1)
                return self._move(enrolment, later)
            case Left(at):
                left_at: datetime | None = at
            case NotSent(None):
                left_at = None
            case NotSent(reason):
                assert reason is not None
                is_held = message is not None and message.state is MessageState.HELD
                return self._end(enrolment, reason, now, message if is_held else None)
        behind = past(
            enrolment,
            enrolment.step or "",
            left_at=left_at,
            go_to=step.next if step else None,
            is_repeated=message is not None and repeats(step, message.email),
        )
        return self._move(enrolment, replace(behind, due_at=now, version=enrolment.version + 1))

    # --- the next move ----------------------------------------------------------------------------

    def _go_on(
        self, enrolment: Enrolment, lead: Lead, sequence: SequenceDocument, now: datetime
    ) -> bool:
        if not sequence.active:
            return self._end(enrolment, ExitReason.SWITCHED_OFF, now)
        states = self._states()
        if is_paused(states, sequence.id):  # its wait is longer by the pause, once that is over
            later = replace(enrolment, due_at=now + PAUSED_LOOK, version=enrolment.version + 1)
            return self._move(enrolment, later)
        pauses = pauses_of(states, sequence.id)
        move = next_move(sequence, enrolment, self.circumstances(enrolment, lead, pauses, now))
        if isinstance(move, WaitFor):
            # Who puts another date finds that everybody follows it.
            look_at = min(move.until, now + DATE_LOOK) if self._date(enrolment) else move.until
            return self._move(enrolment, waiting_for(enrolment, move.step, look_at))
        if isinstance(move, Finish):
            return self._end(enrolment, ExitReason.FINISHED, now)
        instead = None if enrolment.has_begun else self._better(enrolment, lead, now)
        if instead is not None:
            done = end_enrolment(enrolment, ExitReason.OUTRANKED, now)
            self._enrolments.move(enrolment, done, also=[instead])
            return False
        return self._come_to(enrolment, lead, move, now)

    def _come_to(
        self, enrolment: Enrolment, lead: Lead, move: SendStep | SkipStep, now: datetime
    ) -> bool:
        """Plan the message of a step, or keep why it is skipped."""
        key = enrolment.message_key(move.step)
        email = planned_email(lead, key, move.email, about=lead.version, now=now)
        email = replace(email, trace=enrolment.trace)
        if isinstance(move, SendStep):
            after = with_email_on_way(enrolment, move.step, key, now + EMAIL_LOOK)
            return self._move(enrolment, after, planned=[email])
        skipped = settled(email, MessageState.CANCELLED, reason=move.reason)
        behind = past(enrolment, move.step, left_at=None, go_to=move.go_to)
        after = replace(behind, due_at=now, version=enrolment.version + 1)
        return self._move(enrolment, after, planned=[replace(skipped, version=1)])

    def circumstances(
        self, enrolment: Enrolment, lead: Lead, pauses: Sequence[Span], now: datetime
    ) -> Circumstances:
        """Return what the next move of an enrolment depends on."""
        messages = self._messages(enrolment.lead_id)
        hours = self._hours(lead)

        def over_at(wait: str, since: datetime) -> datetime:
            return next_open(shifted(ends_at(wait, since, hours.zone), since, pauses), hours)

        return Circumstances(
            now=now,
            known=lambda: self._known(enrolment, lead, messages, now),
            sent=sent_by(messages),
            over_at=over_at,
            date=self._date(enrolment),
        )

    def _known(
        self,
        enrolment: Enrolment,
        lead: Lead,
        messages: Sequence[OutboxMessage],
        now: datetime,
    ) -> KnownOfLead:
        model = self._model(lead.activation)
        today = day_of(now, model.zone)
        worth = score_of(model, lead, today)
        ours = [
            one
            for one in messages
            if one.kind.is_marketing and belongs_to(one.key) == enrolment.key
        ]
        return KnownOfLead(
            score=worth,
            values=values(remembered(lead.profile, today, model.zone)),
            topic=interest(model, worth),
            clicked={one.key.parts[1] for one in ours if self._clicked(one)},
            previous=enrolment.left,
        )

    def _better(self, enrolment: Enrolment, lead: Lead, now: datetime) -> Enrolment | None:
        """Return the enrolment in a sequence that fits better by now, None: there is none."""
        model = self._model(lead.activation)

        def topic() -> str | None:
            return interest(model, score_of(model, lead, day_of(now, model.zone)))

        occasion = Occasion(
            stage=lead.standing.stage,
            talked=lead.standing.handed_on is not None,
            topic=topic,
        )
        every = self._enrolments.of_lead(enrolment.lead_id)
        return better(enrolment, self._sequences.every(), every, occasion, now)

    def _end(
        self,
        enrolment: Enrolment,
        reason: ExitReason,
        now: datetime,
        held: OutboxMessage | None = None,
    ) -> bool:
        changed = [(held, cancelled(held))] if held else []
        return self._move(enrolment, end_enrolment(enrolment, reason, now), changed=changed)

    def _move(
        self,
        before: Enrolment,
        after: Enrolment,
        *,
        planned: Sequence[OutboxMessage] = (),
        changed: Sequence[tuple[OutboxMessage, OutboxMessage]] = (),
    ) -> bool:
        self._enrolments.move(before, after, planned=planned, changed=changed)
        log(
            "enrolment",
            lead_id=after.lead_id,
            key=after.key,
            step=after.step,
            ended=after.ended,
        )
        return after.due_at is not None and after.due_at <= self.runtime.now()
