"""Facts that count by the day: rules that compare a date with today (ADR 0049)."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TypeVar

from chalicelib.events import FieldValue, values_in
from chalicelib.inputs.dates import MONTH_FIRST_COUNTRIES
from chalicelib.scoring.field_rules import FieldRule, Today, day_said
from chalicelib.scoring.joint_rules import JointRule, RulesOnFacts
from chalicelib.scoring.model import Model
from chalicelib.scoring.profile import Facts

FactRule = TypeVar("FactRule", FieldRule, JointRule)


def rules_on(rules: Sequence[FactRule], facts: Facts) -> list[FactRule]:
    """Return rules as they are on the day of some facts."""
    today = Today(facts.day.toordinal(), _month_first_country(facts))
    return [rule.on(today) if rule.on else rule for rule in rules]


def next_turn(model: Model, facts: Facts) -> date | None:
    """Return the first day after that of some facts on which a rule on a date matches otherwise.

    None when there is no such day.
    """
    if not model.is_dated:
        return None
    country = _month_first_country(facts)
    places: list[RulesOnFacts] = [model, *filter(None, [model.exclusions])]
    every = [
        rule
        for one in places
        for rule in (*one.field_rules, *(part for joint in one.joint_rules for part in joint.parts))
    ]
    turns = (
        day
        for rule in every
        if rule.on and rule.field in facts.values
        for day in _turns(rule, facts.values[rule.field], country)
        if day > facts.day.toordinal()
    )
    first = min(turns, default=None)
    try:
        return date.fromordinal(first) if first else None
    except ValueError:  # after the last day of the calendar
        return None


def _turns(rule: FieldRule, value: FieldValue, country: str | None) -> Iterator[int]:
    """Yield the days on which a rule begins and ceases to match the dates that a field says."""
    said = [day for one in values_in(value) if (day := day_said(one, country))]
    for test, _ in rule.tiers:
        if days := test.days:
            for day in said:
                yield day - days.stop + 1
                yield day - days.start + 1


def _month_first_country(facts: Facts) -> str | None:
    """Return the person's country if 11/12/2026 begins with the month there.

    A stranger's word does not change what the dates of others mean (ADR 0037).
    """
    country = facts.values.get("country")
    is_ours = country in MONTH_FIRST_COUNTRIES and "country" not in facts.weaker
    return str(country) if is_ours else None
