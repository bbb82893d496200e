"""Facts that count by the day: rules that compare a date with today (ADR 0049)."""

from collections.abc import Sequence
from datetime import date

from chalicelib.scoring.field_rules import FieldRule


def rules_on(rules: Sequence[FieldRule], day: date) -> list[FieldRule]:
    """Return rules as they are on a day."""
    ordinal = day.toordinal()
    return [rule.on(ordinal) if rule.on else rule for rule in rules]
