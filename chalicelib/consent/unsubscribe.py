"""Unsubscribe: a person wants no more email. It holds from the moment it is stored."""

from typing import Protocol

from chalicelib.consent.consent import Consent, SuppressionReason
from chalicelib.consent.mailbox import Mailbox
from chalicelib.consent.suppression import Suppression
from chalicelib.events import Event, Kind, lead_partition, own_event_id
from chalicelib.mail_events import MailEvent
from chalicelib.runtime import Runtime
from chalicelib.writing import until_written


class ConsentReader(Protocol):
    """Where consent is kept."""

    def read(self, lead_id: str) -> Consent:
        """Return the lead's consent as it stands now."""

    def mailbox(self, lead_id: str) -> Mailbox | None:
        """Return the mailbox of a lead's address, None where nothing of it is kept."""


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
        """Suppress the person's emails. A second time changes nothing and counts nothing.

        Once it returns, it stands. Raise ConflictError when it does not.
        """
        consent = self._consents.read(lead_id)
        reason = SuppressionReason.UNSUBSCRIBED
        is_known = reason in consent.suppressions
        # An event of a lead that is gone would bring it back, without an address. ADR 0036
        is_gone = self._consents.mailbox(lead_id) is None
        event = None if is_known or is_gone else self._event(lead_id, consent)
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
            name=MailEvent.UNSUBSCRIBED.value,
            at=now,
            captured_at=now,
        )
