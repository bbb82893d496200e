"""The scores of a lead by two models, side by side: what both say of it is worked out once.

A draft mostly differs from the active model in a few rules. What-if asks for both scores of every lead.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TypeVar

from chalicelib.scoring import score as scores
from chalicelib.scoring.model import BehaviourRule, FieldRule, Model
from chalicelib.scoring.profile import Profile, Touches, values
from chalicelib.scoring.score import Cells, Held, Score, worth
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
            first, field_rules=fields, behaviour_rules=behaviours, groups={**first.groups, **second.groups}
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
        self, profile: Profile, touches: Touches, tally: Tally, today: date, since: Since | None = None
    ) -> Sequence[Score]:
        """The first model's score of a lead, and the second's, without reasons."""
        facts = values(profile)
        if any(scores._is_one_of_us(model, facts) for model, _ in self._models):  # the other one may score them
            return [worth(model, profile, touches, tally, today, since) for model, _ in self._models]
        seen, day = scores._seen(tally, today, since), today.toordinal()
        every, raw = scores._cells(seen), dict.fromkeys(self._both.groups, 0)
        held = scores._held(self._both, facts, touches)
        _add(raw, self._both, held, every, day)
        found = []
        for model, rest in self._models:
            own, points = scores._held(rest, facts, touches), dict(raw)
            _add(points, rest, own, every, day)
            found.append(scores._summed(model, [*held, *own], scores._within_limits(model, points), seen, today, ()))
        return found


def _add(raw: dict[str, int], model: Model, held: Sequence[Held], every: Mapping[str, Cells], day: int) -> None:
    """Add what a model's rules say to the points by group."""
    for one in held:
        raw[one.rule.group] += one.milli
    for rule in model.behaviour_rules:
        if cells := every.get(rule.signal.id):
            raw[rule.group] += scores._limited(rule, scores._weighed(rule, cells, day)[0])


def _common(first: Sequence[Rule], second: Sequence[Rule]) -> list[Rule]:
    return [rule for rule in first if rule in second]


def _less(rules: Sequence[Rule], others: Sequence[Rule]) -> list[Rule]:
    return [rule for rule in rules if rule not in others]
