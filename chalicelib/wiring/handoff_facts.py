"""What notices to sales may know of a lead and of their reader, read when one is written."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.delivery.message_keys import MessageKind
from chalicelib.delivery.outbox import REPORTED
from chalicelib.handoff.facts import (
    Allowed,
    Colleague,
    FirstContact,
    NoticeFacts,
    NoticeReader,
    SentEmail,
    Whereabouts,
)
from chalicelib.wiring.stores import Stores

if TYPE_CHECKING:
    from datetime import date, tzinfo

    from chalicelib.delivery.outbox import OutboxMessage
    from chalicelib.events import Event, FieldValue
    from chalicelib.leads.lead import Lead
    from chalicelib.lifecycle.stages import Recorded
    from chalicelib.scoring.model import Model
    from chalicelib.scoring.profile import Profile

OF_CLOCK = frozenset({MessageKind.REMINDER, MessageKind.ESCALATION})
"""What the clock says of a handoff, and no event."""
ABOUT_A_MOVE = OF_CLOCK | {MessageKind.HANDOFF, MessageKind.CORRECTION}
COLLEAGUES_MAX = 6
COLLEAGUES_SEEN = timedelta(days=90)
MINUTES_OF_A_DAY = 24 * 60  # all zones of a country have a minute of so long a day in common


class HandoffFacts:
    """Reads what notices show.

    first_contact: until when somebody has to get in touch with the lead of a message.
    """

    def __init__(
        self,
        stores: Stores,
        *,
        first_contact: Callable[["OutboxMessage"], FirstContact | None] = lambda _notice: None,
    ) -> None:
        self._stores = stores
        self._first_contact = first_contact

    def __call__(self, message: "OutboxMessage") -> NoticeFacts:
        """Return what a notice may show."""
        from chalicelib.scoring.profile import shown, unconfirmed

        lead = self._stores.leads.read(message.lead_id)
        profile = self.profile_of(lead)
        recent = self._recent(lead, self._cause_of(message))
        moved = self._moved(message)
        return NoticeFacts(
            now=self._stores.ports.now(),
            reader=self._reader(message, lead),
            profile=_values(profile),
            unconfirmed=unconfirmed(shown(profile)),
            recent=recent,
            moved=moved,
            outside_total=self._outside_total(moved),
            labels=self._labels(recent),
            allowed=self._allowed(lead),
            place=_place_of(lead, _values(profile)),
            colleagues=self._colleagues(message.lead_id, _values(profile)),
            sent=self._sent(message.lead_id),
            first_contact=self._first_contact(message),
        )

    def profile_of(self, lead: "Lead") -> "Profile":
        """Return what is known of a lead today."""
        from chalicelib.days import zone_of
        from chalicelib.scoring.profile import remembered

        return remembered(lead.profile, self._today(lead), zone_of(lead.zone))

    def _moved(self, message: "OutboxMessage") -> "Recorded | None":
        # A warning or a request is about a lead that stayed where it was, even if a transition was
        # written with it.
        if message.kind not in ABOUT_A_MOVE:
            return None
        return self._stores.leads.transition(message.lead_id, message.about)

    def _cause_of(self, message: "OutboxMessage") -> tuple[str, str] | None:
        """Return the event that a notice shows first: of the clock's that of the handoff."""
        if message.kind not in OF_CLOCK:
            return message.cause
        notices = self._stores.leads.notices(message.lead_id, message.key.cycle)
        return next((one.cause for one in notices if one.cause), None)

    def _outside_total(self, moved: "Recorded | None") -> frozenset[str]:
        """Return the groups that are not in a total; of most models all are (ADR 0050)."""
        if moved is None or sum(milli for _, _, milli, _ in moved.reasons) == moved.total:
            return frozenset()
        model = self._stores.models.model(moved.model_version)
        return frozenset(model.apart) if model else frozenset()

    def _reader(self, message: "OutboxMessage", lead: "Lead") -> NoticeReader:
        from chalicelib.days import zone_of

        person = self._salesperson(message)
        try:
            zone = zone_of(str(person.get("time_zone") or lead.zone))
        except ValueError:  # a zone that a later version knows
            zone = zone_of(lead.zone)
        return NoticeReader(zone=zone, booking_url=person.get("booking_url"))

    def _salesperson(self, message: "OutboxMessage") -> Mapping[str, Any]:
        """Return who gets a notice, nothing of somebody whom the routing does not name."""
        routing = self._stores.documents.get("routing") or {}
        people: Sequence[Mapping[str, Any]] = routing.get("people", ())
        # A message of before says nothing of its receiver but where it goes.
        to, receiver = message.to, message.receiver
        return next((one for one in people if one["id"] == receiver), {}) or next(
            (one for one in people if to and to in (one["email"], one.get("phone"))), {}
        )

    def _recent(self, lead: "Lead", cause: tuple[str, str] | None) -> "Sequence[Event]":
        found = self._stores.events.recent(lead.lead_id, cause)
        return [event for event in found if lead.takes(event.captured_at, lead.lead_id)]

    def _labels(self, recent: "Sequence[Event]") -> Mapping[str, str]:
        """Return the labels of the fields of the forms that a notice shows, the newest form's
        first.
        """
        from chalicelib.events import Kind

        labels: dict[str, str] = {}
        for form_id in dict.fromkeys(event.name for event in recent if event.kind is Kind.FORM):
            form = self._stores.documents.get("form", form_id) or {}
            for name, one in (form.get("fields") or {}).items():
                if label := one.get("label"):
                    labels.setdefault(name, label)
        return labels

    def _allowed(self, lead: "Lead") -> Allowed:
        from chalicelib.company.contact import contact_rules_for
        from chalicelib.days import zone_of
        from chalicelib.handoff.agreed import allowed_of
        from chalicelib.scoring.profile import countries_in

        stores = self._stores
        countries = countries_in(lead.profile)
        return allowed_of(
            stores.consents.of(lead),
            stores.confirmations.newest(lead.lead_id, stores.ports.now()),
            lambda purpose: stores.counting(purpose, countries),
            zone_of(lead.zone),
            contact_rules_for(stores.company().contact_rules, countries),
            countries,
        )

    def _colleagues(self, lead_id: str, known: "Mapping[str, FieldValue]") -> list[Colleague]:
        """Return who else was active at a lead's company of late (playbook, rule 11)."""
        from chalicelib.handoff.companies import company_of

        domain = company_of(known)
        if domain is None:
            return []
        model = self._stores.models.active()
        found = []
        for lead in self._stores.dealings.colleagues(domain, lead_id):
            last = _last_day(lead, model)
            profile = _values(self.profile_of(lead))
            if last is not None and last >= self._today(lead) - COLLEAGUES_SEEN:
                found.append(Colleague(lead_id=lead.lead_id, profile=profile, last_day=last))
        newest = sorted(found, key=lambda one: one.last_day, reverse=True)
        return newest[:COLLEAGUES_MAX]

    def _today(self, lead: "Lead") -> "date":
        from chalicelib.days import day_of, zone_of

        return day_of(self._stores.ports.now(), zone_of(lead.zone))

    def _sent(self, lead_id: str) -> list[SentEmail]:
        """Return marketing's emails to a lead that have left, newest first."""
        emails = [
            SentEmail(subject=one.subject, at=one.claimed_at or one.created_at, marks=one.marks)
            for one in self._stores.outbox.marketing(lead_id)
            if one.state in REPORTED and one.subject
        ]
        return sorted(emails, key=lambda one: one.at, reverse=True)


