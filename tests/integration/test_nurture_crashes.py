"""A lead's course through a sequence is killed before and after every port call, with clicks and
their verdicts, a reply and a pause: no email leaves twice, no step is lost, and nothing is stuck.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any

import pytest
from chalice.test import Client

import app
from chalicelib.delivery.messages import Email
from chalicelib.delivery.outbox import OPEN, MessageState, OutboxMessage
from chalicelib.delivery.references import tag_of
from chalicelib.store import keys
from chalicelib.store.numbers import read_numbers
from chalicelib.wiring import world as wiring
from tests.baton import TOKEN, InMemoryBaton, ask
from tests.courses import FITTING, baton_on_tuesday, enrolments, put, put_email, put_sequence
from tests.held import Restarted
from tests.inbound import notification, raw
from tests.stepper import Begun, Call, Crash, Stepper, Work, crashes_of
from tests.unit.test_clicked_previous import LINKS, follow, paths_in
from tests.unit.test_clicks import CHROME, DEFENDER

ANN, BOB, CLEO = (f"{name}@acme.example" for name in ("ann", "bob", "cleo"))
STEPS: Any = [
    {"id": "a", "wait": "0d", "email": "la"},
    {"id": "b", "wait": "1h", "email": "lb", "if": {"clicked": "previous"}, "else": "lx"},
]
COURSES: Mapping[str, tuple[str, ...]] = {
    ANN: ("la", "lb"),  # she clicks, and what she is in is paused
    BOB: ("la", "lx"),  # a scanner clicks
    CLEO: ("la",),  # she replies
}
ENDS = {ANN: "finished", BOB: "finished", CLEO: "replied"}
MOST_TICKS = 20
A_TICK = 30
"""Minutes. Shorter ones would find the same due."""


@cache
def begun() -> Begun:
    """Return three subscribers of a newsletter, whose clicks may be measured.

    Each has a run of its own, so that a run is short.
    """
    baton = baton_on_tuesday()
    put_email(baton, "lx")
    put_sequence(baton, STEPS)
    put(baton, "/v1/emails/la", {"id": "la", "subject": "la", "markdown": f"Hello.\n\n{LINKS}"})
    for email in COURSES:
        baton.form("newsletter", f"v-{email}", consent=True, email=email)
        for path in ("/blog/a", "/product"):
            baton.page(path, f"v-{email}")
        baton.until_quiet()
        basis = {"purpose": "measuring", "kind": "consent", "reason": "said so"}
        ask(baton, "basis", basis, email=email)
    baton.minutes_later(10)
    return Begun(baton.kept(), baton.ports.now())


class Nurturing(Stepper):
    """A run, in which things happen to one of them at their times."""

    def __init__(self, email: str, crash: Crash | None = None) -> None:
        super().__init__([], crash=crash)
        self.email = email
        self.lead_id = self.baton.world.lead_id(email)
        self.pauses: list[datetime] = []
        """When all was paused, and when it went on."""

    def _baton(self) -> InMemoryBaton:
        self.ports.memory.items = begun().items
        self.ports.clock.time = begun().at
        return Restarted(self.ports)

    def live(self) -> None:
        """Do the whole run, and let the clock come by until nothing is left to do."""
        self._do("form", self._form)
        self._tick(6)
        if self.email == ANN:
            self._clicks(1, CHROME)
            self._do("pause", partial(self._pause, pause=True, reason="a wrong link"))
            self._tick(56)
            self._do("pause", partial(self._pause, pause=False))
        elif self.email == BOB:
            self._clicks(4, DEFENDER)
        else:
            self._do("reply", self._reply)
        for _ in range(MOST_TICKS):
            self._tick(A_TICK)
            if self.is_over():
                return
        raise AssertionError("it does not end")

    # --- what happens -----------------------------------------------------------------------------

    def _do(self, worker: str, act: Callable[[], object]) -> None:
        """Let somebody do something, until it is answered, and what follows from it."""

        def done() -> bool:
            act()
            return True

        while not self._attempt(Work(worker, done)):
            pass
        self._until_quiet()

    def _tick(self, minutes: int) -> None:
        self.ports.clock.tick(timedelta(minutes=minutes))
        self._attempt(Work("clock", lambda: bool(self.baton.world.clock.tick()) or True))
        self._until_quiet()

    def _form(self) -> None:
        data = {
            "fields": {**FITTING, "email": self.email},
            "visitor_id": f"v-{self.email}",
            "submission_id": "once",
            "consent": {"marketing": True, "text": "Write to me."},
        }
        assert self.baton.post("/v1/forms/guide", data).status_code == 202

    def _clicks(self, links: int, agent: str) -> None:
        text = next((one.text for one in self.sent()), "")  # without an email there is none
        for path in paths_in(text)[:links]:
            self._do("click", partial(follow, self.baton, path, agent))
        self._tick(3)

    def _pause(self, **body: Any) -> None:
        assert self.baton.post("/v1/sending", body, TOKEN).status_code == 200
        self.pauses.append(self.ports.now())

    def _reply(self) -> None:
        sent = self.sent()
        if not sent:
            return  # the email was given up
        assert sent[0].reply_to is not None
        self.ports.received.emails["emails/1"] = raw("Can you call me?", From=self.email)
        wiring.use(self.baton.world)
        try:
            with Client(app.app) as client:
                said = notification(sent[0].reply_to)
                client.lambda_.invoke("replies", client.events.generate_sns_event(said))
        finally:
            wiring.use(None)

    def _mail_event(self, number: int, mail: Email) -> bool:
        super()._mail_event(number, mail)
        at = self.ports.now().isoformat().replace("+00:00", "Z")
        tags = {"message": [tag_of(mail.reference)]}
        about = {"messageId": f"message-{number}", "tags": tags}
        notice = {"eventType": "Delivery", "mail": about, "delivery": {"timestamp": at}}
        self.baton.world.mail_event(json.dumps(notice))
        return True

    # --- what came of it --------------------------------------------------------------------------

    def sent(self) -> list[Email]:
        """Return the emails to the lead, in order."""
        every = self.ports.senders.sent
        return [one for one in every if isinstance(one, Email) and one.to == self.email]

    def messages(self) -> list[OutboxMessage]:
        """Return the messages of marketing's emails to the lead, as they were planned."""
        found = self.baton.world.outbox.marketing(self.lead_id)
        return sorted(found, key=lambda message: message.created_at)

    def is_over(self) -> bool:
        """Return whether nothing is under way any more."""
        items = self.ports.memory.items.items()
        return (
            all(one.ended for one in enrolments(self.baton, self.lead_id))
            and not any(one.state in OPEN for one in self.messages())
            and not any("due_pk" in item for (_, sk), item in items if sk.startswith(keys.CLICKED))
            and not any(self.ports.queued.waiting.values())
        )

    def facts(self) -> Any:
        """Return what must be the same however it was killed."""
        lead = self.baton.world.leads.read(self.lead_id)
        outbox = self.baton.world.outbox.of_lead(self.lead_id)
        events = self.baton.world.events.of(keys.lead(self.lead_id))
        return (
            tuple(one.subject for one in self.sent()),
            [(one.email, one.state) for one in self.messages()],
            [one.ended for one in enrolments(self.baton, self.lead_id)],
            Counter(f"{event.kind}: {event.name}" for event in events),
            {name: by for name, by in read_numbers(self.ports.memory, "s").items() if by},
            sorted((str(one.key), one.state) for _, one in outbox),
            (lead.tally, lead.total),
        )


