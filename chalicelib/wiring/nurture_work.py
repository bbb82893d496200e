"""What carries sequences out, each part built when it is first needed."""

from functools import cached_property
from typing import TYPE_CHECKING, cast

from chalicelib.wiring.mailing_work import MailingWork

if TYPE_CHECKING:
    from chalicelib.leads.lead import Lead
    from chalicelib.nurture.by_hand import ByHand
    from chalicelib.nurture.changing import SequenceChanges
    from chalicelib.nurture.course import Course
    from chalicelib.nurture.taking_in import Fits
    from chalicelib.wiring.world import World


class NurtureWork(MailingWork):
    """Sequences and the enrolments in them."""

    @cached_property
    def by_hand(self) -> "ByHand":
        """Does what people ask of a lead's emails."""
        from chalicelib.nurture.by_hand import ByHand

        return ByHand(
            qualify=cast("World", self).qualify,
            sequences=self.sequences,
            enrolments=self.enrolments.of_lead,
            refusal=self._refusal,
            runtime=self.runtime,
        )

    @cached_property
    def fits(self) -> "Fits":
        """Says whether somebody who is there would enter a sequence."""
        from chalicelib.nurture.taking_in import Fits

        return Fits(self.sequences, self.models.active, self.enrolments.of_lead)

    @cached_property
    def sequence_changes(self) -> "SequenceChanges":
        """Answers what a change of a sequence means for leads."""
        from chalicelib.nurture.changing import SequenceChanges
        from chalicelib.nurture.taking_in import Present

        world = cast("World", self)
        return SequenceChanges(
            numbers=world.sequence_numbers.show,
            present=Present(leads=self.leads, fits=self.fits, runtime=self.runtime),
            start=world.job_runner.start,
        )

    def _refusal(self, lead: "Lead") -> str | None:
        """Return why a lead may not be written to. A box that waits for its confirmation may be:
        the email waits for it, too.
        """
        from chalicelib.consent.consent import NO_CONSENT
        from chalicelib.scoring.profile import countries_in

        refusal = self.consents.of(lead).refusal(self.rests_on(countries_in(lead.profile)))
        is_pending = self.confirmations.newest(lead.lead_id, self.ports.now()) is not None
        return None if refusal == NO_CONSENT and is_pending else refusal

    @cached_property
    def course(self) -> "Course":
        """Does what is due of enrolments."""
        from chalicelib.nurture.course import Course
        from chalicelib.nurture.windows import working_hours_of

        return Course(
            enrolments=self.enrolments,
            outbox=self.outbox,
            sequences=self.sequences,
            lead=self.leads.read,
            model=self.models.active,
            messages=self.leads.messages,
            hours=lambda lead: working_hours_of(lead, self.company()),
            states=self.sending.states,
            date=self.dates.of,
            clicked=lambda message: self.clicks.was_clicked(message.lead_id, message.key),
            runtime=self.runtime,
        )
