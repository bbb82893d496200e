"""Which signals an event of another one always shows: every demo request is a form.

All signals are looked for at once, as when an event is matched: a model may have hundreds of them
with hundreds of patterns.
"""

from collections.abc import Set
from functools import lru_cache
from typing import NamedTuple

from chalicelib.scoring.matching import Signal
from chalicelib.scoring.numbers import NumberRange
from chalicelib.scoring.pattern import Patterns


class _Property(NamedTuple):
    """What signals require of one property. The signal at position n has the bit n."""

    name: str | None
    """None for the event's name."""
    patterns: Patterns
    others: int
    """The bits of the signals that require nothing of it."""


def always_shown(signals: tuple[Signal, ...], narrow: Signal) -> Set[str]:
    """Return the names of the signals that every event of one of them shows, itself included.

    A signal for which there is no simple way to tell is left out.
    """
    required = _patterns_of(narrow)
    ranges = dict(narrow.numbers)
    left = (1 << len(signals)) - 1
    for name, patterns, others in _properties(signals):
        if name not in required:
            left &= others
        # A pattern that matches another one's text, with its `*` taken as a character, matches all
        # that the other one matches.
        for pattern in required.get(name, ()):
            left &= others | patterns.bits_of(pattern)
    return {narrow.id} | {
        wide.id
        for place, wide in enumerate(signals)
        if left >> place & 1
        and wide.kind is narrow.kind
        and wide.distinct in (None, narrow.distinct)
        and all(_is_within(ranges.get(name), asked) for name, asked in wide.numbers)
    }


@lru_cache(maxsize=4)  # each way in of a model asks again
def _properties(signals: tuple[Signal, ...]) -> list[_Property]:
    required: dict[str | None, dict[int, tuple[str, ...]]] = {}
    for place, signal in enumerate(signals):
        for name, patterns in _patterns_of(signal).items():
            required.setdefault(name, {})[1 << place] = patterns
    every = (1 << len(signals)) - 1
    return [
        _Property(
            name,
            Patterns.of((pattern, bit) for bit, patterns in by_bit.items() for pattern in patterns),
            every & ~sum(by_bit),
        )
        for name, by_bit in required.items()
    ]


def _patterns_of(signal: Signal) -> dict[str | None, tuple[str, ...]]:
    required: dict[str | None, tuple[str, ...]] = dict(signal.where)
    if signal.names is not None:
        required[None] = signal.names
    return required


def _is_within(narrow: NumberRange | None, wide: NumberRange) -> bool:
    return narrow is not None and wide.low <= narrow.low and narrow.below <= wide.below
