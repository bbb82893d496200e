"""The address of a lead, also before anything was derived of it."""

from typing import TYPE_CHECKING

from chalicelib.store import keys
from chalicelib.store.events import event_of
from chalicelib.store.table import Table

if TYPE_CHECKING:
    from chalicelib.scoring.profile import Profile

PAGES_LOOKED_AT = 10  # for the address of a lead that nothing was derived of yet


def lead_address(table: Table, lead_id: str) -> str | None:
    """Return a lead's own address: what is derived of it, else what its own events say.

    A form may be seconds ahead of what is derived from it.
    """
    from chalicelib.store.lead_items import lead_of  # few requests suppress anything

    profile = table.get(keys.lead(lead_id), keys.PROFILE)
    if profile and (address := profile_address(lead_of(lead_id, [profile]).profile)) is not None:
        return address
    last = keys.EVENT + keys.END
    for _ in range(PAGES_LOOKED_AT):
        # Two at a time: anybody can send a hundred forms of 32 KB, but each names the address.
        # What does not (a download, a notice) is small, so that it may be read twice.
        newest = list(
            table.query(keys.lead(lead_id), first=keys.EVENT, last=last, newest_first=True, limit=2)
        )
        addresses = (event_of(item).fields.get("email") for item in newest)
        if address := next((str(one) for one in addresses if one), None):
            return address
        if len(newest) < 2:
            return None
        last = str(newest[-1]["sk"])
    return None


def profile_address(profile: "Profile") -> str | None:
    """Return the address that a profile says, None where it says none."""
    from chalicelib.scoring.profile import values

    address = values(profile).get("email")
    return str(address) if address else None
