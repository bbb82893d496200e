"""Which leads a caller may see: marketers and admins all, a salesperson their own (ADR 0072)."""

from collections.abc import Iterable

from chalicelib.access.tokens import Caller, Role
from chalicelib.errors import ForbiddenError, NotFoundError
from chalicelib.wiring.world import world

NOT_OWN = "this lead is another salesperson's; only they, their deputy and the manager see it"


def owners_seen(caller: Caller) -> frozenset[str] | None:
    """Return the salespeople whose leads a caller sees; None: everybody sees all."""
    if caller.role is not Role.SALES:
        return None
    from chalicelib.handoff.own_leads import owners_seen_by

    return owners_seen_by(caller.person, world().documents.get("routing"))


def check_own(caller: Caller, lead_id: str) -> None:
    """Raise ForbiddenError for a lead that the caller may not see.

    One that is not there is left to the view, which says so.
    """
    owners = owners_seen(caller)
    if owners is None:
        return
    from chalicelib.leads.lead import find_known

    try:
        lead = find_known(world().leads.read, lead_id)
    except NotFoundError:
        return
    if lead.standing.owner not in owners:
        raise ForbiddenError(NOT_OWN)


def own_ids(caller: Caller, lead_ids: Iterable[str]) -> frozenset[str]:
    """Return those of some leads that the caller may see. lead_ids: of one page of a list."""
    wanted = list(dict.fromkeys(lead_ids))
    owners = owners_seen(caller)
    if owners is None:
        return frozenset(wanted)
    found = world().leads.read_many(wanted)
    return frozenset(lead.lead_id for lead in found if lead.standing.owner in owners)
