"""The arithmetic of the bench: medians of pairs that were measured by turns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Compared:
    """A measure beside its floor. value, floor: medians in the unit of the samples; ratio: the
    median of the pairs' ratios, which what slows both halves of a pair leaves alone.
    """

    value: float
    floor: float
    ratio: float
    pairs: int

    def rounded(self, unit: str) -> dict[str, float]:
        """As the report has it, with the unit in the names."""
        return {
            unit: round(self.value, 3),
            f"floor_{unit}": round(self.floor, 3),
            "ratio": round(self.ratio, 3),
            "pairs": self.pairs,
        }


def compare(pairs: Sequence[tuple[float, float]]) -> Compared:
    """Pairs of (measure, floor), compared. Raises ValueError when there is none or a floor is not
    positive.
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
    """So many pairs of (value, floor), each pair in the other order than the one before."""
    return [
        (value(), floor()) if number % 2 else _swapped(floor(), value()) for number in range(count)
    ]


def _swapped(first: T, second: T) -> tuple[T, T]:
    return second, first
