"""What the jobs of a mailing need of the store."""

from collections.abc import Sequence
from typing import Any, Protocol

from chalicelib.jobs.job import Job
from chalicelib.nurture.mailings.mailing import Mailing


class RecipientStore(Protocol):
    """Where the recipients of a mailing are kept."""

    def read(self, mailing_id: str) -> Mailing | None:
        """Return a mailing as it stands; None for one that was never counted."""

    def save_part(
        self, before: Job[Any], after: Job[Any], number: int, recipients: Sequence[str]
    ) -> None:
        """Replace a job in one transaction with a part of its recipients. Raise ConflictError."""

    def part(self, job_id: str, number: int) -> list[str]:
        """Return a part of the recipients."""
