"""Whether our people stopped the emails to a lead: what they said last."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.events import Act, Event
from chalicelib.leads.acts import EMAILS_STOP, acts_of


@dataclass(frozen=True, slots=True, order=True)
class EmailsSaid:
    """What one of our people said of the emails to a lead."""

    at: datetime
    event_id: str
    stop: bool = field(compare=False)
    """Whether they stop; False: they may go out again."""


def said_last(known: EmailsSaid | None, events: Iterable[Event]) -> EmailsSaid | None:
    """Return what was said last, with what events record. Commutes and is idempotent."""
    new = [
        EmailsSaid(event.at, event.id, bool(event.properties[EMAILS_STOP]))
        for event in acts_of(events, Act.EMAILS)
    ]
    return max([*new, known] if known else new, default=None)
