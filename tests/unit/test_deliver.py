"""Deliver: claims once, sends once, settles; and what it does when something is in the way."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.consent.consent import Consent, SuppressionReason, given, suppressed
from chalicelib.delivery import outbox
from chalicelib.delivery.deliver import Deliver
from chalicelib.delivery.endings import Endings
from chalicelib.delivery.message_keys import parse_key
from chalicelib.delivery.messages import (
    Email,
    Outgoing,
    Refused,
    SendResult,
    Sent,
    Skip,
    Sms,
    Unclear,
    Waiting,
)
from chalicelib.delivery.outbox import MessageState, OutboxMessage, Via
from chalicelib.delivery.reasons import ACCOUNT_STATES, NotSentReason
from chalicelib.store.consents import put_consent
from chalicelib.store.outbox import Outbox, put_message
from tests import factories as make
from tests.factories import LEAD_ID
from tests.fakes import NOW, FakeClock, FakeSenders, MemoryTable, runtime
from tests.sizes import seeds

THROTTLED = Waiting(NotSentReason.THROTTLED)
YES = given(Consent(), make.proof())
MAIL = Email(to="ann@acme.example", subject="s", text="t", reference="r")


class Room:
    """Deliver on a table in memory, with one message and the person's consent."""

    def __init__(
        self, message: OutboxMessage, *answers: SendResult, consent: Consent | None = YES
    ) -> None:
        self.table, self.clock, self.senders = (
            MemoryTable(),
            FakeClock(),
            FakeSenders(answers=list(answers)),
        )
        self.outbox, self.key = Outbox(self.table, make.mailbox), message.key
        self.outgoing: Outgoing | Skip | Waiting = MAIL
        self.meanwhile: Callable[[], None] = lambda: None
        self.table.write(put_message(message))
        if consent is not None:
            self.say(Consent(), consent)

    def say(self, before: Consent, after: Consent) -> None:
        self.table.write(put_consent(LEAD_ID, before, after))

    def work(self, minutes: float = 0) -> OutboxMessage:
        """Some time later, let a worker look at the message; how it stands then."""
        self.clock.tick(timedelta(minutes=minutes))
        self.deliver().message(LEAD_ID, self.key)
        return self.message()

    def deliver(self) -> Deliver:
        return Deliver(
            outbox=self.outbox,
            endings=Endings(outbox=self.outbox, instead_of=self._instead_of),
            off=lambda *_: None,
            compose=self._compose,
            send=self._send,
            runtime=runtime(self.clock),
        )

    def message(self) -> OutboxMessage:
        found = self.outbox.read(LEAD_ID, self.key)
        assert found is not None
        return found

    def _compose(self, _message: OutboxMessage) -> Outgoing | Skip | Waiting:
        return self.outgoing

    def _instead_of(self, message: OutboxMessage) -> OutboxMessage | None:
        return make.handoff_message(key=f"{message.key}#fallback", to="kim@keybook.example")

    def _send(self, message: Outgoing) -> SendResult:
        self.meanwhile()
        return self.senders.send(message)


def told(message: OutboxMessage) -> tuple[MessageState, str | None]:
    return message.state, message.reason


def test_an_email_waits_for_an_address_on_its_way() -> None:
    room = Room(make.nurture_message(to=None))
    room.outgoing = Waiting(NotSentReason.NO_ADDRESS)
    waiting = room.work()
    assert told(waiting) == (MessageState.PLANNED, NotSentReason.NO_ADDRESS)
    assert room.senders.sent == []
    room.outgoing = MAIL
    sent = room.work(minutes=1)
    assert (sent.state, sent.to) == (MessageState.SENT, MAIL.to)
    assert room.senders.sent == [MAIL]


def test_an_email_is_claimed_sent_and_settled() -> None:
    room = Room(make.nurture_message())
    sent = room.work()
    assert (sent.state, sent.message_id, sent.claims, sent.due_at) == (
        MessageState.SENT,
        "message-1",
        1,
        None,
    )
    assert room.senders.sent == [MAIL]


def test_a_repeated_record_sends_nothing_again() -> None:
    room = Room(make.nurture_message())
    first = room.work()
    assert room.work() == first == room.work(minutes=60)
    assert len(room.senders.sent) == 1


def test_two_workers_with_one_message_send_it_once() -> None:
    room = Room(make.nurture_message())
    room.meanwhile = lambda: room.deliver().message(LEAD_ID, room.key)
    assert room.work().state is MessageState.SENT
    assert len(room.senders.sent) == 1


