"""Joining: how a visitor comes to belong to a lead, in the transaction of the event that says so.

Forms and identify share this. Keep it cheap to import: every ping loads it.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Protocol

from chalicelib.capture.identity import is_no_one
from chalicelib.consent.consent import Proof
from chalicelib.events import VISITOR_PREFIX, Event


@dataclass(frozen=True, slots=True)
class SubmissionReceipt:
    """The answer to a form submission. It never reveals whether the person was known."""

    form_id: str
    submission_id: str
    visitor_id: str | None
    """The visitor id to use from now on; None when the submission had none."""
    body_hash: str
    """The submission's keyed digest: the same id with another body is refused."""

    def as_dict(self) -> dict[str, str | None]:
        """Return the receipt as it is stored."""
        return asdict(self)


class SubmissionStore(Protocol):
    """What is known before a submission is accepted, and the acceptance."""

    def receipt(self, form_id: str, submission_id: str) -> SubmissionReceipt | None:
        """Return the receipt of a submission that was accepted before."""

    def owner(self, visitor: str) -> str | None:
        """Return the lead that a visitor belongs to."""

    def is_shared(self, visitor: str, now: datetime) -> bool:
        """Return whether many browsers use this visitor id."""

    def admit_to_lead(
        self, lead_id: str, *, forms: int, joins: int, now: datetime
    ) -> tuple[bool, int]:
        """Count a form, and joins, that are about to be written.

        Return whether the form counts, as the first 200 of a day do, and how many of the joins
        there is room for. Raise ConflictError when the table is busy.
        """

    def accept(
        self,
        events: Sequence[Event],
        *,
        lead_id: str,
        claims: Sequence[str],
        proof: Proof | None,
        receipt: SubmissionReceipt | None,
        now: datetime,
    ) -> None:
        """Store a submission whole or not at all.

        proof: of a ticked box. Raise ConflictError when another writer was first.
        """


def is_free(store: SubmissionStore, visitor: str, now: datetime) -> bool:
    """Return whether a visitor without an owner may join a lead.

    An id that broken clients send, or that many browsers share, never may.
    """
    if visitor.startswith(VISITOR_PREFIX) and is_no_one(visitor.removeprefix(VISITOR_PREFIX)):
        return False
    return not store.is_shared(visitor, now)
