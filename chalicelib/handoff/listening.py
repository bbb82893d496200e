"""Who hears of a lead that sales has: its owner, or whoever stands in for them."""

from chalicelib.handoff.desk import Desk
from chalicelib.handoff.routing import Person


def listener(desk: Desk, owner: str | None) -> Person | None:
    """Return who hears of a lead: its owner, while they are away their deputy; without an owner
    who is active the fallback person, the manager, anybody. None when nobody is named.

    owner: a person's id.
    """
    person = desk.active(owner)
    if person is not None:
        return desk.stand_in(person) or person
    return desk.last_resort() or next((one for one in desk.routing.people if one.active), None)
