"""A form that was sent and that nobody has registered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenForm:
    """What is remembered of an unregistered form."""

    id: str
    count: int
    """Submissions, about: of a busy form only some are counted, each for many."""
    fields: tuple[str, ...]
    """The names of the fields that it had, as they are kept."""
    first_on: date
    last_on: date


class SeenForms(Protocol):
    """Remembers the forms that nobody has registered."""

    def note(self, form_id: str, fields: Sequence[str], now: datetime) -> None:
        """Count a submission of a form. Raise ConflictError when the table is busy."""

    def every(self) -> list[SeenForm]:
        """Return the forms that are remembered, those that were sent last first."""
