"""Conditions: the ways into a stage, held against a score and put into words."""

from chalicelib.scoring.matching import ACTS
from chalicelib.scoring.milli import points_text
from chalicelib.scoring.model import Condition
from chalicelib.scoring.score import Score


def is_met(condition: Condition, score: Score) -> bool:
    """Return whether a condition is met on the score's day.

    Every threshold is reached, unrounded, and the signal was seen on enough different days d with
    0 <= today - d <= within_days. Where facts alone reach it, the person did something.
    """
    # The signal is looked at first: most leads did little.
    signal = condition.signal
    tally = score.tally
    if signal is not None:
        if signal not in tally.days and signal not in tally.keys:
            return False
        if not _is_seen(condition, signal, score):
            return False
    if condition.needs_act and ACTS not in tally.days:
        return False
    for name, least in condition.thresholds:  # noqa: SIM110  a generator costs as much as comparing
        if score.value(name) < least:
            return False
    return True


def condition_words(condition: Condition) -> str:
    """Return a condition in plain words, as it is written into a transition."""
    parts = [f"{name} at least {points_text(least)}" for name, least in condition.thresholds]
    if condition.signal:
        days = f" on {condition.days} days" if condition.days > 1 else ""
        signal = condition.signal.replace("-", " ")
        parts.insert(0, f"{signal}{days} within {condition.within_days} days")
    if condition.needs_act:
        parts.append("and an act of their own")
    return ", ".join(parts)


def _is_seen(condition: Condition, signal: str, score: Score) -> bool:
    tally = score.tally
    today = score.day.toordinal()
    days = [day for day in tally.days_of(signal) if 0 <= today - day <= condition.within_days]
    return len(days) >= condition.days
