"""A lead's consent, written at once by whatever learns of it."""

from datetime import datetime

from chalicelib.consent.consent import Consent, suppressed
from chalicelib.errors import ConflictError
from chalicelib.events import Event, epoch_ms, from_epoch_ms
from chalicelib.store import keys
from chalicelib.store.events import put_event
from chalicelib.store.table import Item, Put, Table
from chalicelib.telemetry import log


class Consents:
    """Reads consent, and writes it with the event that changed it."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def read(self, lead_id: str) -> Consent:
        """Return the lead's consent, an empty one when nothing is known."""
        return consent_of(self._table.get(keys.lead(lead_id), keys.CONSENT))

    def suppress(self, lead_id: str, reason: str, event: Event, now: datetime) -> None:
        """Suppress a lead's emails and append the event that says why, in one transaction.

        A repeat does nothing. Raise ConflictError when another writer was first.
        """
        before = self.read(lead_id)
        after = suppressed(before, reason, now)
        changed = [put_consent(lead_id, before, after)] if after != before else []
        try:
            self._table.write(put_event(event), *changed)
        except ConflictError as conflict:
            # An event that exists was written together with its suppression: this is a repeat.
            if keys.event(event.id) not in conflict.failed:
                raise
        else:
            if changed:
                log("suppressed", lead_id=lead_id, reason=reason)


def put_consent(lead_id: str, before: Consent, after: Consent) -> Put:
    """Return the write that replaces a consent, if it is still as it was before."""
    item: Item = {
        "pk": keys.lead(lead_id),
        "sk": keys.CONSENT,
        "schema": keys.SCHEMA,
        "version": after.version,
        "marketing": after.marketing,
    }
    if after.at is not None:
        item |= {"at_ms": epoch_ms(after.at), "text": after.text or ""}
    if after.suppressed is not None and after.suppressed_at is not None:
        item |= {"suppressed": after.suppressed, "suppressed_at_ms": epoch_ms(after.suppressed_at)}
    return Put(item, {"version": before.version or None})


def consent_of(item: Item | None) -> Consent:
    """Return the consent of a stored item."""
    if item is None:
        return Consent()
    at = item.get("at_ms")
    suppressed_at = item.get("suppressed_at_ms")
    return Consent(
        marketing=bool(item["marketing"]),
        at=from_epoch_ms(int(at)) if at is not None else None,
        text=str(item["text"]) if "text" in item else None,
        suppressed=str(item["suppressed"]) if "suppressed" in item else None,
        suppressed_at=from_epoch_ms(int(suppressed_at)) if suppressed_at is not None else None,
        version=int(item["version"]),
    )
