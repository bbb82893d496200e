"""What makes the difference between two scores of one lead: the lines that are not the same."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from chalicelib.limits import DIFFERENCES_MAX
from chalicelib.scoring.milli import MILLI
from chalicelib.scoring.reasons import ScoreReason
from chalicelib.scoring.score import Score


@dataclass(frozen=True, slots=True, kw_only=True)
class LineDifference:
    """A line that two models see differently."""

    rule: str
    group: str
    before: int
    """Thousandths of a point; 0 where the model has no such line."""
    after: int
    """The same, of the second model."""
    text: str

    def shape(self) -> dict[str, Any]:
        """Return it as a reason of the API, with its points before and after."""
        return {
            "rule": self.rule,
            "group": self.group,
            "points_before": self.before / MILLI,
            "points_after": self.after / MILLI,
            "text": self.text,
        }


def compare_lines(before: Score, after: Score) -> list[LineDifference]:
    """Return the rules and limits whose points differ, the largest difference first, at most
    twenty. The words are the second score's where it has the line.
    """
    first = _by_rule(before.every_reason)
    second = _by_rule(after.every_reason)
    found = [
        LineDifference(
            rule=rule,
            group=line.group,
            before=first[rule].milli if rule in first else 0,
            after=second[rule].milli if rule in second else 0,
            text=line.text,
        )
        for rule, line in (first | second).items()
    ]
    changed = [one for one in found if one.before != one.after]
    changed.sort(key=lambda one: (-abs(one.after - one.before), one.rule))
    return changed[:DIFFERENCES_MAX]


def _by_rule(lines: Iterable[ScoreReason]) -> dict[str, ScoreReason]:
    return {line.rule: line for line in lines}
