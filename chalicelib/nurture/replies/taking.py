"""Take what SES receives: find the email that it answers, and do what follows from what it says.

Nothing that it holds is believed but that somebody has the address that we gave to its lead: it is
an event, it may end a sequence, and it may stop our emails. It is never forwarded as it came.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parseaddr
from enum import StrEnum
from typing import Protocol

from chalicelib.delivery.message_keys import MessageKey, MessageKind
from chalicelib.delivery.outbox import OutboxMessage, Via, planned
from chalicelib.events import Event
from chalicelib.leads.lead import Lead, find_survivor
from chalicelib.nurture.replies.addresses import Answered, ReplyAddresses
from chalicelib.nurture.replies.automatic import is_automatic
from chalicelib.nurture.replies.notices import Inbound, parse_inbound
from chalicelib.nurture.replies.raw_email import RawEmail, read_email
from chalicelib.nurture.replies.reply import Reply, ReplyState, replied_event, reply_id
from chalicelib.nurture.replies.wishes import Wish, wish_of
from chalicelib.nurture.replies.written import Written, read_written
from chalicelib.runtime import Runtime
from chalicelib.telemetry import current_trace, log
from chalicelib.writing import until_written

SENDER_MAX_CHARS = 254
WORDS_OF_A_NAME = 3
"""So many behind a "stop" are a name, and no message."""


class InboundOutcome(StrEnum):
    """What was done with an email that was received."""

    REPLIED = "replied"  # an event; it is passed on
    HELD = "held"  # it may ask us to stop: a person looks
    UNSUBSCRIBED = "unsubscribed"
    AUTOMATIC = "automatic"  # nobody wrote it
    REPEATED = "repeated"
    CAPPED = "capped"  # too many on one day
    UNSIGNED = "unsigned"  # to an address that we did not sign
    UNKNOWN = "unknown"  # its lead is gone
    SPAM = "spam"  # by SES's own verdict, or with a virus
    MISSING = "missing"  # there is no such object: it was taken before, or has expired
    UNREADABLE = "unreadable"


#: A person may want to look at the raw email, until it expires.
LEFT_THERE = frozenset({InboundOutcome.UNSIGNED, InboundOutcome.UNREADABLE})


class Mailroom(Protocol):
    """Where SES puts what it receives."""

    def read(self, bucket: str, key: str) -> bytes | None:
        """Return the beginning of a raw email, None when there is none of ours there."""

    def delete(self, bucket: str, key: str) -> None:
        """Delete a raw email of ours."""


class TakenStore(Protocol):
    """Where replies are kept."""

    def read(self, lead_id: str, one: str) -> Reply | None:
        """Return a reply, None when it never came."""

    def keep(self, reply: Reply, event: Event | None, notice: OutboxMessage) -> bool:
        """Keep a reply, with its event and the message to sales. Return False when there were too
        many on this day. Raise ConflictError.
        """


@dataclass(frozen=True, slots=True)
class _Taken:
    """An email that a person wrote, and what it answers."""

    answered: Answered
    message: OutboxMessage | None
    reply: Reply
    wish: Wish


class ReplyTaking:
    """Takes replies.

    messages: all messages of a lead; receiver: id and address of whoever hears of a lead of this
    owner, None where nobody is named; unsubscribe: takes the unsubscribe of a lead.
    """

    def __init__(
        self,
        *,
        addresses: ReplyAddresses,
        mailroom: Callable[[], Mailroom],
        messages: Callable[[str], Sequence[OutboxMessage]],
        lead: Callable[[str], Lead],
        store: TakenStore,
        receiver: Callable[[str | None], tuple[str, str] | None],
        unsubscribe: Callable[[str, OutboxMessage | None], None],
        runtime: Runtime,
    ) -> None:
        self._addresses = addresses
        self._mailroom = mailroom
        self._messages = messages
        self._lead = lead
        self._store = store
        self._receiver = receiver
        self._unsubscribe = unsubscribe
        self.runtime = runtime

    def take(self, text: str) -> None:
        """Take one notification of the topic. Count each, also those from which nothing follows.

        Never raise for what is in it. What was dealt with is deleted; done again after a crash, it
        is the same reply.
        """
        inbound = parse_inbound(text)
        if inbound is None:
            log("inbound_email", outcome=InboundOutcome.UNREADABLE)
            return
        answered = next(filter(None, map(self._addresses.read, inbound.recipients)), None)
        outcome = self._take(inbound, answered)
        lead_id = answered.lead_id if answered else None
        log("inbound_email", outcome=outcome, lead_id=lead_id)
        if inbound.key and outcome not in LEFT_THERE:
            self._mailroom().delete(inbound.bucket, inbound.key)

    def _take(self, inbound: Inbound, answered: Answered | None) -> InboundOutcome:
        if inbound.is_spam:
            return InboundOutcome.SPAM
        if answered is None:
            return InboundOutcome.UNSIGNED
        raw = inbound.content
        if raw is None and inbound.key:
            raw = self._mailroom().read(inbound.bucket, inbound.key)
            if raw is None:
                return InboundOutcome.MISSING
        email = read_email(raw) if raw is not None else None
        if email is None:
            return InboundOutcome.UNREADABLE
        message = self._answered(answered)
        if is_automatic(email, inbound, (message.subject if message else None) or ""):
            return InboundOutcome.AUTOMATIC
        return self._take_written(inbound, email, answered, message)

    def _answered(self, answered: Answered) -> OutboxMessage | None:
        """Return the email that an address names, None when it is not kept any more."""
        every = self._messages(answered.lead_id)
        return next((one for one in every if answered.is_about(one.key)), None)

    def _take_written(
        self,
        inbound: Inbound,
        email: RawEmail,
        answered: Answered,
        message: OutboxMessage | None,
    ) -> InboundOutcome:
        """Do what follows from what a person wrote."""
        written = read_written(email.text)
        wish = wish_of(written, email.headers.get("subject", ""))
        if wish is Wish.STOP:
            # First, and whatever else it says: what follows may fail, and comes again.
            self._unsubscribe(answered.lead_id, message)
            if len(written.further.split()) <= WORDS_OF_A_NAME:
                return InboundOutcome.UNSUBSCRIBED
        reply = self._reply(inbound, email, answered, message, written)
        return self._keep(_Taken(answered, message, reply, wish))

    def _reply(
        self,
        inbound: Inbound,
        email: RawEmail,
        answered: Answered,
        message: OutboxMessage | None,
        written: Written,
    ) -> Reply:
        now = self.runtime.now()
        name = email.headers.get("message-id") or inbound.service_id or written.text
        _, sender = parseaddr(email.headers.get("from", ""))
        return Reply(
            lead_id=answered.lead_id,
            id=reply_id(name),
            message=message.id if message else "",
            at=_at(inbound.at, message, now),
            captured_at=now,
            text=written.text,
            sender=sender[:SENDER_MAX_CHARS],
            state=ReplyState.PASSED_ON,
        )

    @until_written
    def _keep(self, taken: _Taken) -> InboundOutcome:
        """Keep a reply, with what follows from it. Raise ConflictError."""
        lead = find_survivor(self._lead, taken.answered.lead_id)
        is_stop = taken.wish is Wish.STOP
        if not lead.exists:
            return InboundOutcome.UNSUBSCRIBED if is_stop else InboundOutcome.UNKNOWN
        # A merge may have come between the two times that the same email came.
        places = dict.fromkeys((taken.answered.lead_id, lead.lead_id))
        if any(self._store.read(one, taken.reply.id) for one in places):
            return InboundOutcome.REPEATED
        outcome, state = _OUTCOMES[taken.wish]
        reply = replace(taken.reply, lead_id=lead.lead_id, state=state)
        is_plain = taken.wish is Wish.NONE
        event = replied_event(reply, taken.message, reply.captured_at) if is_plain else None
        is_kept = self._store.keep(reply, event, self._notice(reply, lead))
        if not is_kept and not is_stop:
            return InboundOutcome.CAPPED
        return outcome

    def _notice(self, reply: Reply, lead: Lead) -> OutboxMessage:
        """Return the message about a reply: to the lead's owner, or who stands in; else to the
        topic.
        """
        person_id, address = self._receiver(lead.standing.owner) or (None, None)
        via = Via.EMAIL if address else Via.SNS
        notice = planned(
            lead_id=lead.lead_id,
            key=MessageKey(MessageKind.REPLY, lead.standing.cycle, (via, reply.id)),
            via=via,
            to=address,
            receiver=person_id,
            about=lead.version,
            now=reply.captured_at,
        )
        return replace(notice, captured_at=reply.captured_at, trace=current_trace())


_OUTCOMES = {
    Wish.NONE: (InboundOutcome.REPLIED, ReplyState.PASSED_ON),
    Wish.MAY_STOP: (InboundOutcome.HELD, ReplyState.OPEN),
    Wish.STOP: (InboundOutcome.UNSUBSCRIBED, ReplyState.UNSUBSCRIBED),
}


def _at(said: datetime | None, message: OutboxMessage | None, now: datetime) -> datetime:
    """Return when a reply came: after the email that it answers, and never in the future."""
    at = min(said or now, now)
    return max(at, message.created_at) if message else at
