"""What people said about emails: consent with its proofs, and suppression.

A form that ticks the box writes its proof, and nothing that another form writes: the first one is
the lead's CONSENT item, which a claim asks; each later one is an item of its own. A suppression is
written to the mailbox, and to the lead, where code reads it that knows no mailboxes (ADR 0036).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.consent.consent import (
    Consent,
    Proof,
    SuppressionReason,
    also_suppressed,
    delivered,
    following,
    given,
    soft_bounced,
    suppressed,
)
from chalicelib.consent.mailbox import Mailbox, MailboxOf
from chalicelib.delivery.marks import Mark
from chalicelib.errors import ConflictError
from chalicelib.events import Event
from chalicelib.store import keys
from chalicelib.store.addresses import lead_address, profile_address
from chalicelib.store.choices import carry_choice
from chalicelib.store.consent_items import (
    consent_item,
    consent_of,
    proof_item,
    proof_of,
)
from chalicelib.store.events import put_event
from chalicelib.store.mailboxes import (
    Suppressions,
    add_suppressions,
    add_wishes,
    check_wishes,
    keys_of,
    read_suppressions,
    read_wishes,
    suppressions_of,
)
from chalicelib.store.marks import mark_named
from chalicelib.store.sends import carry_sends
from chalicelib.store.table import ABSENT, Check, Put, Table, Write
from chalicelib.store.tombstones import ERASED_AT
from chalicelib.telemetry import log

if TYPE_CHECKING:
    from chalicelib.leads.lead import Lead


class Consents:
    """Reads consent, and writes it with the event that changed it."""

    def __init__(self, table: Table, mailbox_of: MailboxOf) -> None:
        self._table = table
        self._mailbox_of = mailbox_of

    def read(self, lead_id: str) -> Consent:
        """Return what stands with the lead itself, an empty consent when nothing is known."""
        return consent_of(self._table.get(keys.lead(lead_id), keys.CONSENT))

    def of(self, lead: "Lead") -> Consent:
        """Return the consent of a lead, with what suppresses its mailbox."""
        consent = self.read(lead.lead_id)
        address = profile_address(lead.profile)
        if address is None:
            return consent
        mailbox = self._mailbox_of(address)
        return also_suppressed(consent, read_suppressions(self._table, mailbox))

    def read_many(self, leads: "Sequence[Lead]") -> dict[str, Consent]:
        """Return the consent of leads by their ids, each with what suppresses its mailbox."""
        mailboxes = {
            lead.lead_id: self._mailbox_of(address)
            for lead in leads
            if (address := profile_address(lead.profile)) is not None
        }
        wanted = [(keys.lead(lead.lead_id), keys.CONSENT) for lead in leads]
        wanted += [key for mailbox in mailboxes.values() for key in keys_of(mailbox)]
        items = {
            (str(item["pk"]), str(item["sk"])): item
            for item in self._table.get_many(list(dict.fromkeys(wanted)))
        }
        found: dict[str, Consent] = {}
        for lead_id in (lead.lead_id for lead in leads):
            consent = consent_of(items.get((keys.lead(lead_id), keys.CONSENT)))
            mailbox = mailboxes.get(lead_id)
            places = keys_of(mailbox) if mailbox else ()
            of_mailbox = suppressions_of(items[key] for key in places if key in items)
            found[lead_id] = also_suppressed(consent, of_mailbox)
        return found

    def history(self, lead_id: str, most: int) -> list[Proof]:
        """Return the newest proofs of a lead's consent, newest first; the first of all is always
        the last of them. most: how many at most, besides that one.
        """
        later = self._table.query(
            keys.lead(lead_id),
            first=keys.CONSENTED,
            last=keys.CONSENTED + keys.END,
            newest_first=True,
            limit=most,
        )
        first = self.read(lead_id).proof
        return [*map(proof_of, later), *([first] if first else [])]

    def merged_into(self, lead_id: str) -> str | None:
        """Return the lead that absorbed this one, None while it is a lead of its own."""
        standing = self._table.get(keys.lead(lead_id), keys.STANDING)
        merged_into = standing.get("merged_into") if standing else None
        return str(merged_into) if merged_into is not None else None

    def was_erased(self, lead_id: str) -> bool:
        """Return whether a lead was ever erased."""
        standing = self._table.get(keys.lead(lead_id), keys.STANDING)
        return standing is not None and ERASED_AT in standing

    def mailbox(self, lead_id: str) -> Mailbox | None:
        """Return the mailbox of a lead's own address, None where no address is known."""
        address = lead_address(self._table, lead_id)
        return self._mailbox_of(address) if address else None

    def suppress(
        self,
        lead_id: str,
        reason: SuppressionReason,
        event: Event | None,
        now: datetime,
        message: str = "",
    ) -> None:
        """Suppress a lead's emails and its mailbox, append the event that says why, and mark the
        email, by its key, that brought it, in one transaction.

        event: None when it is stored already. Raise ConflictError when another writer was first.
        """
        before = self.read(lead_id)
        after = suppressed(before, reason, now)
        marks = mark_named(self._table, lead_id, message, Mark.UNSUBSCRIBED)
        self._write(lead_id, before, after, event, insists=True, news={reason: now}, marks=marks)

    def change(self, lead_id: str, before: Consent, after: Consent, event: Event) -> None:
        """Replace a consent, and append the event that says why, in one transaction.

        Raise ConflictError when another writer was first.
        """
        self._table.write(put_event(event), put_consent(lead_id, before, after))

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

    def note_event(self, event: Event) -> None:
        """Append an event of an email that says nothing about its mailbox; a repeat does nothing.

        Raise ConflictError when the table is busy.
        """
        try:
            self._table.write(put_event(event))
        except ConflictError as conflict:
            if not conflict.failed:
                raise

    def carry_over(self, lead_id: str) -> None:
        """Let what earlier code wrote to a lead alone hold for its mailbox, too.

        Raise ConflictError when another writer was first.
        """
        consent = self.read(lead_id)
        self._write(lead_id, consent, consent, None, insists=True)

    def carry_along(self, absorbed: str, survivor: str) -> list[Write]:
        """Return the writes by which the survivor of a merge, and each mailbox of the person, know
        what the person wished of any of them, and the survivor's what was sent to the other.
        """
        ours, our_mailbox = self.read(survivor), self.mailbox(survivor)
        theirs, their_mailbox = self.read(absorbed), self.mailbox(absorbed)
        # Merge against unsubscribe: one between these reads and the merge makes a check fail, and
        # the merge reads again. One after the merge finds the survivor itself. ADR 0028
        read_version = {"version": theirs.version or None}
        others = ours.mailboxes | theirs.mailboxes | _ids_of(their_mailbox)
        others -= _ids_of(our_mailbox)
        read = {one: read_wishes(self._table, one) for one in sorted(others)}
        theirs = also_suppressed(theirs, suppressions_of(item for item in read.values() if item))
        after = following(ours, theirs, others)
        writes: list[Write] = [
            Check(keys.lead(absorbed), keys.CONSENT, read_version, name="absorbed consent"),
            # Written in any case: an unsubscribe that did not see these mailboxes then fails.
            put_consent(survivor, ours, after),
        ]
        for one, item in read.items():
            added = add_wishes(one, item, after.suppressions)
            writes += added or [check_wishes(one, item)]
        if our_mailbox is not None:
            writes += add_suppressions(self._table, our_mailbox, after.suppressions)
            writes += carry_choice(self._table, our_mailbox.id, sorted(others))
            if their_mailbox is not None and their_mailbox.id != our_mailbox.id:
                writes += carry_sends(self._table, their_mailbox.id, our_mailbox.id)
        return writes

    def _write(
        self,
        lead_id: str,
        before: Consent,
        after: Consent,
        event: Event | None,
        *,
        insists: bool,
        news: Suppressions | None = None,
        marks: Sequence[Write] = (),
    ) -> None:
        """Write a change of consent with its event, and with the marks that go with that.

        insists: even when the event exists; news: the reason that was heard just now, with the
        time. Of one that stands with the lead for long, a mailbox may have been told otherwise.
        """
        changed = [put_consent(lead_id, before, after)] if after is not before else []
        changed += self._stopped(lead_id, after, news or {}) if after.suppressions else []
        writes = [*([put_event(event), *marks] if event else []), *changed]
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

    def _stopped(self, lead_id: str, consent: Consent, news: Suppressions) -> list[Put]:
        """Return the writes that stop each mailbox of a person, as far as they are missing."""
        own = self.mailbox(lead_id)
        reasons = {**consent.suppressions, **news}
        new = next(iter(news), None)
        writes = add_suppressions(self._table, own, reasons, new) if own else []
        for one in sorted(consent.mailboxes - _ids_of(own)):
            writes += add_wishes(one, read_wishes(self._table, one), reasons, new)
        return writes


def put_consent(lead_id: str, before: Consent, after: Consent) -> Put:
    """Return the write that replaces a consent, if it is still as it was before."""
    return Put(consent_item(lead_id, after), {"version": before.version or None})


def put_proof(table: Table, lead_id: str, proof: Proof) -> Put:
    """Return the write that keeps a proof of consent: the first one as the lead's consent.

    A later one is inserted, so that forms at the same time never wait for each other.
    """
    before = consent_of(table.get(keys.lead(lead_id), keys.CONSENT))
    after = given(before, proof)
    if after is not before:
        return put_consent(lead_id, before, after)
    return Put(proof_item(lead_id, proof), ABSENT)


def _ids_of(mailbox: Mailbox | None) -> frozenset[str]:
    return frozenset({mailbox.id} if mailbox else ())
