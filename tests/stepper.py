"""The stepper: a seeded run of the real handlers on in-memory ports, with all that can go wrong.

A run sends requests and hands stream records and mail events to their handlers, in an order that
its seed decides. It repeats some of them, and can crash a handler before or after any one port
call. A crash is a kill: nothing in the handler notices it, the container is gone, and what it
worked on comes again, as it does from Lambda and from clients. When all is quiet, the clock runs
until nothing is due. A run that fails names its seed and its crash.
"""

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from chalicelib.clock.tasks import QueueName
from chalicelib.delivery.messages import Email, Outgoing
from chalicelib.delivery.references import tag_of
from chalicelib.scoring.profile import values
from chalicelib.store.table import Item
from chalicelib.wiring.world import World
from tests.baton import InMemoryBaton, key_of, received, tick, work
from tests.fakes import FakeClock, FakePorts, MemoryTable, QueuedMessage
from tests.sizes import SEED, SIZES, rotating

MOST_STEPS = 2_000
# a lease, fifteen minutes for SES to report, the clock's own minute, and a hand-over that was lost
SETTLING_MINUTES = 30


class CrashError(BaseException):
    """A kill. It is not an Exception, so that nothing in a handler catches it."""


@dataclass(frozen=True)
class Crash:
    """Where to crash."""

    call: int
    """The number of the port call."""
    after: bool
    """Whether to crash after the call, or before it."""


@dataclass(frozen=True)
class Call:
    """A kind of port call: which port, and in whose work it is called."""

    worker: str
    port: str


@dataclass(frozen=True)
class Begun:
    """What a run begins with."""

    items: Mapping[tuple[str, str], Item]
    at: datetime


def crashes_of(calls: Sequence[Call]) -> tuple[list[Crash], str]:
    """Return crashes before and after calls, one of all in so many, and what to say of them for
    the summary of the run.
    """
    crashes = [Crash(number, after) for number in range(len(calls)) for after in (False, True)]
    tried = rotating(crashes, SIZES.kill_every)
    return tried, f"{len(tried)} of {len(crashes)}, before and after {len(calls)} port calls"


def kills(calls: Sequence[Call], every: int = SIZES.kill_every, seed: int = SEED) -> list[int]:
    """Return the numbers of the calls to crash at: one of each kind, and of all one in so many.

    The seed of the run decides which, so that all have their turn.
    """
    numbers: dict[Call, list[int]] = {}
    for number, call in enumerate(calls):
        numbers.setdefault(call, []).append(number)
    one_of_each = {of_kind[seed % len(of_kind)] for of_kind in numbers.values()}
    return sorted(one_of_each | set(rotating(range(len(calls)), every, seed)))


def said(numbers: Sequence[int], calls: Sequence[Call]) -> str:
    """Say how many crashes were tried, for the summary of the run."""
    return f"{2 * len(numbers)}, before and after {len(numbers)} of {len(calls)} port calls"


