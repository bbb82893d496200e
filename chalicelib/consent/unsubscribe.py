"""Unsubscribe: a person's word that no email is wanted. It holds from the moment it is stored."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from chalicelib.consent.consent import Consent
from chalicelib.events import Event, Kind, event_id, lead_partition
from chalicelib.writing import persist

UNSUBSCRIBED = "unsubscribed"


class Consents(Protocol):
    """Where consent is kept."""

    def read(self, lead_id: str) -> Consent:
        """The lead's consent as it stands now."""

    def suppress(self, lead_id: str, reason: str, event: Event, now: datetime) -> None:
        """Suppress a lead's emails and append the event that says why. Raises ConflictError."""


class Unsubscribe:
    """Takes unsubscribes."""

    def __init__(
        self, consents: Consents, now: Callable[[], datetime], pause: Callable[[int], None]
    ) -> None:
        self._consents, self._now, self._pause = consents, now, pause

    def unsubscribe(self, lead_id: str) -> None:
        """Suppress the lead's emails. A second time changes nothing and counts nothing."""
        persist(lambda: self._unsubscribe(lead_id), self._pause)

    def _unsubscribe(self, lead_id: str) -> None:
        consent = self._consents.read(lead_id)
        if consent.suppressed == UNSUBSCRIBED:
            return
        now, partition = self._now(), lead_partition(lead_id)
        event = Event(
            partition=partition,
            # of one who bounced before too: said again about the same consent, it is the same event
            id=event_id(
                partition, consent.suppressed_at or now, f"{UNSUBSCRIBED}/{consent.version}"
            ),
            kind=Kind.MAIL,
            name=UNSUBSCRIBED,
            at=now,
            captured_at=now,
        )
        self._consents.suppress(lead_id, UNSUBSCRIBED, event, now)
