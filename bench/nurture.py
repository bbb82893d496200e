"""What a backlog of marketing's emails costs the clock: leads that are all due in one minute.

The clock runs on a table in memory that counts what is read. Whatever it hands over is taken as
worked off, so that only its own reads count. A handoff becomes due in each minute, behind all of
them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from chalicelib.clock.tasks import QueueName
from chalicelib.store.outbox import put_message
from chalicelib.store.table import Item
from tests import factories as make
from tests.baton import InMemoryBaton
from tests.fakes import NOW

FEW = 1_000
MANY = 10_000
HANDOFF = "handoff#1#sms"
TARGET_RATIO = 1.25
"""Times the items that a tick reads with few waiting, at most: it reads whole pages."""


class Backlog:
    """A Baton in which so many leads are owed an email."""

    def __init__(self, waiting: int) -> None:
        self._baton = InMemoryBaton()
        self._table = self._baton.ports.memory
        self._minutes = 0
        self.items_read = 0
        for number in range(waiting):
            message = make.nurture_message(lead_id=f"L{number:025}")
            self._table.write(put_message(replace(message, due_at=NOW)))
        self._count_reads()

    def tick(self) -> tuple[int, int, bool]:
        """Let a minute pass. Return how many emails were handed over, how many items were read for
        that, and whether the handoff that became due was handed over as well.
        """
        self._minutes += 1
        self._baton.ports.clock.tick(timedelta(minutes=1))
        lead_id = f"H{self._minutes:025}"
        handoff = make.nurture_message(HANDOFF, lead_id=lead_id, email=None)
        self._table.write(put_message(replace(handoff, due_at=self._baton.ports.now())))
        self.items_read = 0
        self._baton.world.clock.tick()
        read = self.items_read
        emails = self._work_off(QueueName.NURTURE)
        passed = [one for one, _ in self._work_off(QueueName.URGENT)] == [lead_id]
        return len(emails), read, passed

    def _work_off(self, queue: QueueName) -> list[tuple[str, str]]:
        """Take away what was handed over. Return the leads and keys."""
        texts = [json.loads(one.text) for one in self._baton.ports.queued.waiting.pop(queue, [])]
        done = [(said["lead_id"], said["key"]) for said in texts]
        for lead_id, key in done:
            del self._table.items[f"LEAD#{lead_id}", f"OUTBOX#{key}"]
        return done

    def _count_reads(self) -> None:
        """Let the table count the items that are read from it."""
        query, get_many = self._table.query, self._table.get_many

        def counted_query(*words: Any, **more: Any) -> Iterator[Item]:
            for item in query(*words, **more):
                self.items_read += 1
                yield item

        def counted_get_many(keys: Any) -> list[Item]:
            self.items_read += len(keys)
            return get_many(keys)

        table: Any = self._table
        table.query, table.get_many = counted_query, counted_get_many


def measure(few: int = FEW, many: int = MANY) -> dict[str, Any]:
    """Return how a backlog drains, and what a tick reads with few and with many waiting."""
    reads = {waiting: Backlog(waiting).tick()[1] for waiting in (few, many)}
    drained = list(_until_none(Backlog(many).tick))
    rates = [emails for emails, _, _ in drained]
    ratio = reads[many] / reads[few]
    return {
        "waiting": many,
        "minutes": len(drained),
        "a_minute": max(rates),
        "drained": sum(rates),
        "handoffs_passed": sum(passed for _, _, passed in drained),
        "items_read_of_few": reads[few],
        "items_read_of_many": reads[many],
        "ratio": round(ratio, 2),
        "target_ratio": TARGET_RATIO,
        "met": ratio <= TARGET_RATIO
        and sum(rates) == many
        and all(passed for _, _, passed in drained),
    }


def _until_none(tick: Callable[[], tuple[int, int, bool]]) -> Iterator[tuple[int, int, bool]]:
    while (found := tick())[0]:
        yield found
