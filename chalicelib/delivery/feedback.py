"""What mail services tell us afterwards: sent, delivered, bounced, complained.

A mail event raises its intent's state, and for a letter becomes an event of its lead; a hard bounce or a complaint
suppresses the lead's letters at once.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

from chalicelib.delivery.deliver import Ledger
from chalicelib.delivery.outbox import LETTER, Intent, State, with_evidence
from chalicelib.events import Event, Kind, event_id, lead_partition, parse_time
from chalicelib.telemetry import log
from chalicelib.writing import until_written

STATES = {
    "Send": State.SENT,
    "Delivery": State.DELIVERED,
    "Bounce": State.BOUNCED,
    "Complaint": State.COMPLAINED,
}
HARD = "Permanent"


class Suppressions(Protocol):
    """Where suppressions are kept."""

    def suppress(self, lead_id: str, reason: str, event: Event, now: datetime) -> None:
        """Suppress a lead's letters and append the event that says why. Raises ConflictError."""


class Feedback:
    """Takes SES events. intent_id_of: the intent that a tag names; append: stores an event."""

    def __init__(
        self,
        ledger: Ledger,
        suppressions: Suppressions,
        append: Callable[[Event], bool],
        intent_id_of: Callable[[str], str],
        now: Callable[[], datetime],
        pause: Callable[[int], None],
    ) -> None:
        self._ledger, self._suppressions, self._append = ledger, suppressions, append
        self._intent_id_of, self._now, self._pause = intent_id_of, now, pause

    def mail_event(self, notice: Mapping[str, Any]) -> None:
        """Take one SES event, as event publishing sends it. One that is not about an intent of ours is left."""
        state = STATES.get(str(notice.get("eventType")))
        tags = notice.get("mail", {}).get("tags", {}).get("intent", [])
        if state is None or not tags:
            return
        try:
            lead_id, _, key = self._intent_id_of(tags[0]).partition("#")
        except ValueError:  # somebody else's tag of the same name
            return
        intent = until_written(lambda: self._settle(lead_id, key, state, notice["mail"]["messageId"]), self._pause)
        if intent is not None and intent.kind == LETTER and state is not State.SENT:
            event = _event(lead_id, state, notice, self._now())
            hard = event.properties.get("kind") == "hard"
            if state is State.COMPLAINED or hard:
                until_written(
                    lambda: self._suppressions.suppress(lead_id, state.value, event, self._now()), self._pause
                )
            else:
                self._append(event)

    def _settle(self, lead_id: str, key: str, state: State, message_id: str) -> Intent | None:
        intent = self._ledger.read(lead_id, key)
        raised = with_evidence(intent, state, message_id) if intent else None
        if intent is not None and raised is not None:
            self._ledger.save(intent, raised)
            log("mail_event", lead_id=lead_id, key=key, state=state)
        return intent


def _event(lead_id: str, state: State, notice: Mapping[str, Any], now: datetime) -> Event:
    """The lead's event of a mail event: delivered, bounced (kind hard or soft) or complained."""
    detail = notice.get(str(notice["eventType"]).lower(), {})
    at = min(parse_time(detail["timestamp"]), now) if "timestamp" in detail else now
    partition = lead_partition(lead_id)
    kind = {"kind": "hard" if detail.get("bounceType") == HARD else "soft"} if state is State.BOUNCED else {}
    return Event(
        partition=partition,
        id=event_id(partition, at, f"{notice['mail']['messageId']}/{state}"),
        kind=Kind.MAIL,
        name=state.value,
        at=at,
        captured_at=now,
        properties=kind,
    )
