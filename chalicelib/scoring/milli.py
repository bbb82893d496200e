"""Thousandths of a point. Scores are summed as integers, so that they add up on any processor."""

from functools import lru_cache

MILLI = 1000


def to_milli(points: float) -> int:
    """Return points in whole thousandths."""
    return round(points * MILLI)


@lru_cache(maxsize=4096)
def points_text(milli: int) -> str:
    """Return thousandths as points, for example 1500 as "1.5".

    A score writes dozens of them: a whole number is written four times as fast as a fraction, and
    a literal is read faster than MILLI.
    """
    return f"{milli / 1000:.15g}" if milli % 1000 else str(milli // 1000)
