"""What services report afterwards: sent, delivered, bounced, complained.

A notice raises its message's state, and for an email to the lead becomes an event of the lead; a
hard bounce, a complaint or the fifth soft bounce in a row suppresses the lead's emails.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol, assert_never

from chalicelib.consent.consent import SuppressionReason
from chalicelib.delivery.endings import Endings
from chalicelib.delivery.marks import Mark
from chalicelib.delivery.message_keys import ANSWER_KINDS, OF_PERSON, MessageKey, parse_outbox_id
from chalicelib.delivery.notices import Notice, NoticeKind, parse_notice
from chalicelib.delivery.outbox import MessageState, OutboxMessage
from chalicelib.delivery.outcomes import with_evidence, with_marks, with_notice
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.delivery.references import TEST_REFERENCE, about_email, outbox_id_of, tag_of
from chalicelib.events import Event, Kind, is_lead_id, lead_partition, own_event_id
from chalicelib.mail_events import BOUNCE_KIND, CONTENT, HARD, SOFT, MailEvent
from chalicelib.runtime import Runtime
from chalicelib.telemetry import log, tracing
from chalicelib.writing import until_written

LEAD_HEARS = frozenset(
    {
        MessageState.SOFT_BOUNCED,
        MessageState.DELIVERED,
        MessageState.BOUNCED,
        MessageState.COMPLAINED,
    }
)
"""What becomes an event of the lead whose email it is about."""
STOPS = {
    MessageState.BOUNCED: SuppressionReason.BOUNCED,
    MessageState.COMPLAINED: SuppressionReason.COMPLAINED,
}
"""What stops a lead's emails."""
HEARD_AS = {
    MessageState.DELIVERED: Mark.DELIVERED,
    MessageState.SOFT_BOUNCED: Mark.SOFT_BOUNCED,
    MessageState.BOUNCED: Mark.BOUNCED,
    MessageState.COMPLAINED: Mark.COMPLAINED,
}
"""What becomes an event of the lead -> how it marks the email."""
MessageName = tuple[str, MessageKey]
"""The lead and the key of a message."""


class FeedbackMessages(Protocol):
    """Where messages are kept."""

    def read(self, lead_id: str, key: MessageKey) -> OutboxMessage | None:
        """Return the message as it stands now."""


class MailboxStore(Protocol):
    """Where it is kept what a lead's mailbox takes. Each appends an event. Raise ConflictError."""

    def count_soft_bounce(self, lead_id: str, event: Event, now: datetime) -> None:
        """Count a soft bounce; the fifth in a row suppresses."""

    def note_event(self, event: Event) -> None:
        """Append an event that says nothing about the mailbox."""

    def note_delivery(self, lead_id: str, event: Event) -> None:
        """Forget the soft bounces before a delivery."""

    def was_erased(self, lead_id: str) -> bool:
        """Return whether a lead was ever erased."""


class Suppressing(Protocol):
    """What suppresses emails."""

    def suppress(self, lead_id: str, reason: SuppressionReason, event: Event | None) -> None:
        """Suppress a lead's emails and append the event that says why. Raise ConflictError."""


