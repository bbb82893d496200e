"""How far facts alone bring a lead: no way in is open to somebody who did nothing (ADR 0049).

The fields that Baton has a name for come with any list of addresses. The others are answers that
somebody gave in a form, which is an act of theirs: a way in that they reach is open to those who
did something, whatever it was.
"""

from collections.abc import Iterable, Mapping, Sequence, Set

from chalicelib.scoring.field_rules import FieldRule
from chalicelib.scoring.joint_rules import JointRule
from chalicelib.scoring.model import Condition
from chalicelib.scoring.profile import DERIVED_FIELDS, NAMED_FIELDS
from chalicelib.scoring.score import SCORE

FactRules = Iterable[FieldRule | JointRule]
Groups = Mapping[str, tuple[int, int]]
"""Group -> the least and the most that it counts."""


def most_with_answers(rules: FactRules, groups: Groups) -> dict[str, int]:
    """Return the most that each group can have by facts, answers included."""
    return _most(((rule.group, _best(rule)) for rule in rules), groups)


def most_without_answers(rules: FactRules, groups: Groups) -> dict[str, int]:
    """Return the most that each group can have of somebody who answered nothing."""
    return _most(((rule.group, _best_without_answers(rule)) for rule in rules), groups)


def with_sums(
    points: Mapping[str, int], sums: Mapping[str, Sequence[str]], apart: Set[str]
) -> dict[str, int]:
    """Return the points of groups, of sums of them, and of the score.

    apart: the groups that are not in the total.
    """
    return {
        SCORE: sum(milli for group, milli in points.items() if group not in apart),
        **{name: sum(points[group] for group in parts) for name, parts in sums.items()},
        **points,
    }


def is_met_by(way: Condition, values: Mapping[str, int]) -> bool:
    """Return whether a way in requires no signal, and no more than these values."""
    return way.signal is None and all(values[name] >= least for name, least in way.thresholds)


def _most(best: Iterable[tuple[str, int]], groups: Groups) -> dict[str, int]:
    raw = dict.fromkeys(groups, 0)
    for group, milli in best:
        raw[group] += milli
    return {group: min(max(raw[group], low), high) for group, (low, high) in groups.items()}


def _best(rule: FieldRule | JointRule) -> int:
    return max(0, *(milli for _, milli in rule.tiers))


def _best_without_answers(rule: FieldRule | JointRule) -> int:
    """Return the most that a rule gives somebody who answered nothing."""
    if isinstance(rule, JointRule):
        is_open = all(not _is_answer(part) or part.tier_of(None) for part in rule.parts)
        return _best(rule) if is_open else 0
    if not _is_answer(rule):
        return _best(rule)
    unsaid = rule.tier_of(None)
    return max(0, unsaid[1]) if unsaid else 0


def _is_answer(rule: FieldRule) -> bool:
    """Return whether a rule reads a field that Baton has no name for."""
    return rule.touch is None and rule.field not in NAMED_FIELDS | DERIVED_FIELDS
