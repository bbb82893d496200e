"""What emails may know of a lead, read when one is written."""

from dataclasses import replace
from typing import TYPE_CHECKING

from chalicelib.days import UTC_NAME
from chalicelib.wiring.stores import Stores

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.delivery.outbox import OutboxMessage
    from chalicelib.events import Event
    from chalicelib.leads.lead import Lead
    from chalicelib.nurture.calendar_file import SignedUp
    from chalicelib.nurture.reader import EmailReader


def signed_up(stores: Stores, form_id: str) -> "SignedUp | None":
    """Return what a form signs people up for, None for one that does not."""
    stored = stores.documents.get("form", form_id) or {}
    if not stored.get("event"):
        return None
    from chalicelib.capture.form_document import FormDocument
    from chalicelib.delivery.links import CALENDAR
    from chalicelib.document import read_document
    from chalicelib.nurture.calendar_file import signed_up_for

    form = read_document(FormDocument, stored)
    assert form.event is not None, "it was there when it was read"
    token = stores.links.sign(CALENDAR, form_id)
    url = f"{stores.deployment().get('api_url', '')}/e/{token}.ics"
    return signed_up_for(form.event, form.title, url)


class EmailReaders:
    """Returns what is known of leads that emails are written for."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    def __call__(self, lead: "Lead") -> "EmailReader":
        """Return what is known of a lead."""
        from chalicelib.events import LEAD_PREFIX
        from chalicelib.nurture.reader import reader_of

        return reader_of(
            lead,
            self._stores.events.of(f"{LEAD_PREFIX}{lead.lead_id}"),
            title_of=self._title_of,
            owner=self._owner_of(lead),
            now=self._stores.ports.now(),
        )

    def of_form(self, lead_id: str, form: "Event") -> "EmailReader":
        """Return what is known of a lead that sent a form."""
        from chalicelib.nurture.reader import reader_of

        lead = self._stores.leads.read(lead_id)
        reader = reader_of(
            lead,
            [form],
            title_of=self._title_of,
            owner=self._owner_of(lead),
            now=self._stores.ports.now(),
        )
        return replace(reader, event=signed_up(self._stores, form.name))

    def event_of(self, message: "OutboxMessage") -> "SignedUp | None":
        """Return what a lead signed up for that gets an email of a sequence about it."""
        from chalicelib.nurture.dates import form_of
        from chalicelib.nurture.enrolment import belongs_to

        enrolment = self._stores.enrolments.read(message.lead_id, belongs_to(message.key))
        form_id = form_of(enrolment) if enrolment else None
        return signed_up(self._stores, form_id) if form_id else None

    def of_id(self, lead_id: str | None) -> "EmailReader":
        """Return what is known of a lead, or for None of nobody. Raise NotFoundError."""
        from chalicelib.days import day_of, zone_of
        from chalicelib.leads.lead import find_known
        from chalicelib.nurture.reader import EmailReader

        if lead_id is not None:
            return self(find_known(self._stores.leads.read, lead_id))
        return EmailReader(today=day_of(self._stores.ports.now(), zone_of(UTC_NAME)))

    def _title_of(self, form_id: str) -> str:
        form = self._stores.documents.get("form", form_id) or {}
        return str(form.get("title") or "")

    def _owner_of(self, lead: "Lead") -> "Mapping[str, str] | None":
        """Return the salesperson of a lead, if it has one."""
        from chalicelib.document import read_document
        from chalicelib.handoff.routing import RoutingDocument

        routing = self._stores.documents.get("routing")
        if lead.standing.owner is None or routing is None:
            return None
        for person in read_document(RoutingDocument, routing).people:
            if person.id == lead.standing.owner and person.active:
                return {"name": person.name, "email": person.email, "phone": person.phone or ""}
        return None
