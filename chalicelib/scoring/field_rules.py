"""Rules on what is known of a person, and on how they came: operators, tiers, tests of a value."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, assert_never

from chalicelib.events import FieldValue, Value, values_in
from chalicelib.scoring.lists import bundled

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


def comparable(value: Value) -> str:
    """Return a value as the text that it is compared by.

    Case is ignored, and 5.0 is the number 5, however it was written.
    """
    is_whole = isinstance(value, float) and value.is_integer()
    return str(int(value) if is_whole else value).casefold()


def _number(value: Value) -> float:
    try:
        return float(value)
    except ValueError:
        return float("nan")  # compares false with every bound
