"""How low and how high a model's groups, sums and score can be.

By its limits, by its rules, and for a lead that meets a way in. All in thousandths of a point, as
in the compiled model. Exact for one group; for sums never too tight.
"""

from collections.abc import Callable, Iterable, Mapping, Set

from chalicelib.authoring.showing import always_shown
from chalicelib.limits import HORIZON_DAYS
from chalicelib.scoring.behaviour_rules import BehaviourRule
from chalicelib.scoring.facts_alone import Reach
from chalicelib.scoring.field_rules import FieldRule, Operator
from chalicelib.scoring.joint_rules import JointRule
from chalicelib.scoring.model import Condition, Model
from chalicelib.scoring.points import contribution
from chalicelib.scoring.score import parts_of
from chalicelib.scoring.silence import is_ended_by
from chalicelib.scoring.silence_rules import SilenceRule

Values = Mapping[str, int]
"""Thousandths by the name of the score, a group or a sum."""

_AnyRule = FieldRule | JointRule | BehaviourRule | SilenceRule


def most_by_limits(model: Model) -> Values:
    """Return the most that the groups' limits allow."""
    return _with_sums(model, {group: high for group, (_, high) in model.groups.items()})


def most_by_rules(model: Model) -> Values:
    """Return the most that the rules can give, within the limits.

    A group without rules is for points by hand, which may fill it.
    """
    rules: list[_AnyRule] = [*model.fact_rules, *model.behaviour_rules]
    by_hand = model.groups.keys() - {rule.group for rule in rules}
    most = _clamped(model, _highest, rules)
    return _with_sums(
        model,
        {group: model.groups[group][1] if group in by_hand else most[group] for group in most},
    )


def most_by_facts(model: Model) -> Values:
    """Return the most that facts alone can give, answers in a form included."""
    return Reach.of(model.fact_rules, model.groups, model.sums, model.apart).with_answers


def most_without_acts(model: Model) -> Values:
    """Return the most of a lead that fits and did nothing, not even answer a form."""
    return Reach.of(model.fact_rules, model.groups, model.sums, model.apart).without_answers


def least_of_all(model: Model) -> Values:
    """Return the least that any lead can have."""
    rules: list[_AnyRule] = [*model.fact_rules, *model.behaviour_rules, *model.silence_rules]
    return _with_sums(model, _clamped(model, _lowest, rules))


def least_behind(model: Model, way: Condition) -> Values:
    """Return the least of a lead that meets a way in.

    The way's signal was seen, so what it is worth counts (ADR 0051). A threshold on a sum bounds
    its groups too: if the score is at least 50, and fit and channel are at most 45, at least 5 come
    from other groups.
    """
    parts = parts_of(model)
    seen = _worth_of_signal(model, way)
    silences = [rule for rule in model.silence_rules if not _is_broken_by(way, rule, model)]
    rules: list[_AnyRule] = [*model.fact_rules, *model.behaviour_rules, *silences]
    low = _clamped(model, lambda rule: _lowest(rule) + seen.get(rule.id, 0), rules)
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


def _worth_of_signal(model: Model, way: Condition) -> Mapping[str, int]:
    """Return the least that each rule gives a lead that shows a way's signal, if it gives anything.

    That is on the last day on which the signal still opens the way: it was seen once on each day
    required, on the oldest ones that are allowed. Time never raises what a rule gives.
    """
    if way.signal is None:
        return {}
    oldest = HORIZON_DAYS - way.within_days
    cells = [(oldest + number, 1) for number in range(way.days)]
    shown = always_shown(tuple(model.signals.values()), model.signals[way.signal])
    return {
        rule.id: contribution(rule, cells, HORIZON_DAYS)
        for rule in model.behaviour_rules
        if rule.points > 0 and rule.series in shown
    }


def _is_broken_by(way: Condition, rule: SilenceRule, model: Model) -> bool:
    """Return whether a lead that meets a way in has broken its silence by the way's signal."""
    if way.signal is None or way.within_days >= rule.days:
        return False
    return is_ended_by(rule, model.signals[way.signal])


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
    if isinstance(rule, SilenceRule):
        return 0
    if isinstance(rule, FieldRule | JointRule):
        return max(_worths(rule))
    return rule.most if rule.points > 0 else 0


def _lowest(rule: _AnyRule) -> float:
    if isinstance(rule, SilenceRule):
        return rule.points
    if isinstance(rule, FieldRule | JointRule):
        return min(_worths(rule))
    return -rule.most if rule.points < 0 else 0


def _worths(rule: FieldRule | JointRule) -> list[int]:
    """Return what a rule on facts may give: nothing, too, unless some tier always matches."""
    operators = {test.operator for test, _ in rule.tiers} if isinstance(rule, FieldRule) else set()
    always = Operator.ELSE in operators or {Operator.PRESENT, Operator.ABSENT} <= operators
    return [*([] if always else [0]), *(points for _, points in rule.tiers)]


def _with_sums(model: Model, groups: Values) -> Values:
    return {name: sum(groups[part] for part in parts) for name, parts in parts_of(model).items()}
