"""Joining: how a visitor comes to belong to a lead, in the transaction of the event that says so.

Forms and identify share this. Keep it cheap to import: every ping loads it.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Protocol

from chalicelib.capture.identity import is_no_one
from chalicelib.consent.consent import Consent
from chalicelib.events import VISITOR_PREFIX, Event
from chalicelib.limits import JOINS_MAX_PER_LEAD


@dataclass(frozen=True, slots=True)
class SubmissionReceipt:
    """The answer to a form submission. It never reveals whether the person was known."""

    form_id: str
    submission_id: str
    visitor_id: str | None
    """The visitor id to use from now on; None when the submission had none."""
    body_hash: str
    """The submission's digest: the same key with another body is refused."""

    def as_dict(self) -> dict[str, str | None]:
        """Return the receipt as it is stored."""
        return asdict(self)


class SubmissionStore(Protocol):
    """What is known before a submission is accepted, and the acceptance."""

    def receipt(self, form_id: str, submission_id: str) -> SubmissionReceipt | None:
        """Return the receipt of a submission that was accepted before."""

    def owner(self, visitor: str) -> str | None:
        """Return the lead that a visitor belongs to."""

    def count_joins(self, lead_id: str) -> int:
        """Return how many visitors belong to a lead, at most as many as may."""

    def is_shared(self, visitor: str, now: datetime) -> bool:
        """Return whether many browsers use this visitor id."""

    def consent(self, lead_id: str) -> Consent:
        """Return the lead's consent."""

    def accept(
        self,
        events: Sequence[Event],
        *,
        lead_id: str,
        claims: Sequence[str],
        consents: tuple[Consent, Consent] | None,
        receipt: SubmissionReceipt | None,
        now: datetime,
    ) -> None:
        """Store a submission whole or not at all.

        consents: before and after. Raise ConflictError when another writer was first.
        """


def is_free(store: SubmissionStore, visitor: str, now: datetime) -> bool:
    """Return whether a visitor without an owner may join a lead.

    An id that broken clients send, or that many browsers share, never may.
    """
    if visitor.startswith(VISITOR_PREFIX) and is_no_one(visitor.removeprefix(VISITOR_PREFIX)):
        return False
    return not store.is_shared(visitor, now)


def within_room(store: SubmissionStore, lead_id: str, claims: Sequence[str]) -> list[str]:
    """Return those of the claims for which the lead has room: it joins 200 visitors (ADR 0034).

    Forms of one lead that arrive at the same moment may each find the last room.
    """
    if not claims:
        return []
    return list(claims[: JOINS_MAX_PER_LEAD - store.count_joins(lead_id)])
