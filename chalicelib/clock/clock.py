"""The clock: each minute, do what is due."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.delivery.deliver import Deliver
from chalicelib.delivery.message_keys import parse_key
from chalicelib.limits import JOBS_SECONDS, TICK_SECONDS
from chalicelib.qualify.qualify import Qualify
from chalicelib.telemetry import log, where

TICK_TIME = timedelta(seconds=TICK_SECONDS)
JOBS_TIME = timedelta(seconds=JOBS_SECONDS)


class Task(StrEnum):
    """What can be due."""

    REVIEW = "review"
    REPLAY = "replay"
    MESSAGE = "message"
    JOB = "job"


@dataclass(frozen=True, slots=True)
class Due:
    """One thing that is due. lead_id: empty for a job; key: the message's or the job's, empty for
    the others.
    """

    task: Task
    lead_id: str
    key: str


class Clock:
    """Takes what is due and does it. One failure does not keep the others waiting; it is due again
    in a minute.

    Jobs take minutes, so they come last, and have the whole rest of the tick. While one is due, the
    others end early enough to leave the jobs their part of it: neither a flood of reviews nor a
    publish keeps the other waiting. jobs: works on a job until a time.
    """

    def __init__(
        self,
        due: Callable[[datetime], Iterable[Due]],
        qualify: Qualify,
        deliver: Deliver,
        jobs: Callable[[str, datetime], object],
        now: Callable[[], datetime],
    ) -> None:
        self._due, self._qualify, self._deliver, self._jobs, self._now = (
            due,
            qualify,
            deliver,
            jobs,
            now,
        )
        self._done = self._failed = 0

    def tick(self) -> int:
        """Do what is due by now, for most of a minute; the number of things done. What is left is
        due in the next one.

        Raises RuntimeError when some failed, after the others.
        """
        began, jobs = self._now(), list[Due]()
        self._done = self._failed = 0
        for due in self._due(began):
            if due.task is Task.JOB:
                jobs.append(due)
            elif self._now() - began > (TICK_TIME - JOBS_TIME if jobs else TICK_TIME):
                break
            else:
                self._attempt(due, began)
        for position, due in enumerate(jobs):
            now = self._now()
            self._attempt(
                due, now + max(began + TICK_TIME - now, timedelta(0)) / (len(jobs) - position)
            )
        done, failed = self._done, self._failed
        log("tick", done=done, failed=failed)
        if failed:
            raise RuntimeError(
                f"{failed} of {done + failed} due things failed; they are due again in a minute"
            )
        return done

    def _attempt(self, due: Due, until: datetime) -> None:
        try:
            self._do(due, until)
            self._done += 1
        except Exception as error:  # noqa: BLE001  the others must not wait for this one; it stays due
            kind, place = type(error).__name__, where(error)
            log(
                "due_failed",
                task=due.task,
                lead_id=due.lead_id or None,
                key=due.key,
                error=kind,
                where=place,
            )
            self._failed += 1

    def _do(self, due: Due, until: datetime) -> None:
        """Do one thing; a job until a time."""
        if due.task is Task.REVIEW:
            self._qualify.review(due.lead_id)
        elif due.task is Task.REPLAY:
            self._qualify.replay(due.lead_id)
        elif due.task is Task.JOB:
            self._jobs(due.key, until)
        else:
            self._deliver.message(due.lead_id, parse_key(due.key))
