"""Wildcards as the model's authors write them: `*` is any run of characters, `/` included; case is ignored.

No regular expressions: a pattern is split once and then found piece by piece, so that the time is linear
in the value whatever a pattern or a visitor's URL looks like.
"""

from collections.abc import Sequence
from functools import lru_cache


@lru_cache(maxsize=4096)
def _pieces(pattern: str) -> tuple[str, ...]:
    return tuple(pattern.casefold().split("*"))


def matches(pattern: str, value: str) -> bool:
    """Whether the whole value is the pattern, with `*` for any run of characters; case is ignored."""
    first, *rest = _pieces(pattern)
    folded = value.casefold()
    if not rest:
        return folded == first
    if not folded.startswith(first):
        return False
    *middle, last = rest
    at = len(first)
    for piece in middle:
        found = folded.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return len(folded) - at >= len(last) and folded.endswith(last)


def matches_any(patterns: Sequence[str], value: str) -> bool:
    """Whether the value matches one of the patterns."""
    return any(matches(pattern, value) for pattern in patterns)
