"""Rules on silence: what a lead loses while nothing is heard of it (ADR 0048)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ANY_SIGNAL = "any"
"""What a document writes for whatever the person does."""
NO_ACT = "no visit, form or click"


@dataclass(frozen=True, slots=True)
class SilenceRule:
    """A compiled rule on silence."""

    id: str
    group: str
    days: int
    """So many days after the last act it begins."""
    points: int
    """In thousandths; below 0."""
    series: Sequence[str]
    """The series of the tally that end it."""
    words: str
    """What a reason says of it."""


def is_on_silence(rule: Mapping[str, Any]) -> bool:
    """Return whether a rule of a document is one on silence."""
    return "silence" in rule


def silence_words(signals: str | Sequence[str]) -> str:
    """Return what is not heard, for example "no login or core use"."""
    if isinstance(signals, str):
        return NO_ACT
    *others, last = [one.replace("-", " ").replace("_", " ") for one in signals]
    return f"no {', '.join(others)} or {last}" if others else f"no {last}"
