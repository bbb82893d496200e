"""The stepper: a seeded run of the real handlers on the in-memory ports, with everything that can
go wrong.

A run sends requests, gives stream records and mail events to their handlers in an order drawn from
its seed, repeats some of them, and can crash a handler before or after any one port call. A crash
is a kill: nothing in the handler sees it, its container is gone, and what it worked on comes again,
as Lambda and clients do. When all is quiet the clock runs on until nothing is due. A run that fails
says its seed and its crash.
"""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from chalicelib.delivery.messages import Email, Outgoing
from chalicelib.delivery.references import tag_of
from chalicelib.wiring.world import World
from tests.baton import InMemoryBaton, key_of
from tests.fakes import FakePorts, MemoryTable

MOST_STEPS = 2_000
SETTLING_MINUTES = 25  # a lease, fifteen minutes for evidence, and the clock's own minute


class CrashError(BaseException):
    """A kill. Not an Exception: nothing in a handler may catch it."""


@dataclass(frozen=True)
class Crash:
    """Where to crash: before or after the port call of this number."""

    call: int
    after: bool


class Breaker:
    """Counts the calls of every port, and crashes at one of them. log: the name of each call."""

    def __init__(self, crash: Crash | None) -> None:
        self.crash = crash
        self.log = list[str]()
        self.armed = False

    def wrap(self, name: str, port: Any) -> Any:
        """The port, with its calls counted."""
        if callable(port) and not isinstance(port, MemoryTable):
            return self._counted(name, port)
        return _Wrapped(
            port, lambda method: self._counted(f"{name}.{method}", getattr(port, method))
        )

    def _counted(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            if not self.armed:
                return call(*args, **kwargs)
            number = len(self.log)
            self.log.append(name)
            if self.crash == Crash(number, after=False):
                raise CrashError
            result = call(*args, **kwargs)
            if self.crash == Crash(number, after=True):
                raise CrashError
            return result

        return counted


class _Wrapped:
    """A port of which each method is replaced."""

    def __init__(self, port: Any, method: Callable[[str], Any]) -> None:
        self._port = port
        self._method = method

    def __getattr__(self, name: str) -> Any:
        return self._method(name)


@dataclass(frozen=True)
class Request:
    """One HTTP request of the scenario; sent again until it is answered."""

    path: str
    body: Any


@dataclass(frozen=True)
class Result:
    """What a run came to: what must be the same in every run, and what left the house."""

    facts: Any
    stages: tuple[str, ...]
    sent: tuple[Outgoing, ...]
    states: tuple[tuple[str, str], ...]
    calls: tuple[str, ...]


class Stepper:
    """One run. repeats: how many requests, records and mail events are given a second time at
    random.
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
        self.baton = InMemoryBaton(self.ports)
        if conflicts:
            self.ports.memory.be_busy(seed)
        self.pending: list[Callable[[], bool]] = []
        self.told = 0
        self.seen = len(self.ports.memory.inserted)

    def run(self, emails: Sequence[str]) -> Result:
        """Do it all; the result for the leads of these addresses. Raises AssertionError with the
        run's name.
        """
        self.breaker.armed = True
        try:
            self._requests()
            self._until_quiet()
            for _ in range(SETTLING_MINUTES):
                self.ports.clock.tick(timedelta(minutes=1))
                self._attempt(lambda: bool(self.baton.world.clock.tick()) or True)
                self._until_quiet()
        except AssertionError as error:
            raise AssertionError(f"{self.name}: {error}") from error
        finally:
            self.breaker.armed = False
        return self._result(emails)

    def _requests(self) -> None:
        todo = list(self.requests)
        if self.shuffled:
            todo += self.random.sample(todo, min(self.repeats, len(todo)))
            self.random.shuffle(todo)
        for request in todo:
            while not self._attempt(lambda request=request: self._send(request)):  # type: ignore[misc]
                pass  # a client that got no answer sends the same again
            if not self.shuffled:
                self._until_quiet()
            elif self.random.random() < 1 / 2:
                self._step()

    def _send(self, request: Request) -> bool:
        answer = self.baton.post(request.path, request.body)
        return answer.status_code < 500  # a client sends again what a server failed to take

    def _until_quiet(self) -> None:
        for _ in range(MOST_STEPS):
            if not self._step():
                return
        raise AssertionError("the streams do not come to rest")

    def _step(self) -> bool:
        """Give one pending record or mail event to its handler; False when none is pending."""
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
            self.pending.append(lambda item=item: self.baton.handle(item))  # type: ignore[misc]
        self.seen = len(memory.inserted)
        for number, message in enumerate(senders.sent[self.told :], self.told + 1):
            if isinstance(message, Email) and self.evidence:
                self.pending.append(lambda n=number, m=message: self._mail_event(n, m))  # type: ignore[misc]
        self.told = len(senders.sent)

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

    def _attempt(self, work: Callable[[], bool]) -> bool:
        """Do a handler's work; when it is killed its container is gone, and False says that it must
        come again.
        """
        try:
            return work()
        except CrashError:
            self.baton.world = World(self.ports)
            return False

    def _result(self, emails: Sequence[str]) -> Result:
        world = World(self.ports)
        leads = [world.leads.read(world.lead_id(email)) for email in emails]
        facts = [
            (lead.tally, lead.profile, lead.touches, self.baton.lead(email)["score"])
            for lead, email in zip(leads, emails, strict=True)
        ]
        return Result(
            facts,
            tuple(lead.standing.stage.value for lead in leads),
            tuple(self.ports.senders.sent),
            tuple(sorted((key_of(item), item["state"]) for item in self.baton.outbox())),
            tuple(self.breaker.log),
        )
