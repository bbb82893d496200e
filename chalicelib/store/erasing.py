"""Closes whoever is erased, and deletes what is held, in an order that a crash may interrupt.

What an erasure leaves of each family of items, `privacy/families.py` says (ADR 0046).
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib.consent.consent import given
from chalicelib.consent.mailbox import MailboxOf
from chalicelib.events import Act, Kind, epoch_ms, parse_event_time
from chalicelib.handoff.figures import changed_counts
from chalicelib.jobs.job import Job
from chalicelib.leads.acts import OTHER_LEAD
from chalicelib.leads.lead import Lead
from chalicelib.privacy.erasure import Swept
from chalicelib.store import keys
from chalicelib.store.consent_items import consent_item, consent_of, proof_of
from chalicelib.store.consents import Consents
from chalicelib.store.jobs import Jobs
from chalicelib.store.lead_items import standing_item, unlisted
from chalicelib.store.leads import Leads
from chalicelib.store.numbers import added_up
from chalicelib.store.sweeping import ErasureSweep, delete_item
from chalicelib.store.table import Item, Put, Table, Write
from chalicelib.store.tombstones import put_note


class Erasing:
    """Closes leads and deletes their items. mailbox_of: the mailbox of a parsed address."""

    def __init__(self, *, table: Table, leads: Leads, jobs: Jobs, mailbox_of: MailboxOf) -> None:
        self._table = table
        self._leads = leads
        self._jobs = jobs
        self._consents = Consents(table, mailbox_of)

    def knows(self, lead_id: str) -> bool:
        """Return whether anything is stored of a lead, also if nothing was derived of it yet."""
        return any(self._table.query(keys.lead(lead_id), limit=1))

    def begin(self, lead: Lead, erased_at: datetime, job: Job[Any]) -> None:
        """Close a lead, and write the job that deletes its items, in one transaction.

        Raise ConflictError when another writer was first.
        """
        self._table.write(*self._closing(lead, erased_at), self._jobs.put_new(job))

    def close(self, lead_id: str, erased_at: datetime) -> None:
        """Close a lead that is erased with another one. One that has begun anew is closed already.

        Raise ConflictError when another writer was first.
        """
        lead = self._leads.read(lead_id)
        is_closed = lead.erased_at is not None and lead.erased_at >= erased_at
        note = put_note(lead_id, erased_at)
        self._table.write(*([note] if is_closed else self._closing(lead, erased_at)))

    def sweep(
        self, lead_id: str, erased_at: datetime, known: Sequence[str], go_on: Callable[[], bool]
    ) -> Swept:
        """Delete what was held on a closed lead by then, as far as there is time.

        Stop at a lead that was merged into it and is not known, so that it is written down before
        the event that names it is gone. Raise ConflictError when another writer was first.
        """
        sweep = ErasureSweep(self._table, lead_id, erased_at)
        if stripped := self._stripped(lead_id, erased_at, None):
            self._table.write(*stripped)
        for item in self._table.query(keys.lead(lead_id)):
            if not go_on():
                return sweep.result(is_whole=False)
            other = _absorbed_in(item, erased_at)
            if other is not None and other not in known:
                return sweep.result(is_whole=False, merged=other)
            if not sweep.take(item, go_on):
                return sweep.result(is_whole=False)
        sweep.finish()
        return sweep.result(is_whole=True)

    def _closing(self, lead: Lead, erased_at: datetime) -> list[Write]:
        """Return the writes that close a lead."""
        mailbox = self._consents.mailbox(lead.lead_id)
        return [
            _put_tombstone(lead, erased_at),
            put_note(lead.lead_id, erased_at),
            # Its requests are gone with it, in the figures, too.
            *added_up(changed_counts(lead.asked, {}), lead.lead_id),
            *self._stripped(lead.lead_id, erased_at, mailbox.id if mailbox else None),
        ]

    def _stripped(self, lead_id: str, erased_at: datetime, mailbox_id: str | None) -> list[Write]:
        """Return the writes that leave of a consent what suppresses, and what was given since.

        mailbox_id: of the lead's own address, so that whoever follows an old link still stops it.
        """
        before = consent_of(self._table.get(keys.lead(lead_id), keys.CONSENT))
        own = frozenset({mailbox_id} if mailbox_id else ())
        # By when it was entered: a basis may have been given long before somebody wrote it down.
        since = {
            what: proof
            for what, proof in before.given.items()
            if proof.event_id is not None and parse_event_time(proof.event_id) > erased_at
        }
        if before.proof is not None and before.proof.at > erased_at:
            after = replace(before, mailboxes=before.mailboxes | own, given=since)
            later = None
        else:
            after = replace(
                before,
                marketing=False,
                proof=None,
                soft_bounces=0,
                mailboxes=before.mailboxes | own,
                given=since,
            )
            # Form against erasure: one after it may have found a proof from before it.
            later = self._first_proof_after(lead_id, erased_at)
            after = given(after, proof_of(later)) if later else after
        if replace(after, version=before.version) == before:
            return []
        written = replace(after, version=before.version + 1)
        put = Put(consent_item(lead_id, written), {"version": before.version or None})
        return [put, delete_item(later, {"pk": str(later["pk"])})] if later else [put]

    def _first_proof_after(self, lead_id: str, erased_at: datetime) -> Item | None:
        found = self._table.query(
            keys.lead(lead_id), first=keys.CONSENTED, last=keys.CONSENTED + keys.END
        )
        after = (item for item in found if int(item["at_ms"]) > epoch_ms(erased_at))
        return min(after, key=lambda item: int(item["at_ms"]), default=None)


def _put_tombstone(lead: Lead, erased_at: datetime) -> Put:
    """Return the write that leaves of a lead's standing that it was erased, on no list.

    Its version goes on, so that whoever read the lead before can no longer write it.
    """
    # Older code reads it as a lead that did nothing (ADR 0027).
    erased = Lead(
        lead_id=lead.lead_id,
        version=lead.version + 1,
        activation=lead.activation,
        zone=lead.zone,
        erased_at=erased_at,
    )
    item = unlisted(standing_item(erased, spread=False))
    return Put(item, {"version": lead.version or None})


def _absorbed_in(item: Item, erased_at: datetime) -> str | None:
    """Return the lead that an event to be erased says was merged into this one, if it does."""
    is_merge = item.get("kind") == Kind.PERSON and item.get("name") == Act.MERGED
    if not is_merge or int(item["captured_at_ms"]) > epoch_ms(erased_at):
        return None
    return str(json.loads(str(item["properties"]))[OTHER_LEAD])
