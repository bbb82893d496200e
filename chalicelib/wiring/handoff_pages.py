"""What shows a handoff by its link, and takes the verdict; and the links themselves."""

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.commands.verdicts import Rejection, VerdictCommands
    from chalicelib.delivery.outbox import OutboxMessage
    from chalicelib.handoff.answering import HandoffAnswering, HandoffLink, HandoffLook
    from chalicelib.handoff.facts import VerdictLink
    from chalicelib.handoff.handoff import Handoff
    from chalicelib.handoff.verdict_card import HandoffCard
    from chalicelib.leads.lead import Lead
    from chalicelib.wiring.stores import Stores
    from chalicelib.wiring.world import World


PAGES_REMEMBERED = 1_000


class HandoffLinks:
    """Makes the links to handoffs' pages."""

    def __init__(self, stores: "Stores") -> None:
        self._stores = stores

    def verdict_url(self, message: "OutboxMessage", choice: "VerdictLink") -> str | None:
        """Return the address of a handoff's page for whoever a notice goes to, None for a message
        that is about no handoff, or that nobody gets.

        choice: what the page opens with; opening it decides nothing.
        """
        handoff = self._stores.handoffs.read(message.lead_id, message.key.cycle)
        if handoff is None or not self._stores.deployment().get("api_url"):
            return None
        person = message.receiver or handoff.receiver
        return self.url(handoff, person, self._stores.ports.now(), choice) if person else None

    def url(
        self, handoff: "Handoff", person: str, at: "datetime", choice: "VerdictLink | None" = None
    ) -> str:
        """Return the address of a handoff's page for a person. at: from when it is valid."""
        from chalicelib.handoff.answering import HandoffLink
        from chalicelib.handoff.facts import VerdictLink

        link = HandoffLink(
            lead_id=handoff.lead_id,
            cycle=handoff.cycle,
            person=person,
            issued_at=at,
            choice=choice or VerdictLink.PAGE,
        )
        return f"{self._stores.deployment().get('api_url', '')}/handoffs/{self.token(link)}"

    def token(self, link: "HandoffLink") -> str:
        """Return the token of a link."""
        from chalicelib.delivery.links import HANDOFF_PAGE

        return self._stores.links.sign(HANDOFF_PAGE, str(link))


class HandoffPages:
    """The use cases of handoffs' pages, on the stores of a world."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.links = HandoffLinks(world)
        self._shown: dict[str, datetime] = {}
        """When this container last showed a page, by what its link is about; the latest last."""

    def note_shown(self, link: "HandoffLink") -> None:
        """Remember that a page is shown: not in the table, which a look does not change."""
        self._shown.pop(link.about, None)
        self._shown[link.about] = self._world.ports.now()
        if len(self._shown) > PAGES_REMEMBERED:
            del self._shown[next(iter(self._shown))]

    def shown_at(self, link: "HandoffLink") -> "datetime | None":
        """Return when this container last showed a page, None when it does not remember."""
        return self._shown.get(link.about)

    def link(self, token: str) -> "HandoffLink":
        """Return what a token says. Raise NotFoundError when we did not sign it."""
        from chalicelib.delivery.links import HANDOFF_PAGE
        from chalicelib.handoff.answering import handoff_link_in

        return handoff_link_in(self._world.links.read(HANDOFF_PAGE, token))

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
        """Return what a page shows of a lead: what its notice would."""
        from chalicelib.delivery.message_keys import MessageKey, MessageKind
        from chalicelib.delivery.outbox import Via, planned
        from chalicelib.handoff.verdict_card import card_of
        from chalicelib.wiring.handoff_facts import HandoffFacts

        notice = planned(
            lead_id=look.lead.lead_id,
            key=MessageKey(MessageKind.HANDOFF, look.handoff.cycle, ("page",)),
            via=Via.EMAIL,
            to=None,
            about=look.handoff.about,
            now=self._world.ports.now(),
        )
        return card_of(HandoffFacts(self._world)(notice), self._title_of)

    def _title_of(self, form_id: str) -> str | None:
        title = (self._world.documents.get("form", form_id) or {}).get("title")
        return str(title) if title else None

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
