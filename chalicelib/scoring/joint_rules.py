"""Rules on several facts at once: all of their parts must match (ADR 0049)."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from chalicelib.scoring.field_rules import FieldRule, Tier, Today


class RulesOnFacts(Protocol):
    """Rules on facts: those of a model, or its exclusions."""

    @property
    def field_rules(self) -> Sequence[FieldRule]:
        """The rules on one fact."""

    @property
    def joint_rules(self) -> "Sequence[JointRule]":
        """The rules on several facts at once."""

    @property
    def is_dated(self) -> bool:
        """Whether one of them compares a date with today."""


@dataclass(frozen=True, slots=True)
class JointRule:
    """A compiled rule on several facts at once."""

    id: str
    group: str
    parts: tuple[FieldRule, ...]
    """Each with one tier, which has the points of the whole rule."""
    disqualify: bool
    on: "Callable[[Today], JointRule] | None" = dataclasses.field(
        init=False, repr=False, compare=False
    )
    """The rule as it is on a day; None for a rule that is the same on all days."""

    def __post_init__(self) -> None:
        is_dated = any(part.on for part in self.parts)
        object.__setattr__(self, "on", self._on if is_dated else None)

    @property
    def tiers(self) -> tuple[Tier, ...]:
        """The only tier, for its points."""
        return self.parts[0].tiers

    @property
    def is_against(self) -> bool:
        """Whether it speaks against a lead that it matches."""
        ((_, milli),) = self.tiers
        return self.disqualify or milli < 0

    def _on(self, today: Today) -> "JointRule":
        return replace(
            self, parts=tuple(part.on(today) if part.on else part for part in self.parts)
        )
