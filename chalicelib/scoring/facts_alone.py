"""How far facts alone bring a lead: no way in is open to somebody who did nothing (ADR 0049).

The fields that Baton has a name for come with any list of addresses. The others are answers that
somebody gave in a form, which is an act of theirs: a way in that only they reach is open to those
who did something, whatever it was.
"""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass

from chalicelib.scoring.field_rules import FieldRule
from chalicelib.scoring.joint_rules import JointRule
from chalicelib.scoring.model import Condition
from chalicelib.scoring.points import within_limits
from chalicelib.scoring.profile import DERIVED_FIELDS, NAMED_FIELDS
from chalicelib.scoring.score import SCORE

Groups = Mapping[str, tuple[int, int]]
"""Group -> the least and the most that it counts."""


@dataclass(frozen=True, slots=True)
class Reach:
    """The most of the score, each group and each sum that facts give, in thousandths."""

    with_answers: Mapping[str, int]
    without_answers: Mapping[str, int]

    @classmethod
    def of(
        cls,
        rules: Sequence[FieldRule | JointRule],
        groups: Groups,
        sums: Mapping[str, Sequence[str]],
        apart: Set[str],
    ) -> "Reach":
        """Return how far some rules on facts reach. apart: the groups that are not in the total."""

        def most(best: Callable[[FieldRule | JointRule], int]) -> dict[str, int]:
            raw = dict.fromkeys(groups, 0)
            for rule in rules:
                raw[rule.group] += best(rule)
            points = within_limits(groups, raw)
            return {
                SCORE: sum(milli for group, milli in points.items() if group not in apart),
                **{name: sum(points[group] for group in parts) for name, parts in sums.items()},
                **points,
            }

        return cls(most(_best), most(_best_without_answers))

    def needs_answers(self, way: Condition) -> bool:
        """Return whether facts alone reach a way in, but not without answers."""
        return is_met_by(way, self.with_answers) and not is_met_by(way, self.without_answers)


def is_met_by(way: Condition, values: Mapping[str, int]) -> bool:
    """Return whether a way in requires no signal, and no more than these values."""
    return way.signal is None and all(values[name] >= least for name, least in way.thresholds)


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
