"""Fakes: the outside world in memory. Each passes the contract suite of the real one
(tests/contract).
"""

import random
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from chalicelib.capture.screening.challenge import Solved
from chalicelib.capture.screening.verdict import Verification
from chalicelib.clock.tasks import QueueName
from chalicelib.delivery.account import SendQuota
from chalicelib.delivery.messages import Outgoing, SendResult, Sent
from chalicelib.errors import ConflictError
from chalicelib.events import Event, Join, parse_event_time
from chalicelib.leads.derivation import at_once
from chalicelib.leads.joined import by_lead
from chalicelib.leads.lead import Lead
from chalicelib.leads.progress import begin
from chalicelib.leads.replaying import Replaying
from chalicelib.limits import INBOUND_MAX_BYTES
from chalicelib.runtime import Runtime
from chalicelib.scoring.model import Model
from chalicelib.settings import Retention, Settings
from chalicelib.store.dynamo import INDEX_KEYS, LAST_KEY
from chalicelib.store.events import AS_EVER
from chalicelib.store.keys import AUDIT
from chalicelib.store.table import Add, Delete, Expectation, Item, Put, Write
from chalicelib.wiring.ports import Ports

if TYPE_CHECKING:
    from chalicelib.wiring.world import World

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
TRANSACTION_MAX_WRITES = 100  # DynamoDB's own bounds
PK_MAX_BYTES = 2_048
SK_MAX_BYTES = 1_024
# DynamoDB's page is a megabyte. A small one finds sooner what breaks when a writer comes in between
# two pages.
PAGE_ITEMS = 100
Key = tuple[str, str]
Partition = tuple[str | None, str]  # of an index, or of the table itself
Entry = tuple[str, Key]  # its sort key there, and the key of the item
REPLY_DOMAIN = "replies.baton.example"
INBOUND_BUCKET = "baton-inbound"
SECRETS = {
    "identity": "a test's identity secret",
    "links": '{"current": "a test\'s link secret"}',
    "admin": "admin-token",
}


class FakeClock:
    """A clock that stands still until it is moved on."""

    def __init__(self, now: datetime = NOW) -> None:
        self.time = now

    def __call__(self) -> datetime:
        return self.time

    def tick(self, step: timedelta) -> None:
        self.time += step


def runtime(clock: Callable[[], datetime] | None = None) -> Runtime:
    """A machine of that clock, on which no time is waited away."""
    ids = count(1)
    return Runtime(
        now=clock or FakeClock(),
        new_id=lambda: f"id-{next(ids):06d}",
        pause=lambda _attempt: None,
    )


class Items(MutableMapping[Key, Item]):
    """The items by their keys; for the table and each index, the sorted entries of each partition.

    Texts are ordered by code point, which is DynamoDB's order of their UTF-8 bytes. Items must be
    replaced and never changed in place, because the entries follow only what is put and deleted.
    """

    def __init__(self, items: Mapping[Key, Item] | None = None) -> None:
        self._items: dict[Key, Item] = {}
        self._entries: defaultdict[Partition, list[Entry]] = defaultdict(list)
        self.update(items or {})

    def __getitem__(self, key: Key) -> Item:
        return self._items[key]

    def __setitem__(self, key: Key, item: Item) -> None:
        old = _places(key, self._items.get(key, {}))
        new = _places(key, item)
        self._forget(old - new)
        for partition, entry in new - old:
            insort(self._entries[partition], entry)
        self._items[key] = item

    def __delitem__(self, key: Key) -> None:
        self._forget(_places(key, self._items.pop(key)))

    def __iter__(self) -> Iterator[Key]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return repr(self._items)

    def page(
        self, partition: Partition, bounds: tuple[str, str], after: Entry | None, size: int
    ) -> list[Entry]:
        """Return the next entries within the bounds, in order.

        A negative size reads backwards, from the last entry or from the one before `after`.
        """
        entries = self._entries.get(partition, [])
        first, last = bounds
        start = bisect_left(entries, first, key=itemgetter(0))
        end = bisect_right(entries, last, key=itemgetter(0))
        if size < 0:
            end = bisect_left(entries, after) if after else end
            return entries[max(start, end + size) : end][::-1]
        start = bisect_right(entries, after) if after else start
        return entries[start : min(end, start + size)]

    def _forget(self, places: set[tuple[Partition, Entry]]) -> None:
        for partition, entry in places:
            entries = self._entries[partition]
            del entries[bisect_left(entries, entry)]


