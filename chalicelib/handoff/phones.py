"""A salesperson's number is confirmed by a code before anything is texted to it (ADR 0073).

Nothing keeps the code: it is made anew, from a secret and what is kept, when it is sent and when
somebody enters it.
"""

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from chalicelib.delivery.message_keys import OF_PERSON, MessageKey, MessageKind
from chalicelib.delivery.messages import Skip, Sms
from chalicelib.delivery.outbox import MessageState, OutboxMessage, Via, planned
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.errors import FieldError, InputError, NotFoundError, StateError
from chalicelib.handoff.routing import Person
from chalicelib.limits import CODE_MINUTES, CODE_TRIES, CODES_PER_DAY, CODES_PER_HOUR
from chalicelib.runtime import Runtime
from chalicelib.writing import until_written

CODE_DIGITS = 6
CODE_LIFE = timedelta(minutes=CODE_MINUTES)
NO_CODE = "no code is waiting for this number; send a new one"


@dataclass(frozen=True, slots=True, kw_only=True)
class SentCode:
    """A code that was sent to a number."""

    number: str
    nonce: str
    """What tells this code from the others of the number."""
    sent_at: datetime
    tries: int = 0
    """How often a wrong one was entered."""

    def is_open(self, now: datetime) -> bool:
        """Return whether it may still be entered."""
        return now < self.sent_at + CODE_LIFE and self.tries < CODE_TRIES


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """What is kept of a salesperson's phone."""

    person: str
    """The id in the routing document."""
    confirmed: str | None = None
    """The number that was last confirmed; any other is not."""
    code: SentCode | None = None
    """None: none was sent, or the last one was entered."""
    sent: Sequence[datetime] = ()
    """When codes were sent within the last day."""
    version: int = 0
    """Grows with each change: a write holds only on the version that was read."""


class PhoneStore(Protocol):
    """Where phones are kept."""

    def read(self, person_id: str) -> Phone:
        """Return what is kept of a person's phone."""

    def save(self, phone: Phone, code: OutboxMessage | None = None) -> None:
        """Replace it, and plan the message that carries a code. Raise ConflictError when another
        was first.
        """


class Phones:
    """Sends codes, and takes them.

    person: reads a salesperson by their id; secret: what codes are made with.
    """

    def __init__(
        self,
        *,
        store: PhoneStore,
        person: Callable[[str], Person | None],
        secret: Callable[[], bytes],
        runtime: Runtime,
    ) -> None:
        self._store = store
        self._person = person
        self._secret = secret
        self.runtime = runtime

    @until_written
    def send_code(self, person_id: str) -> datetime:
        """Send a code to the person's number. Return until when it may be entered.

        Raise NotFoundError for a person who is not in the routing document; StateError for one
        without a number, and for one who has had enough codes.
        """
        number = self._number_of(person_id)
        now = self.runtime.now()
        before = self._store.read(person_id)
        sent = [at for at in before.sent if at > now - timedelta(days=1)]
        in_hour = sum(at > now - timedelta(hours=1) for at in sent)
        if in_hour >= CODES_PER_HOUR or len(sent) >= CODES_PER_DAY:
            raise StateError(
                f"{CODES_PER_HOUR} codes an hour, and {CODES_PER_DAY} a day, are sent at most; try"
                " again later"
            )
        code = SentCode(number=number, nonce=self.runtime.new_id(), sent_at=now)
        after = replace(before, code=code, sent=(*sent, now), version=before.version + 1)
        self._store.save(after, _message(person_id, code))
        return now + CODE_LIFE

    @until_written
    def confirm(self, person_id: str, entered: str) -> None:
        """Confirm the person's number by a code.

        Raise NotFoundError as above; InputError for a wrong code; StateError when none is waiting.
        """
        number = self._number_of(person_id)
        before = self._store.read(person_id)
        code = before.code
        if code is None or code.number != number or not code.is_open(self.runtime.now()):
            raise StateError(NO_CODE)
        is_right = hmac.compare_digest(self._digits(person_id, code), entered.encode())
        wrong = replace(code, tries=code.tries + 1)
        after = replace(before, code=wrong)
        if is_right:
            after = replace(before, confirmed=number, code=None)
        # Guess against guess: each is counted before it is answered, on the version that was read.
        self._store.save(replace(after, version=before.version + 1))
        if not is_right:
            remedy = f"is not the code that was sent; tries left: {CODE_TRIES - wrong.tries}"
            raise InputError(FieldError("code", remedy))

    def is_confirmed(self, person_id: str, number: str) -> bool:
        """Return whether a number was confirmed as that of a person."""
        return self._store.read(person_id).confirmed == number

    def compose(self, message: OutboxMessage) -> Sms | Skip:
        """Return the text that carries a code, or why there is none to send."""
        person_id = message.receiver or ""
        code = self._store.read(person_id).code
        is_current = code is not None and message.key.parts[1] == code.nonce
        if code is None or not is_current or not code.is_open(self.runtime.now()):
            return Skip(MessageState.CANCELLED, NotSentReason.STALE)
        digits = self._digits(person_id, code).decode()
        body = (
            f"{digits} is your code for Baton: texts about leads come to this number once it is"
            f" entered. It is valid for {CODE_MINUTES} minutes."
        )
        return Sms(to=code.number, body=body, reference=message.id)

    def _number_of(self, person_id: str) -> str:
        person = self._person(person_id)
        if person is None:
            raise NotFoundError("nobody in the routing has this id")
        if person.phone is None:
            raise StateError("this person has no phone in the routing; add it first")
        return person.phone

    def _digits(self, person_id: str, code: SentCode) -> bytes:
        said = f"phone code {person_id} {code.number} {code.nonce}".encode()
        number = int.from_bytes(hmac.digest(self._secret(), said, "sha256"), "big")
        return f"{number % 10**CODE_DIGITS:0{CODE_DIGITS}}".encode()


def _message(person_id: str, code: SentCode) -> OutboxMessage:
    return planned(
        lead_id=OF_PERSON + person_id,
        key=MessageKey(MessageKind.CODE, 1, (Via.SMS, code.nonce)),
        via=Via.SMS,
        to=code.number,
        receiver=person_id,
        about=0,
        now=code.sent_at,
    )
