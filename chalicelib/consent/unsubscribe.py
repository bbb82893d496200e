"""Unsubscribe: a person wants no more email. It holds from the moment it is stored."""

from datetime import datetime
from typing import Protocol

from chalicelib.consent.consent import Consent
from chalicelib.events import Event, Kind, event_id, lead_partition
from chalicelib.runtime import Runtime
from chalicelib.writing import until_written

UNSUBSCRIBED = "unsubscribed"


class ConsentWriter(Protocol):
    """Where consent is kept."""

    def read(self, lead_id: str) -> Consent:
        """Return the lead's consent as it stands now."""

    def suppress(self, lead_id: str, reason: str, event: Event, now: datetime) -> None:
        """Suppress a lead's emails and append the event that says why. Raise ConflictError."""


class Unsubscribe:
    """Take unsubscribes."""

    def __init__(self, *, consents: ConsentWriter, runtime: Runtime) -> None:
        self._consents = consents
        self.runtime = runtime

    @until_written
    def unsubscribe(self, lead_id: str) -> None:
        """Suppress the lead's emails. A second time changes nothing and counts nothing."""
        consent = self._consents.read(lead_id)
        if consent.suppressed == UNSUBSCRIBED:
            return
        now = self.runtime.now()
        partition = lead_partition(lead_id)
        # A lead that bounced first keeps that as its reason. The same consent gives the same id,
        # so unsubscribing again is the same event.
        said_at = consent.suppressed_at or now
        event = Event(
            partition=partition,
            id=event_id(partition, said_at, f"{UNSUBSCRIBED}/{consent.version}"),
            kind=Kind.MAIL,
            name=UNSUBSCRIBED,
            at=now,
            captured_at=now,
        )
        self._consents.suppress(lead_id, UNSUBSCRIBED, event, now)
