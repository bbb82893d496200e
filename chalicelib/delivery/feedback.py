"""What mail services tell us afterwards: sent, delivered, bounced, complained.

A mail event raises its message's state, and for an email becomes an event of its lead; a hard
bounce or a complaint suppresses the lead's emails at once.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

from chalicelib.delivery.deliver import Outbox
from chalicelib.delivery.outbox import NURTURE, MessageState, OutboxMessage, with_evidence
from chalicelib.events import Event, Kind, event_id, lead_partition, parse_time
from chalicelib.telemetry import log
from chalicelib.writing import persist

STATES = {
    "Send": MessageState.SENT,
    "Delivery": MessageState.DELIVERED,
    "Bounce": MessageState.BOUNCED,
    "Complaint": MessageState.COMPLAINED,
}
HARD = "Permanent"


class Suppressions(Protocol):
    """Where suppressions are kept."""

    def suppress(self, lead_id: str, reason: str, event: Event, now: datetime) -> None:
        """Suppress a lead's emails and append the event that says why. Raises ConflictError."""


class Feedback:
    """Takes SES events. intent_id_of: the message that a tag names; append: stores an event."""

    def __init__(
        self,
        outbox: Outbox,
        suppressions: Suppressions,
        append: Callable[[Event], bool],
        outbox_id_of: Callable[[str], str],
        now: Callable[[], datetime],
        pause: Callable[[int], None],
    ) -> None:
        self._outbox, self._suppressions, self._append = outbox, suppressions, append
        self._outbox_id_of, self._now, self._pause = outbox_id_of, now, pause

    def mail_event(self, notice: Mapping[str, Any]) -> None:
        """Take one SES event, as event publishing sends it. One that is not about a message of ours
        is left.
        """
        state = STATES.get(str(notice.get("eventType")))
        tags = notice.get("mail", {}).get("tags", {}).get("message", [])
        if state is None or not tags:
            return
        try:
            lead_id, _, key = self._outbox_id_of(tags[0]).partition("#")
        except ValueError:  # somebody else's tag of the same name
            return
        message = persist(
            lambda: self._settle(lead_id, key, state, notice["mail"]["messageId"]), self._pause
        )
        if message is not None and message.kind == NURTURE and state is not MessageState.SENT:
            event = _event(lead_id, state, notice, self._now())
            hard = event.properties.get("kind") == "hard"
            if state is MessageState.COMPLAINED or hard:
                persist(
                    lambda: self._suppressions.suppress(lead_id, state.value, event, self._now()),
                    self._pause,
                )
            else:
                self._append(event)

    def _settle(
        self, lead_id: str, key: str, state: MessageState, message_id: str
    ) -> OutboxMessage | None:
        message = self._outbox.read(lead_id, key)
        raised = with_evidence(message, state, message_id) if message else None
        if message is not None and raised is not None:
            self._outbox.save(message, raised)
            log("mail_event", lead_id=lead_id, key=key, state=state)
        return message


def _event(lead_id: str, state: MessageState, notice: Mapping[str, Any], now: datetime) -> Event:
    """The lead's event of a mail event: delivered, bounced (kind hard or soft) or complained."""
    detail = notice.get(str(notice["eventType"]).lower(), {})
    at = min(parse_time(detail["timestamp"]), now) if "timestamp" in detail else now
    partition = lead_partition(lead_id)
    kind = (
        {"kind": "hard" if detail.get("bounceType") == HARD else "soft"}
        if state is MessageState.BOUNCED
        else {}
    )
    return Event(
        partition=partition,
        id=event_id(partition, at, f"{notice['mail']['messageId']}/{state}"),
        kind=Kind.MAIL,
        name=state.value,
        at=at,
        captured_at=now,
        properties=kind,
    )
