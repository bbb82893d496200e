"""Whole points: what people read instead of thousandths. Pure."""

from collections.abc import Sequence

A_POINT = 1000  # in thousandths


def whole_total(milli: int) -> int:
    """Return a sum of thousandths in whole points, half a point up."""
    return (milli + A_POINT // 2) // A_POINT


def whole_points(millis: Sequence[int]) -> list[int]:
    """Return thousandths of points as whole points that add up to their total.

    By the largest remainder: each is rounded down, and what is then missing goes to those that lost
    most. None is off by a whole point.
    """
    floors = [milli // A_POINT for milli in millis]
    missing = whole_total(sum(millis)) - sum(floors)
    by_loss = sorted(range(len(millis)), key=lambda at: (-(millis[at] % A_POINT), at))
    for at in by_loss[:missing]:
        floors[at] += 1
    return floors
