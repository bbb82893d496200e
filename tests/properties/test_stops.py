"""Once it is committed that a lead gets no more emails, none is claimed: whoever unsubscribes,
complains, bounces, is handed to sales, stopped by a person or erased, and whatever is paused or
switched off.

A claim is interrupted at each of its steps by each of these; and in seeded races several of them
come in between several workers, who interrupt each other. What was committed is read from the table
at the very moment at which an email is claimed, so that no answer has to come first.
"""

import json
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import cache, partial

import pytest

from chalicelib.consent.consent import SuppressionReason
from chalicelib.delivery.message_keys import MessageKey, MessageKind
from chalicelib.delivery.outbox import OPEN, MessageState, OutboxMessage
from chalicelib.errors import BatonError, ConflictError
from chalicelib.lifecycle.stages import Stage
from chalicelib.nurture.sending import EVERYTHING, PauseCause
from chalicelib.nurture.step_emails import planned_email
from chalicelib.nurture.sunset import SUNSET
from chalicelib.store import keys
from chalicelib.store.given import emails_in
from chalicelib.store.mailboxes import keys_of
from chalicelib.store.outbox import put_message
from chalicelib.store.outbox_items import message_of
from chalicelib.store.table import Item, Put, Write
from chalicelib.wiring.world import World
from tests import factories as make
from tests.baton import InMemoryBaton, tick
from tests.courses import ANN, FITTING, baton_on_tuesday, enrolments
from tests.held import IDS_DRAWN
from tests.properties.races import Act, Race, is_message
from tests.sizes import SEED, SIZES, rotating, seeds

SEQUENCE = "s"
AUTHOR = "a person"
SETTLING_MINUTES = 3
STOPS = (
    "unsubscribe",
    "complain",
    "bounce",
    "hand_to_sales",
    "disqualify",
    "stop_emails",
    "stop_sequence",
    "pause",
    "pause_all",
    "switch_off",
    "erase",
)
OF_ONE_SEQUENCE = ("stop_sequence", "pause", "switch_off")
"""Those that stop one of both emails."""
AGAIN = ("resume", "switch_on", "nothing")
BASES = {"consent": "DE", "opt_out": "US"}
"""The basis on which a lead is written to, by its country."""


@cache
def town(basis: str) -> InMemoryBaton:
    """Return a Baton in which two emails wait to leave, one that a step of a sequence plans and one
    that is planned in no enrolment's name, and another step is about to be come to.
    """
    steps = [("a", "1h"), ("b", "1h")]
    baton = baton_on_tuesday(steps)
    baton.form("guide", "v", consent=basis == "consent", **{**FITTING, "country": BASES[basis]})
    baton.page("/product", "v")
    baton.until_quiet()
    lead_id = baton.world.lead_id(ANN)
    assert baton.world.leads.read(lead_id).standing.stage is Stage.MQL
    (one,) = enrolments(baton, lead_id)
    assert one.due_at is not None
    baton.ports.clock.time = one.due_at
    question = planned_email(
        baton.world.leads.read(lead_id),
        MessageKey(MessageKind.NURTURE, 1, (SUNSET, "2026-05-01")),
        SUNSET,
        about=1,
        now=baton.ports.now(),
    )
    baton.ports.table.write(put_message(question))
    return baton


