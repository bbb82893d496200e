"""Nothing from before an erasure is left, whatever races with it; nothing from after it is lost.

A run is seeded. Whoever works can be interrupted at each call of the table by somebody who does the
whole of something else: forms and page views, identifies, deliveries, records of the stream,
replays, merges both ways, unsubscribes, and those who ask for erasures. The job itself waits until
no request is under way, as it does on AWS by its waiting time; a worker may be under way all along.
"""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import cache, partial
from typing import Any

from chalicelib.capture.items import Call
from chalicelib.capture.posted import posted_of_json
from chalicelib.consent.consent import SuppressionReason
from chalicelib.delivery.outbox import MessageState
from chalicelib.errors import BatonError, ConflictError
from chalicelib.events import Kind, epoch_ms, lead_id_of, parse_time
from chalicelib.store import keys
from chalicelib.store.events import event_of
from chalicelib.store.mailboxes import read_suppressions
from chalicelib.store.outbox_items import message_of
from chalicelib.store.table import Put, Write
from tests import factories as make
from tests.baton import ANN, InMemoryBaton, tick
from tests.properties.races import Act, Race, Town, is_event, is_message, settled
from tests.recounted import live_requests, recounted_requests
from tests.sizes import SIZES, seeds

ADDRESSES = ("ann@acme.example", "ann@home.example", "zoe@zebra.example")
RACERS = 10
SETTLING_MINUTES = 20
A_MOMENT = timedelta(milliseconds=5)


@cache
def town() -> Town:
    """Return a Baton in which each address is a lead with a visitor, whose email waits."""
    baton = InMemoryBaton()
    for email in ADDRESSES:
        baton.page("/pricing", visitor=f"v-{email[:3]}-{email[4:8]}")
        said = {**ANN, "email": email, "company": f"said-by-{email}"}
        baton.form("guide", f"v-{email[:3]}-{email[4:8]}", consent=True, **said)
    return settled(baton)


