"""The clock: each minute, do what is due."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from chalicelib.clock.tasks import Due, Handler, Task, refuse_overlaps
from chalicelib.limits import JOBS_SECONDS, TICK_SECONDS
from chalicelib.runtime import Runtime
from chalicelib.telemetry import log, where

TICK_TIME = timedelta(seconds=TICK_SECONDS)
JOBS_TIME = timedelta(seconds=JOBS_SECONDS)


class Clock:
    """Takes what is due and does it. One failure does not keep the others waiting; it is due again
    in a minute.

    What takes minutes comes last, and has the whole rest of the tick. While some of it is due, the
    others end early enough to leave it its part: neither a flood of reviews nor a publish keeps the
    other waiting. due: finds what is due by a time, what takes minutes before all else.
    """

    def __init__(
        self,
        *,
        tasks: Mapping[Task, Handler],
        due: Callable[[datetime], Iterable[Due]],
        runtime: Runtime,
    ) -> None:
        refuse_overlaps(tasks)
        self._tasks = tasks
        self._due = due
        self._now = runtime.now

    def tick(self) -> int:
        """Do what is due by now, for most of a minute, and return the number of things done. What
        is left is due in the next one.

        Raises RuntimeError when some failed, after the others.
        """
        began = self._now()
        slow: list[Due] = []
        successes: list[bool] = []
        for due in self._due(began):
            if due.task.takes_minutes:
                slow.append(due)
                continue
            end = began + (TICK_TIME - JOBS_TIME if slow else TICK_TIME)
            if self._now() > end:
                break
            successes.append(self._attempt(due, end))
        for position, due in enumerate(slow):
            now = self._now()
            left = max(began + TICK_TIME - now, timedelta(0))
            successes.append(self._attempt(due, now + left / (len(slow) - position)))
        return _report(successes)

    def _attempt(self, due: Due, until: datetime) -> bool:
        """Do one thing, and return whether it was done."""
        try:
            self._tasks[due.task](due, until)
        # The others must not wait for this one; it stays due.
        except Exception as error:  # noqa: BLE001
            log(
                "due_failed",
                task=due.task.name,
                lead_id=due.lead_id or None,
                key=due.key,
                error=type(error).__name__,
                where=where(error),
            )
            return False
        return True


def _report(successes: list[bool]) -> int:
    """Log how many things were done and return it. Raises RuntimeError when some failed."""
    done = sum(successes)
    failed = len(successes) - done
    log("tick", done=done, failed=failed)
    if failed:
        raise RuntimeError(
            f"{failed} of {done + failed} due things failed; they are due again in a minute"
        )
    return done
