"""What shows a handoff by its link, and takes the verdict; and the links themselves."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.commands.verdicts import Rejection, VerdictCommands
    from chalicelib.delivery.outbox import OutboxMessage
    from chalicelib.events import FieldValue
    from chalicelib.handoff.answering import HandoffAnswering, HandoffLink, HandoffLook
    from chalicelib.handoff.handoff import Handoff
    from chalicelib.handoff.verdict_card import HandoffCard
    from chalicelib.leads.lead import Lead
    from chalicelib.lifecycle.verdicts import SalesVerdict
    from chalicelib.wiring.stores import Stores
    from chalicelib.wiring.world import World


class HandoffLinks:
    """Makes the links to handoffs' pages."""

    def __init__(self, stores: "Stores") -> None:
        self._stores = stores

    def verdict_url(self, message: "OutboxMessage", verdict: "SalesVerdict | None" = None) -> str:
        """Return the address of a handoff's page, for whoever a notice goes to.

        verdict: what the page opens with; opening it decides nothing. Empty for a message that is
        about no handoff, or that nobody gets.
        """
        handoff = self._stores.handoffs.read(message.lead_id, message.key.cycle)
        person = self._receiver(message, handoff) if handoff else None
        if handoff is None or person is None:
            return ""
        return self.url(handoff, person, self._stores.ports.now(), verdict)

    def url(
        self, handoff: "Handoff", person: str, at: "datetime", verdict: "SalesVerdict | None" = None
    ) -> str:
        """Return the address of a handoff's page for a person. at: from when it is valid."""
        from chalicelib.handoff.answering import HandoffLink

        link = HandoffLink(
            lead_id=handoff.lead_id,
            cycle=handoff.cycle,
            person=person,
            issued_at=at,
            choice=verdict,
        )
        return f"{self._stores.deployment().get('api_url', '')}/handoffs/{self.token(link)}"

    def token(self, link: "HandoffLink") -> str:
        """Return the token of a link."""
        from chalicelib.delivery.links import HANDOFF

        return self._stores.links.sign(HANDOFF, str(link))

    def _receiver(self, message: "OutboxMessage", handoff: "Handoff") -> str | None:
        """Return the id of whose notice it is: a fallback person's names that person."""
        routing = self._stores.documents.get("routing") or {}
        people = routing.get("people", [])
        address = (message.to or "").lower()
        reached = (
            str(one["id"])
            for one in people
            if address and address in (str(one.get(way, "")).lower() for way in ("email", "phone"))
        )
        return next(reached, handoff.receiver)


class HandoffPages:
    """The use cases of handoffs' pages, on the stores of a world."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.links = HandoffLinks(world)

    def link(self, token: str) -> "HandoffLink":
        """Return what a token says. Raise NotFoundError when we did not sign it."""
        from chalicelib.delivery.links import HANDOFF
        from chalicelib.handoff.answering import handoff_link_in

        return handoff_link_in(self._world.links.read(HANDOFF, token))

    @cached_property
    def verdicts(self) -> "VerdictCommands":
        """Takes verdicts."""
        from chalicelib.commands.verdicts import VerdictCommands

        world = self._world
        return VerdictCommands(
            commands=world.commands, form_of=self._form_of, runtime=world.runtime
        )

    @cached_property
    def answering(self) -> "HandoffAnswering":
        """Shows handoffs by their links, and takes what is answered."""
        from chalicelib.handoff.answering import HandoffAnswering

        world = self._world
        return HandoffAnswering(
            handoffs=world.handoffs,
            verdict=world.leads.verdict,
            lead=self._known,
            routing=lambda: world.documents.get("routing"),
            taker=self.verdicts,
            merge=self._merge,
            runtime=world.runtime,
        )

    def card(self, look: "HandoffLook") -> "HandoffCard":
        """Return what a page shows of a lead."""
        from chalicelib.handoff.verdict_card import card_of

        world = self._world
        lead_id = look.lead.lead_id
        events = [
            event
            for event in world.events.recent(lead_id)
            if look.lead.takes(event.captured_at, lead_id)
        ]
        return card_of(
            profile=self._profile(look.lead),
            recorded=world.leads.transition(look.handoff.lead_id, look.handoff.about),
            events=events,
            title_of=lambda form_id: (world.documents.get("form", form_id) or {}).get("title"),
            agreed=self._agreed(look.lead),
        )

    def _profile(self, lead: "Lead") -> "Mapping[str, FieldValue]":
        from chalicelib.days import day_of, zone_of
        from chalicelib.scoring.profile import remembered, values

        zone = zone_of(lead.zone)
        today = day_of(self._world.ports.now(), zone)
        return values(remembered(lead.profile, today, zone))

    def _agreed(self, lead: "Lead") -> "Sequence[str]":
        from chalicelib.days import zone_of
        from chalicelib.handoff.agreed import agreed_lines
        from chalicelib.scoring.profile import countries_in

        world = self._world
        consent = world.consents.of(lead)
        pending = world.confirmations.newest(lead.lead_id, world.ports.now())
        countries = countries_in(lead.profile)
        return agreed_lines(
            consent,
            pending,
            lambda purpose: world.counting(purpose, countries),
            zone_of(lead.zone),
        )

    def _known(self, lead_id: str) -> "Lead":
        from chalicelib.leads.lead import find_known

        return find_known(self._world.leads.read, lead_id)

    def _form_of(self, lead_id: str) -> str | None:
        from chalicelib.events import Kind

        forms = (one.name for one in self._world.events.recent(lead_id) if one.kind is Kind.FORM)
        return next(forms, None)

    def _merge(self, link: "HandoffLink", rejection: "Rejection") -> bool:
        """Make a lead part of the one whose address was named. Return whether there is one."""
        other = self._named(rejection.who)
        if other is None or other.lead_id == link.lead_id:
            return False
        lead = self._known(link.lead_id)
        event = self.verdicts.rejection_event(lead, link.cycle, link.person, rejection)
        self._world.corrections.merge(other.lead_id, link.lead_id, why=[event])
        return True

    def _named(self, address: str) -> "Lead | None":
        from chalicelib.errors import NotFoundError

        try:
            return self._known(self._world.lead_id(address))
        except NotFoundError:
            return None