@cache
def straight(email: str) -> Nurturing:
    made = Nurturing(email)
    made.live()
    return made


@pytest.mark.parametrize("email", COURSES)
def test_the_straight_course_is_as_meant(email: str) -> None:
    sent, planned, ends, events, numbers, *_ = straight(email).facts()
    assert sent == COURSES[email]
    assert planned == [(one, MessageState.DELIVERED) for one in sent]
    assert ends == [ENDS[email]]
    assert events["mail: clicked"] == (email == ANN)
    assert events["mail: machine_clicked"] == 4 * (email == BOB)
    assert events["mail: replied"] == (email == CLEO)
    assert numbers["delivered:a"] == 1


@pytest.mark.parametrize("email", COURSES)
def test_a_course_killed_before_and_after_every_port_call(
    email: str, record_property: Callable[[str, object], None]
) -> None:
    calls = straight(email).breaker.log
    tried, what = crashes_of(calls)
    for crash in tried:
        run = Nurturing(email, crash)
        try:
            run.live()
            _check(run, is_lost=_is_between_claim_and_send(calls, crash))
        except AssertionError as error:
            raise AssertionError(f"{crash}, {calls[crash.call]}: {error}") from error
    record_property("crashes", f"{what} of {email}")


def _is_between_claim_and_send(calls: Sequence[Call], crash: Crash) -> bool:
    """Return whether a crash comes between claim and sending. Only then is an email given up
    (ADR 0003).
    """
    sends = [at for at, call in enumerate(calls) if call.port == "send"]
    return crash.call + crash.after in sends


def _check(run: Nurturing, *, is_lost: bool) -> None:
    """Check what came of a run that was killed. is_lost: whether an email is given up by it."""
    sent = [one.reference for one in run.sent()]
    assert len(sent) == len(set(sent)), "an email left twice"
    assert not run.ports.queued.failures, "a message waits for a person"
    if run.pauses:
        began, over = run.pauses
        left = [one.claimed_at for one in run.messages() if one.claimed_at]
        assert not [at for at in left if began < at < over], "an email left in the pause"
    if not is_lost:
        assert run.facts() == straight(run.email).facts()
        return
    states = [one.state for one in run.messages()]
    assert states.count(MessageState.LOST) <= 1, "more than one was given up"
    assert len(sent) == states.count(MessageState.DELIVERED), "a step was lost"