def test_a_message_that_is_not_there_is_nothing_to_do() -> None:
    room = Room(make.nurture_message())
    room.deliver().message(LEAD_ID, parse_key("nurture#1#another#1"))
    assert room.senders.sent == []


# --- consent --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("consent", "reason"),
    [
        (None, "no_consent"),
        (suppressed(Consent(), SuppressionReason.UNSUBSCRIBED, NOW), "unsubscribed"),
        (replace(suppressed(YES, SuppressionReason.BOUNCED, NOW), version=1), "bounced"),
        (replace(suppressed(YES, SuppressionReason.COMPLAINED, NOW), version=1), "complained"),
    ],
)
def test_an_email_without_consent_is_suppressed_with_the_reason(
    consent: Consent | None, reason: str
) -> None:
    room = Room(make.nurture_message(), consent=consent)
    assert told(room.work()) == (MessageState.SUPPRESSED, reason)
    assert room.senders.sent == []


@pytest.mark.parametrize("via", list(Via))
def test_a_handoff_needs_no_consent(via: Via) -> None:
    room = Room(make.handoff_message(via), consent=None)
    room.outgoing = Sms("+49", "x", "r")
    assert room.work().state is MessageState.SENT


@pytest.mark.parametrize("key", ["correction#1#email", "warning#1#bad-fit", "triage#1#email"])
def test_a_word_to_sales_needs_no_consent_of_the_lead(key: str) -> None:
    room = Room(
        make.handoff_message(key=key),
        consent=suppressed(Consent(), SuppressionReason.UNSUBSCRIBED, NOW),
    )
    assert room.work().state is MessageState.SENT


def test_an_unsubscribe_that_came_before_the_second_try_wins() -> None:
    room = Room(make.nurture_message(), THROTTLED)
    room.work()
    room.say(YES, suppressed(YES, SuppressionReason.UNSUBSCRIBED, NOW))
    assert told(room.work(minutes=2)) == (MessageState.SUPPRESSED, "unsubscribed")
    assert room.senders.sent == []


# --- what cannot be sent --------------------------------------------------------------------------


def test_a_message_that_cannot_be_composed_ends_with_its_reason() -> None:
    room = Room(make.nurture_message())
    room.outgoing = Skip(MessageState.REFUSED, NotSentReason.NO_EMAIL)
    assert told(room.work()) == (MessageState.REFUSED, "no_email")
    assert room.work().claims == 0


def test_a_refused_message_is_not_tried_again() -> None:
    room = Room(make.nurture_message(), Refused())
    assert told(room.work()) == (MessageState.REFUSED, "rejected")
    room.work(minutes=60)
    assert room.senders.sent == []


def test_a_notice_that_was_taken_back_is_never_sent() -> None:
    room = Room(make.handoff_message())
    room.outbox.save(room.message(), outbox.cancelled(room.message()))
    assert told(room.work(minutes=60)) == (MessageState.CANCELLED, "taken_back")
    assert room.senders.sent == []


def test_a_waiting_notice_that_is_taken_back_stays_unsent() -> None:
    room = Room(make.handoff_message(), THROTTLED)
    room.work()
    room.outbox.save(room.message(), outbox.cancelled(room.message()))
    assert told(room.work(minutes=60)) == (MessageState.CANCELLED, "taken_back")
    assert room.senders.sent == []


# --- throttled ------------------------------------------------------------------------------------


def test_a_throttled_message_waits_and_goes_later() -> None:
    room = Room(make.nurture_message(), THROTTLED, THROTTLED)
    assert told(room.work()) == (MessageState.PLANNED, "throttled")
    assert room.work().claims == 1  # its record again: not before the wait is over
    assert room.work(minutes=1).claims == 2
    sent = room.work(minutes=2)
    assert (sent.state, sent.claims) == (MessageState.SENT, 3)
    assert len(room.senders.sent) == 1


@pytest.mark.parametrize("message", [make.nurture_message(), make.handoff_message()])
@pytest.mark.parametrize("reason", [NotSentReason.THROTTLED, *sorted(ACCOUNT_STATES)])
def test_what_waits_for_six_days_is_still_sent(
    message: OutboxMessage, reason: NotSentReason
) -> None:
    """A daily quota that was used up ended a message after fourteen hours."""
    hours = 6 * 24
    room = Room(message, *[Waiting(reason)] * hours)
    for _ in range(hours):
        assert told(room.work(minutes=60)) == (MessageState.PLANNED, reason)
    assert room.work(minutes=60).state is MessageState.SENT
    assert len(room.senders.sent) == 1