class Breaker:
    """Counts the calls of every port, and crashes at one of them."""

    def __init__(self, crash: Crash | None) -> None:
        self.crash = crash
        self.log: list[Call] = []
        self.worker: str | None = None
        """In whose work calls are made; None while they are not counted."""

    @contextmanager
    def works(self, worker: str) -> Iterator[None]:
        """Count the calls that are made in this worker's work."""
        self.worker = worker
        try:
            yield
        finally:
            self.worker = None

    def wrap(self, name: str, port: Any) -> Any:
        """Return a port whose calls are counted."""
        if callable(port) and not isinstance(port, MemoryTable):
            return self._counted(name, port)
        return _Wrapped(
            port, lambda method: self._counted(f"{name}.{method}", getattr(port, method))
        )

    def _counted(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            if self.worker is None:
                return call(*args, **kwargs)
            number = len(self.log)
            self.log.append(Call(self.worker, name))
            if self.crash == Crash(number, after=False):
                raise CrashError
            result = call(*args, **kwargs)
            if self.crash == Crash(number, after=True):
                raise CrashError
            return result

        return counted


class Killable:
    """A deployment on ports that can be killed."""

    def __init__(self, crash: Crash | None, clock: FakeClock | None = None) -> None:
        self.breaker = Breaker(crash)
        self.ports = FakePorts(MemoryTable(), clock, wrap=self.breaker.wrap)

    def run(self, worker: str, work: Callable[[World], object]) -> bool:
        """Do something in a container of its own; False when it was killed."""
        try:
            with self.breaker.works(worker):
                work(World(self.ports))
        except CrashError:
            return False
        return True

    def minutes(self, number: int) -> None:
        """Let the clock come by so often."""
        for _ in range(number):
            self.ports.clock.tick(timedelta(minutes=1))
            self.run("clock", lambda world: tick(world, self.ports))


class _Wrapped:
    """A port whose methods are all replaced."""

    def __init__(self, port: Any, method: Callable[[str], Any]) -> None:
        self._port = port
        self._method = method

    def __getattr__(self, name: str) -> Any:
        return self._method(name)


@dataclass(frozen=True)
class Request:
    """One HTTP request of the scenario. It is sent again until it is answered."""

    path: str
    body: Any


@dataclass(frozen=True)
class Work:
    """What one handler does with one input. Returns False when the input must come again."""

    worker: str
    do: Callable[[], bool]


@dataclass(frozen=True)
class Result:
    """The result of a run."""

    facts: Any
    """What must be the same in every run: tally, profile, touches and score of each lead.

    Who said a field may differ: of two forms from one browser the later one is its owner's.
    """
    stages: tuple[str, ...]
    sent: tuple[Outgoing, ...]
    """Everything that was handed to a sender."""
    states: tuple[tuple[str, str], ...]
    """Key and state of each outbox message."""
    calls: tuple[Call, ...]


class Stepper:
    """One run.

    shuffled: whether the seed decides the order; repeats: how many requests, records and mail
    events are sent a second time at random; conflicts: whether the table is busy at times;
    evidence: whether SES reports what it has sent.
    """

    def __init__(
        self,
        requests: Sequence[Request],
        *,
        seed: int = 0,
        crash: Crash | None = None,
        shuffled: bool = False,
        repeats: int = 0,
        conflicts: bool = False,
        evidence: bool = True,
    ) -> None:
        self.random = random.Random(seed)
        self.requests = list(requests)
        self.shuffled = shuffled
        self.repeats = repeats
        self.breaker = Breaker(crash)
        self.evidence = evidence
        self.name = (
            f"seed={seed} crash={crash} shuffled={shuffled} repeats={repeats} conflicts={conflicts}"
        )
        self.ports = FakePorts(MemoryTable(), wrap=self.breaker.wrap)
        self.baton = self._baton()
        if conflicts:
            self.ports.memory.be_busy(seed)
        self.pending: list[Work] = []
        self.reported = 0
        self.seen = len(self.ports.memory.inserted)

    def run(self, emails: Sequence[str]) -> Result:
        """Do the whole run. Return the result for the leads of these addresses.

        Raise AssertionError with the name of the run.
        """
        try:
            self._requests()
            self._until_quiet()
            for _ in range(SETTLING_MINUTES):
                self.ports.clock.tick(timedelta(minutes=1))
                self._attempt(Work("clock", lambda: bool(self.baton.world.clock.tick()) or True))
                self._until_quiet()
        except AssertionError as error:
            raise AssertionError(f"{self.name}: {error}") from error
        return self._result(emails)

    def _baton(self) -> InMemoryBaton:
        return InMemoryBaton(self.ports)

    def _requests(self) -> None:
        todo = list(self.requests)
        if self.shuffled:
            todo += self.random.sample(todo, min(self.repeats, len(todo)))
            self.random.shuffle(todo)
        for request in todo:
            while not self._attempt(Work(request.path, partial(self._send, request))):
                pass  # a client that got no answer sends the same again
            if not self.shuffled:
                self._until_quiet()
            elif self.random.random() < 1 / 2:
                self._step()

    def _send(self, request: Request) -> bool:
        answer = self.baton.post(request.path, request.body)
        return answer.status_code < 500  # a client sends again what the server failed to accept

    def _until_quiet(self) -> None:
        for _ in range(MOST_STEPS):
            if not self._step():
                return
        raise AssertionError("the streams do not come to rest")

    def _step(self) -> bool:
        """Hand one pending record or mail event to its handler. Return False when none is left."""
        self._collect()
        if not self.pending:
            return False
        position = self.random.randrange(len(self.pending)) if self.shuffled else 0
        work = self.pending.pop(position)
        if not self._attempt(work):
            self.pending.append(work)
        elif self.shuffled and self.repeats and self.random.random() < 1 / 4:
            self.repeats -= 1
            self.pending.append(work)
        return True

    def _collect(self) -> None:
        memory = self.ports.memory
        senders = self.ports.senders
        for item in memory.inserted[self.seen :]:
            worker = str(item["sk"]).partition("#")[0]
            self.pending.append(Work(worker, partial(self.baton.handle, item)))
        self.seen = len(memory.inserted)
        for number, message in enumerate(senders.sent[self.reported :], self.reported + 1):
            if isinstance(message, Email) and self.evidence:
                self.pending.append(Work("feedback", partial(self._mail_event, number, message)))
        self.reported = len(senders.sent)
        for queue, one in received(self.ports):
            self.pending.append(Work(queue, partial(self._message, queue, one)))

    def _message(self, queue: QueueName, message: QueuedMessage) -> bool:
        return work(self.baton.world, queue, message)

    def _mail_event(self, number: int, mail: Email) -> bool:
        notice = {
            "eventType": "Send",
            "mail": {
                "messageId": f"message-{number}",
                "tags": {"message": [tag_of(mail.reference)]},
            },
            "send": {},
        }
        self.baton.world.mail_event(json.dumps(notice))
        return True

    def _attempt(self, work: Work) -> bool:
        """Do a handler's work. Return False when it was killed and its work must come again.

        A killed container is gone, so the next one builds its world again.
        """
        try:
            with self.breaker.works(work.worker):
                return work.do()
        except CrashError:
            self.baton.world = World(self.ports)
            return False

    def _result(self, emails: Sequence[str]) -> Result:
        world = World(self.ports)
        leads = [world.leads.read(world.lead_id(email)) for email in emails]
        facts = [
            (lead.tally, values(lead.profile), lead.touches, self.baton.lead(email)["score"])
            for lead, email in zip(leads, emails, strict=True)
        ]
        return Result(
            facts,
            tuple(lead.standing.stage.value for lead in leads),
            tuple(self.ports.senders.sent),
            tuple(sorted((key_of(item), item["state"]) for item in self.baton.outbox())),
            tuple(self.breaker.log),
        )
