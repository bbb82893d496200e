"""Optimistic writing: read, decide, write; when another writer was first, again."""

from collections.abc import Callable
from typing import TypeVar

from chalicelib.errors import ConflictError
from chalicelib.limits import WRITE_ATTEMPTS

Result = TypeVar("Result")


def until_written(work: Callable[[], Result], pause: Callable[[int], None]) -> Result:
    """What `work` returns, tried again while it loses against other writers, at most eight times.

    work: reads anew, decides and writes; pause: waits before try n, longer with each, with jitter.
    Raises the last ConflictError.
    """
    for attempt in range(WRITE_ATTEMPTS - 1):
        try:
            return work()
        except ConflictError:
            pause(attempt)
    return work()
