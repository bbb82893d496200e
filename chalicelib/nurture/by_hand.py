"""What our people do with a lead's emails: stop all of them, or start and stop one sequence.

Each is an event of the lead; what follows from it is the reaction's (enrolling.py).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from chalicelib.commands.acts import Acts
from chalicelib.days import day_of
from chalicelib.errors import NotFoundError, StateError
from chalicelib.events import Act, Value, rfc3339
from chalicelib.leads.acts import (
    EMAILS_STOP,
    SEQUENCE_DO,
    SEQUENCE_NAME,
    START_SEQUENCE,
    STOP_SEQUENCE,
)
from chalicelib.leads.decision import score_of
from chalicelib.leads.lead import Lead
from chalicelib.nurture.enrolment import Enrolment, ExitReason
from chalicelib.nurture.entering import MOST_RUNNING
from chalicelib.nurture.exits import EXITS_BY_STAGE
from chalicelib.nurture.sequence_reader import SequenceReader
from chalicelib.nurture.sequences import SequenceDocument
from chalicelib.qualify.qualify import Qualify
from chalicelib.runtime import Runtime
from chalicelib.scoring.profile import values
from chalicelib.writing import until_written


@dataclass(frozen=True, slots=True)
class WhyNot:
    """Why a lead may not enter a sequence."""

    reason: str
    """Its name: that of an exit, IN_IT or IN_TOO_MANY."""
    words: str


IN_IT = "in_it"
IN_TOO_MANY = "in_too_many"


class ByHand:
    """Does what people ask of a lead's emails. Each command returns the lead as it is then.

    sequences: the stored ones; enrolments: all of a lead; refusal: why a lead may not be written
    to, None where it may.
    """

    def __init__(
        self,
        *,
        qualify: Qualify,
        sequences: SequenceReader,
        enrolments: Callable[[str], Sequence[Enrolment]],
        refusal: Callable[[Lead], str | None],
        runtime: Runtime,
    ) -> None:
        self._qualify = qualify
        self._sequences = sequences
        self._enrolments = enrolments
        self._refusal = refusal
        self._acts = Acts(qualify=qualify, runtime=runtime)
        self.runtime = runtime

    @until_written
    def stop_emails(self, lead_id: str, *, stop: bool, reason: str | None = None) -> Lead:
        """Stop all marketing emails to a lead, or let them go out again.

        What ran has ended then, and stays so; from now on the lead may enter sequences again.
        Raise NotFoundError.
        """
        lead = self._acts.known(lead_id)
        return self._done(lead, Act.EMAILS, {EMAILS_STOP: stop}, reason)

    @until_written
    def start(self, lead_id: str, sequence_id: str, reason: str | None = None) -> Lead:
        """Let a lead enter a sequence. Raise NotFoundError; StateError saying why it may not."""
        lead = self._acts.known(lead_id)
        sequence = self._sequence(sequence_id)
        if why := self.why_not(lead, sequence):
            raise StateError(why.words)
        said = {SEQUENCE_NAME: sequence.id, SEQUENCE_DO: START_SEQUENCE}
        return self._done(lead, Act.SEQUENCE, said, reason)

    @until_written
    def stop(self, lead_id: str, sequence_id: str, reason: str | None = None) -> Lead:
        """End a lead's way through a sequence; the others go on. Raise NotFoundError; StateError
        for one that it is not in.
        """
        lead = self._acts.known(lead_id)
        if not any(one.sequence == sequence_id for one in self._running(lead)):
            raise StateError(f"the lead is not in the sequence {sequence_id}")
        said = {SEQUENCE_NAME: sequence_id, SEQUENCE_DO: STOP_SEQUENCE}
        return self._done(lead, Act.SEQUENCE, said, reason)

    def _done(self, lead: Lead, act: Act, said: Mapping[str, Value], reason: str | None) -> Lead:
        facts = {**said, **({"reason": reason} if reason else {})}
        event = self._acts.event(lead.lead_id, act, facts)
        return self._acts.conclude(lead, self._acts.counted(lead, event), event, [])

    def _sequence(self, sequence_id: str) -> SequenceDocument:
        is_stored, sequence = self._sequences.one(sequence_id)
        if not is_stored:
            raise NotFoundError(f"there is no sequence {sequence_id}")
        if sequence is None:
            raise StateError("a later version of Baton wrote the sequence; it begins for nobody")
        return sequence

    def _running(self, lead: Lead) -> list[Enrolment]:
        return [one for one in self._enrolments(lead.lead_id) if one.is_running]

    def why_not(self, lead: Lead, sequence: SequenceDocument) -> WhyNot | None:
        """Return why a lead may not enter a sequence by hand, None where it may."""
        if not sequence.active:
            words = f"the sequence {sequence.id} is not active"
            return WhyNot(ExitReason.SWITCHED_OFF, words)
        stage = lead.standing.stage
        if stage in EXITS_BY_STAGE:
            words = f"the lead is {stage}; marketing does not write to it"
            return WhyNot(EXITS_BY_STAGE[stage], words)
        if lead.gets_no_emails:
            words = "the emails to the lead are stopped; let them go out again first"
            return WhyNot(ExitReason.STOPPED_BY_OWNER, words)
        return self._why_not_the_person(lead) or self._why_not_again(lead, sequence)

    def _why_not_the_person(self, lead: Lead) -> WhyNot | None:
        model = self._qualify.derive.model(lead)
        today = day_of(self.runtime.now(), model.zone)
        if score_of(model, lead, today).left_out:
            words = "the person is internal or excluded by the model"
            return WhyNot(ExitReason.INTERNAL, words)
        if "email" not in values(lead.profile):
            return WhyNot(ExitReason.NO_ADDRESS, "no address of the lead is known")
        refusal = self._refusal(lead)
        return WhyNot(refusal, f"the lead may not be written to: {refusal}") if refusal else None

    def _why_not_again(self, lead: Lead, sequence: SequenceDocument) -> WhyNot | None:
        running = self._running(lead)
        for one in running:
            if one.sequence == sequence.id:
                words = f"the lead is in the sequence since {rfc3339(one.entered_at)}"
                return WhyNot(IN_IT, words)
        if len(running) >= MOST_RUNNING:
            words = f"the lead is in {len(running)} sequences; stop one first"
            return WhyNot(IN_TOO_MANY, words)
        return None
