"""What counts of a lead, gathered: all that is known of it now, or all that was known at a time.

When an event was captured decides what was known, never when it happened.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Protocol

from chalicelib.events import Event, absorbed_of, lead_partition, visitors_of
from chalicelib.leads.replay import join_until

FOREVER = datetime.max.replace(tzinfo=UTC)


class EventHistory(Protocol):
    """Where events are kept."""

    def of(self, partition: str) -> Iterable[Event]:
        """All events of a lead or visitor."""

    def since_join(self, visitor: str, until: datetime) -> list[Event]:
        """What a replay takes of a visitor: what its join counts, and everything captured later."""


def own_events(events: EventHistory, lead_id: str, captured_by: datetime = FOREVER) -> list[Event]:
    """All events of a lead's own partition captured by a time, and of the leads that by then had
    turned out to be this one.
    """
    own, seen, waiting = list[Event](), set[str](), [lead_id]
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.add(one)
            theirs = _captured_by(events.of(lead_partition(one)), captured_by)
            own += theirs
            waiting += absorbed_of(theirs)
    return own


def visitors(
    events: EventHistory, own: Iterable[Event], captured_by: datetime = FOREVER
) -> dict[str, list[Event]]:
    """What counts, of what was captured by a time, of each visitor that a lead's own events
    joined.
    """
    return {
        visitor: _captured_by(
            events.since_join(visitor, min(join_until(join), captured_by)), captured_by
        )
        for visitor, join in visitors_of(own).items()
    }


def _captured_by(events: Iterable[Event], time: datetime) -> list[Event]:
    return [event for event in events if event.captured_at <= time]
