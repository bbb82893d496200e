"""What mail services report afterwards: sent, delivered, bounced, complained.

A mail event raises its message's state, and for an email to the lead becomes an event of the lead;
a hard bounce or a complaint suppresses the lead's emails at once.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

from chalicelib.delivery.deliver import OutboxStore
from chalicelib.delivery.message_keys import MessageKey, parse_outbox_id
from chalicelib.delivery.outbox import MessageState, OutboxMessage, with_evidence
from chalicelib.delivery.references import MESSAGE_TAG, outbox_id_of
from chalicelib.events import Event, Kind, event_id, lead_partition, parse_time
from chalicelib.runtime import Runtime
from chalicelib.telemetry import log, tracing
from chalicelib.writing import until_written

#: What each SES event reports. An event of another type reports nothing that is kept.
REPORTED = {
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
    """Takes SES events. append: stores an event."""

    def __init__(
        self,
        *,
        outbox: OutboxStore,
        suppressions: Suppressions,
        append: Callable[[Event], bool],
        runtime: Runtime,
    ) -> None:
        self._outbox = outbox
        self._suppressions = suppressions
        self._append = append
        self.runtime = runtime

    def mail_event(self, notice: Mapping[str, Any]) -> None:
        """Take one SES event, as event publishing sends it. Leave one that is not about a message
        of ours.
        """
        state = REPORTED.get(str(notice.get("eventType")))
        tags = notice.get("mail", {}).get("tags", {}).get(MESSAGE_TAG, [])
        if state is None or not tags:
            return
        try:
            lead_id, key = parse_outbox_id(outbox_id_of(tags[0]))
        except ValueError:  # somebody else's tag of the same name
            return
        message = self._raise_rank(lead_id, key, state, notice["mail"]["messageId"])
        if message is None or not message.kind.goes_to_lead or state is MessageState.SENT:
            return
        event = _event(lead_id, state, notice, self.runtime.now())
        is_hard = event.properties.get("kind") == "hard"
        with tracing(message.trace):  # of the email that was sent (ADR 0033)
            if state is MessageState.COMPLAINED or is_hard:
                self._suppress(lead_id, state, event)
            else:
                self._append(event)

    @until_written
    def _raise_rank(
        self, lead_id: str, key: MessageKey, state: MessageState, message_id: str
    ) -> OutboxMessage | None:
        """Write what an event reports, and return the message that was read; None for an unknown
        one.
        """
        message = self._outbox.read(lead_id, key)
        raised = with_evidence(message, state, message_id) if message else None
        if message is not None and raised is not None:
            # Settle against feedback: if the worker settles between this read and this write, the
            # write fails, and the next try raises the rank of what was settled. ADR 0003
            self._outbox.save(message, raised)
            with tracing(message.trace):
                log("mail_event", lead_id=lead_id, key=str(key), state=state)
        return message

    @until_written
    def _suppress(self, lead_id: str, state: MessageState, event: Event) -> None:
        self._suppressions.suppress(lead_id, state.value, event, self.runtime.now())


def _event(lead_id: str, state: MessageState, notice: Mapping[str, Any], now: datetime) -> Event:
    """Return the lead's event of a mail event: delivered, bounced (kind hard or soft) or
    complained.
    """
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
