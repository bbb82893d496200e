"""Two models' scores of a lead: what both models say of it is worked out once.

A draft mostly differs from the active model in a few rules, and what-if needs both scores of every
lead.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TypeVar

from chalicelib.scoring.behaviour_rules import BehaviourRule, Cells
from chalicelib.scoring.evidence import Evidence
from chalicelib.scoring.field_rules import FieldRule, MatchedRule
from chalicelib.scoring.joint_rules import JointRule
from chalicelib.scoring.left_out import left_out_by
from chalicelib.scoring.model import Model
from chalicelib.scoring.points import (
    add_others,
    cells_of,
    contribution,
    matching_field_rules,
    seen_until,
    within_limits,
)
from chalicelib.scoring.profile import facts_on
from chalicelib.scoring.score import Score, summed, worth

_AnyRule = TypeVar("_AnyRule", FieldRule, JointRule, BehaviourRule)


class Comparison:
    """Two models to be compared. Their scores are exactly those of `worth`."""

    def __init__(self, first: Model, second: Model) -> None:
        field_rules = _common(first.field_rules, second.field_rules)
        joint_rules = _common(first.joint_rules, second.joint_rules)
        behaviour_rules = _common(first.behaviour_rules, second.behaviour_rules)
        self._both = replace(
            first,
            field_rules=field_rules,
            joint_rules=joint_rules,
            is_dated=first.is_dated or second.is_dated,
            behaviour_rules=behaviour_rules,
            groups={**first.groups, **second.groups},
        )
        self._models = [
            (
                model,
                replace(
                    model,
                    field_rules=_without(model.field_rules, field_rules),
                    joint_rules=_without(model.joint_rules, joint_rules),
                    behaviour_rules=_without(model.behaviour_rules, behaviour_rules),
                ),
            )
            for model in (first, second)
        ]

    def worths(self, evidence: Evidence, today: date) -> Sequence[Score]:
        """Return the first model's score and the second's, without reasons."""
        facts = facts_on(evidence.profile, today, self._models[0][0].zone)
        # A person who is left out by one model may be scored by the other.
        if any(left_out_by(model, facts, evidence, today) for model, _ in self._models):
            return [worth(model, evidence, today) for model, _ in self._models]
        seen = seen_until(evidence, today)
        day = today.toordinal()
        every = cells_of(seen)
        raw = dict.fromkeys(self._both.groups, 0)
        matched = matching_field_rules(self._both, facts, evidence.touches)
        _add(raw, self._both, matched, every, day)
        found = []
        for model, rest in self._models:
            own = matching_field_rules(rest, facts, evidence.touches)
            points = dict(raw)
            _add(points, rest, own, every, day)
            add_others(points, model, evidence, today)
            groups = within_limits(model.groups, points)
            found.append(summed(model, [*matched, *own], groups, seen, today, ()))
        return found


def _add(
    raw: dict[str, int],
    model: Model,
    matched: Sequence[MatchedRule],
    every: Mapping[str, Cells],
    day: int,
) -> None:
    """Add what a model's rules give to the points by group."""
    for one in matched:
        raw[one.rule.group] += one.milli
    for rule in model.behaviour_rules:
        if cells := every.get(rule.series):
            raw[rule.group] += contribution(rule, cells, day)


def _common(first: Sequence[_AnyRule], second: Sequence[_AnyRule]) -> list[_AnyRule]:
    return [rule for rule in first if rule in second]


def _without(rules: Sequence[_AnyRule], others: Sequence[_AnyRule]) -> list[_AnyRule]:
    return [rule for rule in rules if rule not in others]
