"""The store of capture: single events, and everything that one form submission writes, in one
transaction.
"""

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from chalicelib.capture.joining import SubmissionReceipt
from chalicelib.consent.consent import Proof
from chalicelib.errors import AlreadyCapturedError, ConflictError
from chalicelib.events import Event, Join
from chalicelib.limits import (
    EVENTS_MAX_PER_VISITOR_DAY,
    PINGS_STORED_MAX_PER_DAY,
    SUBMISSION_KEPT_DAYS,
)
from chalicelib.store import keys
from chalicelib.store.arrivals import Arrivals
from chalicelib.store.consents import put_proof
from chalicelib.store.events import Events, event_key, put_event, put_join, put_owner
from chalicelib.store.lead_counts import LeadCounts
from chalicelib.store.table import ABSENT, Put, Table
from chalicelib.telemetry import log


class Captured:
    """Reads what capture must know before it accepts a submission, and writes what it accepts."""

    def __init__(self, table: Table, new_id: Callable[[], str]) -> None:
        self._table = table
        self._pings = Arrivals(table, new_id())
        self._counts = LeadCounts(table)
        self._events = Events(table)

    def receipt(self, form_id: str, submission_id: str) -> SubmissionReceipt | None:
        """Return the receipt of a submission that was accepted before."""
        item = self._table.get(keys.submission(form_id, submission_id), keys.RECEIPT)
        return SubmissionReceipt(**json.loads(str(item["receipt"]))) if item else None

    def append(self, event: Event) -> bool:
        """Store an event. Return False when it was there already."""
        is_new = self._events.append(event)
        if is_new:
            log("captured", kind=event.kind)
        return is_new

    def owner(self, visitor: str) -> str | None:
        """Return the id of the lead that a visitor belongs to, None for a free visitor."""
        return self._events.owner(visitor)

    def is_shared(self, visitor: str, now: datetime) -> bool:
        """Return whether a visitor id had 2,000 events in a day: then many browsers use it."""
        return self._pings.busiest(visitor, now) >= EVENTS_MAX_PER_VISITOR_DAY

    def admit(self, partition: str, number: int, now: datetime) -> int:
        """Count so many pings as arrived in a partition; return how many of them may be stored."""
        # Counted before they are stored: of batches that come at the same moment each then knows of
        # the others.
        known = self._pings.add(partition, number, now, EVENTS_MAX_PER_VISITOR_DAY)
        room = 0 if known is None else max(0, min(number, PINGS_STORED_MAX_PER_DAY - known))
        if room < number:
            log("capped", kind="ping", count=number - room)
        return room

    def give_back(self, partition: str, number: int, now: datetime) -> None:
        """Count so many pings as not arrived: they were stored before."""
        self._pings.add(partition, -number, now, EVENTS_MAX_PER_VISITOR_DAY)

    def admit_to_lead(
        self, lead_id: str, *, forms: int, joins: int, now: datetime
    ) -> tuple[bool, int]:
        """Count a form, and joins. Return whether the form counts, and how many may be joined."""
        counts, room = self._counts.admit(lead_id, forms=forms, joins=joins, now=now)
        if not counts:
            log("capped", kind="form")
        return counts, room

    def accept(
        self,
        events: Sequence[Event],
        *,
        lead_id: str,
        claims: Sequence[str],
        proof: Proof | None,
        receipt: SubmissionReceipt | None,
        now: datetime,
    ) -> None:
        """Store a submission whole or not at all: events, claimed visitors with their joins, proof
        of consent and receipt.

        Raise AlreadyCapturedError when an event came before, ConflictError when an owner, a
        consent or a receipt came in between.
        """
        writes = [put_event(event) for event in events]
        for visitor in claims:
            join = Join(visitor, lead_id, captured_at=events[0].captured_at)
            writes += [put_owner(visitor, lead_id), put_join(join)]
        if proof is not None:
            writes.append(put_proof(self._table, lead_id, proof))
        if receipt is not None:
            writes.append(_put_receipt(receipt, now))
        try:
            self._table.write(*writes)
        except ConflictError as conflict:
            # A repeat of the request may have been first. It wrote everything in one transaction,
            # so one event that exists proves that nothing is missing.
            if any(event_key(event) in conflict.failed for event in events):
                raise AlreadyCapturedError from None
            raise
        for event in events:
            log("captured", kind=event.kind, lead_id=lead_id)


def _put_receipt(receipt: SubmissionReceipt, now: datetime) -> Put:
    return Put(
        {
            "pk": keys.submission(receipt.form_id, receipt.submission_id),
            "sk": keys.RECEIPT,
            "schema": keys.SCHEMA,
            "receipt": json.dumps(receipt.as_dict(), ensure_ascii=False),
            "expires_at_epoch_s": int((now + timedelta(days=SUBMISSION_KEPT_DAYS)).timestamp()),
        },
        ABSENT,
    )
