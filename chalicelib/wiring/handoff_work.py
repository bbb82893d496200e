"""What looks after handoffs, each part built when it is first needed."""

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.wiring.click_work import ClickWork

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any

    from chalicelib.delivery.outbox import OutboxMessage
    from chalicelib.handoff.dealing import Dealt
    from chalicelib.handoff.desk import Desk
    from chalicelib.handoff.facts import FirstContact
    from chalicelib.handoff.handoff import Handoff
    from chalicelib.handoff.routing import Person
    from chalicelib.handoff.sla_clock import SlaClock
    from chalicelib.leads.lead import Lead
    from chalicelib.wiring.stores import Stores


class HandoffWork(ClickWork):
    """The clock of handoffs."""

    @cached_property
    def sla_clock(self) -> "SlaClock":
        """Looks after handoffs that are due."""
        from chalicelib.handoff.sla_clock import SlaClock

        return SlaClock(
            handoffs=self.handoffs,
            leads=self.leads,
            desk=lambda now: desk_of(self, now),
            another=self._another,
            deal=self._deal,
            runtime=self.runtime,
        )

    def _another(self, desk: "Desk", handoff: "Handoff", lead: "Lead") -> "Person | None":
        """Return who else could get a lead: as if those who have it were not there.

        By chance, so that the leads of somebody who fell ill do not all go to one person.
        """
        from chalicelib.handoff.choosing import choose
        from chalicelib.handoff.load import Load
        from chalicelib.scoring.profile import values

        has_it = {handoff.owner, handoff.holder, lead.standing.owner}
        others = [one for one in desk.routing.people if one.id not in has_it]
        routing = desk.routing.model_copy(update={"people": others})
        known = self.dealing.facts_of(values(lead.profile), handoff.kind)
        facts = replace(known, owner=None, domain=None)
        chosen = choose(replace(desk, routing=routing), facts, Load(), seed=lead.lead_id)
        return desk.active(chosen.owner) if chosen.owner else None

    def _deal(self, desk: "Desk", handoff: "Handoff", lead: "Lead") -> "Dealt":
        from chalicelib.scoring.profile import values

        said = values(lead.profile)
        facts = self.dealing.facts_of(said, handoff.kind, lead.standing.owner)
        return self.dealing.deal(desk, facts, lead.lead_id, is_held=False, lost=0)


def desk_of(stores: "Stores", now: "datetime") -> "Desk":
    """Return the salespeople at a moment."""
    from chalicelib.days import name_of

    return stores.dealing.desk(name_of(stores.allowances.zone()), now)


def first_contact(stores: "Stores", message: "OutboxMessage") -> "FirstContact | None":
    """Return until when somebody has to get in touch with the lead of a message; None when they
    need not.
    """
    from chalicelib.delivery.message_keys import MessageKind
    from chalicelib.handoff.facts import FirstContact

    if message.kind not in (MessageKind.HANDOFF, MessageKind.REMINDER):
        return None
    handoff = stores.handoffs.read(message.lead_id, message.key.cycle)
    due_at = _contact_due_at(stores, handoff) if handoff else None
    if handoff is None or due_at is None:
        return None
    return FirstContact(due_at=due_at, priority=handoff.priority.upper())


def newest_handoff(stores: "Stores", lead_id: str) -> "Mapping[str, Any] | None":
    """Return the newest handoff of a lead as the API shows it, None for a lead without one."""
    from chalicelib.events import rfc3339
    from chalicelib.handoff.handoff import newest_of
    from chalicelib.handoff.listing import serialize_handoff

    handoff = newest_of(stores.handoffs.of_lead(lead_id))
    if handoff is None:
        return None
    due_at = _contact_due_at(stores, handoff)
    return {**serialize_handoff(handoff), "contact_due_at": rfc3339(due_at) if due_at else None}


def _contact_due_at(stores: "Stores", handoff: "Handoff") -> "datetime | None":
    if handoff.contacted_at is not None:
        return None  # most are called soon, and working time is asked for in vain
    from chalicelib.handoff.sla import contact_due_at
    from chalicelib.handoff.sla_clock import receiver_time

    desk = desk_of(stores, stores.ports.now())
    return contact_due_at(handoff, receiver_time(handoff, desk))
