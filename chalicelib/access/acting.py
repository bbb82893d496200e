"""Which of our own people acts, as what they do is recorded (ADR 0072).

Like the trace of a request it is known to whatever the request causes, so that no use case has to
pass it on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_acting: ContextVar[str | None] = ContextVar("acting", default=None)


@contextmanager
def acting_as(name: str) -> Iterator[None]:
    """Let what is recorded within this block be somebody's doing.

    name: a salesperson's id, or the name of a token.
    """
    before = _acting.set(name)
    try:
        yield
    finally:
        _acting.reset(before)


def who_acts() -> str | None:
    """Return who acts now, None where nobody said so: a tool, or a due task."""
    return _acting.get()
