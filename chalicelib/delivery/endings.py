"""Bad ends: each is told, and a handoff that did not reach its salesperson goes to the fallback
person, once.
"""

from collections.abc import Callable
from typing import Protocol

from chalicelib.delivery.message_keys import MessageKind
from chalicelib.delivery.outbox import ENDED_BADLY, MessageState, OutboxMessage, Via
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.telemetry import log

WITHOUT_A_TEXT = frozenset({NotSentReason.NO_PHONE, NotSentReason.UNCONFIRMED_PHONE})


class EndingStore(Protocol):
    """Where messages are kept."""

    def save(
        self, before: OutboxMessage, after: OutboxMessage, instead: OutboxMessage | None = None
    ) -> None:
        """Replace a message, and plan another one with it unless that exists.

        Raise ConflictError when the first one is no longer as before.
        """


class Endings:
    """Saves what became of a message, together with what follows when it ended badly.

    instead_of: returns the message that goes to somebody else, None when there is nobody.
    """

    def __init__(
        self, *, outbox: EndingStore, instead_of: Callable[[OutboxMessage], OutboxMessage | None]
    ) -> None:
        self._outbox = outbox
        self._instead_of = instead_of

    def save(self, before: OutboxMessage, after: OutboxMessage) -> None:
        """Replace a message. Raise ConflictError when it is no longer as before."""
        is_new = before.state is not after.state
        is_undelivered = is_new and _is_undelivered(after)
        # In one transaction: a crash between the two would leave the lead with nobody. ADR 0032
        instead = self._instead_of(after) if is_undelivered else None
        self._outbox.save(before, after, instead)
        if is_new and _has_failed(after):
            log("message_failed", lead_id=after.lead_id, key=str(after.key), state=after.state)
        if is_undelivered:
            log(
                "handoff_undelivered",
                lead_id=after.lead_id,
                key=str(after.key),
                state=after.state,
                instead=str(instead.key) if instead else None,
            )


def _is_undelivered(message: OutboxMessage) -> bool:
    """Return whether this is the whole notice of a handoff, by email or into a chat, that nobody
    has read. SES reports a soft bounce only once it has given up (ADR 0032).
    """
    is_whole = message.via in (Via.EMAIL, Via.WEBHOOK)
    is_notice = message.kind in (MessageKind.HANDOFF, MessageKind.DIGEST) and is_whole
    is_unread = message.state in ENDED_BADLY or message.state is MessageState.SOFT_BOUNCED
    return is_notice and is_unread


def _has_failed(message: OutboxMessage) -> bool:
    """Return whether it was lost or refused, and a person has to look why. A salesperson without a
    confirmed phone gets no text, which is nobody's mistake: the email says the same.
    """
    is_failed = message.state in (MessageState.LOST, MessageState.REFUSED)
    return is_failed and message.reason not in WITHOUT_A_TEXT
