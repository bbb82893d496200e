"""What every use case needs of the machine: the time, new ids, and a pause before another try."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """The machine as a use case sees it. Tests give another."""

    now: Callable[[], datetime]
    """The time, aware."""
    new_id: Callable[[], str]
    """A new random id."""
    pause: Callable[[int], None]
    """Wait before another try; the number of tries so far decides how long, with jitter."""
