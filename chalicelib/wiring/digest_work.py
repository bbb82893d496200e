"""What a digest lists, read when it leaves."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from chalicelib.limits import DIGEST_MAX_LEADS
from chalicelib.wiring.stores import Stores

if TYPE_CHECKING:
    from chalicelib.delivery.outbox import OutboxMessage
    from chalicelib.events import FieldValue
    from chalicelib.handoff.digest import Digests, LeadInDigest
    from chalicelib.store.budgets import DigestEntry


def digests(stores: Stores, profile: Callable[[str], Mapping[str, "FieldValue"]]) -> "Digests":
    """Return what composes digests. profile: reads a lead's fields."""
    from chalicelib.handoff.digest import Digests, LeadInDigest
    from chalicelib.handoff.routing import person_of
    from chalicelib.store.budgets import Budgets

    def listed(entry: "DigestEntry") -> "Iterator[LeadInDigest]":
        lead = stores.leads.read(entry.lead_id)
        lead = stores.leads.read(lead.merged_into) if lead.merged_into else lead
        if lead.exists and (lead.erased_at is None or lead.erased_at < entry.at):
            yield LeadInDigest(
                lead_id=lead.lead_id,
                kind=entry.kind,
                profile=profile(lead.lead_id),
                handoff=stores.handoffs.read(entry.lead_id, entry.cycle),
            )

    def leads(digest: "OutboxMessage") -> "tuple[Sequence[LeadInDigest], int]":
        entries = list(Budgets(stores.table).entries(digest))
        ids = list(dict.fromkeys(entry.lead_id for entry in entries))
        named = set(ids[:DIGEST_MAX_LEADS])
        found = [one for entry in entries if entry.lead_id in named for one in listed(entry)]
        return found, len(ids) - len(named)

    def address_of(person_id: str) -> str | None:
        person = person_of(stores.documents.get("routing"), person_id)
        return person.email if person else None

    return Digests(leads=leads, address_of=address_of)
