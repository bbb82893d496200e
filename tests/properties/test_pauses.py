"""No email of a paused sequence is claimed after its pause was written, until it resumes.

A run is seeded. Whoever works can be interrupted at each call of the table: those who pause and
resume, one sequence or everything, and the deliveries of emails that wait.
"""

import random
from collections.abc import Callable, Sequence
from functools import cache

from chalicelib.delivery.outbox import MessageState
from chalicelib.nurture.sending import EVERYTHING, PauseCause
from chalicelib.store.outbox_items import message_of
from chalicelib.store.table import Put, Write
from tests.baton import ANN, InMemoryBaton, qualify_only
from tests.properties.races import Race, Town, is_message, settled
from tests.sizes import SIZES, seeds

SEQUENCES = ("welcome", "other")
PEOPLE = 2
RACERS = 4


@cache
def town() -> Town:
    """Return a Baton in which two people each wait for an email of one of two sequences."""
    baton = InMemoryBaton()
    first = dict(baton.world.documents.get("sequence", SEQUENCES[0]) or {})
    for sequence in SEQUENCES:  # of two that fit, a lead enters the first by their ids
        baton.world.documents.put("sequence", {**first, "id": sequence}, sequence)
        for number in range(PEOPLE):
            address = f"{sequence}{number}@acme.example"
            baton.form("guide", f"v-{address}", consent=True, **{**ANN, "email": address})
        qualify_only(baton)
    return settled(baton)


class PauseRace(Race):
    """One run."""

    def __init__(self, seed: int) -> None:
        super().__init__(random.Random(seed), town())
        self.paused: set[str] = set()
        """What is paused, as it was last written."""
        self.claimed = 0

    def run(self) -> None:
        self.start([self._turn for _ in range(RACERS)])

    def _turn(self) -> None:
        of = self.random.choice([EVERYTHING, *SEQUENCES])
        sending = self.world.sending
        if self.random.random() < 1 / 2:
            self.again_if_busy(lambda: sending.pause(of, PauseCause.PERSON, reason="a test"))
        else:
            self.again_if_busy(lambda: sending.resume(of, reason="a test", author="ann"))

    def note(self, writes: Sequence[Write]) -> None:
        """Look at what was just written: is an email of what is paused claimed?"""
        for write in writes:
            assert isinstance(write, Put) or not is_message({"sk": write.sk})
            if not isinstance(write, Put):
                continue
            if str(write.item["pk"]).startswith("SENDING#"):
                of = str(write.item["sk"])
                self.paused = self.paused | {of} if "paused" in write.item else self.paused - {of}
            elif is_message(write.item):
                message = message_of(write.item)
                if message.state is MessageState.CLAIMED and message.sequence is not None:
                    keeping = self.paused & {EVERYTHING, message.sequence}
                    assert not keeping, f"{message.id} was claimed while {keeping} was paused"
                    self.claimed += 1


def test_nothing_is_claimed_after_its_pause(record_property: Callable[[str, object], None]) -> None:
    claimed = 0
    for seed in seeds(SIZES.races):
        race = PauseRace(seed)
        try:
            race.run()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        claimed += race.claimed
    record_property("races", f"{SIZES.races}, in which {claimed} emails left before or between")
    most = SIZES.races * PEOPLE * len(SEQUENCES)
    assert most / 10 < claimed < most * 9 / 10, "the race is always won by the same side"