def _last_day(lead: "Lead", model: "Model") -> "date | None":
    """Return the day on which a person last did something, None without one. What became of an
    email is nobody's deed.
    """
    from datetime import date

    from chalicelib.events import Kind

    seen = {
        day
        for signal in model.signals.values()
        if signal.kind is not Kind.MAIL
        for day in lead.tally.days_of(signal.id)
    }
    return date.fromordinal(max(seen)) if seen else None


def _values(profile: "Profile") -> "Mapping[str, FieldValue]":
    from chalicelib.scoring.profile import values

    return values(profile)


def _place_of(lead: "Lead", known: "Mapping[str, FieldValue]") -> Whereabouts | None:
    """Return where a person is: by their browser, else by their country."""
    from chalicelib.inputs.countries import country_name
    from chalicelib.nurture.windows import country_zones

    browser = lead.touches.zone
    if browser is not None and (zone := _zone_named(browser.name)) is not None:
        city = browser.name.rpartition("/")[2].replace("_", " ")
        return Whereabouts(zones=[zone], name=city)
    country = known.get("country")
    names = country_zones(country, MINUTES_OF_A_DAY) if isinstance(country, str) else ()
    zones = [zone for name in names if (zone := _zone_named(name)) is not None]
    return Whereabouts(zones=zones, name=country_name(str(country))) if zones else None


def _zone_named(name: str) -> "tzinfo | None":
    """Return a zone that a browser named, None for what is not one."""
    from chalicelib.days import zone_of

    try:
        return zone_of(name)
    except ValueError:
        return None
