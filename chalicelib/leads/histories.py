"""What counts of a lead, gathered: all that is known of it now, or all that was known at a time.

When an event was captured decides what was known, never when it happened.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from chalicelib.events import Event, Join, absorbed_of, joins_on, lead_partition
from chalicelib.leads.replay import join_until

FOREVER = datetime.max.replace(tzinfo=UTC)


class EventHistory(Protocol):
    """Where events are kept."""

    def of(self, partition: str) -> Iterable[Event]:
        """All events of a lead or visitor."""

    def joins(self, lead_id: str) -> Iterable[Join]:
        """The visitors that belong to a lead."""

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


def joins(events: EventHistory, lead_id: str, own: Sequence[Event]) -> list[Join]:
    """Return the visitors that belong to a lead, or to one that turned out to be it.

    own: the events of all these leads. What older code joined stands on them alone (ADR 0034).
    """
    lead_ids = dict.fromkeys([lead_id, *absorbed_of(own)])
    stored = [join for one in lead_ids for join in events.joins(one)]
    return list({join.visitor: join for join in [*joins_on(own), *stored]}.values())


def visitors(
    events: EventHistory, lead_id: str, own: Sequence[Event], captured_by: datetime = FOREVER
) -> dict[Join, list[Event]]:
    """What counts, of what was captured by a time, of each visitor that a lead had joined by
    then.
    """
    return {
        join: _captured_by(
            events.since_join(join.visitor, min(join_until(join.captured_at), captured_by)),
            captured_by,
        )
        for join in joins(events, lead_id, own)
        if join.captured_at <= captured_by
    }


def _captured_by(events: Iterable[Event], time: datetime) -> list[Event]:
    return [event for event in events if event.captured_at <= time]
