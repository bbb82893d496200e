"""What makes the difference between two scores of one lead: the lines that are not the same."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from chalicelib.limits import DIFFERENCES_MAX
from chalicelib.scoring.milli import MILLI
from chalicelib.scoring.reasons import ScoreReason
from chalicelib.scoring.score import Score


@dataclass(frozen=True, slots=True)
class Difference:
    """A line that two models see differently, in thousandths; 0 where a model has no such line."""

    rule: str
    group: str
    before: int
    after: int
    text: str

    def shape(self) -> dict[str, Any]:
        """As a reason of the API, with its points before and after."""
        return {
            "rule": self.rule,
            "group": self.group,
            "points_before": self.before / MILLI,
            "points_after": self.after / MILLI,
            "text": self.text,
        }


def differences(before: Score, after: Score) -> list[Difference]:
    """The rules and limits whose points differ, the largest difference first, at most twenty. The
    words are the second score's where it has the line.
    """
    first, second = _by_rule(before.reasons), _by_rule(after.reasons)
    found = [
        Difference(
            rule,
            told.group,
            first[rule].milli if rule in first else 0,
            second[rule].milli if rule in second else 0,
            told.text,
        )
        for rule, told in (first | second).items()
    ]
    changed = [one for one in found if one.before != one.after]
    return sorted(changed, key=lambda one: (-abs(one.after - one.before), one.rule))[
        :DIFFERENCES_MAX
    ]


def _by_rule(lines: Iterable[ScoreReason]) -> dict[str, ScoreReason]:
    return {line.rule: line for line in lines}
