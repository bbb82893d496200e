"""Joining: how a visitor becomes a lead's, in one transaction with the event that says so.

What forms and identify share. Cheap to import: it lies on the path of a ping.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Protocol

from chalicelib.capture.identity import is_no_one
from chalicelib.consent.consent import Consent
from chalicelib.events import VISITOR_PREFIX, Event


@dataclass(frozen=True, slots=True)
class Answer:
    """What the sender is told. It never tells whether the person was known. body_hash: of the
    submission.
    """

    form_id: str
    submission_id: str
    visitor_id: str | None
    body_hash: str

    def as_dict(self) -> dict[str, str | None]:
        """The answer as it is stored."""
        return asdict(self)


class Store(Protocol):
    """What the use case needs of the table."""

    def answer(self, form_id: str, submission_id: str) -> Answer | None:
        """The first answer to a submission id."""

    def owner(self, visitor: str) -> str | None:
        """The lead that a visitor belongs to."""

    def is_shared(self, visitor: str, now: datetime) -> bool:
        """Whether a visitor id is used by many browsers."""

    def consent(self, lead_id: str) -> Consent:
        """The lead's consent."""

    def accept(
        self,
        events: Sequence[Event],
        *,
        lead_id: str,
        claims: Sequence[str],
        consents: tuple[Consent, Consent] | None,
        answer: Answer | None,
        now: datetime,
    ) -> None:
        """Store it whole or not at all. Raises ConflictError when another writer was first."""


def is_free(store: Store, visitor: str, now: datetime) -> bool:
    """Whether an unowned visitor may join: not an anonymous id that broken clients send, nor one
    that many share.
    """
    if visitor.startswith(VISITOR_PREFIX) and is_no_one(visitor.removeprefix(VISITOR_PREFIX)):
        return False
    return not store.is_shared(visitor, now)
