"""After "done" nothing marketing is claimed for the mailbox, whatever races with the unsubscribe,
until its owner confirms an opt-in: the last act of the person holds.

A run is seeded. Whoever works can be interrupted at each call of the table, by somebody who does
the whole of something else, and can be interrupted in turn: two who unsubscribe, the deliveries of
emails that wait, forms and identifies from other spellings, identifies whose message ids were
chosen to be those of the unsubscribe, confirmations of ticked boxes, merges both ways, imports,
complaints and bounces, and the stream's records of all that. So some unsubscribe whose lead was
captured, but not derived yet.
"""

import json
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache, partial

from chalicelib.capture.items import Call
from chalicelib.capture.posted import posted_of_json
from chalicelib.consent.confirming import ConfirmLink
from chalicelib.consent.consent import Proof, SuppressionReason
from chalicelib.delivery.outbox import MessageState
from chalicelib.errors import BatonError, ConflictError
from chalicelib.events import lead_partition, own_event_id
from chalicelib.store.confirmations import put_pending
from chalicelib.store.mailboxes import read_suppressions
from chalicelib.store.outbox_items import message_of
from chalicelib.store.table import Put, Write
from tests import factories as make
from tests.baton import ANN, InMemoryBaton
from tests.properties.races import Act, Race, Town, is_message, settled
from tests.sizes import SIZES, seeds

SPELLINGS = {
    "gmail": ("ann.lee@gmail.com", "annlee@gmail.com", "a.n.n.lee+x@googlemail.com"),
    "tags": ("ann@acme.example", "ann+shop@acme.example", "Ann+a+b@acme.example"),
}
FRESH = {"gmail": "AnnLee+{}@gmail.com", "tags": "ann+new{}@acme.example"}
STRANGER = "zoe@zebra.example"
RACERS = 8


@cache
def town(kind: str) -> Town:
    """Return a Baton in which each spelling, and a stranger, is an MQL whose email waits."""
    baton = InMemoryBaton()
    for email in (*SPELLINGS[kind], STRANGER):
        baton.form("guide", f"v-{email}", consent=True, **{**ANN, "email": email})
    return settled(baton)


class UnsubscribeRace(Race):
    """One run."""

    def __init__(self, seed: int) -> None:
        drawn = random.Random(seed)
        self.kind = drawn.choice(list(SPELLINGS))
        super().__init__(drawn, town(self.kind))
        self.mailbox = make.mailbox(SPELLINGS[self.kind][0]).id
        self.known = [*SPELLINGS[self.kind]]
        """The spellings that have leads. Of some nothing is derived yet."""
        self.done = 0
        """How many unsubscribes were answered with "done"."""
        self.confirmed = 0
        """How many confirmations were written."""
        self.is_stopped = False
        """Whether an unsubscribe was the last that the person did: none was confirmed since it
        began."""
        self.claimed: list[str] = []
        """The messages to the mailbox that were claimed before."""

    def run(self) -> None:
        """Let everybody race, then let everybody come back."""
        self.start([self._unsubscribe, *self.random.choices(self._racers(), k=RACERS)])
        assert self.done, "nobody unsubscribed"
        self.pending = [] if self.is_stopped else [self._unsubscribe]
        self.until_quiet()
        self.pending = [partial(self._form, email) for email in self._spellings()]
        self.until_quiet()
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
            lambda: self._confirm(self._any()),
            lambda: self._confirm(self._any()),
        ]

    # --- those who race ---------------------------------------------------------------------------

    def _unsubscribe(self) -> None:
        email = self.random.choice(self.known)
        confirmed = self.confirmed
        try:
            self.world.unsubscribe.unsubscribe(self.world.lead_id(email))
        except (
            ConflictError
        ):  # answered with 503, and not with "done": the mail program tries again
            self.pending.append(self._unsubscribe)
        else:
            self.done += 1
            self.is_stopped = self.is_stopped or confirmed == self.confirmed

    def _confirm(self, email: str) -> None:
        """Tick a box that has to be confirmed, and confirm it once or twice."""
        self.number += 1
        lead_id, now = self.world.lead_id(email), self.ports.now()
        event_id = own_event_id(lead_partition(lead_id), now, f"box-{self.number}")
        proof = Proof(at=now, text="Write to me.", event_id=event_id, form="news")
        link = ConfirmLink(lead_id, event_id, self.mailbox)
        self.again_if_busy(lambda: self.table.write(put_pending(lead_id, proof)))
        for _ in range(self.random.choice([1, 2])):
            self.again_if_busy(lambda: self.world.confirming.confirm(link))

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
        self.again_if_busy(lambda: self.world.suppression.suppress(lead_id, reason, None))

    def _capture(self, email: str, act: Act) -> None:
        def captured() -> None:
            act()
            self.known.append(email)

        self.again_if_busy(captured)

    # --- what is looked at ------------------------------------------------------------------------

    def note(self, writes: Sequence[Write]) -> None:
        """Look at what was just written: is an email to the mailbox claimed after "done"?"""
        for write in writes:
            if not isinstance(write, Put):
                continue
            if str(write.item["sk"]).startswith("PENDING#") and "confirmed_at_ms" in write.item:
                self.confirmed += 1  # which takes back what was wished before
                self.is_stopped = False
            if not is_message(write.item):
                continue
            message = message_of(write.item)
            is_claim = message.state is MessageState.CLAIMED and message.kind.goes_to_lead
            if is_claim and message.to and make.mailbox(message.to).id == self.mailbox:
                assert not self.is_stopped, f"{message.id} was claimed for {message.to}"
                self.claimed.append(message.id)

    def _any(self) -> str:
        return self.random.choice(self._spellings())

    def _spellings(self) -> list[str]:
        return [*SPELLINGS[self.kind], *(FRESH[self.kind].format(n) for n in range(2))]


def test_nothing_is_claimed_after_done(record_property: Callable[[str, object], None]) -> None:
    claimed = 0
    for seed in seeds(SIZES.races):
        race = UnsubscribeRace(seed)
        try:
            race.run()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        claimed += len(race.claimed)
    record_property("races", f"{SIZES.races}, in which {claimed} emails left before")
    assert claimed > SIZES.races / 2, "the race is always won by the same side"
