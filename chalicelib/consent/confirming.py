"""Confirm: a mailbox's owner says that a ticked box was theirs (ADR 0045).

The link names the form's event, and the mailbox that it was sent to. Whoever has it speaks for that
mailbox, and for no other.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from chalicelib.consent.consent import Proof
from chalicelib.consent.mailbox import Mailbox
from chalicelib.errors import NotFoundError
from chalicelib.events import (
    CONFIRMED_FORM,
    Event,
    Kind,
    Rank,
    is_lead_id,
    lead_partition,
    own_event_id,
)
from chalicelib.mail_events import MailEvent
from chalicelib.runtime import Runtime
from chalicelib.writing import until_written


class Confirmation(StrEnum):
    """What has become of a ticked box."""

    PENDING = "pending"  # a press of the button confirms it
    CONFIRMED = "confirmed"
    GONE = "gone"  # after 30 days, an erasure, or a change of the address


@dataclass(frozen=True, slots=True)
class ConfirmLink:
    """What the link of a confirmation says."""

    lead_id: str
    event_id: str
    """Of the form whose box was ticked."""
    mailbox_id: str
    """Of the mailbox that the link was sent to."""

    def __str__(self) -> str:
        return f"{self.lead_id} {self.event_id} {self.mailbox_id}"


def parse_link(text: str) -> ConfirmLink:
    """Return the link of a text that we signed. Raise NotFoundError for one of another version."""
    parts = text.split(" ")
    if len(parts) != 3 or not is_lead_id(parts[0]):
        raise NotFoundError("this link is not valid")
    return ConfirmLink(*parts)


class ConfirmationStore(Protocol):
    """Where ticked boxes are kept."""

    def pending(self, lead_id: str, event_id: str, now: datetime) -> Proof | None:
        """Return the proof of a ticked box that is not forgotten yet."""

    def form_event(self, lead_id: str, event_id: str) -> Event | None:
        """Return the event of a form, None where nothing of it is kept."""

    def mailbox(self, lead_id: str) -> Mailbox | None:
        """Return the mailbox of a lead's own address."""

    def confirm(
        self, lead_id: str, pending: Proof, event: Event, mailbox: Mailbox, now: datetime
    ) -> None:
        """Give the consent, and append the event that says so. Raise ConflictError."""


class Confirming:
    """Takes confirmations."""

    def __init__(self, *, store: ConfirmationStore, runtime: Runtime) -> None:
        self._store = store
        self.runtime = runtime

    def look(self, link: ConfirmLink) -> Confirmation:
        """Return what has become of the box of a link. Write nothing."""
        return self._look(link)[0]

    @until_written
    def confirm(self, link: ConfirmLink) -> Confirmation:
        """Confirm the box of a link. A second time changes nothing.

        So a link that is opened again does not undo an unsubscribe that came after the first time.
        Raise ConflictError when the table stays busy.
        """
        state, pending, mailbox = self._look(link)
        if state is not Confirmation.PENDING or pending is None or mailbox is None:
            return state
        now = self.runtime.now()
        form = self._store.form_event(link.lead_id, link.event_id)
        event = _event(link, form, now)
        self._store.confirm(link.lead_id, pending, event, mailbox, now)
        return Confirmation.CONFIRMED

    def _look(self, link: ConfirmLink) -> tuple[Confirmation, Proof | None, Mailbox | None]:
        pending = self._store.pending(link.lead_id, link.event_id, self.runtime.now())
        if pending is None:
            return Confirmation.GONE, None, None
        if pending.confirmed_at is not None:
            return Confirmation.CONFIRMED, None, None
        mailbox = self._store.mailbox(link.lead_id)
        if mailbox is None or mailbox.id != link.mailbox_id:
            # The consent would be the new address's, whose owner has not seen the link.
            return Confirmation.GONE, None, None
        return Confirmation.PENDING, pending, mailbox


def _event(link: ConfirmLink, form: Event | None, now: datetime) -> Event:
    """Return the event of a confirmation: it repeats what the form said, as confirmed.

    form: its event; None where only the box is kept, so that there is nothing to repeat.
    """
    partition = lead_partition(link.lead_id)
    return Event(
        partition=partition,
        id=own_event_id(partition, now, f"{MailEvent.CONFIRMED}/{link.event_id}"),
        kind=Kind.MAIL,
        name=MailEvent.CONFIRMED.value,
        at=now,
        captured_at=now,
        properties={CONFIRMED_FORM: link.event_id, **({"form": form.name} if form else {})},
        fields=form.fields if form else {},
        rank=Rank.CONFIRMED,
    )
