"""What carries sequences out, each part built when it is first needed."""

from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.wiring.stores import Stores

if TYPE_CHECKING:
    from chalicelib.nurture.course import Course


class NurtureWork(Stores):
    """Sequences and the enrolments in them."""

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
            clicked=lambda message: self.clicks.was_clicked(message.lead_id, message.key),
            runtime=self.runtime,
        )
