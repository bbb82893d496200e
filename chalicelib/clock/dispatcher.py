"""Hands due things over to the queues: what is in nobody's hands, and only that."""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime

from chalicelib.clock.hand_over import (
    HandOver,
    HandOverStore,
    given_back,
    handed_over,
    quarantined,
    saved,
)
from chalicelib.clock.tasks import Due, QueueName
from chalicelib.runtime import Runtime
from chalicelib.telemetry import log, where


class Dispatcher:
    """Writes down that a thing is handed over, and then sends its message.

    send: puts messages into a queue.
    """

    def __init__(
        self,
        *,
        hand_overs: HandOverStore,
        send: Callable[[QueueName, Sequence[str]], None],
        runtime: Runtime,
    ) -> None:
        self._hand_overs = hand_overs
        self._send = send
        self._runtime = runtime

    def hand_over(self, due: Due) -> None:
        """Hand one thing over at once, if it is in nobody's hands. The clock does it otherwise."""
        self.send(self.free([due]))

    def free(self, dues: Sequence[Due]) -> list[HandOver]:
        """Return those that are in nobody's hands. Quarantine what has cost too many workers."""
        now = self._runtime.now()
        free = [one for one in self._hand_overs.read(dues, now) if one.is_free(now)]
        for one in free:
            if one.tries >= one.due.task.tries:
                self._quarantine(one, now)
        return [one for one in free if one.tries < one.due.task.tries]

    def send(self, free: Sequence[HandOver]) -> tuple[int, int]:
        """Hand things over. Return how many were, and how many their queue did not take.

        Those are given back, and go with the next tick.
        """
        taken = defaultdict[QueueName, list[HandOver]](list)
        for one in free:
            # Written before it is sent. A crash in between costs the lease; the other way round,
            # two ticks could send the same thing. ADR 0035
            handed = handed_over(one, self._runtime.now())
            if self._saved(one, handed):
                taken[one.due.queue].append(handed)
        lost = 0
        for queue, ones in taken.items():
            if not self._sent(queue, [_message(one) for one in ones]):
                lost += len(ones)
                for one in ones:
                    self._saved(one, given_back(one))
        return sum(map(len, taken.values())) - lost, lost

    def _sent(self, queue: QueueName, texts: Sequence[str]) -> bool:
        try:
            self._send(queue, texts)
        # The other queues must not wait for this one.
        except Exception as error:  # noqa: BLE001
            log(
                "hand_over_failed",
                queue=queue,
                count=len(texts),
                error=type(error).__name__,
                where=where(error),
            )
            return False
        return True

    def _quarantine(self, one: HandOver, now: datetime) -> None:
        if self._saved(one, quarantined(one, now)):
            due = one.due
            log(
                "due_quarantined",
                task=due.task.name,
                lead_id=due.lead_id or None,
                key=due.key or None,
                tries=one.tries,
            )

    def _saved(self, before: HandOver, after: HandOver) -> bool:
        return saved(self._hand_overs, before, after, self._runtime)


def _message(one: HandOver) -> str:
    """Return the text that a worker reads again (chalicelib/clock/worker.py)."""
    due = one.due
    said = {"task": due.task.name, "lead_id": due.lead_id, "key": due.key, "starts": one.starts}
    return json.dumps(said, separators=(",", ":"))
