"""The store of capture: single events, and everything that one form submission writes, in one
transaction.
"""

import json
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import replace
from datetime import datetime

from chalicelib.capture.joining import Admission, Claim, SubmissionReceipt
from chalicelib.capture.screening.kept import KeptForm
from chalicelib.consent.consent import Proof
from chalicelib.errors import AlreadyCapturedError, ConflictError
from chalicelib.events import CONSENT_PENDING, Event, Join, Owner, Rank, browser_rank_of
from chalicelib.limits import (
    EVENTS_MAX_PER_VISITOR_DAY,
    PINGS_STORED_MAX_PER_DAY,
)
from chalicelib.settings import Retention
from chalicelib.store import keys
from chalicelib.store.arrivals import Arrivals
from chalicelib.store.confirmations import put_pending
from chalicelib.store.consents import put_proof
from chalicelib.store.events import AS_EVER, Events, event_key, put_event
from chalicelib.store.expiry import expires_after
from chalicelib.store.joins import join_of, put_join, put_owner
from chalicelib.store.lead_counts import LeadCounts
from chalicelib.store.read_ahead import ReadAhead
from chalicelib.store.screened import put_kept, put_released
from chalicelib.store.table import ABSENT, GUARDED, Put, Table
from chalicelib.telemetry import log

LEAD_READS = (keys.COUNTS, keys.STANDING, keys.PROFILE, keys.CONSENT)
"""What a form asks for of its lead."""


