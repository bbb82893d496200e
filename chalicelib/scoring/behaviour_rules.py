"""Rules on a signal: what one occurrence is worth, and what is left of it with time."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.scoring.matching import Signal


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
