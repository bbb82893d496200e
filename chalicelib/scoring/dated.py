"""Facts that count by the day: rules that compare a date with today (ADR 0049)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TypeVar

from chalicelib.events import FieldValue, values_in
from chalicelib.scoring.field_rules import FieldRule, day_said
from chalicelib.scoring.joint_rules import FactRules, JointRule
from chalicelib.scoring.model import Model

FactRule = TypeVar("FactRule", FieldRule, JointRule)


def rules_on(rules: Sequence[FactRule], day: date) -> list[FactRule]:
    """Return rules as they are on a day."""
    ordinal = day.toordinal()
    return [rule.on(ordinal) if rule.on else rule for rule in rules]


def next_turn(model: Model, known: Mapping[str, FieldValue], after: date) -> date | None:
    """Return the first day after a day on which a rule on a date matches otherwise, or None.

    known: what the profile says of each field.
    """
    if not model.is_dated:
        return None
    places: list[FactRules] = [model, *filter(None, [model.exclusions])]
    every = [
        rule
        for one in places
        for rule in (*one.field_rules, *(part for joint in one.joint_rules for part in joint.parts))
    ]
    turns = (
        day
        for rule in every
        if rule.on and rule.field in known
        for day in _turns(rule, known[rule.field])
        if after.toordinal() < day <= date.max.toordinal()
    )
    first = min(turns, default=None)
    return date.fromordinal(first) if first else None


def _turns(rule: FieldRule, value: FieldValue) -> Iterator[int]:
    """Yield the days on which a rule begins and ceases to match the dates that a field says."""
    said = [day for day in map(day_said, values_in(value)) if day]
    for test, _ in rule.tiers:
        if offsets := test.offsets:
            for day in said:
                yield day - offsets.stop + 1
                yield day - offsets.start + 1
