"""The scores of a lead by two models, side by side: what both say of it is worked out once.

A draft mostly differs from the active model in a few rules. What-if asks for both scores of every
lead.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TypeVar

from chalicelib.scoring.model import BehaviourRule, FieldRule, Model
from chalicelib.scoring.points import (
    Cells,
    Held,
    cells_of,
    held_by,
    is_one_of_us,
    limited,
    seen_until,
    weighed,
    within_limits,
)
from chalicelib.scoring.profile import Profile, Touches, values
from chalicelib.scoring.score import Score, summed, worth
from chalicelib.scoring.tally import Since, Tally

Rule = TypeVar("Rule", FieldRule, BehaviourRule)


class Beside:
    """Two models. Their scores are those of `worth`, exactly."""

    def __init__(self, first: Model, second: Model) -> None:
        fields, behaviours = (
            _common(first.field_rules, second.field_rules),
            _common(first.behaviour_rules, second.behaviour_rules),
        )
        self._both = replace(
            first,
            field_rules=fields,
            behaviour_rules=behaviours,
            groups={**first.groups, **second.groups},
        )
        self._models = [
            (
                model,
                replace(
                    model,
                    field_rules=_less(model.field_rules, fields),
                    behaviour_rules=_less(model.behaviour_rules, behaviours),
                ),
            )
            for model in (first, second)
        ]

    def worths(
        self,
        profile: Profile,
        touches: Touches,
        tally: Tally,
        today: date,
        since: Since | None = None,
    ) -> Sequence[Score]:
        """The first model's score of a lead, and the second's, without reasons."""
        facts = values(profile)
        if any(
            is_one_of_us(model, facts) for model, _ in self._models
        ):  # the other one may score them
            return [
                worth(model, profile, touches, tally, today, since) for model, _ in self._models
            ]
        seen, day = seen_until(tally, today, since), today.toordinal()
        every, raw = cells_of(seen), dict.fromkeys(self._both.groups, 0)
        held = held_by(self._both, facts, touches)
        _add(raw, self._both, held, every, day)
        found = []
        for model, rest in self._models:
            own, points = held_by(rest, facts, touches), dict(raw)
            _add(points, rest, own, every, day)
            found.append(
                summed(model, [*held, *own], within_limits(model, points), seen, today, ())
            )
        return found


def _add(
    raw: dict[str, int], model: Model, held: Sequence[Held], every: Mapping[str, Cells], day: int
) -> None:
    """Add what a model's rules say to the points by group."""
    for one in held:
        raw[one.rule.group] += one.milli
    for rule in model.behaviour_rules:
        if cells := every.get(rule.signal.id):
            raw[rule.group] += limited(rule, weighed(rule, cells, day)[0])


def _common(first: Sequence[Rule], second: Sequence[Rule]) -> list[Rule]:
    return [rule for rule in first if rule in second]


def _less(rules: Sequence[Rule], others: Sequence[Rule]) -> list[Rule]:
    return [rule for rule in rules if rule not in others]
