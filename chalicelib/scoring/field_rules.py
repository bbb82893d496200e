"""Rules on what is known of a person, and on how they came: operators, tiers, tests of a value.

What a day changes is in dated.py, rules on several facts at once in joint_rules.py (ADR 0049).
"""

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

from chalicelib.events import FieldValue, Value
from chalicelib.inputs.dates import read_date
from chalicelib.scoring.folding import fold_text
from chalicelib.scoring.lists import bundled
from chalicelib.scoring.numbers import number_of

TIERS_REMEMBERED = 512  # values per rule: a few hundred kilobytes for fifty rules
DAYS_REMEMBERED = 64  # per rule that looks at a date: a review asks for a month of them

#: What stands between the values of a list that is written as one text.
_LIST_MARKS = re.compile(r"[,;|\n]")
_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class Operator(StrEnum):
    """How a rule compares a field; the names are the keys of a model document."""

    EQUALS = "equals"
    MATCHES = "matches"
    WORDS = "words"
    CONTAINS = "contains"
    IN_LIST = "in_list"
    BETWEEN = "between"
    AT_LEAST = "at_least"
    BELOW = "below"
    NEXT_DAYS = "next_days"
    LAST_DAYS = "last_days"
    NOT = "not"
    PRESENT = "present"
    ABSENT = "absent"
    ELSE = "else"


DATED = frozenset({Operator.NEXT_DAYS, Operator.LAST_DAYS})
"""The operators that compare a date with today."""
FOR_NOTHING = frozenset({Operator.ABSENT, Operator.ELSE})
"""The operators that a field which is not known passes."""


class Today(NamedTuple):
    """What a date is held against."""

    ordinal: int
    country: str | None = None
    """Where the date was written, if days are written behind months there."""


class DateSpan(NamedTuple):
    """The operand of a test of a date."""

    span: range
    """The days on which it passes: from today, -1 for yesterday, and on a day as ordinals."""
    country: str | None = None
    """As today has it."""


@dataclass(frozen=True, slots=True)
class Test:
    """One operator and what it compares with, for example `between` and [50, 1000]."""

    __test__ = False  # not a test class, whatever its name says to pytest

    operator: Operator
    operand: Any
    """As compile_fields.py prepares it: a set for `equals`, patterns for `matches`."""
    words: str | None = None
    """What a reason says of the field when the test matches; None to name its value."""

    def matches(self, value: FieldValue | None) -> bool:
        """Return whether a field's value passes the test; None is a field that is not known.

        A list passes when any of its values does, and `not` when none of them does.
        """
        if value is None or value in ("", ()):
            return self.operator in FOR_NOTHING
        matches = _MATCHING.get(self.operator)
        if matches is None:
            return not self.operand.matches(value)
        if isinstance(value, tuple):
            return any(matches(self.operand, one) for one in value)
        return matches(self.operand, value)

    @property
    def days(self) -> range | None:
        """The days from today on which a date passes; None for a test of anything else."""
        if self.operator is Operator.NOT:
            denied: range | None = self.operand.days
            return denied
        span: range | None = self.operand.span if self.operator in DATED else None
        return span

    def on(self, today: Today) -> "Test":
        """Return the test as it is on a day."""
        if self.operator is Operator.NOT:
            return replace(self, operand=self.operand.on(today))
        if self.operator in DATED:
            first = self.operand.span.start + today.ordinal
            end = self.operand.span.stop + today.ordinal
            return replace(self, operand=DateSpan(range(first, end), today.country))
        return self


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
    match_of: "Callable[[FieldValue | None], MatchedRule | None]" = dataclasses.field(
        init=False, repr=False, compare=False
    )
    """How a value matches, if that has a consequence: points, or a disqualification."""
    on: "Callable[[Today], FieldRule] | None" = dataclasses.field(
        init=False, repr=False, compare=False
    )
    """The rule as it is on a day; None for a rule that is the same on all days."""

    def __post_init__(self) -> None:
        # Cached per rule: most people share their country, title and company size with others.
        cached = lru_cache(maxsize=TIERS_REMEMBERED, typed=True)(self._tier_of)
        object.__setattr__(self, "tier_of", cached)
        remembered = lru_cache(maxsize=TIERS_REMEMBERED, typed=True)(self._match_of)
        object.__setattr__(self, "match_of", remembered)
        is_dated = any(test.days for test, _ in self.tiers)
        # By value alone a rule on a date cannot be cached, but by day and value.
        on = lru_cache(maxsize=DAYS_REMEMBERED)(self._on) if is_dated else None
        object.__setattr__(self, "on", on)

    def _tier_of(self, value: FieldValue | None) -> Tier | None:
        for tier in self.tiers:
            if tier[0].matches(value):
                return tier
        return None

    def _match_of(self, value: FieldValue | None) -> "MatchedRule | None":
        tier = self._tier_of(value)
        if tier is None or not (tier[1] or self.disqualify):
            return None
        return MatchedRule(self, tier[0], value, tier[1])

    def _on(self, today: Today) -> "FieldRule":
        return replace(self, tiers=tuple((test.on(today), milli) for test, milli in self.tiers))


