"""Unsubscribe: a person wants no more email. It holds from the moment it is stored."""

from collections.abc import Callable, Mapping
from typing import Protocol

from chalicelib.consent.consent import Consent, SuppressionReason
from chalicelib.consent.mailbox import Mailbox
from chalicelib.consent.suppression import Suppression
from chalicelib.consent.way_out import Undo, WayOut
from chalicelib.events import Event, Kind, lead_partition, own_event_id
from chalicelib.mail_events import MailEvent
from chalicelib.runtime import Runtime
from chalicelib.writing import until_written

AboutEmail = Callable[[WayOut], Mapping[str, str]]
"""Returns what an event says of the email that a way out stands in."""


class ConsentReader(Protocol):
    """Where consent is kept."""

    def read(self, lead_id: str) -> Consent:
        """Return the lead's consent as it stands now."""

    def mailbox(self, lead_id: str) -> Mailbox | None:
        """Return the mailbox of a lead's address, None where nothing of it is kept."""


class Unsubscribe:
    """Take unsubscribes."""

    def __init__(
        self,
        *,
        consents: ConsentReader,
        suppression: Suppression,
        about: AboutEmail,
        runtime: Runtime,
    ) -> None:
        self._consents = consents
        self._suppression = suppression
        self._about = about
        self.runtime = runtime

    @until_written
    def unsubscribe(self, lead_id: str, message: str = "") -> Undo | None:
        """Suppress the person's emails. A second time counts nothing.

        message: the key of the email whose way out was taken, or that was answered so. Once it
        returns, it stands. Return what takes it back, None when it stood already. Raise
        ConflictError when it does not stand.
        """
        way_out = WayOut(lead_id, message)
        consent = self._consents.read(lead_id)
        reason = SuppressionReason.UNSUBSCRIBED
        since = consent.suppressions.get(reason)
        # An event of a lead that is gone would bring it back, without an address. ADR 0036
        is_gone = self._consents.mailbox(lead_id) is None
        event = None if since or is_gone else self._event(way_out, consent)
        self._suppression.suppress(lead_id, reason, event, message if event else "")
        if event is None:
            return None
        at = self._consents.read(lead_id).suppressions.get(reason)
        if at is None:  # confirmed, or taken back, in between
            return None
        return Undo(way_out=way_out, at=at, event_id=event.id, is_unsubscribe=True)

    def _event(self, way_out: WayOut, consent: Consent) -> Event:
        """Return the event of an unsubscribe. The same consent gives the same event."""
        now = self.runtime.now()
        partition = lead_partition(way_out.lead_id)
        reason = SuppressionReason.UNSUBSCRIBED
        return Event(
            partition=partition,
            id=own_event_id(partition, now, f"{reason}/{consent.version}"),
            kind=Kind.MAIL,
            name=MailEvent.UNSUBSCRIBED.value,
            at=now,
            captured_at=now,
            properties=dict(self._about(way_out)),
        )
