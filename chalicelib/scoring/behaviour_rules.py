"""Rules on a signal: what its occurrences are worth, and what is left of that with time (ADR 0047).

A rule contributes on day T the sum, over its occurrences, of what each is worth times what is left
of it after T-d days. The newest come first, until max_points are used up: so the limit applies to
what the occurrences are worth on their days, and what is within it fades. compile_behaviour.py
decides which of the functions below weighs a rule; a plain rule knows nothing of the other forms.
"""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf

from chalicelib.scoring.matching import Signal
from chalicelib.scoring.numbers import Amount

Cells = Sequence[tuple[int, int]]
"""Days and counts in order: a sum of floats must not depend on a dict's order."""

NO_LIMIT = 1 << 62  # for a rule without `per_day`


class Measure(StrEnum):
    """What a tier counts; the names are the keys of a model document."""

    TIMES = "times"
    DAYS = "days"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class BehaviourTier:
    """A tier of a rule: it holds for a signal that was seen often enough, recently enough."""

    points: float
    """In thousandths."""
    measure: Measure
    least: int
    within_days: int | None
    decay: Sequence[float] = dataclasses.field(repr=False)
    """What is left of the points after 0, 1, 2, ... days without another occurrence."""

    def holds(self, occurrences: Cells) -> bool:
        """Return whether occurrences, as ages in days and counts, are enough for this tier."""
        within = inf if self.within_days is None else self.within_days
        counts = [count for age, count in occurrences if age <= within]
        return (len(counts) if self.measure is Measure.DAYS else sum(counts)) >= self.least


@dataclass(frozen=True, slots=True)
class BehaviourRule:
    """A compiled rule on a signal."""

    id: str
    group: str
    signal: Signal
    series: str
    """Under which name the tally has what it counts: that of its signal, or of an amount."""
    amount: Amount | None
    """The numbers that it counts instead of occurrences, in thousandths (ADR 0048)."""
    points: float
    """Of one occurrence on its day, or of the best tier, in thousandths and not rounded."""
    half_life_days: float | None
    per_day: int | None
    most: float
    """In thousandths: the most that the occurrences are worth before they fade."""
    within_days: int | None
    in_one_day: int | None
    """How many occurrences of a day make one; other days do not count."""
    shares: tuple[float, ...]
    """What the newest occurrence counts, the one before, and so on; the last share goes on."""
    tiers: tuple[BehaviourTier, ...]
    """The one worth most first. It gives its points, whatever the number of occurrences."""
    is_even: bool
    """Time takes the same part of all that it gives, so that tomorrow's value follows today's."""
    decay: Sequence[float] = dataclasses.field(repr=False)
    """What is left of a point after 0, 1, 2, ... days, for each day of the horizon.

    Never less than the floor, and nothing after within_days.
    """
    weigh: "Weigh" = dataclasses.field(repr=False)
    """Which function of this module weighs it."""

    is_plain: bool = dataclasses.field(init=False, repr=False, compare=False)
    """Whether each occurrence is worth the same, whenever it was."""

    def __post_init__(self) -> None:
        is_plain = self.weigh is weigh_plain and self.within_days is None and self.amount is None
        object.__setattr__(self, "is_plain", is_plain)


Weigh = Callable[[BehaviourRule, Cells, int, float], float]
"""Of a rule, its cells, today and the most thousandths: the thousandths, not rounded."""


def weigh_plain(rule: BehaviourRule, cells: Cells, today: int, most: float) -> float:
    """Return what a rule gives each of whose occurrences is worth the same.

    A day of tomorrow counts as today, because two clocks differ.
    """
    decay = rule.decay
    per_day = rule.per_day or NO_LIMIT
    each = abs(rule.points)
    total = 0.0
    if cells[-1][0] > today:
        cells = [(min(day, today), count) for day, count in cells]
    for day, count in reversed(cells):
        worth = (count if count < per_day else per_day) * each
        if worth >= most:
            total += most * decay[today - day]
            break
        most -= worth
        total += worth * decay[today - day]
    return total if rule.points > 0 else -total


def weigh_shares(rule: BehaviourRule, cells: Cells, today: int, most: float) -> float:
    """Return what a rule gives whose occurrences count less and less, or are whole days."""
    each = abs(rule.points)
    number = 0
    before = 0.0
    total = 0.0
    for age, count in occurrences(rule, cells, today):
        number += count
        worth = min(each * shared(rule, number), most)
        total += (worth - before) * rule.decay[age]
        before = worth
    return total if rule.points > 0 else -total


def weigh_tiers(rule: BehaviourRule, cells: Cells, today: int, _most: float) -> float:
    """Return what a rule with tiers gives: it fades since the newest occurrence."""
    found = occurrences(rule, cells, today)
    tier = tier_of(rule, found)
    return tier.points * tier.decay[found[0][0]] if tier else 0.0


def tier_of(rule: BehaviourRule, found: Cells) -> BehaviourTier | None:
    """Return the tier that is worth most of those that hold, or None."""
    return next((tier for tier in rule.tiers if tier.holds(found)), None)


def occurrences(rule: BehaviourRule, cells: Cells, today: int) -> list[tuple[int, int]]:
    """Return the ages in days and the counts of what a rule counts, the newest first."""
    within = inf if rule.within_days is None else rule.within_days
    ages = [(max(today - day, 0), count) for day, count in reversed(cells)]
    ages = [(age, count) for age, count in ages if age <= within]
    if rule.in_one_day is not None:
        return [(age, 1) for age, count in ages if count >= rule.in_one_day]
    return [(age, min(count, rule.per_day or NO_LIMIT)) for age, count in ages]


def shared(rule: BehaviourRule, number: int) -> float:
    """Return how many whole occurrences so many of them are worth by their shares."""
    further = max(number - len(rule.shares), 0)
    return sum(rule.shares[:number]) + further * rule.shares[-1]
