"""The worker of a queue: does the one thing that a message names, if it is still to be done."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.clock.hand_over import HandOver, HandOverStore, begun, ended, failed, saved
from chalicelib.clock.tasks import Due, Handler, Task
from chalicelib.limits import WORK_SECONDS
from chalicelib.runtime import Runtime
from chalicelib.telemetry import log, where

WORK_TIME = timedelta(seconds=WORK_SECONDS)


@dataclass(frozen=True, slots=True)
class _Message:
    """A message, read again."""

    due: Due
    starts: int


class Worker:
    """Does what was handed over. tasks: all that there are, with what does them."""

    def __init__(
        self, *, tasks: Mapping[Task, Handler], hand_overs: HandOverStore, runtime: Runtime
    ) -> None:
        self._tasks = tasks
        self._by_name = {task.name: task for task in tasks}
        self._hand_overs = hand_overs
        self._runtime = runtime

    def work(self, text: str) -> None:
        """Do what a message says. Raise an error when the message must come again: it cannot be
        read, or what became of it cannot be written down.
        """
        message = self._parsed(text)
        due = message.due
        now = self._runtime.now()
        (found,) = self._hand_overs.read([due], now)
        if found.starts != message.starts or found.quarantined_at is not None:
            return  # another message was first, or a person has to look
        if not self._hand_overs.is_due(due, now):
            self._saved(found, ended(found))  # the stream or a command was quicker
            return
        # Written before the work: a worker that is killed cannot count itself. Of two messages, or
        # of two workers with one, only the first can write this. ADR 0035
        at_work = begun(found, now)
        if self._saved(found, at_work):
            self._saved(at_work, ended(at_work) if self._done(due) else failed(at_work))

    def _done(self, due: Due) -> bool:
        """Do it, and return whether it was done. What fails is due again in a minute."""
        try:
            self._tasks[due.task](due, self._runtime.now() + WORK_TIME)
        # Whatever went wrong, the clock hands it over again: no message has to wait for that.
        except Exception as error:  # noqa: BLE001
            log(
                "due_failed",
                task=due.task.name,
                lead_id=due.lead_id or None,
                key=due.key or None,
                error=type(error).__name__,
                where=where(error),
            )
            return False
        return True

    def _saved(self, before: HandOver, after: HandOver) -> bool:
        return saved(self._hand_overs, before, after, self._runtime)

    def _parsed(self, text: str) -> _Message:
        said = json.loads(text)
        due = Due(self._by_name[said["task"]], said["lead_id"], said["key"])
        return _Message(due, said["starts"])
