"""How low and how high a model's groups, sums and score can be.

By its limits, by its rules, and for a lead that meets a way in. All in thousandths of a point, as
in the compiled model. Exact for one group; for sums never too tight.
"""

from collections.abc import Callable, Iterable, Mapping, Set

from chalicelib.scoring.behaviour_rules import BehaviourRule
from chalicelib.scoring.field_rules import FieldRule
from chalicelib.scoring.model import Condition, Model
from chalicelib.scoring.score import parts_of

Values = Mapping[str, int]
"""Thousandths by the name of the score, a group or a sum."""

_AnyRule = FieldRule | BehaviourRule


def most_by_limits(model: Model) -> Values:
    """Return the most that the groups' limits allow."""
    return _with_sums(model, {group: high for group, (_, high) in model.groups.items()})


def most_by_rules(model: Model) -> Values:
    """Return the most that the rules can give, within the limits."""
    rules: list[_AnyRule] = [*model.field_rules, *model.behaviour_rules]
    return _with_sums(model, _clamped(model, _highest, rules))


def most_by_facts(model: Model) -> Values:
    """Return the most of a lead that fits and did nothing."""
    return _with_sums(model, _clamped(model, _highest, model.field_rules))


def least_behind(model: Model, way: Condition) -> Values:
    """Return the least of a lead that meets the thresholds of a way in.

    A threshold on a sum bounds its groups too: if the score is at least 50, and fit and channel are
    at most 45, at least 5 come from other groups.
    """
    parts = parts_of(model)
    low = _clamped(model, _lowest, [*model.field_rules, *model.behaviour_rules])
    high = most_by_rules(model)

    def left(points: int, summed: Set[str], groups: Set[str]) -> int:
        """Return the points of a threshold that must come from some groups.

        That is, when the others that the threshold sums up are at their best.
        """
        others = sum(high[group] for group in summed - groups)
        return points - others + sum(low[group] for group in groups - summed)

    for group in model.groups:
        required = [
            left(points, summed=parts[name], groups={group})
            for name, points in way.thresholds
            if group in parts[name]
        ]
        low[group] = max([low[group], *required])
    least = {name: sum(low[group] for group in groups) for name, groups in parts.items()}
    thresholds = [(points, parts[name]) for name, points in way.thresholds]
    return {
        name: max([least[name], *(left(*one, groups=groups) for one in thresholds)])
        for name, groups in parts.items()
    }


def _clamped(
    model: Model, extreme: Callable[[_AnyRule], float], rules: Iterable[_AnyRule]
) -> dict[str, int]:
    """Return the sum of the rules' extremes in each group, within its limits."""
    raw: dict[str, float] = dict.fromkeys(model.groups, 0)
    for rule in rules:
        raw[rule.group] += extreme(rule)
    return {
        group: int(min(max(raw[group], low), high)) for group, (low, high) in model.groups.items()
    }


def _highest(rule: _AnyRule) -> float:
    if isinstance(rule, FieldRule):
        return max([0, *(points for _, points in rule.tiers)])
    return rule.most if rule.points > 0 else 0


def _lowest(rule: _AnyRule) -> float:
    if isinstance(rule, FieldRule):
        return min([0, *(points for _, points in rule.tiers)])
    return -rule.most if rule.points < 0 else 0


def _with_sums(model: Model, groups: Values) -> Values:
    return {name: sum(groups[part] for part in parts) for name, parts in parts_of(model).items()}
