"""What stands in the link of an email's way out, and in the form that takes a choice back. Pure.

A link never expires. One of before names its lead alone.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.errors import NotFoundError
from chalicelib.events import epoch_ms, from_epoch_ms, is_lead_id
from chalicelib.limits import UNDO_MINUTES

UNDO_WITHIN = timedelta(minutes=UNDO_MINUTES)
"""How long a person can take back what they chose."""
ID_SEPARATOR = "#"  # as in a message's id
NONE = "none"
SOME = "some"


@dataclass(frozen=True, slots=True)
class WayOut:
    """The way out of one email."""

    lead_id: str
    message: str = ""
    """The key of the message that the link stands in; empty of an older link."""

    def __str__(self) -> str:
        return f"{self.lead_id}{ID_SEPARATOR}{self.message}" if self.message else self.lead_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """What can be taken back: an unsubscribe, or a choice of some emails."""

    way_out: WayOut
    at: datetime
    """When it was chosen: that choice is taken back, and no other."""
    event_id: str
    """Of the event that says what was chosen."""
    is_unsubscribe: bool

    def __str__(self) -> str:
        what = NONE if self.is_unsubscribe else SOME
        return f"{what} {self.way_out} {epoch_ms(self.at)} {self.event_id}"


def parse_way_out(text: str) -> WayOut:
    """Return the way out of a text that we signed. Raise NotFoundError for what is not one."""
    lead_id, _, message = text.partition(ID_SEPARATOR)
    if not is_lead_id(lead_id):
        raise NotFoundError("this link is not valid")
    return WayOut(lead_id, message)


def parse_undo(text: str) -> Undo:
    """Return what a text that we signed takes back. Raise NotFoundError for what is not one."""
    parts = text.split(" ")
    if len(parts) != 4 or not parts[2].isdecimal():
        raise NotFoundError("this link is not valid")
    what, way_out, at_ms, event_id = parts
    return Undo(
        way_out=parse_way_out(way_out),
        at=from_epoch_ms(int(at_ms)),
        event_id=event_id,
        is_unsubscribe=what == NONE,
    )