class Captured:
    """Reads what capture must know before it accepts a submission, and writes what it accepts."""

    def __init__(
        self, table: Table, new_id: Callable[[], str], retention: Retention = AS_EVER
    ) -> None:
        self._table = table
        self._pings = Arrivals(table, new_id())
        self._counts = LeadCounts(table)
        self._events = Events(table, retention)
        self._retention = retention

    def read_ahead(
        self, form_id: str, submission_id: str, *, lead_id: str, visitor: str | None
    ) -> "Captured":
        """Return this store with what a submission asks it for, read in one call.

        A call costs as much time as ten of the items that it reads. What was read stays true or the
        acceptance fails: each write rests on it.
        """
        lead = keys.lead(lead_id)
        wanted = [(keys.submission(form_id, submission_id), keys.RECEIPT)]
        wanted += [(lead, sk) for sk in LEAD_READS]
        wanted += [(visitor, keys.OWNER)] if visitor else []
        ahead = copy(self)
        ahead._table = ReadAhead(self._table, wanted)
        ahead._counts = LeadCounts(ahead._table)
        ahead._events = Events(ahead._table, self._retention)
        return ahead

    def receipt(self, form_id: str, submission_id: str) -> SubmissionReceipt | None:
        """Return the receipt of a submission that was accepted before."""
        item = self._table.get(keys.submission(form_id, submission_id), keys.RECEIPT)
        return SubmissionReceipt(**json.loads(str(item["receipt"]))) if item else None

    def countries(self, lead_id: str) -> list[str]:
        """Return every country that a lead is known to be in."""
        from chalicelib.scoring.profile import countries_in
        from chalicelib.store.lead_items import lead_of  # few forms tick a box

        profile = self._table.get(keys.lead(lead_id), keys.PROFILE)
        return countries_in(lead_of(lead_id, [profile]).profile) if profile else []

    def append(self, event: Event) -> bool:
        """Store an event. Return False when it was there already."""
        is_new = self._events.append(event)
        if is_new:
            log("captured", kind=event.kind)
        return is_new

    def owner(self, visitor: str) -> Owner | None:
        """Return whose a visitor is, None for a free one."""
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
        self, lead_id: str, *, submission: str = "", joins: int, rank: Rank, now: datetime
    ) -> Admission:
        """Count a form, unless the submission is empty, and joins."""
        admitted = self._counts.admit(
            lead_id, submission=submission, joins=joins, rank=rank, now=now
        )
        if not admitted.counts:
            log("capped", kind="form")
        return admitted

    def accept(
        self,
        events: Sequence[Event],
        *,
        lead_id: str,
        claims: Sequence[Claim],
        proof: Proof | None,
        receipt: SubmissionReceipt | None,
        now: datetime,
    ) -> None:
        """Store a submission whole or not at all: events, claimed visitors with their joins, proof
        of consent and receipt.

        Raise AlreadyCapturedError when an event came before, ConflictError when an owner, a
        consent or a receipt came in between.
        """
        writes = self._submitted(events, lead_id, claims, proof)
        if receipt is not None:
            writes[0] = _naming(receipt, writes[0])
            writes.append(_put_receipt(receipt, now, self._retention.submissions))
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

    def keep(self, kept: KeptForm, *, lead_id: str, receipt: SubmissionReceipt) -> None:
        """Keep a screened form with its receipt, and nothing else of it.

        Raise ConflictError when a repeat was first.
        """
        now = kept.event.captured_at
        receipts = _put_receipt(receipt, now, self._retention.submissions)
        self._table.write(_naming(receipt, put_kept(kept)), receipts)
        log("screened", kind=kept.event.kind, reason=kept.event.screened, lead_id=lead_id)

    def release(
        self,
        kept: KeptForm,
        events: Sequence[Event],
        *,
        lead_id: str,
        claims: Sequence[Claim],
        proof: Proof | None,
    ) -> None:
        """Store what a released form does: whole, and once.

        events: first that of the form. Raise ConflictError when it was released, or erased, before.
        """
        now = events[0].captured_at
        # The note fails when the form no longer waits: two releases at once are one, and none comes
        # after an erasure (ADR 0044).
        form, *others = self._submitted(events, lead_id, claims, proof)
        if kept.receipt:
            form = replace(form, item={**form.item, "receipt": kept.receipt})
        self._table.write(put_released(kept, now), form, *others)
        log("released", lead_id=lead_id, reason=kept.event.screened)

    def _submitted(
        self,
        events: Sequence[Event],
        lead_id: str,
        claims: Sequence[Claim],
        proof: Proof | None,
    ) -> list[Put]:
        """Return the writes of a submission, without that of its receipt."""
        writes = [put_event(event, self._retention) for event in events]
        for claim in claims:
            writes += self._claim(claim, events[0].captured_at)
        if proof is not None and events[0].properties.get(CONSENT_PENDING):
            writes.append(put_pending(lead_id, proof))
        elif proof is not None:
            writes.append(put_proof(self._table, lead_id, proof))
        return writes

    def _claim(self, claim: Claim, now: datetime) -> list[Put]:
        """Return the writes of a claim. The owner's condition guards the joins (ADR 0037)."""
        after = claim.after
        writes = [put_owner(claim.visitor, after, claim.before)]
        if claim.ended is not None:
            theirs = self._join(claim.visitor, claim.ended, now)
            writes.append(put_join(replace(theirs, ended_at=now), GUARDED, name="ended join"))
        if claim.is_join:
            ours = self._join(claim.visitor, after.lead_id, now) if claim.before else None
            join = ours or Join(claim.visitor, after.lead_id, now)
            rank = browser_rank_of(claim.visitor, after.rank)
            writes.append(put_join(replace(join, rank=rank, ended_at=None), GUARDED))
        return writes

    def _join(self, visitor: str, lead_id: str, now: datetime) -> Join:
        """Return a lead's join of a visitor, one of now where there is none.

        What older code joined stands on the event alone (ADR 0034).
        """
        item = self._table.get(keys.lead(lead_id), keys.join(visitor))
        return join_of(item) if item else Join(visitor, lead_id, now, Rank.IDENTIFY)


def _naming(receipt: SubmissionReceipt, write: Put) -> Put:
    """Return a write whose item names its receipt: by it alone an erasure finds one (ADR 0046)."""
    pk = keys.submission(receipt.form_id, receipt.submission_id)
    return replace(write, item={**write.item, "receipt": pk})


def _put_receipt(receipt: SubmissionReceipt, now: datetime, kept_days: int) -> Put:
    return Put(
        {
            "pk": keys.submission(receipt.form_id, receipt.submission_id),
            "sk": keys.RECEIPT,
            "schema": keys.SCHEMA,
            "receipt": json.dumps(receipt.as_dict(), ensure_ascii=False),
            **expires_after(now, kept_days),
        },
        ABSENT,
    )
