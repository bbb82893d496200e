"""The list of what was kept as spam, so that somebody looks through it."""

import re
from typing import Any

from chalicelib.capture.screening.kept import KeptForm
from chalicelib.errors import FieldError, InputError
from chalicelib.events import lead_id_of, rfc3339
from chalicelib.reading.cursor import from_cursor, to_cursor
from chalicelib.reading.ports import SpamReader

SPAM = "spam"
"""Lists screened forms where a stage is asked for. It is not a stage: they are not leads."""
SPAM_PLACE = re.compile(r"[0-9T:.-]{23}Z#[A-Z2-7]{26}#[0-9]{13}-[0-9a-f]{16}")
"""The place of a screened form in its list: `<captured at>#<lead id>#<event id>`."""


def spam_page(spam: SpamReader, limit: int, cursor: str | None) -> dict[str, Any]:
    """Return a page of the screened forms that nobody has released, newest first.

    Raise InputError for a cursor of another list.
    """
    before = from_cursor(cursor, (str,))[0] if cursor else ""
    if before and not SPAM_PLACE.fullmatch(before):
        raise InputError(FieldError("cursor", "is not one that this list gave out"))
    found = spam.waiting(before, limit + 1)
    page = found[:limit]
    return {
        "leads": [serialize_spam(kept) for _, kept in page],
        "next_cursor": to_cursor([page[-1][0]]) if len(found) > limit else None,
    }


def serialize_spam(kept: KeptForm) -> dict[str, Any]:
    """Return a screened form as an element of a list of leads: it has no score and no profile,
    but what it says, so that a person can tell whether it is spam.
    """
    event = kept.event
    return {
        "lead_id": lead_id_of(event.partition),
        "email": event.fields.get("email"),
        "stage": SPAM,
        "score": None,
        "form": event.name,
        "reason": event.screened,
        "fields": event.fields,
        "said": event.said,
        "at": rfc3339(event.captured_at),
        "event_id": event.id,
    }