def _places(key: Key, item: Item) -> set[tuple[Partition, Entry]]:
    """Return where an item stands: in the table, and in each index whose two keys it has."""
    return {
        ((index, str(item[hash_name])), (str(item[range_name]), key))
        for index, (hash_name, range_name) in INDEX_KEYS.items()
        if hash_name in item and range_name in item
    }


class MemoryTable:
    """The table in memory, with DynamoDB's conditions, transactions, sparse indexes and stream."""

    def __init__(self) -> None:
        self._items = Items()
        self.inserted: list[Item] = []
        """The new items, in the order in which the stream shows them."""
        self._random: random.Random | None = None

    @property
    def items(self) -> Items:
        return self._items

    @items.setter
    def items(self, items: Mapping[Key, Item]) -> None:
        self._items = Items(items)

    def be_busy(self, seed: int) -> None:
        """From now on, answer one write in eight, drawn by the seed, with TransactionConflict."""
        self._random = random.Random(seed)

    def be_quiet(self) -> None:
        """From now on, answer every write."""
        self._random = None

    def get(self, pk: str, sk: str, *, lagging: bool = False) -> Item | None:  # noqa: ARG002
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
        bounds = (first or " ", last or LAST_KEY)
        after = None
        left = limit
        while left is None or left > 0:
            size = PAGE_ITEMS if left is None else min(PAGE_ITEMS, left)
            page = self.items.page((index, pk), bounds, after, -size if newest_first else size)
            for item in [self.items[key] for _, key in page]:
                names = ("pk", "sk", hash_name, range_name) if index else tuple(item)
                yield {name: item[name] for name in names}
            if len(page) < size:
                return
            after = page[-1]
            left = left - size if left is not None else None

    def write(self, *writes: Write) -> None:
        places = [_key(write) for write in writes]
        assert 0 < len(writes) <= TRANSACTION_MAX_WRITES, "a transaction has 1 to 100 writes"
        assert len(set(places)) == len(places), "a transaction names each item once"
        assert all(
            len(pk.encode()) <= PK_MAX_BYTES and len(sk.encode()) <= SK_MAX_BYTES
            for pk, sk in places
        )
        if self._random is not None and self._random.random() < 1 / 8:
            raise ConflictError({})
        failed = {
            write.label: self.get(*place)
            for write, place in zip(writes, places, strict=True)
            if not _holds(write.expect, self.items.get(place, {}))
        }
        if failed:
            raise ConflictError(failed)
        for write, place in zip(writes, places, strict=True):
            if isinstance(write, Put):
                if place not in self.items:
                    self.inserted.append(dict(write.item))
                self.items[place] = dict(write.item)
            elif isinstance(write, Delete):
                self.items.pop(place, None)
            elif isinstance(write, Add):
                self._add(write)

    def _add(self, write: Add) -> None:
        item = dict(self.items.get((write.pk, write.sk)) or {"pk": write.pk, "sk": write.sk})
        for name, by in write.numbers.items():
            was = item.get(name, 0)
            assert isinstance(was, int)
            item[name] = was + by
        self.items[write.pk, write.sk] = item | dict(write.also)


def _key(write: Write) -> tuple[str, str]:
    return (
        (str(write.item["pk"]), str(write.item["sk"]))
        if isinstance(write, Put)
        else (write.pk, write.sk)
    )


def _holds(expect: Expectation, item: Item) -> bool:
    return all(item.get(name) == value for name, value in expect.items())


class ListedEvents:
    """A lead's history in memory: some events, and the joins that stand on them."""

    def __init__(self, events: Sequence[Event], joins: Sequence[Join] = ()) -> None:
        self._events = sorted(events, key=lambda event: event.id, reverse=True)
        self._joins = joins

    def of(
        self, partition: str, *, before: str = "", since: datetime | None = None
    ) -> Iterator[Event]:
        for event in self._events:
            is_in_time = since is None or parse_event_time(event.id) >= since
            if event.partition == partition and is_in_time and (not before or event.id < before):
                yield event

    def joins(self, lead_id: str) -> Sequence[Join]:
        return [join for join in self._joins if join.lead_id == lead_id]


def replay(
    model: Model, lead: Lead, events: Sequence[Event], now: datetime, joins: Sequence[Join] = ()
) -> Lead:
    """Return a lead derived from some events."""
    progress = begin(lead, model, now)
    history = ListedEvents(events, joins)
    return at_once(Replaying(events=history, model=model, lead=lead, progress=progress))


