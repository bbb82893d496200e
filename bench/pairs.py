"""The arithmetic of the bench: medians of pairs that were measured alternately."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Compared:
    """A measure beside its floor."""

    value: float
    """The median of the measure, in the unit of the samples."""
    floor: float
    """The median of the floor, in the same unit."""
    ratio: float
    """The median of the pairs' ratios: whatever slows both halves of a pair does not change it."""
    pairs: int
    """How many pairs were measured."""

    def rounded(self, unit: str) -> dict[str, float]:
        """Return the comparison as the report has it, with the unit in the names."""
        return {
            unit: round(self.value, 3),
            f"floor_{unit}": round(self.floor, 3),
            "ratio": round(self.ratio, 3),
            "pairs": self.pairs,
        }


def compare(pairs: Sequence[tuple[float, float]]) -> Compared:
    """Return the comparison of pairs of (measure, floor).

    Raise ValueError without pairs, or for a floor that is not positive.
    """
    if not pairs or min(floor for _, floor in pairs) <= 0:
        raise ValueError("a comparison needs pairs, and floors above zero")
    return Compared(
        median(value for value, _ in pairs),
        median(floor for _, floor in pairs),
        median(value / floor for value, floor in pairs),
        len(pairs),
    )


def by_turns(count: int, value: Callable[[], T], floor: Callable[[], T]) -> list[tuple[T, T]]:
    """Return a number of pairs of (value, floor), each taken in the reverse order of the last."""
    return [
        (value(), floor()) if number % 2 else _swapped(floor(), value()) for number in range(count)
    ]


def _swapped(first: T, second: T) -> tuple[T, T]:
    return second, first
