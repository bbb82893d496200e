"""Sunset: whoever does nothing for half a year is asked once, and left alone without an answer."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.consent.consent import CONSENT_ONLY
from chalicelib.delivery.marks import Mark
from chalicelib.delivery.messages import Email
from chalicelib.delivery.outbox import MessageState, OutboxMessage, claimed
from chalicelib.errors import ConflictError
from chalicelib.events import Event, Kind, lead_partition, own_event_id
from chalicelib.lifecycle.stages import Stage
from chalicelib.mail_events import MailEvent
from chalicelib.nurture.sunset import ANSWER_TIME, QUIET, SUNSET
from chalicelib.store.outbox import put_message
from tests import factories as make
from tests.baton import ANN, InMemoryBaton

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
BEGAN = datetime(2026, 3, 2, 10, tzinfo=UTC)  # a Monday; 180 days later it is a Saturday


class Silence:
    """A lead that began with a form, got some emails of the welcome, and did nothing since."""

    def __init__(self, delivered: int = 4) -> None:
        self.baton = InMemoryBaton()
        self.clock = self.baton.ports.clock
        self.clock.time = BEGAN
        self.baton.form("newsletter", "v1", consent=True, **ANN)
        self.baton.until_quiet()
        self.lead_id = self.baton.world.lead_id(ANN["email"])
        self.number = 0
        for number in range(delivered):
            self.put(delivered_at=BEGAN + (number + 1) * DAY)

    def put(self, delivered_at: datetime | None = None, email: str = "welcome") -> OutboxMessage:
        """Store an email to the lead: one that was delivered, or one that is due now."""
        self.number += 1
        message = replace(
            make.nurture_message(f"nurture#{self.number}#welcome#1", to=ANN["email"]),
            lead_id=self.lead_id,
            email=email,
            created_at=delivered_at or self.clock(),
            due_at=None if delivered_at else self.clock(),
            claimed_at=delivered_at,
            state=MessageState.DELIVERED if delivered_at else MessageState.PLANNED,
            marks=frozenset({Mark.DELIVERED}) if delivered_at else frozenset(),
        )
        self.baton.ports.table.write(put_message(message))
        return message

    def deliver(self, message: OutboxMessage) -> tuple[str, str | None]:
        """Let a worker look at an email. Return what it is then."""
        self.baton.world.deliver.message(message.lead_id, message.key)
        found = self.baton.world.outbox.read(message.lead_id, message.key)
        assert found is not None
        return found.state.value, found.reason and found.reason.value

    def again(self, message: OutboxMessage, at: datetime) -> tuple[str, str | None]:
        """Let a worker look again at a time at which the email is due."""
        self.clock.time = at
        found = self.baton.world.outbox.read(message.lead_id, message.key)
        assert found is not None
        due = replace(found, due_at=at, version=found.version + 1)
        self.baton.world.outbox.save(found, due)
        return self.deliver(due)

    def questions(self) -> list[OutboxMessage]:
        every = self.baton.world.leads.messages(self.lead_id)
        return [one for one in every if one.email == SUNSET]

    def act(self, kind: Kind, name: str, at: datetime) -> None:
        partition = lead_partition(self.lead_id)
        event = Event(
            partition=partition,
            id=own_event_id(partition, at, f"{name}{at}"),
            kind=kind,
            name=name,
            at=at,
            captured_at=at,
        )
        self.baton.world.events.append(event)


HELD = ("planned", "sunset")
STOPPED = ("suppressed", "sunset")
SENT = ("sent", None)


@pytest.mark.parametrize(
    ("delivered", "silent_for", "is_asked"),
    [
        (4, QUIET, True),
        (4, QUIET - SECOND, False),
        (3, QUIET, False),
        (3, 3 * QUIET, False),
        (9, 2 * QUIET, True),
        (9, QUIET - DAY, False),
    ],
)
def test_half_a_year_and_four_emails(
    delivered: int, silent_for: timedelta, *, is_asked: bool
) -> None:
    silence = Silence(delivered)
    silence.clock.time = BEGAN + silent_for
    assert silence.deliver(silence.put()) == (HELD if is_asked else SENT)
    assert len(silence.questions()) == is_asked


def asked() -> tuple[Silence, OutboxMessage]:
    """Return a silence in which the question has left, and the email that waits for its answer."""
    silence = Silence()
    silence.clock.time = BEGAN + QUIET
    waiting = silence.put()
    assert silence.deliver(waiting) == HELD
    (question,) = silence.questions()
    assert silence.deliver(question) == SENT
    sent = silence.baton.ports.senders.sent[-1]
    assert isinstance(sent, Email)
    assert "dabei belassen" in sent.subject
    return silence, waiting


def test_without_an_answer_it_stops_after_fourteen_days() -> None:
    silence, waiting = asked()
    asked_at = BEGAN + QUIET
    assert silence.again(waiting, asked_at + 9 * DAY) == HELD  # longer than it may be stale
    assert silence.again(waiting, asked_at + ANSWER_TIME - SECOND) == HELD
    assert silence.again(waiting, asked_at + ANSWER_TIME) == STOPPED
    silence.clock.time += 300 * DAY
    assert silence.deliver(silence.put()) == STOPPED
    assert len(silence.questions()) == 1


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (Kind.MAIL, MailEvent.ANSWERED),
        (Kind.MAIL, MailEvent.CLICKED),
        (Kind.MAIL, MailEvent.REPLIED),
        (Kind.PAGE, ""),
        (Kind.FORM, "demo"),
    ],
)
def test_any_act_lets_the_next_email_leave(kind: Kind, name: str) -> None:
    silence, waiting = asked()
    at = BEGAN + QUIET + DAY
    silence.act(kind, name, at)
    assert silence.again(waiting, at) == SENT
    assert silence.deliver(silence.put()) == SENT


@pytest.mark.parametrize(
    "name", [MailEvent.DELIVERED, MailEvent.MACHINE_CLICKED, MailEvent.LINK_USED]
)
def test_what_no_person_did_ends_nothing(name: MailEvent) -> None:
    silence, waiting = asked()
    silence.act(Kind.MAIL, name, BEGAN + QUIET + DAY)
    assert silence.again(waiting, BEGAN + QUIET + ANSWER_TIME) == STOPPED


def test_a_visit_begins_the_half_year_anew() -> None:
    silence = Silence()
    silence.baton.ports.clock.time = BEGAN + 2 * DAY
    silence.baton.page("/pricing", visitor="v1")
    silence.baton.until_quiet()
    silence.clock.time = BEGAN + QUIET + DAY
    assert silence.deliver(silence.put()) == SENT  # silent for a day too few
    silence.clock.time = BEGAN + QUIET + 2 * DAY
    assert silence.deliver(silence.put()) == SENT  # two emails since, besides one that left


def test_a_second_silence_is_asked_anew() -> None:
    silence, waiting = asked()
    at = BEGAN + QUIET + DAY
    silence.act(Kind.PAGE, "", at)
    assert silence.again(waiting, at) == SENT
    for number in range(4):
        silence.put(delivered_at=at + (number + 1) * DAY)
    silence.clock.time = at + QUIET
    assert silence.deliver(silence.put()) == HELD
    assert len(silence.questions()) == 2


def test_a_sequence_may_ask_itself() -> None:
    silence = Silence()
    silence.clock.time = BEGAN + QUIET
    question = silence.put(email=SUNSET)
    assert silence.deliver(question) == SENT
    assert silence.deliver(silence.put()) == HELD
    assert len(silence.questions()) == 1


def test_a_question_that_could_not_leave_stops_nothing() -> None:
    silence = Silence()
    silence.clock.time = BEGAN + QUIET
    waiting = silence.put()
    assert silence.deliver(waiting) == HELD
    (question,) = silence.questions()
    ended = replace(question, state=MessageState.REFUSED, due_at=None, version=question.version + 1)
    silence.baton.world.outbox.save(question, ended)
    assert silence.again(waiting, BEGAN + QUIET + DAY) == SENT


def test_nobody_is_asked_without_an_email_that_asks() -> None:
    silence = Silence()
    documents = silence.baton.world.documents
    silence.baton.world.documents = WithoutQuestion(documents)  # type: ignore[assignment]
    silence.clock.time = BEGAN + QUIET
    assert silence.deliver(silence.put()) == SENT


class WithoutQuestion:
    """Documents without the email that asks."""

    def __init__(self, documents: Any) -> None:
        self._documents = documents

    def get(self, kind: str, one_id: str = "ACTIVE") -> Any:
        return None if one_id == SUNSET else self._documents.get(kind, one_id)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._documents, name)


@pytest.mark.parametrize("stage", [Stage.SQL, Stage.DISQUALIFIED, None])
def test_a_question_is_not_claimed_after_a_verdict(stage: Stage | None) -> None:
    """No enrolment has planned it, so that the decision itself calls nothing off."""
    silence = Silence()
    question = silence.put()
    if stage is None:
        silence.baton.world.by_hand.stop_emails(silence.lead_id, stop=True)
    else:
        silence.baton.world.commands.move(silence.lead_id, stage, "called")
    after = claimed(question, silence.clock())
    with pytest.raises(ConflictError):
        silence.baton.world.outbox.claim(question, after, rests_on=CONSENT_ONLY)
    assert silence.deliver(question)[0] == "cancelled"
