"""Cursors: the place where a page ended, as one opaque word."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from chalicelib.errors import FieldError, InputError


def to_cursor(place: list[Any]) -> str:
    """Return the cursor of a place, which is a list of JSON values."""
    return urlsafe_b64encode(json.dumps(place, separators=(",", ":")).encode()).decode().rstrip("=")


def from_cursor(cursor: str, kinds: tuple[type, ...]) -> list[Any]:
    """Return the place of a cursor, whose parts are of these kinds.

    Raise InputError for a cursor that the API did not give out.
    """
    try:
        place = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError):
        place = None
    if not isinstance(place, list) or [type(part) for part in place] != list(kinds):
        raise InputError(FieldError("cursor", "is not one that this list gave out"))
    return place
