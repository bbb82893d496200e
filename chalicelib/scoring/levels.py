"""What points are called: the grade of a fit and the band of a score; named scores."""

from collections.abc import Mapping
from typing import NamedTuple

from chalicelib.scoring.milli import MILLI
from chalicelib.scoring.model import Bands, Model

NO_GRADE = "–"  # too little is known, which is not a D (playbook, rule 6)
WORST_GRADE = "F"


class NamedScore(NamedTuple):
    """A score beside the main one, for example that of one product (ADR 0050)."""

    total: int
    """In thousandths of a point."""
    band: str | None
    """The highest of its bands that it reaches; None when it reaches none."""
    groups: Mapping[str, int]
    """They add up to its total."""

    @property
    def rounded(self) -> int:
        """The total in whole points, rounded half up."""
        return rounded(self.total)


def grade_of(model: Model, fit: int, known: int) -> str:
    """Return the grade of a fit: the best one whose threshold it reaches.

    F below all of them, – when too few rules of fit have something to say.
    """
    if known < model.grade_needs:
        return NO_GRADE
    return level_of(model.grades, fit) or WORST_GRADE


def level_of(levels: Bands, milli: int) -> str | None:
    """Return the highest of some grades or bands that is reached, None if none is."""
    for least, name in levels:
        if milli >= least:
            return name
    return None


def rounded(milli: int) -> int:
    """Return thousandths in whole points, rounded half up."""
    return (milli + MILLI // 2) // MILLI
