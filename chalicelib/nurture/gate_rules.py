"""What ends a marketing email for good just before it leaves: it is nobody's any more to send.

Decisions call off what they end (enrolling.py). These rules find what was planned meanwhile, or by
an earlier version.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from chalicelib.days import day_of
from chalicelib.delivery.messages import Skip
from chalicelib.delivery.outbox import MessageState, OutboxMessage
from chalicelib.delivery.outcomes import WAIT_MAX
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.nurture.dates import Dates
from chalicelib.nurture.enrolment import Enrolment, belongs_to
from chalicelib.nurture.entering import TALKS_TO_SALES, closed_stages
from chalicelib.nurture.gate import Leaving
from chalicelib.nurture.mailings.mailing import Mailing, MailingStatus
from chalicelib.nurture.sequence_reader import SequenceReader
from chalicelib.nurture.sunset import SUNSET
from chalicelib.scoring.left_out import left_out_by
from chalicelib.scoring.model import Model
from chalicelib.scoring.profile import facts_on


class ForGood:
    """Says why an email will not leave.

    model: the active one, of a given activation or a later one; sequences: the stored ones;
    enrolment: reads one of a lead by its key; mailing: reads one by its id;
    dates: say when that takes place which a lead signed up for.
    """

    def __init__(
        self,
        *,
        model: Callable[[int], Model],
        sequences: SequenceReader,
        enrolment: Callable[[str, str], Enrolment | None],
        mailing: Callable[[str], Mailing | None],
        dates: Dates,
    ) -> None:
        self._model = model
        self._sequences = sequences
        self._enrolment = enrolment
        self._mailing = mailing
        self._dates = dates

    def __call__(self, leaving: Leaving) -> Skip | None:
        """Return the reason, None where there is none."""
        reason = self.of_lead(leaving) or self._of_sequence(leaving.message, leaving.now)
        return Skip(MessageState.CANCELLED, reason) if reason else None

    def stale_after(self, message: OutboxMessage) -> timedelta:
        """Return how long an email may wait to leave."""
        _, sequence = self._sequences.one(message.key.parts[0])
        return sequence.is_stale_after if sequence else WAIT_MAX

    def of_lead(self, leaving: Leaving) -> NotSentReason | None:
        """Return why a lead gets no email, whatever it is about; None where there is none."""
        lead = leaving.lead
        if lead.exists and self._is_left_out(leaving):
            return NotSentReason.INTERNAL
        if lead.standing.stage in TALKS_TO_SALES:
            return NotSentReason.WITH_SALES
        if lead.gets_no_emails:
            return NotSentReason.STOPPED_BY_OWNER
        if lead.standing.stage in closed_stages(leaving.message.key):
            return NotSentReason.EXITED
        return None

    def _is_left_out(self, leaving: Leaving) -> bool:
        lead = leaving.lead
        model = self._model(lead.activation)
        today = day_of(leaving.now, model.zone)
        facts = facts_on(lead.profile, today, model.zone)
        return left_out_by(model, facts, lead.evidence, today) is not None

    def _of_sequence(self, message: OutboxMessage, now: datetime) -> NotSentReason | None:
        """Return why a sequence does not send an email any more that it has planned."""
        if message.sequence == SUNSET:
            return None  # it asks in no sequence's name
        mailing_id = message.key.mailing
        if mailing_id is not None:
            mailing = self._mailing(mailing_id)
            is_on = mailing is not None and mailing.status is MailingStatus.CONFIRMED
            return None if is_on else NotSentReason.TAKEN_BACK
        enrolment = self._enrolment(message.lead_id, belongs_to(message.key))
        if enrolment is not None and not enrolment.is_running:
            return NotSentReason.EXITED
        sequence_id, step_id, *_ = message.key.parts
        is_stored, sequence = self._sequences.one(sequence_id)
        if not is_stored or (sequence is not None and not sequence.active):
            return NotSentReason.EXITED
        if (
            enrolment is not None
            and sequence is not None
            and self._dates.has_passed(sequence, enrolment, message.key, now)
        ):
            return NotSentReason.STALE
        # A removed step is skipped: the next one goes on.
        is_removed = sequence is not None and sequence.step(step_id) is None
        return NotSentReason.CONDITION_NOT_MET if is_removed else None
