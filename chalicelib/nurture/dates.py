"""When that takes place which a lead signed up for: the form of its enrolment says it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.delivery.message_keys import MessageKey
from chalicelib.errors import FieldError
from chalicelib.nurture.conditions import texts
from chalicelib.nurture.enrolment import Enrolment
from chalicelib.nurture.entering import BY_FORM
from chalicelib.nurture.sequences import SequenceDocument
from chalicelib.nurture.waits import is_before_date, is_dated

StoredForm = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Dates:
    """Says when things take place. form: reads a stored form; None: there is none."""

    form: Callable[[str], StoredForm | None]

    def of(self, enrolment: Enrolment) -> datetime | None:
        """Return the date of an enrolment; None for one that no form with a date began."""
        form_id = form_of(enrolment)
        return date_in(self.form(form_id)) if form_id else None

    def has_passed(
        self, sequence: SequenceDocument, enrolment: Enrolment, key: MessageKey, now: datetime
    ) -> bool:
        """Return whether an email was to leave before a date that has passed."""
        step = sequence.step(key.parts[1])
        if step is None or not is_before_date(step.wait):
            return False
        date = self.of(enrolment)
        return date is None or now >= date


def form_of(enrolment: Enrolment) -> str | None:
    """Return the form that began an enrolment; None where something else did."""
    is_by_form = enrolment.cause.startswith(BY_FORM)
    return enrolment.cause.removeprefix(BY_FORM) if is_by_form else None


def date_in(form: StoredForm | None) -> datetime | None:
    """Return the date of a stored form, None for one without, or that is gone."""
    written = ((form or {}).get("event") or {}).get("starts_at")
    return datetime.fromisoformat(written) if written else None


def date_mistakes(
    sequence: SequenceDocument, forms: Mapping[str, StoredForm]
) -> Iterator[FieldError]:
    """Yield why no date is known that steps wait for. forms: the stored ones."""
    dated = [place for place, step in enumerate(sequence.steps) if is_dated(step.wait)]
    if not dated:
        return
    named = [texts(way.form) if way.form else [] for way in sequence.enter]
    if not all(named):
        words = "no date is known of who enters otherwise than by a form; enter by forms alone"
        yield FieldError(f"steps.{dated[0]}.wait", words)
    for form_id in sorted({one for names in named for one in names}):
        if date_in(forms.get(form_id)) is None:
            words = f"the form {form_id} has no date; put event.starts_at into it first"
            yield FieldError(f"steps.{dated[0]}.wait", words)
