"""Threads that take turns in an order that a seed decides: many containers at one moment.

Each write is a place at which another one may go on, and each read of what many share. One runs at
a time. It may hold no lock then that another one needs, such as Python 3.11's of a cached property.
"""

import random
from collections.abc import Callable, Sequence
from threading import Event, Thread
from typing import Any


class Turns:
    """Whose turn it is. shared: what the partitions begin with at whose reads it may pass."""

    def __init__(self, seed: int, shared: Sequence[str]) -> None:
        self.shared = tuple(shared)
        self._random = random.Random(seed)
        self._mine: dict[str, Event] = {}
        self._back = Event()
        self._running = ""

    def wrap(self, name: str, port: Any) -> Any:
        """Return a port, the table with its turns."""
        return _Passing(port, self) if name == "table" else port

    def pass_on(self) -> None:
        """Let the others go on, until it is this one's turn again."""
        if self._running:
            mine = self._mine[self._running]
            mine.clear()
            self._back.set()
            mine.wait()

    def run(self, works: Sequence[Callable[[], object]]) -> None:
        """Do all the work, each in a thread of its own. Raise the first error that one raised."""
        errors: list[BaseException] = []

        def worker(name: str, work: Callable[[], object]) -> None:
            self._mine[name].wait()
            try:
                work()
            except BaseException as error:  # noqa: BLE001 # raised where the test sees it
                errors.append(error)
            del self._mine[name]
            self._back.set()

        self._mine = {str(number): Event() for number in range(len(works))}
        for name, work in zip(list(self._mine), works, strict=True):
            Thread(target=worker, args=(name, work), daemon=True).start()
        while self._mine:
            self._running = self._random.choice(sorted(self._mine))
            self._back.clear()
            self._mine[self._running].set()
            self._back.wait()
        self._running = ""
        if errors:
            raise errors[0]


class _Passing:
    """A table at whose calls the turn may pass."""

    def __init__(self, table: Any, turns: Turns) -> None:
        self._table = table
        self._turns = turns

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)

    def get(self, pk: str, sk: str, *, lagging: bool = False) -> Any:
        if pk.startswith(self._turns.shared):
            self._turns.pass_on()
        return self._table.get(pk, sk, lagging=lagging)

    def write(self, *writes: Any) -> None:
        self._turns.pass_on()
        self._table.write(*writes)
