"""The scoring model: the document that marketing and sales agree on, as scoring works with it.

compile.py makes it from a document. The format is shown by example in defaults/model.yaml and
checked by authoring/format.py (ADR 0015).
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import tzinfo
from enum import StrEnum
from functools import lru_cache
from typing import Any, assert_never

from chalicelib.events import FieldValue, Kind, Value, values_in
from chalicelib.scoring.lists import bundled
from chalicelib.scoring.matching import Matcher, Signal

INFERRED = "inferred"
REQUESTED = "requested"
FIT = "fit"
"""The default group of rules on the profile; grades are grades of it."""

DEFAULT_WITHIN_DAYS = 30
"""For a condition with a `signal` and without `within_days` (design.md, "Scoring")."""

CONDITION_KEYS = frozenset({"signal", "days", "within_days", "kind"})
"""The keys of a condition that are not thresholds."""

TIERS_REMEMBERED = 512  # values per rule: a few hundred kilobytes for fifty rules


class Operator(StrEnum):
    """How a rule compares a field; the names are the keys of a model document."""

    EQUALS = "equals"
    MATCHES = "matches"
    BETWEEN = "between"
    IN_LIST = "in_list"
    PRESENT = "present"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Test:
    """One operator and what it compares with, for example `between` and [50, 1000]."""

    __test__ = False  # not a test class, whatever its name says to pytest

    operator: Operator
    operand: Any
    """As compile.py prepares it: a set for `equals`, patterns for `matches`."""
    words: str | None = None
    """What a reason says of the field when the test matches; None to name its value."""

    def matches(self, value: FieldValue | None) -> bool:
        """Return whether a field's value passes the test; None is a field that is not known.

        A list passes when any of its values does.
        """
        if value is None or value in ("", ()):
            return self.operator is Operator.ABSENT
        return any(map(self._matches_one, values_in(value)))

    def _matches_one(self, value: Value) -> bool:
        match self.operator:
            case Operator.EQUALS:
                return comparable(value) in self.operand
            case Operator.MATCHES:
                return bool(self.operand.bits_of(comparable(value)))
            case Operator.BETWEEN:
                low, high = self.operand
                return bool(low <= _number(value) <= high)
            case Operator.IN_LIST:
                return str(value).lower() in bundled(self.operand)
            case Operator.PRESENT:
                return True
            case Operator.ABSENT:
                return False
            case _:
                assert_never(self.operator)


Tier = tuple[Test, int]
"""A test and its thousandths of a point."""


@dataclass(frozen=True, slots=True)
class FieldRule:
    """A compiled rule on the profile or a touch: the first tier that matches gives its points."""

    id: str
    group: str
    field: str
    touch: str | None
    """`first` or `last`; None for a rule on the profile."""
    tiers: tuple[Tier, ...]
    disqualify: bool
    tier_of: Callable[[FieldValue | None], Tier | None] = dataclasses.field(
        init=False, repr=False, compare=False
    )
    """The first tier that matches a value, or None."""

    def __post_init__(self) -> None:
        # Cached per rule: most people share their country, title and company size with others.
        cached = lru_cache(maxsize=TIERS_REMEMBERED, typed=True)(self._tier_of)
        object.__setattr__(self, "tier_of", cached)

    def _tier_of(self, value: FieldValue | None) -> Tier | None:
        return next((tier for tier in self.tiers if tier[0].matches(value)), None)


@dataclass(frozen=True, slots=True)
class BehaviourRule:
    """A compiled rule on a signal."""

    id: str
    group: str
    signal: Signal
    points: int
    """Of one occurrence on its day, in thousandths."""
    half_life_days: float | None
    per_day: int | None
    max_points: int | None
    """In thousandths; the absolute value of what the rule gives never exceeds it."""
    decay: Sequence[float] = dataclasses.field(repr=False)
    """What is left of a point after 0, 1, 2, ... days, for each day of the horizon."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled way into a stage: every part of it must be met."""

    thresholds: tuple[tuple[str, int], ...]
    """Score, group or sum -> the least thousandths that it must have."""
    signal: str | None
    days: int
    within_days: int
    kind: str | None
    """Of a way into SQL: requested or inferred."""


@dataclass(frozen=True, slots=True)
class Model:
    """A scoring model, ready to use. Thresholds, limits and points are thousandths of a point."""

    name: str
    version: int
    activation: int
    """How many models were activated up to this one, 0 for a draft.

    It only grows, also when an older version is published again, so that a worker can tell an
    older model from a newer one (ADR 0016).
    """
    matching: str
    """A digest of what counting depends on.

    A tally that was counted with another digest must be counted again (ADR 0017).
    """
    zone: tzinfo
    signals: Mapping[str, Signal]
    matchers: Mapping[Kind, Matcher]
    field_rules: Sequence[FieldRule]
    behaviour_rules: Sequence[BehaviourRule]
    groups: Mapping[str, tuple[int, int]]
    """Group -> the least and the most that it counts."""
    sums: Mapping[str, Sequence[str]]
    grades: Sequence[tuple[int, str]]
    """The least fit of each grade, the best first."""
    grade_needs: int
    """How many rules of fit must have something to say of a lead that gets a grade."""
    mql: Sequence[Condition]
    sql: Sequence[Condition]
    cool_below: Mapping[str, int]
    stay_days: int
    recycle: Mapping[str, int]
    """Reason -> days of rest."""
    wakes: Sequence[str]
    """The signals that end a rest at once."""
    internal_domains: Sequence[str]
    """Patterns of our own domains."""
    fields: Set[str]
    """The fields that rules read: a profile keeps each of them (ADR 0041)."""


def comparable(value: Value) -> str:
    """Return a value as the text that it is compared by.

    Case is ignored, and 5.0 is the number 5, however it was written.
    """
    is_whole = isinstance(value, float) and value.is_integer()
    return str(int(value) if is_whole else value).casefold()


def default_group(side: str, *, on_signal: bool) -> str:
    """Return the group of a rule that names none.

    That is engagement for a rule on a signal, otherwise channel on the side of the channel and
    fit on the other sides.
    """
    if on_signal:
        return "engagement"
    return "channel" if side == "channel" else FIT


def _number(value: Value) -> float:
    try:
        return float(value)
    except ValueError:
        return float("nan")  # compares false with every bound