class Feedback:
    """Takes the notices of services."""

    def __init__(
        self,
        *,
        outbox: FeedbackMessages,
        endings: Endings,
        mailboxes: MailboxStore,
        suppression: Suppressing,
        brake: Callable[[], None],
        runtime: Runtime,
    ) -> None:
        self._outbox = outbox
        self._endings = endings
        self._mailboxes = mailboxes
        self._suppression = suppression
        self._brake = brake
        """Looks whether marketing does too much harm. Raises ConflictError while busy."""
        self.runtime = runtime

    def take(self, text: str) -> None:
        """Take one notice, as a service publishes it. Count each, also those that change nothing.

        Never raise for what is in it: a notice that nobody can read would come again for hours.
        """
        notice = parse_notice(text)
        if notice.kind is NoticeKind.UNREADABLE:
            log("mail_event_unreadable", reason=notice.reason)
            return
        state = _reported_state(notice.kind)
        if state is None:
            log("mail_event", kind=notice.kind)
            return
        if notice.tag == tag_of(TEST_REFERENCE):
            log("mail_event", kind=notice.kind, reason="test")
            return
        named = _named(notice.tag)
        if named is None or not self._hear(notice, state, named):
            # Not about a message of ours, or the feedback of an identity, which carries no tags.
            # A complaint then stops nothing, so an alarm reads this line.
            log("mail_event", kind=notice.kind)
            reason = "no_tag" if notice.tag is None else "not_ours"
            log("mail_event_unmatched", kind=notice.kind, reason=reason)

    def _hear(self, notice: Notice, state: MessageState, named: MessageName) -> bool:
        """Write what a notice reports about a message. Return False for an unknown message."""
        message = self._raise_rank(notice, state, named)
        if message is None:
            return self._hear_of_erased(notice, state, named[0])
        with tracing(message.trace):  # of the email that was sent (ADR 0031)
            self._tell(notice, state, message)
            if state in STOPS and message.sequence is not None:
                # Last, and each time: a crash before it brings the notice again. ADR 0057
                self._brake()
        return True

    def _hear_of_erased(self, notice: Notice, state: MessageState, lead_id: str) -> bool:
        """Let a complaint or a bounce about an email that was erased still stop the mailbox."""
        if not self._mailboxes.was_erased(lead_id):
            return False
        log("mail_event", kind=notice.kind, lead_id=lead_id)
        if (reason := STOPS.get(state)) is not None:
            self._suppress(lead_id, reason)
        return True

    @until_written
    def _suppress(self, lead_id: str, reason: SuppressionReason) -> None:
        self._suppression.suppress(lead_id, reason, None)

    def _tell(self, notice: Notice, state: MessageState, message: OutboxMessage) -> None:
        """Count a notice about a message, and let its lead know."""
        if _is_automatic_reply(notice, message):
            kind = NoticeKind.AUTOMATIC_REPLY
            log("mail_event", kind=kind, lead_id=message.lead_id, key=str(message.key))
            return
        log("mail_event", kind=notice.kind, lead_id=message.lead_id, key=str(message.key))
        if _is_event(message, state):
            at = message.heard.get(notice.identity, message.created_at)
            event = _event(message, notice, state, at, self.runtime.now())
            self._tell_lead(message.lead_id, state, event)

    @until_written
    def _raise_rank(
        self, notice: Notice, state: MessageState, named: MessageName
    ) -> OutboxMessage | None:
        """Write what a notice reports, and return the message as it is then; None for an unknown
        one.
        """
        message = self._outbox.read(*named)
        if message is None or _is_automatic_reply(notice, message):
            return message
        reason = _reason(notice)
        after = with_evidence(message, state, notice.message_id, reason=reason) or message
        if _is_event(message, state):
            # The same notice may come again with another time, so the first one's is kept: it is
            # part of the event's id. ADR 0028
            now = self.runtime.now()
            at = min(max(notice.at or now, message.created_at), now)
            after = with_notice(after, notice.identity, at)
            # By what was heard, not by the state: notices come in any order.
            after = with_marks(after, HEARD_AS[state])
        if after is not message:
            # Settle against feedback: if the worker settles between this read and this write, the
            # write fails, and the next try raises the rank of what was settled. ADR 0003
            self._endings.save(message, after)
            if notice.kind is NoticeKind.CONTENT_BOUNCE:
                # Nothing is wrong with the mailbox: whoever wrote the email has to look at it.
                key = str(message.key)
                log("message_failed", lead_id=message.lead_id, key=key, state=MessageState.REFUSED)
        return after

    @until_written
    def _tell_lead(self, lead_id: str, state: MessageState, event: Event) -> None:
        """Append the lead's event of a notice, with what it means for the lead's emails."""
        match state:
            case MessageState.BOUNCED:
                self._suppression.suppress(lead_id, SuppressionReason.BOUNCED, event)
            case MessageState.COMPLAINED:
                self._suppression.suppress(lead_id, SuppressionReason.COMPLAINED, event)
            case MessageState.SOFT_BOUNCED if event.properties[BOUNCE_KIND] == CONTENT:
                self._mailboxes.note_event(event)
            case MessageState.SOFT_BOUNCED:
                self._mailboxes.count_soft_bounce(lead_id, event, self.runtime.now())
            case MessageState.DELIVERED:
                self._mailboxes.note_delivery(lead_id, event)
            case _:
                raise AssertionError(f"{state} is not an event of a lead")