class ErasureRace(Race):
    """One run. Each thing that is done takes a moment."""

    moment = A_MOMENT

    def __init__(self, seed: int) -> None:
        super().__init__(random.Random(seed), town())
        self.requests = 0
        """How many requests are under way: the job waits for them."""
        self.answered: dict[str, int] = {}
        """The leads whose erasure was answered, each with the latest moment, in ms."""
        self.stopped: set[str] = set()
        """The addresses whose unsubscribe was answered."""

    def run(self) -> None:
        """Let everybody race, then let everything come to rest, and look at what is left."""
        self.start([self._erase, *self.random.choices(self._racers(), k=RACERS)])
        self._settle()
        assert self.answered, "nobody was erased"
        self._check_left()
        self._check_kept()
        items = list(self.table.items.values())
        assert live_requests(items) == recounted_requests(items)
        for email in self.stopped:
            reasons = read_suppressions(self.table, make.mailbox(email))
            assert SuppressionReason.UNSUBSCRIBED in reasons, email

    def _racers(self) -> list[Act]:
        return [
            self._erase,
            self._form,
            self._form,
            self._page,
            self._identify,
            self._unsubscribe,
            self._merge,
            self._replay,
            self._tick,
        ]

    # --- those who race ---------------------------------------------------------------------------

    def _erase(self) -> None:
        lead_id = self.world.lead_id(self._any())
        try:
            job = self.world.privacy.erasures.erase(lead_id)
        except ConflictError:
            self.pending.append(self._erase)
            return
        except BatonError:  # erased before, and its job is done
            return
        erased_at_ms = epoch_ms(parse_time(job["report"]["erased_at"]))
        for one in job["report"]["lead_ids"]:
            self.answered[one] = max(erased_at_ms, self.answered.get(one, 0))

    def _form(self) -> None:
        self.number += 1
        email = self._any()
        fields = {**ANN, "email": email, "company": f"said-{self.number}"}
        visitor = self.random.choice([None, f"v-{email[:3]}-{email[4:8]}", f"w{self.number}"])
        said = {"marketing": self.random.random() < 1 / 2, "text": "Write to me."}
        sent: dict[str, Any] = {
            "fields": fields,
            "consent": said,
            "submission_id": f"s{self.number}",
        }
        if visitor:
            sent["visitor_id"] = visitor
        posted = posted_of_json(sent)
        self._request(lambda: self.world.forms.submit("guide", posted))

    def _page(self) -> None:
        self.number += 1
        email = self._any()
        item = {
            "anonymousId": f"v-{email[:3]}-{email[4:8]}",
            "messageId": f"m{self.number}",
            "timestamp": self.ports.now().isoformat(),
            "properties": {"url": f"https://keybook.example/said-{self.number}"},
        }
        self._request(lambda: self.world.tracking.one(item, Call.PAGE))

    def _identify(self) -> None:
        self.number += 1
        item = {
            "anonymousId": f"w{self.number}",
            "messageId": f"m{self.number}",
            "timestamp": self.ports.now().isoformat(),
            "traits": {"email": self._any(), "company": {"name": f"said-{self.number}"}},
        }
        self._request(lambda: self.world.tracking.one(item, Call.IDENTIFY))

    def _unsubscribe(self) -> None:
        email = self._any()

        def act() -> None:
            self.world.unsubscribe.unsubscribe(self.world.lead_id(email))
            self.stopped.add(email)

        self._request(act)

    def _merge(self) -> None:
        ids = (self.world.lead_id(self._any()), self.world.lead_id(self._any()))
        with suppress(BatonError):
            self.world.corrections.merge(*ids)

    def _replay(self) -> None:
        lead_id = self.world.lead_id(self._any())
        with suppress(ConflictError):
            self.world.leads.request_replay(self.world.leads.read(lead_id), self.ports.now())
            self.world.qualify.replay(lead_id)

    def _tick(self) -> None:
        """Let the clock come by, and the workers do what is due; a job once requests have ended."""
        if self.requests == 0:
            self.ports.clock.tick(timedelta(minutes=1))
            tick(self.world, self.ports)

    def _request(self, act: Act) -> None:
        self.requests += 1
        try:
            self.again_if_busy(act)
        finally:
            self.requests -= 1

    def again_if_busy(self, act: Act) -> None:
        try:
            act()
        except ConflictError:
            self.pending.append(partial(self._request, act))

    def _settle(self) -> None:
        self.table.interrupt = lambda: None
        for _ in range(SETTLING_MINUTES):
            self._tick()
            self.until_quiet()

    # --- what is looked at ------------------------------------------------------------------------

    def note(self, writes: Sequence[Write]) -> None:
        """Look at what was just written: is a message claimed about somebody who was erased?"""
        for write in writes:
            if not isinstance(write, Put) or not is_message(write.item):
                continue
            message = message_of(write.item)
            if message.state is MessageState.CLAIMED:
                erased_at_ms = self.answered.get(message.lead_id, -1)
                assert epoch_ms(message.created_at) > erased_at_ms, f"{message.id} was claimed"

    def _erased_at(self) -> dict[str, int]:
        """Return when each lead was last erased, also with another one, as the list says."""
        found: dict[str, int] = {}
        for item in self.table.query(keys.ERASED):
            at, _, lead_id = str(item["sk"]).partition("#")
            found[lead_id] = max(epoch_ms(parse_time(at)), found.get(lead_id, 0))
        return found

    def _said(self) -> Iterator[tuple[str, str, int]]:
        """Yield of everything that leads were ever told: the lead, what was said, and when."""
        before = [item for item in town()[1].values() if is_event(item)]
        for item in [*before, *self.table.inserted]:
            if str(item["sk"]).startswith(("EVENT#", "SURPLUS#")):
                event = event_of(item)
                lead_id = lead_id_of(event.partition)
                company = event.fields.get("company")
                if lead_id and company and event.kind in (Kind.FORM, Kind.IDENTIFY):
                    yield lead_id, str(company), epoch_ms(event.captured_at)

    def _check_left(self) -> None:
        """Check that nothing which was captured by the erasure is left, of any lead that was."""
        erased_at = self._erased_at()
        gone = {said for one, said, at in self._said() if at <= erased_at.get(one, -1)}
        for (pk, sk), item in self.table.items.items():
            at = erased_at.get(lead_id_of(pk) or "", -1)
            for name in ("captured_at_ms", "created_at_ms"):
                assert int(item.get(name, at + 1)) > at, (pk, sk, name)
            for said in gone:
                assert f'"{said}"' not in str(item), (pk, sk, said)

    def _check_kept(self) -> None:
        """Check that whoever came after an erasure, or never was erased, is a lead."""
        erased_at = self._erased_at()
        for lead_id, said, at in self._said():
            if at > erased_at.get(lead_id, -1):
                lead = self.world.leads.read(lead_id)
                assert lead.exists, (lead_id, said)
                stored = list(self.world.events.of(keys.lead(lead_id)))
                assert any(event.fields.get("company") == said for event in stored), said
        for item in self.table.items.values():
            if item["sk"] == keys.JOB:
                assert item["status"] == "done", json.dumps(item, default=str)

    def _any(self) -> str:
        return self.random.choice(ADDRESSES)


def test_nothing_from_before_an_erasure_is_left(
    record_property: Callable[[str, object], None],
) -> None:
    erased = 0
    for seed in seeds(SIZES.erasures):
        race = ErasureRace(seed)
        try:
            race.run()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        erased += len(race.answered)
    record_property("races", f"{SIZES.erasures}, in which {erased} leads were erased")
