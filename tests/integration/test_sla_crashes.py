"""The clock of a handoff is killed before and after every port call: each step is taken once, its
messages reach everybody whom they are for, and nothing is stuck.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest

from chalicelib.delivery.messages import Email
from chalicelib.delivery.outbox import OPEN, OutboxMessage
from chalicelib.handoff.handoff import Handoff, HandoffState, SlaStep
from tests.baton import TOKEN, InMemoryBaton
from tests.held import Restarted
from tests.stepper import Begun, Crash, Stepper, Work, crashes_of
from tests.unit.test_sla_clock import KIM, SAM, asked, staffed

HOUR = 60
DAY = 24 * HOUR
SETTLING = (3, 20, 40, 40)
"""Minutes: a lost hand-over, the fifteen that SES has to report, and a second try."""


@dataclass(frozen=True)
class Life:
    """What happens to a lead after it was handed over."""

    ticks: Sequence[int]
    """Minutes after which the clock comes by."""
    steps: frozenset[SlaStep]
    calls_after: int | None = None
    """After how many of the ticks a salesperson calls; None: never."""
    owner: str = "sam"


LIVES: Mapping[str, Life] = {
    "left alone": Life(
        ticks=(15, 3, 12, 3, 30, 3, *SETTLING),
        steps=frozenset({SlaStep.REMINDED, SlaStep.ESCALATED, SlaStep.LATE}),
        owner="kim",
    ),
    "called": Life(
        ticks=(15, 3, *SETTLING),
        steps=frozenset({SlaStep.REMINDED}),
        calls_after=2,
    ),
    "lies still": Life(
        ticks=(15, 7 * DAY, 20, 7 * DAY, 20, 50 * DAY, 20, 40 * DAY, *SETTLING),
        steps=frozenset({SlaStep.NUDGED, SlaStep.NUDGED_AGAIN, SlaStep.ASKED, SlaStep.ASKED_AGAIN}),
        calls_after=0,
    ),
}


@cache
def begun() -> Begun:
    """Return a lead that was dealt out on a Monday at ten, with its notices sent."""
    baton = asked(staffed(SAM, KIM))
    return Begun(dict(baton.ports.memory.items), baton.ports.now())


class Handed(Stepper):
    """A run of one life."""

    def __init__(self, name: str, crash: Crash | None = None) -> None:
        super().__init__([], crash=crash)
        self.life = LIVES[name]
        self.lead_id = self.baton.world.lead_id("ann@acme.example")
        self.called_at: datetime | None = None
        self.sent_before = 0

    def _baton(self) -> InMemoryBaton:
        self.ports.memory.items = dict(begun().items)
        self.ports.clock.time = begun().at
        return Restarted(self.ports)

    def live(self) -> None:
        """Do the whole run."""
        for number, minutes in enumerate(self.life.ticks):
            if number == self.life.calls_after:
                self._do("contact", self._call)
            self._tick(minutes)
        assert not self.open_messages(), "a message is stuck"
        assert not any(self.ports.queued.waiting.values()), "something waits in a queue"

    def _do(self, worker: str, act: Callable[[], object]) -> None:
        def is_done() -> bool:
            act()
            return True

        while not self._attempt(Work(worker, is_done)):
            pass
        self._until_quiet()

    def _call(self) -> None:
        path = f"/v1/leads/{self.lead_id}/contact"
        assert self.baton.post(path, {"how": "called"}, TOKEN).status_code == 200
        self.called_at = self.ports.now()
        self.sent_before = len(self.ports.senders.sent)

    def _tick(self, minutes: int) -> None:
        self.ports.clock.tick(timedelta(minutes=minutes))
        self._attempt(Work("clock", self._come_by))
        self._until_quiet()

    def _come_by(self) -> bool:
        self.baton.world.clock.tick()
        return True

    # --- what came of it --------------------------------------------------------------------------

    def handoff(self) -> Handoff:
        """Return the handoff as it stands."""
        (found,) = self.baton.world.handoffs.of_lead(self.lead_id)
        return found

    def open_messages(self) -> list[OutboxMessage]:
        """Return the messages of the lead about which something is left to do."""
        outbox = self.baton.world.outbox.of_lead(self.lead_id)
        return [one for _, one in outbox if one.state in OPEN]

    def of_clock(self) -> list[Email]:
        """Return the emails of the clock that were sent, in order."""
        sent = [one for one in self.ports.senders.sent if isinstance(one, Email)]
        return [one for one in sent if "#reminder#" in one.reference or "#escal" in one.reference]

    def facts(self) -> Any:
        """Return what must be the same however it was killed."""
        handoff = self.handoff()
        lead = self.baton.world.leads.read(self.lead_id)
        outbox = self.baton.world.outbox.of_lead(self.lead_id)
        return (
            (handoff.state, handoff.owner, handoff.holder, handoff.steps.keys(), handoff.due_at),
            (handoff.earlier_owner, handoff.reassigned_to, handoff.contacted_at is not None),
            (lead.standing.owner, lead.standing.stage, lead.tally),
            sorted(_meaning(str(one.key)) for _, one in outbox),
            {(one.to, one.subject) for one in self.of_clock()},
        )


def _meaning(key: str) -> str:
    """Return a key without what counts the changes before it."""
    return key.rpartition("#")[0] if "#given#" in key else key


@cache
def straight(name: str) -> Handed:
    made = Handed(name)
    made.live()
    return made


@pytest.mark.parametrize("name", LIVES)
def test_the_straight_life_is_as_meant(name: str) -> None:
    run = straight(name)
    handoff = run.handoff()
    assert handoff.steps.keys() == run.life.steps
    assert (handoff.owner, handoff.due_at is None) == (run.life.owner, name != "called")
    is_called = run.life.calls_after is not None
    assert handoff.state is (HandoffState.ACCEPTED if is_called else HandoffState.OPEN)
    references = [one.reference for one in run.of_clock()]
    assert len(references) == len(set(references))


@pytest.mark.parametrize("name", LIVES)
def test_the_clock_killed_before_and_after_every_port_call(
    name: str, record_property: Callable[[str, object], None]
) -> None:
    calls = straight(name).breaker.log
    tried, what = crashes_of(calls)
    for crash in tried:
        run = Handed(name, crash)
        try:
            run.live()
            _check(run, straight(name))
        except AssertionError as error:
            raise AssertionError(f"{crash}, {calls[crash.call]}: {error}") from error
    record_property("crashes", f"{what} of a lead that is {name}")


def _check(run: Handed, meant: Handed) -> None:
    assert not run.ports.queued.failures, "something waits for a person"
    found, wanted = run.facts(), meant.facts()
    if run.life.calls_after == len(run.life.ticks) - len(SETTLING):
        # What was killed on its way is not sent after the call.
        late = [one for one in run.ports.senders.sent[run.sent_before :] if isinstance(one, Email)]
        assert not late, "somebody was reminded of a lead that was called"
        found, wanted = found[1:3], wanted[1:3]
    assert found == wanted