def test_what_waited_for_a_week_is_lost_as_stale() -> None:
    hours = 7 * 24
    room = Room(make.nurture_message(), *[THROTTLED] * hours)
    for _ in range(hours):
        room.work(minutes=60)
    assert told(room.message()) == (MessageState.LOST, "stale")


def test_a_wait_is_no_doubt() -> None:
    """An unclear handoff used to be given up at once when it had been throttled before."""
    room = Room(make.handoff_message(), *[THROTTLED] * 9, Unclear())
    for _ in range(10):
        room.work(minutes=60)
    assert told(room.message()) == (MessageState.UNKNOWN, "unclear")
    assert room.work(minutes=15).state is MessageState.SENT


# --- a handoff that ends badly --------------------------------------------------------------------


def test_a_refused_handoff_goes_to_the_fallback_person() -> None:
    room = Room(make.handoff_message(), Refused())
    assert told(room.work()) == (MessageState.REFUSED, "rejected")
    instead = room.outbox.read(LEAD_ID, parse_key("handoff#1#email#fallback"))
    assert instead is not None
    assert (instead.state, instead.to) == (MessageState.PLANNED, "kim@keybook.example")


@pytest.mark.parametrize("key", ["handoff#1#sns", "handoff#1#sms", "nurture#1#welcome#1"])
def test_nothing_else_goes_to_the_fallback_person(key: str) -> None:
    via = Via(key.rpartition("#")[2]) if key.startswith("handoff") else Via.EMAIL
    room = Room(make.nurture_message(key, via=via), Refused())
    assert room.work().state is MessageState.REFUSED
    assert room.outbox.read(LEAD_ID, parse_key(f"{key}#fallback")) is None


# --- unclear --------------------------------------------------------------------------------------


def test_an_unclear_email_is_given_up_after_fifteen_minutes() -> None:
    room = Room(make.nurture_message(), Unclear())
    assert told(room.work()) == (MessageState.UNKNOWN, "unclear")
    assert room.work(minutes=14).state is MessageState.UNKNOWN
    assert told(room.work(minutes=1)) == (MessageState.LOST, "no_evidence")
    assert room.senders.sent == []


def test_an_unclear_handoff_goes_again_after_fifteen_minutes() -> None:
    room = Room(make.handoff_message(), Unclear())
    assert room.work().state is MessageState.UNKNOWN
    assert room.work(minutes=14).claims == 1
    sent = room.work(minutes=1)
    assert (sent.state, sent.claims) == (MessageState.SENT, 2)


class WorkerLostError(Exception):
    """The worker's machine stopped."""


def lose_the_worker(room: Room) -> None:
    def stop() -> None:
        raise WorkerLostError

    room.meanwhile = stop
    with pytest.raises(WorkerLostError):
        room.work()
    room.meanwhile = lambda: None


def test_a_lease_holds_for_ninety_seconds() -> None:
    room = Room(make.handoff_message())
    lose_the_worker(room)
    assert room.work(minutes=1.4).state is MessageState.CLAIMED
    assert told(room.work(minutes=0.1)) == (MessageState.UNKNOWN, "unclear")


def test_an_email_whose_worker_was_lost_is_never_sent_twice() -> None:
    room = Room(make.nurture_message())
    lose_the_worker(room)
    assert told(room.work(minutes=20)) == (MessageState.LOST, "no_evidence")
    assert room.senders.sent == []


def test_a_handoff_whose_worker_was_lost_is_sent_again() -> None:
    room = Room(make.handoff_message())
    lose_the_worker(room)
    assert room.work(minutes=20).state is MessageState.SENT
    assert len(room.senders.sent) == 1


# --- others were first ----------------------------------------------------------------------------


def test_a_mail_event_that_was_first_stands() -> None:
    room = Room(make.nurture_message(), Unclear())

    def evidence() -> None:
        now = room.message()
        room.outbox.save(
            now, replace(now, state=MessageState.DELIVERED, due_at=None, version=now.version + 1)
        )

    room.meanwhile = evidence
    assert room.work().state is MessageState.DELIVERED


def test_a_busy_table_is_retried_until_the_message_is_settled() -> None:
    for seed in seeds(30):
        room = Room(make.nurture_message())
        room.table.be_busy(seed)
        room.work()
        assert room.message().state is MessageState.SENT
        assert room.senders.sent == [MAIL]


def test_sent_is_what_the_service_said() -> None:
    room = Room(make.nurture_message(), Sent("ses-1"))
    assert room.work().message_id == "ses-1"
