"""Waits for a condition with a patience that is counted in looks, not in seconds.

A look asks the same machine that does the work which is waited for. When that machine is busy, each
look takes longer too, and so the patience grows with the work. No clock is read here.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

LOOKS = 900  # ninety seconds on a machine that answers at once, and as much more as it is slower
PAUSE_S = 0.1

Found = TypeVar("Found")


def _pause() -> None:
    time.sleep(PAUSE_S)


def read_for(seconds: float) -> None:
    """Wait as long as somebody reads a page."""
    time.sleep(seconds)


def look_for(
    condition: Callable[[], Found], looks: int = LOOKS, pause: Callable[[], None] = _pause
) -> Found:
    """Return what `condition` returns once that is true, or its last result after `looks` looks."""
    for _ in range(looks - 1):
        if found := condition():
            return found
        pause()
    return condition()
