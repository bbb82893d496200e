"""A version of a document, and its author. Needs no pydantic: every function loads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

DEPLOY = "deploy"
"""The author of what the last step of a deploy has written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentVersion:
    """A document as somebody put it. It is never changed."""

    version: int
    """Counts the puts and deletions of one document, from 1."""
    document: Mapping[str, Any]
    """What was put; of a deletion, what was deleted."""
    author: str
    note: str = ""
    """Why, in the author's words."""
    at: datetime | None
    """None: written before documents had versions."""
    deleted: bool = False
