"""A verdict is killed before and after every port call, and pressed again: it is given once, and
what it leads to is the same as without a crash.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from chalicelib.store import keys
from tests.baton import ANN, InMemoryBaton
from tests.held import Restarted
from tests.stepper import Begun, Crash, Stepper, Work, crashes_of
from tests.verdicts import fields_of, handed_over, look, page_path, send, stored_handoff

BOB: Mapping[str, Any] = {**ANN, "email": "bob@acme.example", "first_name": "Bob"}
ANSWERS: Mapping[str, Mapping[str, str]] = {
    "accept": {"verdict": "accept"},
    "call": {"verdict": "accept", "how": "called"},
    "not_ready": {"verdict": "reject", "reason": "not_ready", "until": "2026-12-22"},
    "spam": {"verdict": "reject", "reason": "spam"},
    "duplicate": {"verdict": "reject", "reason": "duplicate", "duplicate_of": BOB["email"]},
    "undo": {"verdict": "accept"},
}
TWO_MINUTES = timedelta(minutes=2)
ENDS = {
    "accept": "accepted",
    "call": "accepted",
    "not_ready": "recycled",
    "spam": "disqualified",
    "duplicate": "sql",
    "undo": "sql",
}


@cache
def begun() -> Begun:
    """Return two SQLs that wait for Sam."""
    baton = handed_over()
    baton.form("demo", "v2", **BOB)
    baton.until_quiet()
    return Begun(dict(baton.ports.memory.items), baton.ports.now())


class Answering(Stepper):
    """A run, in which Sam answers what happened to Ann's lead."""

    def __init__(self, answer: str, crash: Crash | None = None) -> None:
        super().__init__([], crash=crash)
        self.answer = answer

    def _baton(self) -> InMemoryBaton:
        self.ports.memory.items = begun().items
        self.ports.clock.time = begun().at
        return Restarted(self.ports)

    def live(self) -> None:
        """Let Sam press, and press again while nothing answers; then all comes to rest."""
        path = page_path(self.baton)
        self._press(path, ANSWERS[self.answer])
        if self.answer == "undo":
            self._press(path, {"verdict": "undo"})

    def _press(self, path: str, said: Mapping[str, str]) -> None:
        shown = fields_of(look(self.baton, path).body)["shown"]
        self.ports.clock.time += TWO_MINUTES
        sent = {**said, "shown": shown}

        def answered() -> bool:
            return send(self.baton, path, sent).status_code == 200

        while not self._attempt(Work("press", answered)):
            pass
        self._until_quiet()

    def facts(self) -> Any:
        """Return what must be the same however it was killed."""
        lead_id = self.baton.world.lead_id(ANN["email"])
        world = self.baton.world
        given = world.leads.verdict(lead_id, 1)
        assert given is not None
        events = world.events.of(keys.lead(lead_id))
        handoff = stored_handoff(self.baton)
        return (
            self.baton.lead()["stage"],
            (given.verdict, given.reason, given.by, given.is_undone),
            [one.name for one in events if one.kind == "person"],
            (handoff.state, handoff.owner, handoff.contacted_at is None, handoff.again_at),
            [one.transition.target for one in world.leads.transitions(lead_id)],
            sorted((str(one.key), one.state) for _, one in world.outbox.of_lead(lead_id)),
        )


@cache
def straight(answer: str) -> Answering:
    made = Answering(answer)
    made.live()
    return made


@pytest.mark.parametrize("answer", ANSWERS)
def test_the_straight_answer_is_as_meant(answer: str) -> None:
    stage, given, acts, *_ = straight(answer).facts()
    assert stage == ENDS[answer]
    assert given[2] == "sam"
    assert "verdict" in acts


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_verdict_killed_at_every_port_call(
    answer: str, record_property: Callable[[str, object], None]
) -> None:
    calls = straight(answer).breaker.log
    tried, what = crashes_of(calls)
    for crash in tried:
        run = Answering(answer, crash)
        run.live()
        assert run.facts() == straight(answer).facts(), f"{crash}, {calls[crash.call]}"
    record_property("crashes", f"{what} of {answer}")
