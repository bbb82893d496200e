"""What keeps a text from leaving, and what a digest lists, read when it leaves."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from chalicelib.limits import DIGEST_MAX_LEADS
from chalicelib.wiring.stores import Stores

if TYPE_CHECKING:
    from chalicelib.delivery.outbox import OutboxMessage
    from chalicelib.events import FieldValue
    from chalicelib.handoff.digest import Digests, LeadInDigest
    from chalicelib.handoff.texts import TextGate
    from chalicelib.handoff.working_time import WorkingTime
    from chalicelib.store.budgets import DigestEntry


def digests(stores: Stores, profile: Callable[[str], Mapping[str, "FieldValue"]]) -> "Digests":
    """Return what composes digests. profile: reads a lead's fields."""
    from chalicelib.handoff.digest import Digests, LeadInDigest
    from chalicelib.handoff.facts import NoticeFacts
    from chalicelib.handoff.routing import person_of
    from chalicelib.handoff.wanted import UNNAMED_WANT, wanted_by
    from chalicelib.store.budgets import Budgets
    from chalicelib.wiring.handoff_pages import HandoffLinks

    now = stores.ports.now
    links = HandoffLinks(stores)

    def listed(entry: "DigestEntry", person_id: str) -> "Iterator[LeadInDigest]":
        lead = stores.leads.read(entry.lead_id)
        lead = stores.leads.read(lead.merged_into) if lead.merged_into else lead
        if not lead.exists or (lead.erased_at is not None and lead.erased_at >= entry.at):
            return
        handoff = stores.handoffs.read(entry.lead_id, entry.cycle)
        recent = stores.events.recent(lead.lead_id, None)
        yield LeadInDigest(
            lead_id=lead.lead_id,
            kind=entry.kind,
            profile=profile(lead.lead_id),
            handoff=handoff,
            wish=wanted_by(NoticeFacts(now=now(), recent=recent)) or UNNAMED_WANT,
            url=links.url(handoff, person_id, now()) if handoff else None,
        )

    def leads(digest: "OutboxMessage") -> "tuple[Sequence[LeadInDigest], int]":
        entries = list(Budgets(stores.table).entries(digest))
        ids = list(dict.fromkeys(entry.lead_id for entry in entries))
        named = set(ids[:DIGEST_MAX_LEADS])
        person_id = digest.receiver or ""
        found = [
            one for entry in entries if entry.lead_id in named for one in listed(entry, person_id)
        ]
        return found, len(ids) - len(named)

    def address_of(person_id: str) -> str | None:
        person = person_of(stores.documents.get("routing"), person_id)
        return person.email if person else None

    return Digests(leads=leads, address_of=address_of)


def text_gate(stores: Stores) -> "TextGate":
    """Return what says why a text does not leave."""
    from chalicelib.document import read_document
    from chalicelib.handoff.routing import RoutingDocument, person_of
    from chalicelib.handoff.texts import TextGate
    from chalicelib.handoff.working_time import working_time_of

    def time_of(person_id: str) -> "WorkingTime | None":
        routing = stores.documents.get("routing")
        person = person_of(routing, person_id)
        if routing is None or person is None:
            return None
        holidays = read_document(RoutingDocument, routing).holidays or stores.company_country()
        return working_time_of(person, zone=str(stores.models.current().zone), holidays=holidays)

    return TextGate(is_confirmed=stores.phones.is_confirmed, time_of=time_of, now=stores.ports.now)
