"""The versions of the scoring model, as everybody speaks of them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from hashlib import sha256
from typing import Any

Document = Mapping[str, Any]


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
    """How many activations there were up to this one."""
    zone: tzinfo = UTC
    """The company's time zone: an activation says in which days its model counts (ADR 0025)."""


@dataclass(frozen=True, slots=True)
class Version:
    """A stored version. published_at: when it last became the active one, None for a draft."""

    version: int
    name: str
    created_at: datetime
    published_at: datetime | None
    active: bool

    @property
    def state(self) -> VersionState:
        """What it is now."""
        if self.active:
            return VersionState.ACTIVE
        return VersionState.PUBLISHED if self.published_at else VersionState.DRAFT


def digest_of(document: Document) -> str:
    """Sixteen hex digits of a model's document: the same model, however its keys are ordered."""
    return sha256(json.dumps(document, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[
        :16
    ]