def count_captured(worker: "World", *events: Event) -> None:
    """Let a worker count events whose records have come together."""
    for lead_id, theirs in by_lead(events, worker.events.owner).items():
        worker.qualify.captured(lead_id, list(theirs.values()))


@dataclass
class FakeSenders:
    """Senders that accept every message and keep it."""

    sent: list[Outgoing] = field(default_factory=list)
    answers: list[SendResult] = field(default_factory=list)
    """What to answer to the next messages, instead of Sent."""

    def send(self, message: Outgoing) -> SendResult:
        outcome = self.answers.pop(0) if self.answers else Sent(f"message-{len(self.sent) + 1}")
        if isinstance(outcome, Sent):
            self.sent.append(message)
        return outcome


class FakeChats:
    """The hosts of chats, over a wire in memory: each request is answered as set, else taken."""

    def __init__(self, *, status: int = 200, fails_at: str = "", error: Exception | None = None):
        self.asked: list[tuple[str, str, str, bytes]] = []
        """The host, the method, the path and the body of each request."""
        self.is_open = False
        self.status = status
        self._fails_at = fails_at
        self._error = error or OSError("no wire")

    def connect(self, host: str) -> Any:
        return _ChatConnection(self, host)

    def step(self, name: str) -> None:
        if name == self._fails_at:
            raise self._error


