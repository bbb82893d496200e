"""Cursors: where a page ended, sealed in one word."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from chalicelib.errors import FieldError, InputError


def to_cursor(place: list[Any]) -> str:
    """The cursor of a place."""
    return urlsafe_b64encode(json.dumps(place, separators=(",", ":")).encode()).decode().rstrip("=")


def from_cursor(cursor: str, kinds: tuple[type, ...]) -> list[Any]:
    """The place of a cursor. Raises InputError for one that we did not give out."""
    try:
        place = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError):
        place = None
    if not isinstance(place, list) or [type(part) for part in place] != list(kinds):
        raise InputError(FieldError("cursor", "is not one that this list gave out"))
    return place
