"""What can be sent, and what can come of sending it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from chalicelib.delivery.outbox import MessageState, NotSentReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Email:
    """A mail. reference: the message's id, carried as a tag so that mail events find their
    message.
    """

    to: str
    subject: str
    text: str
    html: str | None = None
    reply_to: str | None = None
    reference: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sms:
    """A text message to a phone number in E.164 form."""

    to: str
    body: str


@dataclass(frozen=True, slots=True)
class SnsMessage:
    """A message to the handoff topic: a JSON body."""

    subject: str
    body: str


Outgoing = Email | Sms | SnsMessage


@dataclass(frozen=True, slots=True)
class Skip:
    """A decision not to send: the state in which the message ends, and why."""

    state: MessageState
    reason: NotSentReason


@dataclass(frozen=True, slots=True)
class Sent:
    """The service took it, under this id."""

    message_id: str


@dataclass(frozen=True, slots=True)
class Throttled:
    """The service did not take it now; it may later."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The service will never take it."""

    reason: NotSentReason = NotSentReason.REJECTED


@dataclass(frozen=True, slots=True)
class Unclear:
    """Nobody can tell whether the service took it (a time-out, a lost connection)."""


SendResult = Sent | Throttled | Refused | Unclear