def _reported_state(kind: NoticeKind) -> MessageState | None:
    """Return the state that a notice reports; None when it reports nothing that is kept."""
    match kind:
        case NoticeKind.SENT:
            return MessageState.SENT
        case NoticeKind.DELIVERED:
            return MessageState.DELIVERED
        case NoticeKind.SOFT_BOUNCE | NoticeKind.CONTENT_BOUNCE:
            return MessageState.SOFT_BOUNCED
        case NoticeKind.HARD_BOUNCE:
            return MessageState.BOUNCED
        case NoticeKind.COMPLAINT:
            return MessageState.COMPLAINED
        case NoticeKind.REJECTED | NoticeKind.RENDERING_FAILURE:
            return MessageState.REFUSED
        case (
            NoticeKind.AUTOMATIC_REPLY
            | NoticeKind.NOT_SPAM
            | NoticeKind.DELAY
            | NoticeKind.OPENED
            | NoticeKind.CLICKED
            | NoticeKind.SUBSCRIPTION
            | NoticeKind.UNREADABLE
        ):
            return None
        case _:
            assert_never(kind)


def _reason(notice: Notice) -> NotSentReason | None:
    """Return why a message did not arrive, where the notice says it."""
    if notice.is_kept_back:
        return NotSentReason.SUPPRESSED
    reasons = {
        NoticeKind.REJECTED: NotSentReason.REJECTED,
        NoticeKind.RENDERING_FAILURE: NotSentReason.NOT_RENDERED,
        NoticeKind.CONTENT_BOUNCE: NotSentReason.REJECTED,
    }
    return reasons.get(notice.kind)


def _is_event(message: OutboxMessage, state: MessageState) -> bool:
    """Return whether what was reported of a message is an event of its lead.

    That the answer to a form arrived is none: a model takes points for marketing that is not
    answered, and nobody has to answer what they asked for (ADR 0045).
    """
    is_answered = message.kind in ANSWER_KINDS and state is MessageState.DELIVERED
    return message.kind.goes_to_lead and state in LEAD_HEARS and not is_answered


def _is_automatic_reply(notice: Notice, message: OutboxMessage) -> bool:
    """Return whether a bounce is an answer of the mailbox: the email was delivered before it."""
    is_soft = notice.kind is NoticeKind.SOFT_BOUNCE
    return is_soft and notice.is_general and message.state is MessageState.DELIVERED


def _named(tag: str | None) -> MessageName | None:
    """Return the message that a tag names, None for somebody else's tag of the same name."""
    try:
        lead_id, key = parse_outbox_id(outbox_id_of(tag or ""))
    except ValueError:
        return None
    is_ours = is_lead_id(lead_id) or lead_id.startswith(OF_PERSON)
    return (lead_id, key) if is_ours else None


def _event(
    message: OutboxMessage, notice: Notice, state: MessageState, at: datetime, now: datetime
) -> Event:
    """Return the lead's event of a notice: delivered, bounced (kind hard, soft or content) or
    complained.
    """
    partition = lead_partition(message.lead_id)
    is_soft = state is MessageState.SOFT_BOUNCED
    name = MailEvent.BOUNCED if is_soft else MailEvent(state)
    is_bounce = name is MailEvent.BOUNCED
    soft = CONTENT if notice.kind is NoticeKind.CONTENT_BOUNCE else SOFT
    properties = {BOUNCE_KIND: soft if is_soft else HARD} if is_bounce else {}
    return Event(
        partition=partition,
        id=own_event_id(partition, at, notice.identity),
        kind=Kind.MAIL,
        name=name.value,
        at=at,
        captured_at=now,
        properties={**properties, **about_email(message)},
    )
