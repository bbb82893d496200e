"""Ticked boxes that have yet to be confirmed, and the transaction that confirms one (ADR 0045)."""

from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.consent.consent import Proof, confirmed
from chalicelib.consent.mailbox import Mailbox
from chalicelib.events import Event, lead_partition
from chalicelib.limits import UNCONFIRMED_KEPT_DAYS
from chalicelib.settings import Retention
from chalicelib.store import keys
from chalicelib.store.consent_items import pending_item, pending_of, proof_item
from chalicelib.store.consents import Consents, put_consent
from chalicelib.store.events import AS_EVER, Events, put_event
from chalicelib.store.mailboxes import lift_suppressions
from chalicelib.store.table import ABSENT, Put, Table, as_read
from chalicelib.telemetry import log

PENDING_KEPT = timedelta(days=UNCONFIRMED_KEPT_DAYS)
PENDING_LOOKED_AT = 20  # boxes; each is of a form, and the newest is what matters


class Confirmations:
    """Reads what is to be confirmed, and writes what was."""

    def __init__(self, table: Table, consents: Consents, retention: Retention = AS_EVER) -> None:
        self._table = table
        self._consents = consents
        self._events = Events(table)
        self._retention = retention

    def pending(self, lead_id: str, event_id: str, now: datetime) -> Proof | None:
        """Return the proof of a ticked box, with the time of its confirmation if there was one.

        None when there is none, or not any more: it is forgotten after 30 days, even before
        DynamoDB has deleted the item.
        """
        item = self._table.get(keys.lead(lead_id), keys.pending(event_id))
        proof = pending_of(item) if item else None
        return proof if proof and now < proof.at + PENDING_KEPT else None

    def newest(self, lead_id: str, now: datetime) -> Proof | None:
        """Return the newest ticked box that has yet to be confirmed, None when there is none."""
        items = self._table.query(
            keys.lead(lead_id),
            first=keys.PENDING,
            last=keys.PENDING + keys.END,
            newest_first=True,
            limit=PENDING_LOOKED_AT,
        )
        found = (proof for proof in map(pending_of, items) if proof.confirmed_at is None)
        return next((proof for proof in found if now < proof.at + PENDING_KEPT), None)

    def form_event(self, lead_id: str, event_id: str) -> Event | None:
        """Return the event of a form, None where nothing of it is kept."""
        return self._events.one(lead_partition(lead_id), event_id)

    def mailbox(self, lead_id: str) -> Mailbox | None:
        """Return the mailbox of a lead's own address, None where no address is known."""
        return self._consents.mailbox(lead_id)

    def confirm(
        self, lead_id: str, pending: Proof, event: Event, mailbox: Mailbox, now: datetime
    ) -> None:
        """Give a consent with its whole proof, lift what suppressed it, and append the event that
        says so, in one transaction.

        Raise ConflictError when another writer was first, also one that erased the box.
        """
        proof = replace(pending, confirmed_at=now)
        before = self._consents.read(lead_id)
        after = confirmed(before, proof, now)
        was = pending_item(lead_id, pending)
        writes = [
            # Confirmation against erasure, and against itself: only a box that is there and was
            # not confirmed yet gives a consent. ADR 0045
            Put(pending_item(lead_id, proof), as_read(was, "at_ms", "confirmed_at_ms")),
            put_event(event, self._retention),
            # Confirmation against unsubscribe: both write the consent and the mailbox on what they
            # read, so that one is first, and the other one reads what it did.
            put_consent(lead_id, before, after),
            *lift_suppressions(self._table, mailbox, now),
        ]
        if after.proof is not proof:
            writes.append(Put(proof_item(lead_id, proof), ABSENT))
        self._table.write(*writes)
        log("opted_in", lead_id=lead_id, lifted=before.suppressed)


def put_pending(lead_id: str, proof: Proof) -> Put:
    """Return the write that keeps a ticked box until it is confirmed, for 30 days."""
    return Put(pending_item(lead_id, proof), ABSENT)