@dataclass(frozen=True, slots=True, eq=False)
class MatchedRule:
    """A field rule that matches. It is remembered with the value, and so are its words."""

    rule: FieldRule
    test: Test
    """The test that matches, of the rule's first such tier."""
    value: FieldValue | None
    """The value that it matches."""
    milli: int
    """The thousandths of a point that it gives."""
    others: "Sequence[MatchedRule]" = ()
    """The other parts of a rule on several facts."""


def comparable(value: Value) -> str:
    """Return a value as the text that it is compared by.

    Case, accents and width are ignored, and 5.0 is the number 5, however it was written.
    """
    is_whole = isinstance(value, float) and value.is_integer()
    return fold_text(str(int(value) if is_whole else value))


@lru_cache(maxsize=TIERS_REMEMBERED)  # the days ahead of a lead ask for the same few dates
def day_said(value: Value, country: str | None) -> int | None:
    """Return the ordinal of the date that a value says, or None.

    country: where it was written, if days are written behind months there.
    """
    said = read_date(value, country).value
    if not _ISO_DAY.fullmatch(said):
        return None
    try:
        return date.fromisoformat(said).toordinal()
    except ValueError:  # 30 February
        return None


def _equals(operand: Any, value: Value) -> bool:
    return comparable(value) in operand


def _matches(operand: Any, value: Value) -> bool:
    return bool(operand.bits_of(comparable(value)))


def _contains(operand: Any, value: Value) -> bool:
    listed = (one.strip() for one in _LIST_MARKS.split(comparable(value)))
    return not operand.isdisjoint(listed)


def _in_list(operand: Any, value: Value) -> bool:
    return comparable(value) in bundled(operand)


def _between(operand: Any, value: Value) -> bool:
    low, high = operand
    number = number_of(value)
    return number is not None and low <= number <= high


def _at_least(operand: Any, value: Value) -> bool:
    number = number_of(value)
    return number is not None and number >= operand


def _below(operand: Any, value: Value) -> bool:
    number = number_of(value)
    return number is not None and number < operand


def _on_a_day(operand: Any, value: Value) -> bool:
    return day_said(value, operand.country) in operand.span


def _always(_operand: Any, _value: Value) -> bool:
    return True


def _never(_operand: Any, _value: Value) -> bool:
    return False


_MATCHING: Mapping[Operator, Callable[[Any, Value], bool]] = {
    Operator.EQUALS: _equals,
    Operator.MATCHES: _matches,
    Operator.WORDS: _equals,
    Operator.CONTAINS: _contains,
    Operator.IN_LIST: _in_list,
    Operator.BETWEEN: _between,
    Operator.AT_LEAST: _at_least,
    Operator.BELOW: _below,
    Operator.NEXT_DAYS: _on_a_day,
    Operator.LAST_DAYS: _on_a_day,
    Operator.PRESENT: _always,
    Operator.ABSENT: _never,
    Operator.ELSE: _always,
}
"""How each operator but `not` compares one value with its operand: `not` asks another test."""
