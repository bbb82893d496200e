"""The clock: each minute, do what is due."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.delivery.deliver import Deliver
from chalicelib.limits import TICK_SECONDS
from chalicelib.qualify.qualify import Qualify
from chalicelib.telemetry import log, where

TICK_TIME = timedelta(seconds=TICK_SECONDS)


class Task(StrEnum):
    """What can be due."""

    REVIEW = "review"
    REFOLD = "refold"
    INTENT = "intent"


@dataclass(frozen=True, slots=True)
class Due:
    """One thing that is due. key: the intent's, empty for the others."""

    task: Task
    lead_id: str
    key: str


class Clock:
    """Takes what is due and does it. One failure does not keep the others waiting; it is due again in a minute."""

    def __init__(
        self,
        due: Callable[[datetime], Iterable[Due]],
        qualify: Qualify,
        deliver: Deliver,
        now: Callable[[], datetime],
    ) -> None:
        self._due, self._qualify, self._deliver, self._now = due, qualify, deliver, now

    def tick(self) -> int:
        """Do what is due by now, for most of a minute; the number of things done. What is left is due in the next one.

        Raises RuntimeError when some failed, after the others.
        """
        began, done, failed = self._now(), 0, 0
        for due in self._due(began):
            if self._now() - began > TICK_TIME:
                break
            try:
                self._do(due)
                done += 1
            except Exception as error:  # noqa: BLE001  the others must not wait for this one; it stays due
                kind, place = type(error).__name__, where(error)
                log("due_failed", task=due.task, lead_id=due.lead_id, key=due.key, error=kind, where=place)
                failed += 1
        log("tick", done=done, failed=failed)
        if failed:
            raise RuntimeError(f"{failed} of {done + failed} due things failed; they are due again in a minute")
        return done

    def _do(self, due: Due) -> None:
        if due.task is Task.REVIEW:
            self._qualify.review(due.lead_id)
        elif due.task is Task.REFOLD:
            self._qualify.refold(due.lead_id)
        else:
            self._deliver.intent(due.lead_id, due.key)
