"""Who is left out besides our own people: by facts, or by a signal (ADR 0050)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from chalicelib.scoring.field_rules import FieldRule
from chalicelib.scoring.joint_rules import JointRule


class ExcludingSignal(NamedTuple):
    """A signal that excludes whoever shows it."""

    id: str
    """Of the exclusion."""
    signal: str
    within_days: int
    """How many days back the signal counts."""


@dataclass(frozen=True, slots=True)
class Exclusions:
    """The compiled exclusions of a model.

    Those by facts are rules that disqualify, so that what a weaker rank said excludes nobody.
    """

    field_rules: Sequence[FieldRule]
    joint_rules: Sequence[JointRule]
    is_dated: bool
    """Whether one of them compares a date with today."""
    signals: Sequence[ExcludingSignal]
