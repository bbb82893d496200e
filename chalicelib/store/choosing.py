"""Writes what was chosen for the mailboxes of a person, and takes it back (ADR 0063)."""

from collections.abc import Iterable, Set
from dataclasses import replace
from datetime import datetime

from chalicelib.consent.choice import Choice, Wanted, chosen, taken_back
from chalicelib.consent.consent import Consent, SuppressionReason, also_suppressed
from chalicelib.consent.way_out import Undo
from chalicelib.delivery.marks import Mark
from chalicelib.events import Event
from chalicelib.leads.requests import ReplayRequests
from chalicelib.store import keys
from chalicelib.store.choices import put_choice, read_choice
from chalicelib.store.consents import Consents, put_consent
from chalicelib.store.events import put_event
from chalicelib.store.mailboxes import read_suppressions, read_wishes, without_wish
from chalicelib.store.marks import mark_named
from chalicelib.store.replays import replay_item, requests_of
from chalicelib.store.table import Put, Table, Write


class Choices:
    """Reads and writes what was chosen for mailboxes, and takes it back."""

    def __init__(self, table: Table, consents: Consents) -> None:
        self._table = table
        self._consents = consents

    def of_lead(self, lead_id: str) -> tuple[SuppressionReason | None, Choice]:
        """Return why nothing is sent to a lead, None when it may be; and what was chosen for the
        mailbox of its own address.
        """
        consent = self._consents.read(lead_id)
        mailbox = self._consents.mailbox(lead_id)
        if mailbox is None:
            return consent.suppressed, Choice()
        consent = also_suppressed(consent, read_suppressions(self._table, mailbox))
        return consent.suppressed, read_choice(self._table, mailbox.id)

    def choose(self, lead_id: str, wanted: Wanted, event: Event, now: datetime) -> None:
        """Keep what somebody chose, for each mailbox of the person, and append the event that says
        so, in one transaction. Raise ConflictError when another writer was first.
        """
        changed = [
            put_choice(one, before, chosen(before, wanted, now))
            for one, before in self._of_person(lead_id)
        ]
        self._table.write(put_event(event), *changed)

    def take_choice_back(self, undo: Undo, event: Event) -> bool:
        """Bring back what was wanted before a choice, and append the event that says so, in one
        transaction. Return False when it is not the last one. Raise ConflictError.
        """
        changed = [
            put_choice(one, before, after)
            for one, before in self._of_person(undo.way_out.lead_id)
            if (after := taken_back(before, undo.at)) is not None
        ]
        if not changed:
            return False
        self._table.write(put_event(event), *changed)
        return True

    def take_unsubscribe_back(self, undo: Undo, event: Event, now: datetime) -> bool:
        """Take an unsubscribe back, and no other reason, wherever it came to stand; and append the
        event that retracts it, in one transaction.

        Return False when it does not stand any more. Raise ConflictError when another writer was
        first: a complaint, a bounce and another unsubscribe change what was read.
        """
        way_out = undo.way_out
        leads = self._chain(way_out.lead_id)
        consents = [(one, self._consents.read(one)) for one in leads]
        changed: list[Write] = [
            put_consent(one, consent, _without_unsubscribe(consent))
            for one, consent in consents
            if consent.suppressions.get(SuppressionReason.UNSUBSCRIBED) == undo.at
        ]
        if not changed:
            return False
        for one in sorted(self._mailboxes(leads, (consent for _, consent in consents))):
            item = read_wishes(self._table, one)
            changed += without_wish(one, item, SuppressionReason.UNSUBSCRIBED, undo.at)
        changed += mark_named(
            self._table, way_out.lead_id, way_out.message, takes_back={Mark.UNSUBSCRIBED}
        )
        # The score takes the event back with the replay.
        self._table.write(*changed, put_event(event), self._replay(leads[-1], now))
        return True

    def _of_person(self, lead_id: str) -> list[tuple[str, Choice]]:
        leads = self._chain(lead_id)
        consents = [self._consents.read(one) for one in leads]
        ids = sorted(self._mailboxes(leads, consents))
        return [(one, read_choice(self._table, one)) for one in ids]

    def _chain(self, lead_id: str) -> list[str]:
        """Return a lead, and those that it was merged into, the survivor last."""
        leads = [lead_id]
        while (survivor := self._consents.merged_into(leads[-1])) is not None:
            leads.append(survivor)
        return leads

    def _mailboxes(self, leads: Iterable[str], consents: Iterable[Consent]) -> Set[str]:
        """Return the ids of the mailboxes of a person."""
        own = (self._consents.mailbox(one) for one in leads)
        known = (one for consent in consents for one in consent.mailboxes)
        return {*(mailbox.id for mailbox in own if mailbox), *known}

    def _replay(self, lead_id: str, now: datetime) -> Put:
        item = self._table.get(keys.lead(lead_id), keys.REPLAY)
        before = requests_of(item) if item else ReplayRequests()
        return Put(replay_item(lead_id, before.at(now)), {"requests": before.count or None})


def _without_unsubscribe(consent: Consent) -> Consent:
    """Return the consent after an unsubscribe was taken back. Every other reason stays."""
    kept: dict[SuppressionReason, datetime] = {
        reason: since
        for reason, since in consent.suppressions.items()
        if reason is not SuppressionReason.UNSUBSCRIBED
    }
    return replace(consent, suppressions=kept, version=consent.version + 1)
