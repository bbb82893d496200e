"""Saved lists and mailings, each part built when it is first needed."""

from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from chalicelib.wiring.stores import Stores

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chalicelib.delivery.outbox import OutboxMessage
    from chalicelib.delivery.reasons import NotSentReason
    from chalicelib.leads.lead import Lead
    from chalicelib.nurture.mailings.lists import ListFilter
    from chalicelib.nurture.mailings.mailings import Mailings
    from chalicelib.reading.lists import ListReading
    from chalicelib.wiring.world import World


class MailingWork(Stores):
    """Saved lists, and the emails that go to them once."""

    @cached_property
    def mailings(self) -> "Mailings":
        """Counts mailings, and lets people confirm and cancel them."""
        from chalicelib.nurture.mailings.mailings import Mailings

        return Mailings(
            store=self.mailing_items,
            documents=self.documents,
            job=cast("World", self).job_store.read,
            zone=lambda: self.models.current().zone,
            runtime=self.runtime,
        )

    @cached_property
    def list_reading(self) -> "ListReading":
        """Answers the leads of a saved list."""
        from chalicelib.reading.lists import ListReading
        from chalicelib.store.keys import LEAD_SHARDS

        return ListReading(
            leads=self.leads,
            on_list=self.list_filter,
            serialize=lambda model, scored: cast("World", self).reading.serialize(
                model, scored, reasons=False
            ),
            model=self.models.current,
            shards=LEAD_SHARDS,
            now=self.ports.now,
        )

    def list_filter(self, list_id: str, version: int | None = None) -> "ListFilter":
        """Return what says whether a lead is on a list. Raise NotFoundError."""
        from chalicelib.document import read_document
        from chalicelib.nurture.mailings.lists import ListDocument, ListFilter

        found = cast("World", self).editing.read("list", list_id, version)
        return ListFilter(read_document(ListDocument, found.document), self.models.active)

    def why_not(
        self, email: "OutboxMessage", lead: "Lead", now: "datetime"
    ) -> "NotSentReason | None":
        """Return why a lead gets none of a mailing's emails; None: it gets one."""
        from chalicelib.delivery.reasons import NotSentReason
        from chalicelib.nurture.gate import Leaving
        from chalicelib.nurture.refusal import Refusal
        from chalicelib.nurture.wishes import TopicRule
        from chalicelib.wiring.wishes import Wishes

        leaving = Leaving(message=email, lead=lead, now=now, ends_at=now)
        if leaving.address is None:
            return NotSentReason.NO_ADDRESS
        reason = self.for_good.of_lead(leaving)
        if reason is not None:
            return reason
        wishes = Wishes(self)
        found = Refusal(consent=self.outbox.consent, rests_on=self.rests_on)(leaving) or TopicRule(
            wanted=wishes.wanted, topics=wishes.topics_of
        )(leaving)
        return found.reason if found else None

    def mailing_numbers(self, mailing_id: str) -> "Mapping[str, Any]":
        """Return how far a mailing came, and what became of its emails. Raise NotFoundError."""
        from chalicelib.delivery.message_keys import OF_MAILING
        from chalicelib.reading.numbers import serialize_numbers

        name = OF_MAILING + mailing_id
        total = serialize_numbers(name, {}, self.outbox.numbers(name))["total"]
        return self.mailings.show(mailing_id, total)
