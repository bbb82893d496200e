"""The versions of the scoring model, and which one is active."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from chalicelib.days import UTC_NAME

StoredModel = Mapping[str, Any]  # the document of a model, as it is kept


class VersionState(StrEnum):
    """What a version is now."""

    DRAFT = "draft"  # never published
    ACTIVE = "active"
    PUBLISHED = "published"  # was the active one once; publishing it again is the way back


@dataclass(frozen=True, slots=True)
class Active:
    """Which version is active."""

    version: int
    activation: int
    """How many activations there were up to it."""
    zone: str = UTC_NAME
    """The company's time zone: the model counts in days of it (ADR 0025)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a version comes from."""

    author: str | None = None
    """Who stored it; None: it was not asked then."""
    note: str | None = None
    """What the author says about it."""
    source: str | None = None
    """Its document as it was written, in YAML with its comments; None: it came as JSON."""


@dataclass(frozen=True, slots=True)
class Version:
    """A stored version."""

    version: int
    name: str
    created_at: datetime
    published_at: datetime | None
    """When it last became the active one; None for a draft."""
    active: bool
    author: str | None = None
    note: str | None = None

    @property
    def state(self) -> VersionState:
        """Return what it is now."""
        if self.active:
            return VersionState.ACTIVE
        return VersionState.PUBLISHED if self.published_at else VersionState.DRAFT


def digest_of(document: StoredModel) -> str:
    """Return sixteen hex digits of a document: the same, however its keys are ordered."""
    text = json.dumps(document, sort_keys=True, ensure_ascii=False)
    return sha256(text.encode()).hexdigest()[:16]
