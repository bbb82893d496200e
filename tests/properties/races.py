"""A race: whoever works is interrupted at calls of the table by others who do the whole of
something else, and can be interrupted in turn. Each is drawn from a seed.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

from chalicelib.errors import ConflictError
from chalicelib.store.outbox_items import message_of
from chalicelib.store.table import Item, Write
from chalicelib.wiring.world import World
from tests.baton import InMemoryBaton, stream_event
from tests.fakes import FakePorts, MemoryTable

DEEPEST = 3  # somebody interrupts somebody who interrupts somebody
MOST_STEPS = 500

Act = Callable[[], object]
Town = tuple[World, dict[tuple[str, str], Item]]
"""What a race begins with: whose documents and model it reads, and the table's items."""


class RacedTable(MemoryTable):
    """A table at each call of which somebody else may come first."""

    def __init__(self) -> None:
        super().__init__()
        self.interrupt: Act = lambda: None
        self.written: Callable[[Sequence[Write]], None] = lambda _writes: None

    def get(self, pk: str, sk: str, *, lagging: bool = False) -> Item | None:
        self.interrupt()
        return super().get(pk, sk, lagging=lagging)

    def get_many(self, keys: Sequence[tuple[str, str]]) -> list[Item]:
        self.interrupt()
        return super().get_many(keys)

    def query(self, pk: str, **bounds: Any) -> Iterator[Item]:
        self.interrupt()
        return super().query(pk, **bounds)

    def write(self, *writes: Write) -> None:
        self.interrupt()
        super().write(*writes)
        self.written(writes)


class Race:
    """One run. What still has to be done is pending, and done in any order."""

    moment = timedelta(0)
    """How long each thing takes."""
    chance = 1 / 6
    """How likely somebody interrupts at a call of the table."""

    def __init__(self, drawn: random.Random, town: Town) -> None:
        self.random = drawn
        template, items = town
        self.table = RacedTable()
        self.table.items = items
        self.ports = FakePorts(self.table)
        self.world = World(self.ports)
        self.world.documents = template.documents  # the same documents and model, read once
        self.world.models = template.models
        self.pending: list[Act] = []
        self.seen = 0
        self.depth = 0
        self.number = 0
        self.table.interrupt = self._interrupt
        self.table.written = self.note

    def note(self, writes: Sequence[Write]) -> None:
        """Look at what was just written."""

    def start(self, acts: Sequence[Act]) -> None:
        """Let some race with the deliveries of what waits, until all is quiet."""
        waiting = [item for item in self.table.items.values() if is_message(item)]
        self.pending = [*acts, *(partial(self.deliver, item) for item in waiting)]
        self.random.shuffle(self.pending)
        if self.random.random() < 1 / 4:
            self.table.be_busy(self.random.randrange(1_000))
        self.until_quiet()

    def until_quiet(self) -> None:
        for _ in range(MOST_STEPS):
            self._collect()
            if not self.pending:
                return
            self._begin()
        raise AssertionError("the race does not end")

    def deliver(self, item: Item) -> None:
        message = message_of(item)
        self.again_if_busy(lambda: self.world.deliver.message(message.lead_id, message.key))

    def qualify(self, item: Item) -> None:
        answer: Any = {"batchItemFailures": [1]}
        with suppress(ConflictError):  # of the first record of a batch, which comes again
            answer = self.world.qualify_records(stream_event([item]))
        if answer["batchItemFailures"]:
            self.pending.append(partial(self.qualify, item))

    def again_if_busy(self, act: Act) -> None:
        try:
            act()
        except ConflictError:
            self.pending.append(partial(self.again_if_busy, act))

    def _interrupt(self) -> None:
        if self.depth < DEEPEST and self.pending and self.random.random() < self.chance:
            self._begin()

    def _begin(self) -> None:
        act = self.pending.pop(self.random.randrange(len(self.pending)))
        self.ports.clock.tick(self.moment)
        self.depth += 1
        try:
            act()
        finally:
            self.depth -= 1

    def _collect(self) -> None:
        fresh = self.table.inserted[self.seen :]
        self.seen += len(fresh)
        for item in fresh:
            if is_message(item):
                self.pending.append(partial(self.deliver, item))
            elif is_event(item):
                self.pending.append(partial(self.qualify, item))


def is_message(item: Item) -> bool:
    return str(item["sk"]).startswith("OUTBOX#")


def is_event(item: Item) -> bool:
    return str(item["sk"]).startswith("EVENT#")


def settled(baton: InMemoryBaton) -> Town:
    """Return what a race begins with, once the events of a Baton are counted."""
    for item in [one for one in baton.ports.memory.inserted if is_event(one)]:
        assert baton.handle(item)
    return baton.world, baton.kept()