class _ChatConnection:
    def __init__(self, chats: FakeChats, host: str) -> None:
        self._chats = chats
        self._host = host

    def connect(self) -> None:
        self._chats.step("connect")
        self._chats.is_open = True

    def request(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> None:
        assert headers == {"Content-Type": "application/json"}
        self._chats.step("request")
        self._chats.asked.append((self._host, method, path, body))

    def getresponse(self) -> Any:
        self._chats.step("getresponse")
        return self

    @property
    def status(self) -> int:
        return self._chats.status

    def read(self, most: int) -> bytes:
        self._chats.step("read")
        return b"ok"[:most]

    def close(self) -> None:
        self._chats.is_open = False


@dataclass
class QueuedMessage:
    """A message in a queue."""

    text: str
    number: int
    hidden_until: datetime | None = None
    received: int = 0


class FakeQueues:
    """Queues in memory, as SQS's standard ones: a message that was received is hidden for a while,
    and comes again unless it is deleted; after so many times it goes to the failure queue.
    """

    VISIBILITY = timedelta(minutes=6)
    MOST_RECEIVES = 5

    def __init__(self) -> None:
        self.waiting: defaultdict[QueueName, list[QueuedMessage]] = defaultdict(list)
        self.failures: list[QueuedMessage] = []
        self._numbers = count(1)

    def send(self, queue: QueueName, texts: Sequence[str]) -> None:
        self.waiting[queue] += [QueuedMessage(text, next(self._numbers)) for text in texts]

    def receive(self, queue: QueueName, now: datetime) -> QueuedMessage | None:
        """Return the next message that nobody works on, and hide it."""
        for one in list(self.waiting[queue]):
            if one.hidden_until is not None and one.hidden_until > now:
                continue
            if one.received == self.MOST_RECEIVES:
                self.delete(queue, one)
                self.failures.append(one)
                continue
            one.received += 1
            one.hidden_until = now + self.VISIBILITY
            return one
        return None

    def delete(self, queue: QueueName, one: QueuedMessage) -> None:
        self.waiting[queue] = [other for other in self.waiting[queue] if other is not one]


class FakeStream:
    """A stream mapping in memory, as Lambda's: it cuts a batch at the record that the answer names,
    halves one whose function fails, tries again, and gives up. infra/local/emulate does likewise.

    retries: MaximumRetryAttempts.
    """

    def __init__(self, handler: Callable[[Mapping[str, Any]], Any], retries: int) -> None:
        self._handler = handler
        self._retries = retries
        self.given_up: list[Sequence[Any]] = []
        """The batches that went to the failure queue."""

    def read(self, records: Sequence[Any], tries: int = 0) -> None:
        """Hand a batch of records over, until each is done or given up."""
        failed_at: int | None = None
        has_failed = False
        try:
            failed_at = _first_failed(records, self._handler({"Records": records}))
        # An error of the function, which Lambda sees.
        except Exception:  # noqa: BLE001
            has_failed = True
        if has_failed and len(records) > 1:
            middle = len(records) // 2
            self.read(records[:middle], tries)  # a half is no retry
            self.read(records[middle:], tries)
        elif has_failed or failed_at is not None:
            rest = records[failed_at or 0 :]
            if tries == self._retries:
                self.given_up.append(rest)
            else:
                self.read(rest, tries + 1)


def _first_failed(records: Sequence[Any], answer: Mapping[str, Any]) -> int | None:
    """Return the place of the lowest record that an answer names."""
    named = {one["itemIdentifier"] for one in answer["batchItemFailures"]}
    places = (
        place
        for place, record in enumerate(records)
        if record["dynamodb"]["SequenceNumber"] in named
    )
    return next(places, None)


@dataclass
class FakeAccount:
    """An account of SES, which does not count by itself what is sent."""

    per_day: int | None = None
    sent: int = 0
    per_second: float | None = None
    is_out: bool = False
    """Whether SES does not answer."""

    def quota(self) -> SendQuota | None:
        if self.is_out:
            return None
        return SendQuota(per_day=self.per_day, sent=self.sent, per_second=self.per_second)


class FakeChallenges:
    """Turnstile and hCaptcha, as the contract suite has them: a response is good once."""

    def __init__(self) -> None:
        self.solved: set[str] = set()
        self.is_out = False
        """Whether the service does not answer."""

    def __call__(self, _verify: Verification, response: str) -> Solved:
        if not response:
            return Solved.NO
        if self.is_out:
            return Solved.UNKNOWN
        if response not in self.solved:
            return Solved.NO
        self.solved.remove(response)
        return Solved.YES


class FakeMailroom:
    """A bucket of raw emails in memory."""

    def __init__(self, bucket: str = INBOUND_BUCKET) -> None:
        self.bucket = bucket
        self.emails: dict[str, bytes] = {}

    def read(self, bucket: str, key: str) -> bytes | None:
        found = self.emails.get(key) if bucket == self.bucket else None
        return found if found is None else found[:INBOUND_MAX_BYTES]

    def delete(self, bucket: str, key: str) -> None:
        if bucket == self.bucket:
            self.emails.pop(key, None)


def is_journal(writes: Sequence[Write]) -> bool:
    """Return whether a write only notes what one of our own people asked for."""
    return all(isinstance(one, Put) and str(one.item["pk"]).startswith(AUDIT) for one in writes)


class FakePorts(Ports):
    """The outside world of a deployment, in memory.

    wrap: gets the name of each port and the port, and returns what takes its place, so that a test
    can break it.
    """

    def __init__(
        self,
        table: MemoryTable | None = None,
        clock: FakeClock | None = None,
        wrap: Callable[[str, Any], Any] = lambda _name, port: port,
        first_emails_per_hour: int = 200,
        retention: Retention = AS_EVER,
    ) -> None:
        super().__init__(
            Settings(
                environment="dev",
                table="baton",
                identity_secret="identity",
                link_secret="links",
                admin_secret="admin",
                handoff_topic="topic",
                sender="baton@keybook.example",
                configuration_set="baton",
                reply_domain=REPLY_DOMAIN,
                inbound_bucket=INBOUND_BUCKET,
                account="123456789012",
                text_identity="",
                text_configuration_set="",
                urgent_queue="",
                nurture_queue="",
                leads_queue="",
                jobs_queue="",
                nurture_per_minute=300,
                first_emails_per_hour=first_emails_per_hour,
                retention=retention,
                now_offset=timedelta(0),
            )
        )
        self.memory = table or MemoryTable()
        self.clock = clock or FakeClock()
        self.senders = FakeSenders()
        self.queued = FakeQueues()
        self.account = FakeAccount()
        self._ids = count(1)
        self.table = wrap("table", self.memory)
        self.send = wrap("send", self.senders.send)
        self.queues = wrap("queues", self.queued)
        self.quota = wrap("quota", self.account.quota)
        self.challenged = FakeChallenges()
        self.challenges = self.challenged
        self.received = FakeMailroom()
        self.mailroom = wrap("mailroom", self.received)
        self.paused: list[int] = []

    def now(self) -> datetime:
        return self.clock()

    def new_id(self) -> str:
        return f"id-{next(self._ids):06d}"

    def new_secret(self) -> str:
        return f"{next(self._ids):043d}"

    def pause(self, attempt: int) -> None:
        self.paused.append(attempt)

    def secret(self, arn: str) -> str:
        return SECRETS[arn]
