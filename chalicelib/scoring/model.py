"""The scoring model: the document that marketing and sales agree on, as scoring works with it.

compile.py makes it from a document. The format is shown by example in defaults/model.yaml and
checked by authoring/format.py (ADR 0015).
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import tzinfo

from chalicelib.events import Kind
from chalicelib.scoring.behaviour_rules import BehaviourRule
from chalicelib.scoring.exclusions import Exclusions
from chalicelib.scoring.field_rules import FieldRule
from chalicelib.scoring.joint_rules import JointRule
from chalicelib.scoring.matching import Matcher, Signal
from chalicelib.scoring.silence_rules import SilenceRule

INFERRED = "inferred"
REQUESTED = "requested"
FIT = "fit"
"""The default group of rules on the profile; grades are grades of it."""

DEFAULT_WITHIN_DAYS = 30
"""For a condition with a `signal` and without `within_days` (design.md, "Scoring")."""

CONDITION_KEYS = frozenset({"signal", "days", "within_days", "kind"})
"""The keys of a condition that are not thresholds."""

Bands = Sequence[tuple[int, str]]
"""The least thousandths of each band, the highest first."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled way into a stage: every part of it must be met."""

    thresholds: tuple[tuple[str, int], ...]
    """Score, group or sum -> the least thousandths that it must have."""
    signal: str | None
    days: int
    within_days: int
    kind: str | None
    """Of a way into SQL: requested or inferred."""
    needs_act: bool = False
    """The person must have done something of their own: the model then counts ACTS."""


@dataclass(frozen=True, slots=True)
class Model:
    """A scoring model, ready to use. Thresholds, limits and points are thousandths of a point."""

    name: str
    version: int
    activation: int
    """How many models were activated up to this one, 0 for a draft.

    It only grows, also when an older version is published again, so that a worker can tell an
    older model from a newer one (ADR 0016).
    """
    matching: str
    """A digest of what counting depends on.

    A tally that was counted with another digest must be counted again (ADR 0017).
    """
    zone: tzinfo
    signals: Mapping[str, Signal]
    matchers: Mapping[Kind, Matcher]
    field_rules: Sequence[FieldRule]
    behaviour_rules: Sequence[BehaviourRule]
    groups: Mapping[str, tuple[int, int]]
    """Group -> the least and the most that it counts."""
    hand_group: str
    """The group of points by hand that name none."""
    apart: Set[str]
    """The groups that are not in the total (ADR 0050)."""
    sums: Mapping[str, Sequence[str]]
    """The groups of each sum, and of each named score."""
    scores: Mapping[str, Bands]
    """The bands of each named score."""
    bands: Bands
    """Of the total."""
    grades: Sequence[tuple[int, str]]
    """The least fit of each grade, the best first."""
    grade_needs: int
    """How many rules of fit must have something to say of a lead that gets a grade."""
    mql: Sequence[Condition]
    sql: Sequence[Condition]
    cool_below: Mapping[str, int]
    stay_days: int
    recycle: Mapping[str, int]
    """Reason -> days of rest."""
    wakes: Sequence[str]
    """The signals that end a rest at once."""
    internal_domains: Sequence[str]
    """Patterns of our own domains."""
    fields: Set[str]
    """The fields that rules read: a profile keeps each of them (ADR 0041)."""
    joint_rules: Sequence[JointRule] = ()
    """Rules on several facts at once."""
    is_dated: bool = False
    """Whether a rule compares a date with today, so that facts change by the day (ADR 0049)."""
    silence_rules: Sequence[SilenceRule] = ()
    exclusions: Exclusions | None = None
    """Who is left out besides our own people (ADR 0050)."""

    @property
    def fact_rules(self) -> list[FieldRule | JointRule]:
        """The rules on facts: on one, and on several at once."""
        return [*self.field_rules, *self.joint_rules]


def default_group(side: str, *, on_signal: bool) -> str:
    """Return the group of a rule that names none.

    That is engagement for a rule on a signal, otherwise channel on the side of the channel and
    fit on the other sides.
    """
    if on_signal:
        return "engagement"
    return "channel" if side == "channel" else FIT
