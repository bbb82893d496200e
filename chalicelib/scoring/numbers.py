"""Numbers that an event or a person said, as the shared reader reads them (ADR 0048)."""

from collections.abc import Mapping
from math import inf, nextafter
from typing import Any, NamedTuple

from chalicelib.events import FieldValue, Value, values_in
from chalicelib.inputs.numbers import Numeric, read_number


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
    read = read_number(value).value
    return None if isinstance(read, str) else read


def numbers_in(value: FieldValue) -> list[Numeric]:
    """Return the numbers among the values of a field or a property."""
    return [number for one in values_in(value) if (number := number_of(one)) is not None]
