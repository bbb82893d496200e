"""Who would get a lead now: the choice of a handoff, without the handoff."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from chalicelib.errors import FieldError, InputError
from chalicelib.events import FieldValue

if TYPE_CHECKING:
    from chalicelib.handoff.choosing import Chosen
    from chalicelib.wiring.world import World


def whom_now(world: "World", lead_id: str | None, given: Mapping[str, str], kind: str) -> "Chosen":
    """Return who would get a lead, or somebody of whom some facts are known.

    lead_id: None for facts; given: fields of a person, as they were sent; kind: requested or
    inferred. Raise NotFoundError, or InputError for an address that is none.
    """
    from chalicelib.leads.lead import find_known
    from chalicelib.scoring.profile import values

    if lead_id is None:
        said = _read(given)
        zone = str(world.models.current().zone)
        owner = None
    else:
        lead = find_known(world.leads.read, lead_id)
        said = values(lead.profile)
        zone = lead.zone
        owner = lead.standing.owner
    dealing = world.dealing
    desk = dealing.desk(zone, world.ports.now())
    return dealing.whom(desk, dealing.facts_of(said, kind, owner))


def _read(given: Mapping[str, str]) -> dict[str, FieldValue]:
    from chalicelib.inputs.addresses import read_address
    from chalicelib.inputs.person import read_person

    said: dict[str, FieldValue] = dict(read_person(given).fields)
    if "email" in given:
        try:
            address = read_address(given["email"]).value
        except ValueError as error:
            raise InputError(FieldError("email", str(error))) from None
        said["email_domain"] = address.rpartition("@")[2].lower()
    return said
