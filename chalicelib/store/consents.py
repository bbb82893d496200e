"""A lead's consent, written at once by whatever learns of it."""

import json
from datetime import datetime

from chalicelib.consent.consent import (
    Consent,
    SuppressionReason,
    delivered,
    soft_bounced,
    suppressed,
)
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

    def merged_into(self, lead_id: str) -> str | None:
        """Return the lead that absorbed this one, None while it is a lead of its own."""
        standing = self._table.get(keys.lead(lead_id), keys.STANDING)
        merged_into = standing.get("merged_into") if standing else None
        return str(merged_into) if merged_into is not None else None

    def suppress(
        self, lead_id: str, reason: SuppressionReason, event: Event | None, now: datetime
    ) -> None:
        """Suppress a lead's emails and append the event that says why, in one transaction.

        event: None when it is stored already. Raise ConflictError when another writer was first.
        """
        before = self.read(lead_id)
        after = suppressed(before, reason, now)
        self._write(lead_id, before, after, event, insists=True)

    def count_soft_bounce(self, lead_id: str, event: Event, now: datetime) -> None:
        """Count a soft bounce and append its event, in one transaction; a repeat does nothing.

        Raise ConflictError when another writer was first.
        """
        before = self.read(lead_id)
        self._write(lead_id, before, soft_bounced(before, now), event, insists=False)

    def note_delivery(self, lead_id: str, event: Event) -> None:
        """Append the event of a delivery, and forget the soft bounces before it; a repeat does
        nothing. Raise ConflictError when another writer was first.
        """
        before = self.read(lead_id)
        self._write(lead_id, before, delivered(before), event, insists=False)

    def _write(
        self, lead_id: str, before: Consent, after: Consent, event: Event | None, *, insists: bool
    ) -> None:
        """Write a change of consent with its event. insists: even when the event exists."""
        changed = [put_consent(lead_id, before, after)] if after is not before else []
        writes = [*([put_event(event)] if event else []), *changed]
        if not writes:
            return
        try:
            self._table.write(*writes)
        except ConflictError as conflict:
            if event is None or keys.event(event.id) not in conflict.failed:
                raise
            # Event against suppression: the event may have been stored without it, so that it
            # exists proves nothing. Whoever insists writes the change alone. ADR 0028
            if not (insists and changed):
                return
            self._table.write(*changed)
        if after.suppressed is not before.suppressed:
            log("suppressed", lead_id=lead_id, reason=after.suppressed)


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
    if after.suppressed is not None:
        # The claim of an email asks for the one attribute `suppressed` (store/outbox.py).
        item |= {
            "suppressed": after.suppressed.value,
            "suppressed_at_ms": epoch_ms(after.suppressions[after.suppressed]),
            "suppressions": json.dumps(
                {reason: epoch_ms(since) for reason, since in after.suppressions.items()}
            ),
        }
    if after.soft_bounces:
        item["soft_bounces"] = after.soft_bounces
    return Put(item, {"version": before.version or None})


def consent_of(item: Item | None) -> Consent:
    """Return the consent of a stored item."""
    if item is None:
        return Consent()
    at = item.get("at_ms")
    return Consent(
        marketing=bool(item["marketing"]),
        at=from_epoch_ms(int(at)) if at is not None else None,
        text=str(item["text"]) if "text" in item else None,
        suppressions={
            SuppressionReason(reason): from_epoch_ms(at_ms)
            for reason, at_ms in _suppressions_in(item).items()
        },
        soft_bounces=int(item.get("soft_bounces", 0)),
        version=int(item["version"]),
    )


def _suppressions_in(item: Item) -> dict[str, int]:
    """Return each reason and its time. An older item has only one, and no list."""
    if "suppressions" in item:
        found: dict[str, int] = json.loads(str(item["suppressions"]))
        return found
    if "suppressed" in item:
        return {str(item["suppressed"]): int(item["suppressed_at_ms"])}
    return {}
