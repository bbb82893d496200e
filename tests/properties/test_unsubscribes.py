"""After "done" nothing marketing is claimed for the mailbox, whatever races with the unsubscribe.

A run is seeded. Whoever works can be interrupted at each call of the table, by somebody who does
the whole of something else, and can be interrupted in turn: two who unsubscribe, the deliveries of
emails that wait, forms and identifies from other spellings, identifies whose message ids were
chosen to be those of the unsubscribe, merges both ways, imports, complaints and bounces, and the
stream's records of all that. So some unsubscribe whose lead was captured, but not derived yet.
"""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cache, partial
from typing import Any

from chalicelib.capture.items import Call
from chalicelib.capture.posted import posted_of_json
from chalicelib.consent.consent import SuppressionReason
from chalicelib.delivery.outbox import MessageState
from chalicelib.errors import BatonError, ConflictError
from chalicelib.store.mailboxes import read_suppressions
from chalicelib.store.outbox import message_of
from chalicelib.store.table import Item, Put, Write
from chalicelib.wiring.world import World
from tests import factories as make
from tests.baton import ANN, InMemoryBaton, stream_event
from tests.fakes import FakePorts, MemoryTable
from tests.sizes import SIZES, seeds

SPELLINGS = {
    "gmail": ("ann.lee@gmail.com", "annlee@gmail.com", "a.n.n.lee+x@googlemail.com"),
    "tags": ("ann@acme.example", "ann+shop@acme.example", "Ann+a+b@acme.example"),
}
FRESH = {"gmail": "AnnLee+{}@gmail.com", "tags": "ann+new{}@acme.example"}
STRANGER = "zoe@zebra.example"
DEEPEST = 3  # somebody interrupts somebody who interrupts somebody
MOST_STEPS = 500
RACERS = 8

Act = Callable[[], object]


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


@cache
def town(kind: str) -> tuple[World, dict[tuple[str, str], Item]]:
    """Return a Baton in which each spelling, and a stranger, is an MQL whose email waits."""
    baton = InMemoryBaton()
    for email in (*SPELLINGS[kind], STRANGER):
        baton.form("guide", f"v-{email}", consent=True, **{**ANN, "email": email})
    fresh = [item for item in baton.ports.memory.inserted if str(item["sk"]).startswith("EVENT#")]
    for item in fresh:
        assert baton.handle(item)
    return baton.world, dict(baton.ports.memory.items)


