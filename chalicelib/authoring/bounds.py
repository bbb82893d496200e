"""How low and how high a model's groups, sums and score can be: by its limits, by its rules, and
behind a way in.

All in thousandths of a point, as in the compiled model. Exact for one group; for sums never too
tight.
"""

from collections.abc import Callable, Iterable, Mapping, Set
from math import inf

from chalicelib.scoring.model import BehaviourRule, Condition, FieldRule, Model
from chalicelib.scoring.score import parts_of

Values = Mapping[str, int]


def most_by_limits(model: Model) -> Values:
    """The most that the groups' limits allow."""
    return _with_sums(model, {group: high for group, (_, high) in model.groups.items()})


def most_by_rules(model: Model) -> Values:
    """The most that the rules can give, within the limits."""
    return _with_sums(
        model, _clamped(model, _highest, [*model.field_rules, *model.behaviour_rules])
    )


def most_by_facts(model: Model) -> Values:
    """The most of a lead that fits and did nothing."""
    return _with_sums(model, _clamped(model, _highest, model.field_rules))


def least_behind(model: Model, way: Condition) -> Values:
    """The least of a lead that meets the thresholds of a way in.

    A threshold on a sum bounds its groups too: of score 50, where fit and channel are at most 45, 5
    are something else.
    """
    parts = parts_of(model)
    low = _clamped(model, _lowest, [*model.field_rules, *model.behaviour_rules])
    high = most_by_rules(model)

    def left(points: int, asked: Set[str], of: Set[str]) -> int:
        """What of a threshold must come from some groups, when the others of it are at their
        best.
        """
        return (
            points
            - sum(high[group] for group in asked - of)
            + sum(low[group] for group in of - asked)
        )

    for group in model.groups:
        asks = [
            left(points, parts[name], {group})
            for name, points in way.thresholds
            if group in parts[name]
        ]
        low[group] = max([low[group], *asks])
    least = {name: sum(low[group] for group in groups) for name, groups in parts.items()}
    asked = [(points, parts[name]) for name, points in way.thresholds]
    return {
        name: max([least[name], *(left(*one, of=groups) for one in asked)])
        for name, groups in parts.items()
    }


Extreme = Callable[[FieldRule | BehaviourRule], float]


def _clamped(
    model: Model, extreme: Extreme, rules: Iterable[FieldRule | BehaviourRule]
) -> dict[str, int]:
    raw: dict[str, float] = dict.fromkeys(model.groups, 0)
    for rule in rules:
        raw[rule.group] += extreme(rule)
    return {
        group: int(min(max(raw[group], low), high)) for group, (low, high) in model.groups.items()
    }


def _highest(rule: FieldRule | BehaviourRule) -> float:
    if isinstance(rule, FieldRule):
        return max([0, *(points for _, points in rule.tiers)])
    return 0 if rule.points <= 0 else inf if rule.max_points is None else rule.max_points


def _lowest(rule: FieldRule | BehaviourRule) -> float:
    if isinstance(rule, FieldRule):
        return min([0, *(points for _, points in rule.tiers)])
    return 0 if rule.points >= 0 else -inf if rule.max_points is None else -rule.max_points


def _with_sums(model: Model, groups: Values) -> Values:
    return {name: sum(groups[part] for part in parts) for name, parts in parts_of(model).items()}
