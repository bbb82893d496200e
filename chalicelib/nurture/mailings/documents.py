"""Mailings as documents: which email goes to which list, and when."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from chalicelib.company import SettingsDocument
from chalicelib.document import Document
from chalicelib.errors import FieldError, StateError
from chalicelib.nurture.activation import activation_mistakes, letterhead_mistakes
from chalicelib.nurture.conditions import OwnId
from chalicelib.nurture.email_checks import EmailSurroundings
from chalicelib.nurture.mailings.mailing import Mailing, MailingStatus
from chalicelib.nurture.sequences import EnteredStage, SequenceDocument, Step, WayIn

WRITTEN_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?", re.ASCII)


def _readable(text: str) -> str:
    try:
        if WRITTEN_TIME.fullmatch(text):
            datetime.fromisoformat(text)
            return text
    except ValueError:
        pass
    raise ValueError(
        "must be a time, such as 2026-12-03T09:00 in the company's zone, or 2026-12-03T09:00:00Z"
    )


class MailingDocument(Document):
    """A one-off email to the leads of a list."""

    id: OwnId
    title: Annotated[str, Field(max_length=100)] = ""
    email: OwnId
    list: OwnId
    at: Annotated[str, AfterValidator(_readable)]
    """When it leaves: in the company's zone, unless it says an offset."""
    topic: OwnId | None = None
    """What it is about, as people choose it; without one it counts as `other`."""

    def leaves_at(self, zone: tzinfo) -> datetime:
        """Return when it leaves, in UTC. zone: the company's."""
        at = datetime.fromisoformat(self.at)
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def mailing_mistakes(
    mailing: MailingDocument,
    around: EmailSurroundings,
    emails: Collection[str],
    lists: Collection[str],
    known: Callable[[str], Mailing | None],
) -> Iterator[FieldError]:
    """Yield what it names that does not exist, and why its email cannot be sent.

    Raise StateError for a mailing that a person confirmed: what was confirmed is what leaves.
    """
    found = known(mailing.id)
    if found is not None and found.status is not MailingStatus.COUNTED:
        raise StateError(
            f"this mailing was {found.status}, so it does not change any more; put another one,"
            " with an id of its own"
        )
    if mailing.list not in lists:
        yield FieldError("list", f"there is no list {mailing.list}; put it first")
    if mailing.email not in emails:
        yield FieldError("email", f"there is no email {mailing.email}; put it first")
    for error in activation_mistakes(_as_sequence(mailing), around):
        words = error.message.replace(", or leave the sequence inactive", "")
        yield FieldError("email", words)


def mailing_needs(mailing: MailingDocument, company: SettingsDocument) -> Iterator[FieldError]:
    """Yield what the settings lack to stand around its email."""
    return letterhead_mistakes(_as_sequence(mailing), company)


def mailings_with(email_id: str, mailings: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield each stored mailing that sends an email, in words."""
    for stored in mailings:
        if stored.get("email") == email_id:
            yield f"the mailing {stored.get('id')}"


def _as_sequence(mailing: MailingDocument) -> SequenceDocument:
    """Return the sequence of one step that asks of an email what the mailing does."""
    step = Step(id="email", wait="0d", email=mailing.email)
    return SequenceDocument(id=mailing.id, enter=[WayIn(stage=EnteredStage.MQL)], steps=[step])
