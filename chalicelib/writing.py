"""Optimistic writing: read, decide, write; when another writer was first, do it all again."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from chalicelib.errors import ConflictError
from chalicelib.limits import WRITE_ATTEMPTS

Params = ParamSpec("Params")
Result = TypeVar("Result")


class Pausing(Protocol):
    """What knows how to wait."""

    @property
    def pause(self) -> Callable[[int], None]:
        """Wait before try n, longer with each, with jitter."""


class UseCase(Protocol):
    """What `until_written` decorates the methods of."""

    @property
    def runtime(self) -> Pausing:
        """The machine."""


Writer = TypeVar("Writer", bound=UseCase)


def until_written(
    method: Callable[Concatenate[Writer, Params], Result],
) -> Callable[Concatenate[Writer, Params], Result]:
    """Repeat a method that reads, decides and writes while it loses against other writers.

    The method must read anew each time. It runs at most eight times; the last ConflictError is
    raised.
    """

    @wraps(method)
    def persistent(writer: Writer, /, *args: Params.args, **kwargs: Params.kwargs) -> Result:
        return persist(lambda: method(writer, *args, **kwargs), writer.runtime.pause)

    return persistent


def persist(work: Callable[[], Result], pause: Callable[[int], None]) -> Result:
    """Return what `work` returns, tried again while it loses against other writers.

    pause: waits before try n, longer with each, with jitter. Raises the last ConflictError.
    """
    for attempt in range(WRITE_ATTEMPTS - 1):
        try:
            return work()
        except ConflictError:
            pause(attempt)
    return work()