class Race:
    """One run."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.kind = self.random.choice(list(SPELLINGS))
        template, items = town(self.kind)
        self.table = RacedTable()
        self.table.items = items
        self.ports = FakePorts(self.table)
        self.world = World(self.ports)
        self.world.documents = template.documents  # the same documents and model, read once
        self.world.models = template.models
        self.mailbox = make.mailbox(SPELLINGS[self.kind][0]).id
        self.pending: list[Act] = []
        self.seen = 0
        self.depth = 0
        self.number = 0
        self.known = [*SPELLINGS[self.kind]]
        """The spellings that have leads. Of some nothing is derived yet."""
        self.done = 0
        """How many unsubscribes were answered with "done"."""
        self.claimed: list[str] = []
        """The messages to the mailbox that were claimed before."""
        self.table.interrupt = self._interrupt
        self.table.written = self._note

    def run(self) -> None:
        """Let everybody race, then let everybody come back."""
        waiting = [item for item in self.table.items.values() if _is_message(item)]
        racers = [self._unsubscribe, *self.random.choices(self._racers(), k=RACERS)]
        self.pending = [*racers, *(partial(self._deliver, item) for item in waiting)]
        self.random.shuffle(self.pending)
        if self.random.random() < 1 / 4:
            self.table.be_busy(self.random.randrange(1_000))
        self._until_quiet()
        assert self.done, "nobody unsubscribed"
        self.pending = [partial(self._form, email) for email in self._spellings()]
        self._until_quiet()
        for email in self._spellings():
            reasons = read_suppressions(self.table, make.mailbox(email))
            assert SuppressionReason.UNSUBSCRIBED in reasons, email

    def _racers(self) -> list[Act]:
        return [
            self._unsubscribe,
            lambda: self._form(self._any()),
            lambda: self._identify(self._any()),
            lambda: self._forge(self._any()),
            lambda: self._merge(self._any(), self._any()),
            lambda: self._merge(STRANGER, self._any()),
            lambda: self._merge(self._any(), STRANGER),
            lambda: self._import(self._any()),
            lambda: self._report(self._any()),
        ]

    # --- those who race ---------------------------------------------------------------------------

    def _unsubscribe(self) -> None:
        email = self.random.choice(self.known)
        try:
            self.world.unsubscribe.unsubscribe(self.world.lead_id(email))
        except (
            ConflictError
        ):  # answered with 503, and not with "done": the mail program tries again
            self.pending.append(self._unsubscribe)
        else:
            self.done += 1

    def _form(self, email: str) -> None:
        self.number += 1
        said = {"marketing": True, "text": "Write to me."}
        posted = posted_of_json(
            {
                "fields": {**ANN, "email": email},
                "consent": said,
                "submission_id": f"s{self.number}",
            }
        )
        self._capture(email, lambda: self.world.forms.submit("guide", posted))

    def _identify(self, email: str, message_id: str | None = None) -> None:
        self.number += 1
        item = {
            "anonymousId": f"v{self.number}",
            "messageId": message_id or f"m{self.number}",
            "timestamp": self.ports.now().isoformat(),
            "traits": {"email": email},
        }
        self._capture(email, lambda: self.world.tracking.one(item, Call.IDENTIFY))

    def _forge(self, email: str) -> None:
        """Take the id of an event that the unsubscribe may want to append."""
        reason = self.random.choice(list(SuppressionReason))
        self._identify(email, f"{reason}/{self.random.randrange(5)}")

    def _merge(self, email: str, other: str) -> None:
        ids = (self.world.lead_id(email), self.world.lead_id(other))
        with suppress(BatonError):  # not a lead yet, already one, or others were first
            self.world.corrections.merge(*ids)

    def _import(self, email: str) -> None:
        line = json.dumps({**ANN, "email": email}).encode()
        self._capture(email, lambda: self.world.imports.take(line))

    def _report(self, email: str) -> None:
        reason = self.random.choice([SuppressionReason.COMPLAINED, SuppressionReason.BOUNCED])
        lead_id = self.world.lead_id(email)
        self._again_if_busy(lambda: self.world.suppression.suppress(lead_id, reason, None))

    def _deliver(self, item: Item) -> None:
        message = message_of(item)
        self._again_if_busy(lambda: self.world.deliver.message(message.lead_id, message.key))

    def _qualify(self, item: Item) -> None:
        answer = self.world.qualify_records(stream_event([item]))
        if answer["batchItemFailures"]:
            self.pending.append(partial(self._qualify, item))

    def _capture(self, email: str, act: Act) -> None:
        def captured() -> None:
            act()
            self.known.append(email)

        self._again_if_busy(captured)

    def _again_if_busy(self, act: Act) -> None:
        try:
            act()
        except ConflictError:
            self.pending.append(partial(self._again_if_busy, act))

    # --- the race ---------------------------------------------------------------------------------

    def _until_quiet(self) -> None:
        for _ in range(MOST_STEPS):
            self._collect()
            if not self.pending:
                return
            self._begin()
        raise AssertionError("the race does not end")

    def _interrupt(self) -> None:
        if self.depth < DEEPEST and self.pending and self.random.random() < 1 / 6:
            self._begin()

    def _begin(self) -> None:
        act = self.pending.pop(self.random.randrange(len(self.pending)))
        self.depth += 1
        try:
            act()
        finally:
            self.depth -= 1

    def _collect(self) -> None:
        fresh = self.table.inserted[self.seen :]
        self.seen += len(fresh)
        for item in fresh:
            if _is_message(item):
                self.pending.append(partial(self._deliver, item))
            elif str(item["sk"]).startswith("EVENT#"):
                self.pending.append(partial(self._qualify, item))

    def _note(self, writes: Sequence[Write]) -> None:
        """Look at what was just written: is an email to the mailbox claimed after "done"?"""
        for write in writes:
            if not isinstance(write, Put) or not _is_message(write.item):
                continue
            message = message_of(write.item)
            is_claim = message.state is MessageState.CLAIMED and message.kind.goes_to_lead
            if is_claim and message.to and make.mailbox(message.to).id == self.mailbox:
                assert not self.done, f"{message.id} was claimed for {message.to}"
                self.claimed.append(message.id)

    def _any(self) -> str:
        return self.random.choice(self._spellings())

    def _spellings(self) -> list[str]:
        return [*SPELLINGS[self.kind], *(FRESH[self.kind].format(n) for n in range(2))]


def _is_message(item: Item) -> bool:
    return str(item["sk"]).startswith("OUTBOX#")


def test_nothing_is_claimed_after_done(record_property: Callable[[str, object], None]) -> None:
    claimed = 0
    for seed in seeds(SIZES.races):
        race = Race(seed)
        try:
            race.run()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        claimed += len(race.claimed)
    record_property("races", f"{SIZES.races}, in which {claimed} emails left before")
    assert claimed > SIZES.races / 2, "the race is always won by the same side"
