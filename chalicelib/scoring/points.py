"""What each rule of a model gives: the arithmetic that every score rests on, with its reasons or
without.

A behaviour rule contributes on day T: points x sum over days d of min(count[d], per_day) x
2^(-(T-d)/half_life), its absolute value limited to max_points (design.md, "Scoring"), in whole
thousandths of a point.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from chalicelib.events import Value
from chalicelib.scoring.model import BehaviourRule, FieldRule, Model, Test
from chalicelib.scoring.pattern import matches_any
from chalicelib.scoring.profile import Touch, Touches
from chalicelib.scoring.tally import Since, Tally, within_horizon

NO_LIMIT = 1 << 62  # of a rule without `per_day`

Cells = Sequence[
    tuple[int, int]
]  # days and counts in order: a sum of floats must not depend on a dict's order


class Held(NamedTuple):
    """A field rule that holds: the test that does, the value that it holds for, and its
    thousandths.
    """

    rule: FieldRule
    test: Test
    value: Value | None
    milli: int


def is_one_of_us(model: Model, facts: Mapping[str, Value]) -> bool:
    """Whether a person is of our own domains (playbook, rule 10)."""
    return bool(model.internal_domains) and matches_any(
        model.internal_domains, str(facts.get("email_domain", ""))
    )


def seen_until(tally: Tally, today: date, since: Since | None) -> Tally:
    """The behaviour that counts on a day."""
    seen = within_horizon(tally, today.toordinal())
    return seen if since is None else since.left_of(seen)


def held_by(model: Model, facts: Mapping[str, Value], touches: Touches) -> list[Held]:
    """The field rules that hold and say something: the first tier that holds gives its points."""
    held = []
    for rule in model.field_rules:
        value = _touch_value(touches, rule) if rule.touch else facts.get(rule.field)
        tier = rule.tier_of(value)
        if tier is not None and (tier[1] or rule.disqualify):
            held.append(Held(rule, tier[0], value, tier[1]))
    return held


def cells_of(tally: Tally) -> dict[str, Cells]:
    """The behaviour by signal; of a distinct one each key counts once, on its latest day."""
    by_key: dict[str, Cells] = {
        signal: [(day, 1) for day in sorted(keys.values())] for signal, keys in tally.keys.items()
    }
    return by_key | {signal: sorted(cells.items()) for signal, cells in tally.days.items()}


def weighed(rule: BehaviourRule, cells: Cells, today: int) -> tuple[int, int]:
    """A rule's thousandths before its limit, and how many counts are in them."""
    weight, counted = weight_of(rule, cells, today)
    return round(rule.points * weight), counted


def weight_of(rule: BehaviourRule, cells: Cells, today: int) -> tuple[float, int]:
    """What a rule's points are multiplied with, and how many counts are in it: the formula. A day
    of tomorrow counts as today: two clocks differ.
    """
    decay, most, counted, weight = rule.decay, rule.per_day or NO_LIMIT, 0, 0.0
    if cells[-1][0] > today:
        cells = [(min(day, today), count) for day, count in cells]
    for day, count in cells:
        if count > most:
            count = most
        counted += count
        weight += count * decay[today - day]
    return weight, counted


def limited(rule: BehaviourRule, points: int) -> int:
    """A rule's thousandths within its limit."""
    most = rule.max_points
    if most is None or -most <= points <= most:
        return points
    return most if points > 0 else -most


def within_limits(model: Model, raw: Mapping[str, int]) -> dict[str, int]:
    """The groups' points within their limits."""
    return {group: min(max(raw[group], low), high) for group, (low, high) in model.groups.items()}


def _touch_value(touches: Touches, rule: FieldRule) -> str | None:
    touch: Touch | None = touches.first if rule.touch == "first" else touches.last
    return getattr(touch, rule.field, None)
