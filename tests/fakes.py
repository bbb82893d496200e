"""Fakes: the outside world in memory. Each passes the same contract suite as the real thing (tests/contract)."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from chalicelib.delivery.messages import Message, Outcome, Sent
from chalicelib.errors import ConflictError
from chalicelib.settings import Settings
from chalicelib.store.dynamo import INDEX_KEYS, LAST_KEY
from chalicelib.store.table import Expectation, Item, Put, Write
from chalicelib.wiring import Ports

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
TRANSACTION_MAX_WRITES = 100  # DynamoDB's own bounds
PK_MAX_BYTES, SK_MAX_BYTES = 2_048, 1_024
SECRETS = {
    "identity": "a test's identity secret",
    "links": '{"current": "a test\'s link secret"}',
    "admin": "admin-token",
}


class FakeClock:
    """A clock that stands until it is told to go on."""

    def __init__(self, now: datetime = NOW) -> None:
        self.time = now

    def __call__(self) -> datetime:
        return self.time

    def tick(self, step: timedelta) -> None:
        self.time += step


class MemoryTable:
    """The table in memory, with DynamoDB's conditions, transactions, sparse indexes and stream.

    inserted: the new items in the order they were written, as the stream shows them.
    With `be_busy` one write in eight is answered with TransactionConflict, drawn from the seed.
    """

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], Item] = {}
        self.inserted: list[Item] = []
        self._random: random.Random | None = None

    def be_busy(self, seed: int) -> None:
        """From now on answer one write in eight with TransactionConflict."""
        self._random = random.Random(seed)

    def get(self, pk: str, sk: str) -> Item | None:
        found = self.items.get((pk, sk))
        return dict(found) if found is not None else None

    def get_many(self, keys: Sequence[tuple[str, str]]) -> list[Item]:
        return [dict(self.items[key]) for key in dict.fromkeys(keys) if key in self.items]

    def query(
        self,
        pk: str,
        *,
        first: str = "",
        last: str = "",
        newest_first: bool = False,
        limit: int | None = None,
        index: str | None = None,
    ) -> Iterator[Item]:
        hash_name, range_name = INDEX_KEYS[index]
        low, high = (first or " ").encode(), (last or LAST_KEY).encode()
        found = [
            item
            for item in self.items.values()
            if item.get(hash_name) == pk and low <= str(item[range_name]).encode() <= high
        ]
        found.sort(key=lambda item: str(item[range_name]).encode(), reverse=newest_first)
        for item in found[:limit]:
            names = ("pk", "sk", hash_name, range_name) if index else tuple(item)
            yield {name: item[name] for name in names}

    def write(self, *writes: Write) -> None:
        places = [_key(write) for write in writes]
        assert 0 < len(writes) <= TRANSACTION_MAX_WRITES, "a transaction has 1 to 100 writes"
        assert len(set(places)) == len(places), "a transaction names each item once"
        assert all(len(pk.encode()) <= PK_MAX_BYTES and len(sk.encode()) <= SK_MAX_BYTES for pk, sk in places)
        if self._random is not None and self._random.random() < 1 / 8:
            raise ConflictError({})
        failed = {
            position: self.get(*place)
            for position, (write, place) in enumerate(zip(writes, places, strict=True))
            if not _holds(write.expect, self.items.get(place, {}))
        }
        if failed:
            raise ConflictError(failed)
        for write, place in zip(writes, places, strict=True):
            if isinstance(write, Put):
                if place not in self.items:
                    self.inserted.append(dict(write.item))
                self.items[place] = dict(write.item)


def _key(write: Write) -> tuple[str, str]:
    return (str(write.item["pk"]), str(write.item["sk"])) if isinstance(write, Put) else (write.pk, write.sk)


def _holds(expect: Expectation, item: Item) -> bool:
    return all(item.get(name) == value for name, value in expect.items())


@dataclass
class FakeSenders:
    """Takes every message and keeps it. answers: what to answer instead of Sent, in turn."""

    sent: list[Message] = field(default_factory=list)
    answers: list[Outcome] = field(default_factory=list)

    def send(self, message: Message) -> Outcome:
        outcome = self.answers.pop(0) if self.answers else Sent(f"message-{len(self.sent) + 1}")
        if isinstance(outcome, Sent):
            self.sent.append(message)
        return outcome


class FakePorts(Ports):
    """The outside world of a deployment in memory. wrap: put around every port, so that a test can break it."""

    def __init__(
        self,
        table: MemoryTable | None = None,
        clock: FakeClock | None = None,
        wrap: Callable[[str, Any], Any] = lambda _name, port: port,
    ) -> None:
        super().__init__(
            Settings(
                stage="dev",
                table="baton",
                identity_secret="identity",
                link_secret="links",
                admin_secret="admin",
                handoff_topic="topic",
                sender="baton@keybook.example",
                configuration_set="baton",
                now_offset=timedelta(0),
            )
        )
        self.memory = table or MemoryTable()
        self.clock = clock or FakeClock()
        self.senders = FakeSenders()
        self._ids = count(1)
        self.table = wrap("table", self.memory)
        self.send = wrap("send", self.senders.send)
        self.paused: list[int] = []

    def now(self) -> datetime:
        return self.clock()

    def new_id(self) -> str:
        return f"id-{next(self._ids):06d}"

    def pause(self, attempt: int) -> None:
        self.paused.append(attempt)

    def secret(self, arn: str) -> str:
        return SECRETS[arn]
