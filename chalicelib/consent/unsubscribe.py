"""Unsubscribe: a person wants no more email. It holds from the moment it is stored."""

from typing import Protocol

from chalicelib.consent.consent import Consent, SuppressionReason
from chalicelib.consent.suppression import Suppression
from chalicelib.events import Event, Kind, lead_partition, own_event_id
from chalicelib.runtime import Runtime
from chalicelib.writing import until_written


class ConsentReader(Protocol):
    """Where consent is kept."""

    def read(self, lead_id: str) -> Consent:
        """Return the lead's consent as it stands now."""


class Unsubscribe:
    """Take unsubscribes."""

    def __init__(
        self, *, consents: ConsentReader, suppression: Suppression, runtime: Runtime
    ) -> None:
        self._consents = consents
        self._suppression = suppression
        self.runtime = runtime

    @until_written
    def unsubscribe(self, lead_id: str) -> None:
        """Suppress the person's emails. A second time changes nothing and counts nothing."""
        consent = self._consents.read(lead_id)
        reason = SuppressionReason.UNSUBSCRIBED
        event = None if reason in consent.suppressions else self._event(lead_id, consent)
        self._suppression.suppress(lead_id, reason, event)

    def _event(self, lead_id: str, consent: Consent) -> Event:
        """Return the event of an unsubscribe. The same consent gives the same event."""
        now = self.runtime.now()
        partition = lead_partition(lead_id)
        reason = SuppressionReason.UNSUBSCRIBED
        return Event(
            partition=partition,
            id=own_event_id(partition, now, f"{reason}/{consent.version}"),
            kind=Kind.MAIL,
            name=reason.value,
            at=now,
            captured_at=now,
        )
