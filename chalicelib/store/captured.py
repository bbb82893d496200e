"""The store of capture: single events, and everything that one form submission writes, in one
transaction.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from chalicelib.capture.joining import SubmissionReceipt
from chalicelib.consent.consent import Consent
from chalicelib.errors import AlreadyCapturedError, ConflictError
from chalicelib.events import Event, Join
from chalicelib.limits import SUBMISSION_KEPT_DAYS
from chalicelib.store import keys
from chalicelib.store.consents import Consents, put_consent
from chalicelib.store.events import Events, put_event, put_join, put_owner
from chalicelib.store.table import ABSENT, Put, Table
from chalicelib.telemetry import log


class Captured:
    """Reads what capture must know before it accepts a submission, and writes what it accepts."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._events = Events(table)
        self._consents = Consents(table)

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

    def count_joins(self, lead_id: str) -> int:
        """Return how many visitors belong to a lead, at most as many as may."""
        return self._events.count_joins(lead_id)

    def is_shared(self, visitor: str, now: datetime) -> bool:
        """Return whether many browsers use a visitor id."""
        return self._events.is_shared(visitor, now)

    def consent(self, lead_id: str) -> Consent:
        """Return the lead's consent."""
        return self._consents.read(lead_id)

    def accept(
        self,
        events: Sequence[Event],
        *,
        lead_id: str,
        claims: Sequence[str],
        consents: tuple[Consent, Consent] | None,
        receipt: SubmissionReceipt | None,
        now: datetime,
    ) -> None:
        """Store a submission whole or not at all: events, claimed visitors with their joins,
        consent and receipt.

        Raise AlreadyCapturedError when an event came before, ConflictError when an owner, a
        consent or a receipt came in between.
        """
        writes = [put_event(event) for event in events]
        for visitor in claims:
            join = Join(visitor, lead_id, captured_at=events[0].captured_at)
            writes += [put_owner(visitor, lead_id), put_join(join)]
        if consents is not None:
            writes.append(put_consent(lead_id, *consents))
        if receipt is not None:
            writes.append(_put_receipt(receipt, now))
        try:
            self._table.write(*writes)
        except ConflictError as conflict:
            # A repeat of the request may have been first. It wrote everything in one transaction,
            # so one event that exists proves that nothing is missing.
            if any(keys.event(event.id) in conflict.failed for event in events):
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
            "receipt": json.dumps(receipt.as_dict()),
            "expires_at_epoch_s": int((now + timedelta(days=SUBMISSION_KEPT_DAYS)).timestamp()),
        },
        ABSENT,
    )
