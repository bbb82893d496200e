"""What can be sent, and what can come of sending it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.consent.consent import CONSENT_ONLY, BasisKind
from chalicelib.delivery.outbox import MessageState
from chalicelib.delivery.reasons import NotSentReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Email:
    """An email."""

    to: str
    subject: str
    text: str
    html: str | None = None
    reply_to: str | None = None
    reference: str
    """The message's id, carried as a tag so that mail events find their message."""
    headers: Mapping[str, str] = field(default_factory=dict)
    rests_on: frozenset[BasisKind] = CONSENT_ONLY
    """The kinds of basis that a marketing email may rest on, at this receiver."""
    from_name: str | None = None
    """Who writes, in words; None: whoever the deployment's sender names."""
    version: int | None = None
    """Of the stored email that it was made from; None where there is none."""


@dataclass(frozen=True, slots=True)
class Sms:
    """A text message."""

    to: str
    """A phone number in E.164 form."""
    body: str
    reference: str
    """The message's id, by which reports of what became of it find the message."""


@dataclass(frozen=True, slots=True)
class SnsMessage:
    """A message to the handoff topic."""

    subject: str
    body: str
    """JSON."""


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """A message to a chat, by its incoming webhook."""

    url: str = field(repr=False)
    """A secret: whoever knows it can write there."""
    body: str
    """JSON, as the service of the chat wants it."""


Outgoing = Email | Sms | SnsMessage | ChatMessage


@dataclass(frozen=True, slots=True)
class Skip:
    """A decision not to send."""

    state: MessageState
    """In which the message ends."""
    reason: NotSentReason


@dataclass(frozen=True, slots=True)
class Hold:
    """A decision to wait: the email is in order, and a rule of our own keeps it from leaving now.

    It does not count as a try, and is never held against the message.
    """

    reason: NotSentReason
    until: datetime
    """When to look again."""
    ends_at: datetime
    """When it is given up, as stale."""
    is_owed: bool = False
    """Whether it is never given up for this: the time that it may wait begins anew."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The service took it."""

    message_id: str
    """The service's id for it."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The service did not take it now; it will later. Never about the message itself."""

    reason: NotSentReason
    """`throttled`, or a state of our own account."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The service will never take it."""

    reason: NotSentReason = NotSentReason.REJECTED


@dataclass(frozen=True, slots=True)
class Unclear:
    """Nobody can tell whether the service took it (a time-out, a lost connection)."""


SendResult = Sent | Waiting | Refused | Unclear
