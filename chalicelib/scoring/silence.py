"""Silence: points that a lead loses while nothing is heard of it (ADR 0048).

It begins so many days after the last act of the person's own, or after the lead's creation if that
is later. Only an act ends it, so that time alone never raises a score.
"""

from collections.abc import Iterator
from datetime import date

from chalicelib.days import ordinal_of
from chalicelib.scoring.evidence import Evidence
from chalicelib.scoring.matching import ACTS, OWN_KINDS, Signal
from chalicelib.scoring.model import Model
from chalicelib.scoring.silence_rules import SilenceRule


def silent(model: Model, evidence: Evidence, day: int) -> Iterator[tuple[SilenceRule, int]]:
    """Yield the rules of the silences that have begun by a day, each with the silence's days.

    day: an ordinal.
    """
    for rule in model.silence_rules:
        last = _last_heard(model, rule, evidence)
        if last is not None and day - last >= rule.days:
            yield rule, day - last


def add_silence(raw: dict[str, int], model: Model, evidence: Evidence, day: int) -> None:
    """Add to the points by group what the silences take that have begun by a day, an ordinal."""
    for rule, _ in silent(model, evidence, day):
        raw[rule.group] += rule.points


def next_silence(model: Model, evidence: Evidence, today: date) -> date | None:
    """Return the next day after today on which a silence begins if nothing is heard, or None."""
    heard = ((rule, _last_heard(model, rule, evidence)) for rule in model.silence_rules)
    begins = (last + rule.days for rule, last in heard if last is not None)
    first = min((day for day in begins if day > today.toordinal()), default=None)
    return None if first is None else date.fromordinal(first)


def is_ended_by(rule: SilenceRule, signal: Signal) -> bool:
    """Return whether every event of a signal ends a silence."""
    if ACTS not in rule.series:
        return signal.id in rule.series
    names = OWN_KINDS.get(signal.kind, ())
    return names is None or (signal.names is not None and set(signal.names) <= set(names))


def _last_heard(model: Model, rule: SilenceRule, evidence: Evidence) -> int | None:
    """Return the day from which a silence counts, an ordinal; None when it is unknown.

    What a person did before they were recycled was heard, too.
    """
    days = [max(seen) for one in rule.series if (seen := evidence.tally.days_of(one))]
    if evidence.created_at is not None:
        days.append(ordinal_of(evidence.created_at, model.zone))
    return max(days, default=None)
