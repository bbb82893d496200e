"""After a choice of topics was answered, nothing about others is claimed for the mailbox; and what
is taken back is that choice alone, whatever races with it.
"""

import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cache

from chalicelib.consent.choice import Wanted
from chalicelib.consent.consent import SuppressionReason
from chalicelib.consent.way_out import Undo, WayOut
from chalicelib.delivery.message_keys import MessageKey, MessageKind
from chalicelib.delivery.outbox import MessageState, Via, planned
from chalicelib.errors import BatonError, ConflictError
from chalicelib.store.mailboxes import read_suppressions
from chalicelib.store.outbox import put_message
from chalicelib.store.outbox_items import message_of
from chalicelib.store.table import Put, Write
from tests import factories as make
from tests.baton import ANN, InMemoryBaton
from tests.properties.races import Race, Town, is_message, settled
from tests.sizes import SIZES, seeds

SPELLINGS = ("ann@acme.example", "ann+shop@acme.example", "Ann+a+b@acme.example")
PRICES = Wanted(topics=frozenset({"pricing"}))


@cache
def town() -> Town:
    """Return a Baton in which an email of tips waits for each spelling of a mailbox."""
    baton = InMemoryBaton()
    steps = [{"id": "a", "wait": "0d", "email": "welcome"}]
    enter = {"stage": ["mql"], "topic": ["learn"]}
    tips = {"id": "tips", "enter": enter, "steps": steps}
    baton.world.documents.put("sequence", tips, "tips")
    for email in SPELLINGS:
        baton.form("newsletter", f"v-{email}", consent=True, **{**ANN, "email": email})
        baton.until_quiet()
        message = planned(
            lead_id=baton.world.lead_id(email),
            key=MessageKey(MessageKind.NURTURE, 1, ("tips", "a")),
            via=Via.EMAIL,
            to=email,
            about=1,
            now=baton.ports.now(),
            email="welcome",
        )
        baton.ports.table.write(put_message(message))
    return settled(baton)


class ChoiceRace(Race):
    """Some choose topics while their emails leave."""

    def __init__(self, seed: int) -> None:
        super().__init__(random.Random(seed), town())
        self.is_chosen = False
        self.claimed: list[str] = []

    def run(self) -> None:
        self.start([self._choose, self._choose, self._merge, self._merge])
        assert self.is_chosen

    def _way_out(self) -> WayOut:
        email = self.random.choice(SPELLINGS)
        return WayOut(self.world.lead_id(email), "nurture#1#tips#a")

    def _choose(self) -> None:
        try:
            self.world.choosing.choose(self._way_out(), PRICES)
        except ConflictError:  # answered with 503
            self.pending.append(self._choose)
        else:
            self.is_chosen = True

    def _merge(self) -> None:
        ids = [self.world.lead_id(one) for one in self.random.sample(SPELLINGS, 2)]
        try:
            self.world.corrections.merge(*ids)
        except BatonError:  # merged already, or others were first
            return

    def note(self, writes: Sequence[Write]) -> None:
        """Look at what was just written: is an email about tips claimed after the answer?"""
        for write in writes:
            if isinstance(write, Put) and is_message(write.item):
                message = message_of(write.item)
                if message.kind.is_marketing and message.state is MessageState.CLAIMED:
                    assert not self.is_chosen, f"{message.id} was claimed"
                    self.claimed.append(message.id)


class UndoRace(Race):
    """Somebody takes an unsubscribe back while other news of the mailbox come in."""

    moment = timedelta(seconds=1)

    def __init__(self, seed: int) -> None:
        super().__init__(random.Random(seed), town())
        self.undo: Undo | None = None
        self.has_complained = False
        self.is_again = False
        self.is_undone = False

    def run(self) -> None:
        self.lead_id = self.world.lead_id(SPELLINGS[0])
        self.again_if_busy(self._unsubscribe)
        self.until_quiet()
        acts = [self._take_back, self._take_back]
        acts += self.random.sample([self._complain, self._merge, self._unsubscribe_again], 2)
        self.start(acts)
        found = read_suppressions(self.table, make.mailbox(SPELLINGS[0]))
        assert (SuppressionReason.COMPLAINED in found) == self.has_complained
        if self.is_again:
            assert SuppressionReason.UNSUBSCRIBED in found
        elif self.is_undone:
            assert SuppressionReason.UNSUBSCRIBED not in found

    def _unsubscribe(self) -> None:
        self.undo = self.world.unsubscribe.unsubscribe(self.lead_id) or self.undo

    def _take_back(self) -> None:
        undo = self.undo
        assert undo is not None
        try:
            self.is_undone = self.world.choosing.undo(undo) or self.is_undone
        except ConflictError:
            self.pending.append(self._take_back)

    def _unsubscribe_again(self) -> None:
        """Unsubscribe once it was taken back: that is another wish, which stands."""
        if not self.is_undone:
            return
        self.again_if_busy(lambda: self.world.unsubscribe.unsubscribe(self.lead_id))
        self.is_again = True

    def _complain(self) -> None:
        reason = SuppressionReason.COMPLAINED
        self.again_if_busy(lambda: self.world.suppression.suppress(self.lead_id, reason, None))
        self.has_complained = True

    def _merge(self) -> None:
        try:
            self.world.corrections.merge(self.world.lead_id(SPELLINGS[1]), self.lead_id)
        except BatonError:
            return


def raced(race: Callable[[int], ChoiceRace | UndoRace]) -> list[ChoiceRace | UndoRace]:
    races = []
    for seed in seeds(SIZES.races // 2):
        one = race(seed)
        try:
            one.run()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        races.append(one)
    return races


def test_nothing_else_is_claimed_after_a_choice() -> None:
    races = [one for one in raced(ChoiceRace) if isinstance(one, ChoiceRace)]
    claimed = sum(bool(one.claimed) for one in races)
    assert 0 < claimed < len(races), "the race is always won by the same side"


def test_an_undo_takes_back_its_own_unsubscribe_alone() -> None:
    races = [one for one in raced(UndoRace) if isinstance(one, UndoRace)]
    assert any(one.is_undone and one.has_complained for one in races)
    assert any(one.is_again for one in races)
