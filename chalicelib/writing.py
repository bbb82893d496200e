"""Optimistic writing: read, decide, write; when another writer was first, do it all again."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from chalicelib.errors import ConflictError
from chalicelib.limits import SHARED_ATTEMPTS, WRITE_ATTEMPTS

SHARED = "shared "
"""What the name of a write begins with that many decisions may change."""
SHARED_PAUSES = 3  # how often the pause may grow: a person waits for the lead

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


def until_written_or_busy(
    method: Callable[Concatenate[Writer, Params], Result],
) -> Callable[Concatenate[Writer, Params], Result]:
    """Repeat a method as `until_written` does, but not while the table is busy.

    For what is shed first: a ping that waits for a busy table takes its place from a form.
    """

    @wraps(method)
    def hasty(writer: Writer, /, *args: Params.args, **kwargs: Params.kwargs) -> Result:
        work = partial(method, writer, *args, **kwargs)
        return persist(work, writer.runtime.pause, waits_while_busy=False)

    return hasty


def persist_shared(work: Callable[[int], Result], pause: Callable[[int], None]) -> Result:
    """Return what `work` returns, tried again while it loses only what many decisions share.

    work: is given how often it has lost; the last time it must do without what is shared. pause:
    waits before try n.
    """
    for lost in range(SHARED_ATTEMPTS):
        try:
            return work(lost)
        except ConflictError as conflict:
            if not conflict.failed or not all(one.startswith(SHARED) for one in conflict.failed):
                raise
            pause(min(lost, SHARED_PAUSES))
    return work(SHARED_ATTEMPTS)


def persist(
    work: Callable[[], Result], pause: Callable[[int], None], *, waits_while_busy: bool = True
) -> Result:
    """Return what `work` returns, tried again while it loses against other writers.

    pause: waits before try n, longer with each, with jitter; waits_while_busy: whether it is tried
    again when no writer was first and the table was only busy. Raises the last ConflictError.
    """
    for attempt in range(WRITE_ATTEMPTS - 1):
        try:
            return work()
        except ConflictError as conflict:
            if not conflict.failed and not waits_while_busy:
                raise
            pause(attempt)
    return work()
