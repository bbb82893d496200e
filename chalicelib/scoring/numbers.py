"""Numbers that an event or a person said, as the shared reader reads them (ADR 0048)."""

from collections.abc import Mapping
from enum import StrEnum
from math import inf, nextafter
from typing import Any, NamedTuple

from chalicelib.events import FieldValue, Value, values_in
from chalicelib.inputs.numbers import Numeric, read_number
from chalicelib.scoring.milli import to_milli

AMOUNT_MAX = 10**9  # of one event: nobody spends more, and anybody may send one


class Amounts(StrEnum):
    """What is kept of a day's numbers; the names are the keys of a model document."""

    SUM = "sum"
    MAX = "max"


class NumberRange(NamedTuple):
    """The numbers from the first up to the second, which is not one of them."""

    low: float
    below: float

    @classmethod
    def of(cls, written: Mapping[str, Any]) -> "NumberRange":
        """Return the range that a document writes with between, at_least and below."""
        low, high = written.get("between") or (-inf, None)
        if (least := written.get("at_least")) is not None:
            low = least
        if (below := written.get("below")) is not None:
            return cls(low, below)
        return cls(low, inf if high is None else nextafter(high, inf))

    def holds(self, number: Numeric) -> bool:
        """Return whether a number is one of the range."""
        return self.low <= number < self.below


def number_of(value: Value) -> Numeric | None:
    """Return the number that a value says, None if it says none."""
    if type(value) is int:  # as capture keeps a company's size: nothing to be read
        return value
    read = read_number(value).value
    return None if isinstance(read, str) else read


def numbers_in(value: FieldValue) -> list[Numeric]:
    """Return the numbers among the values of a field or a property."""
    return [number for one in values_in(value) if (number := number_of(one)) is not None]


class Amount(NamedTuple):
    """What a series keeps of a property's numbers."""

    of: Amounts
    name: str
    """The property."""

    @property
    def is_largest(self) -> bool:
        """Whether a day has the largest number of its events, not their sum."""
        return self.of is Amounts.MAX

    def series(self, signal: str) -> str:
        """Return the name of the series of a signal's events; no signal can have it."""
        return f"{signal}:{self.of}:{self.name}"

    def milli(self, value: FieldValue | None) -> int:
        """Return the thousandths that an event adds. What is below 0, or no number, adds nothing.

        Whole thousandths, so that the order in which events are counted cannot matter.
        """
        numbers = [] if value is None else numbers_in(value)
        amounts = [to_milli(min(one, AMOUNT_MAX)) for one in numbers if one > 0]
        return sum(amounts) if self.of is Amounts.SUM else max(amounts, default=0)


def keeps_largest(series: str) -> bool:
    """Return whether a day of a series has the largest number of its events, not their sum."""
    return series.split(":", 2)[1:2] == [Amounts.MAX]