class StopRace(Race):
    """Some stop emails while these leave."""

    chance = 1 / 30
    """A worker makes some fifty calls: not each of them is interrupted."""

    def __init__(self, drawn: random.Random, basis: str) -> None:
        template = town(basis)
        super().__init__(drawn, (template.world, template.kept()))
        self.ports.clock.time = template.ports.now()
        for _ in range(IDS_DRAWN):
            self.ports.new_id()
        self.world = self._container(template)
        self.office = self._container(template)
        """Where people work: another container, which has read other documents."""
        self.lead_id = template.world.lead_id(ANN)
        (one,) = enrolments(template, self.lead_id)
        self.enrolment = one.key
        self.claimed: list[str] = []

    def _container(self, template: InMemoryBaton) -> World:
        made = World(self.ports)
        made.models = template.world.models  # read once
        made.documents.all("sequence")  # which the claim must not believe
        return made

    # --- those who race ---------------------------------------------------------------------------

    def go_on(self) -> None:
        """Let a worker do what is due of the enrolment."""
        self.again_if_busy(lambda: self.world.course.work(self.lead_id, self.enrolment))

    def stop(self, what: str) -> None:
        """Let somebody do something, to the end."""
        doing: dict[str, Act] = {
            "unsubscribe": lambda: self.office.unsubscribe.unsubscribe(self.lead_id),
            "complain": lambda: self._suppress(SuppressionReason.COMPLAINED),
            "bounce": lambda: self._suppress(SuppressionReason.BOUNCED),
            "hand_to_sales": lambda: self.office.commands.move(self.lead_id, Stage.SQL, "called"),
            "disqualify": lambda: self.office.commands.move(
                self.lead_id, Stage.DISQUALIFIED, "a student"
            ),
            "stop_emails": lambda: self.office.by_hand.stop_emails(self.lead_id, stop=True),
            "stop_sequence": lambda: self.office.by_hand.stop(self.lead_id, SEQUENCE),
            "pause": lambda: self._pause(SEQUENCE),
            "pause_all": lambda: self._pause(EVERYTHING),
            "switch_off": lambda: self._put(active=False),
            "erase": lambda: self.office.privacy.erasures.erase(self.lead_id),
            "resume": self._resume,
            "switch_on": lambda: self._put(active=True),
            "nothing": lambda: None,
        }
        try:
            doing[what]()
        except ConflictError:
            self.pending.append(partial(self.stop, what))
        except BatonError:  # the lead is elsewhere by now, or the sequence is in use
            pass

    def _suppress(self, reason: SuppressionReason) -> None:
        self.office.suppression.suppress(self.lead_id, reason, None)

    def _pause(self, of: str) -> None:
        self.office.sending.pause(of, PauseCause.PERSON, reason="a wrong link", author=AUTHOR)

    def _resume(self) -> None:
        for of in (SEQUENCE, EVERYTHING):
            self.office.sending.resume(of, reason="it is right now", author=AUTHOR)

    def _put(self, *, active: bool) -> None:
        found = self.office.editing.read("sequence", SEQUENCE).document
        document = {**found, "active": active}
        self.office.editing.put("sequence", SEQUENCE, document, author=AUTHOR)

    # --- what is looked at ------------------------------------------------------------------------

    def note(self, writes: Sequence[Write]) -> None:
        """Look at what was just written: is an email claimed that something has stopped?"""
        for write in writes:
            if isinstance(write, Put) and is_message(write.item):
                message = message_of(write.item)
                if message.kind.is_marketing and message.state is MessageState.CLAIMED:
                    self.claimed.append(str(message.key))
                    assert not (found := self.stopped_by(message)), f"{message.key}: {found}"

    def stopped_by(self, message: OutboxMessage) -> list[str]:
        """Return what is committed that stops an email, read past those who interrupt."""
        sequence = str(message.sequence)
        standing = self._item(keys.lead(self.lead_id), keys.STANDING)
        stored = self._item(keys.config("sequence"), sequence)
        document = json.loads(str(stored["document"])) if stored else {"active": True}
        one = self._item(keys.lead(self.lead_id), keys.ENROL + self.enrolment)
        of_course = sequence == SEQUENCE and one.get("ended") is not None
        emails = emails_in(self._item(keys.lead(self.lead_id), keys.PROFILE))
        wishes, bounce = (self._item(*key) for key in keys_of(make.mailbox(ANN)))
        consent = self._item(keys.lead(self.lead_id), keys.CONSENT)
        paused = [self._item(keys.sending_copy(0), of) for of in (EVERYTHING, sequence)]
        found = {
            "suppressed": "suppressed" in wishes or "suppressed" in consent,
            "bounced": "at_ms" in bounce,
            "stage": standing.get("stage") in (Stage.SQL, Stage.DISQUALIFIED),
            "erased": "erased_at_ms" in standing,
            "emails stopped": emails is not None and emails.stop,
            "exited": of_course,
            "paused": any("paused" in item for item in paused),
            "switched off": not document.get("active", True),
        }
        return [name for name, holds in found.items() if holds]

    def _item(self, pk: str, sk: str) -> Item:
        return self.table.items.get((pk, sk), {})

    def settle(self) -> None:
        """Let the clock come by. Then nothing is open without a reason, and nothing left twice."""
        self.table.interrupt = lambda: None
        self.table.be_quiet()
        for _ in range(SETTLING_MINUTES):
            self.ports.clock.tick(timedelta(minutes=1))
            tick(self.world, self.ports)
            self.until_quiet()
        messages = [message_of(one) for one in self.table.items.values() if is_message(one)]
        for message in messages:
            is_open = message.kind.is_marketing and message.state in OPEN
            assert not is_open or message.reason, f"{message.key} is stuck"
        assert len(self.claimed) == len(set(self.claimed)), "one left twice"


def interrupted(basis: str, what: str, at: int | None) -> tuple[StopRace, int]:
    """Return a race in which somebody comes right before one call of the table, of those that a
    worker makes who plans, claims and sends; and how many calls there were until then, or in all.
    """
    race = StopRace(random.Random(0), basis)
    calls = 0

    def interrupt() -> None:
        nonlocal calls
        calls += 1
        if calls - 1 == at:
            race.table.interrupt = lambda: None
            race.stop(what)

    race.table.interrupt = interrupt
    race.go_on()
    for item in [one for one in race.table.items.values() if is_message(one)]:
        with suppress(ConflictError):
            race.deliver(item)
    return race, calls


@pytest.mark.parametrize("what", STOPS)
@pytest.mark.parametrize("basis", BASES)
def test_a_claim_is_interrupted_at_each_of_its_steps(
    basis: str, what: str, record_property: Callable[[str, object], None]
) -> None:
    race, steps = interrupted(basis, what, None)
    assert race.claimed == [f"nurture#1#{SUNSET}#2026-05-01", f"nurture#1#{SEQUENCE}#a"]
    seed = SEED + STOPS.index(what)
    numbers = sorted({0, *rotating(range(steps), SIZES.kill_every, seed), steps - 1})
    claimed = [len(interrupted(basis, what, number)[0].claimed) for number in numbers]
    assert claimed == sorted(claimed), "the later somebody comes, the more has left"
    assert (claimed[0], claimed[-1]) == (int(what in OF_ONE_SEQUENCE), 2)
    record_property("interrupted claims", f"{len(numbers)} of {steps}, by {what} ({basis})")


def test_nothing_is_claimed_after_it_was_stopped(
    record_property: Callable[[str, object], None],
) -> None:
    claimed = 0
    for seed in seeds(SIZES.races):
        drawn = random.Random(seed)
        race = StopRace(drawn, drawn.choice(list(BASES)))
        doing = [*drawn.choices(STOPS, k=drawn.choice([1, 2])), drawn.choice(AGAIN)]
        try:
            race.start([*(partial(race.stop, what) for what in doing), race.go_on, race.go_on])
            race.settle()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, {doing}: {error}") from error
        claimed += len(race.claimed)
    record_property("races", f"{SIZES.races}, in which {claimed} emails left before")
    assert SIZES.races / 3 < claimed < SIZES.races * 5 / 3, "the race is always won by one side"
