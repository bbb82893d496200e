"""Where a lead's history is read, and what of it is known before anything is counted."""

from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from chalicelib.errors import LongReplayError
from chalicelib.events import Act, Event, Join, Kind, Owner, joins_on, lead_id_of, lead_partition
from chalicelib.leads.acts import absorbed_of, retracted_ids
from chalicelib.limits import REPLAY_AT_ONCE_MAX_EVENTS

FOREVER = datetime.max.replace(tzinfo=UTC)


class EventHistory(Protocol):
    """Where events are kept."""

    def of(
        self, partition: str, *, before: str = "", since: datetime | None = None
    ) -> Iterator[Event]:
        """Return the events of a lead or visitor, newest first by the sender's time, as needed.

        before: the id behind which to go on; since: the sender's time at which to stop.
        """

    def joins(self, lead_id: str) -> Iterable[Join]:
        """Return the visitors that belong to a lead."""


class EventReader(EventHistory, Protocol):
    """Where events are kept, for those who count them."""

    def owner(self, visitor: str) -> Owner | None:
        """Return whose a visitor is."""

    def joined(self, visitor: str, until: datetime, since: datetime, most: int) -> list[Event]:
        """Return the newest events of a visitor that a join counts, at most `most`."""

    def one(self, partition: str, event_id: str) -> Event | None:
        """Return one event, or None."""


@dataclass(frozen=True, slots=True)
class Merge:
    """That a lead absorbed another."""

    at: datetime
    lead_id: str
    absorbed: str


@dataclass(frozen=True, slots=True)
class Retraction:
    """That events of a lead were taken back. digests: theirs, in hex."""

    at: datetime
    lead_id: str
    digests: frozenset[str]


class Survey:
    """What must be known of a lead before its events are counted.

    Which leads turned out to be it, which events were taken back, and which visitors are joined by
    events alone, as older code did. All of that is what people did: strangers cannot make it grow.
    """

    def __init__(
        self,
        lead_id: str,
        *,
        merges: Iterable[Merge] = (),
        retractions: Iterable[Retraction] = (),
        joins: Iterable[Join] = (),
    ) -> None:
        self.lead_id = lead_id
        self.merges = list(merges)
        self.retractions = list(retractions)
        self.joins = list(joins)
        self.began_at: datetime | None = None
        """When the first of the events seen was captured; None when there was none."""

    @property
    def lead_ids(self) -> list[str]:
        """The lead and those that turned out to be it, in the order in which they were found."""
        return self.leads_by(FOREVER, self.lead_id)

    def note(self, event: Event, known: Set[str] = frozenset()) -> None:
        """Take in one event of a lead's own. known: the visitors whose joins are stored."""
        self.began_at = min(event.captured_at, self.began_at or event.captured_at)
        self.joins += [one for one in joins_on([event]) if one.visitor not in known]
        if event.kind is not Kind.PERSON:
            return
        lead_id = lead_id_of(event.partition) or self.lead_id
        self.merges += [Merge(event.captured_at, lead_id, one) for one in absorbed_of([event])]
        if event.name == Act.RETRACTED:
            digests = frozenset(digest_in(one) for one in retracted_ids([event]))
            self.retractions.append(Retraction(event.captured_at, lead_id, digests))

    def leads_by(self, time: datetime, lead_id: str) -> list[str]:
        """Return a lead and those that had turned out to be it by a time."""
        found = [lead_id]
        for one in found:  # grows: a merged lead may itself have absorbed others
            found += [
                merge.absorbed
                for merge in self.merges
                if merge.lead_id == one and merge.at <= time and merge.absorbed not in found
            ]
        return found

    def retracted_by(self, time: datetime, lead_ids: Iterable[str]) -> frozenset[str]:
        """Return the digests of the events that had been taken back by a time."""
        leads = set(lead_ids)
        taken = (one for one in self.retractions if one.lead_id in leads and one.at <= time)
        return frozenset().union(*(one.digests for one in taken))


def digest_in(event_id: str) -> str:
    """Return the digest in an event's id, in hex."""
    return event_id[-16:]


def survey(events: EventHistory, lead_id: str, captured_by: datetime = FOREVER) -> Survey:
    """Return what is known of a lead by a time, from all of its own events.

    Raise LongReplayError.
    """
    found = Survey(lead_id)
    done = 0
    read = 0
    while done < len(found.lead_ids):
        for event in events.of(lead_partition(found.lead_ids[done])):
            read += 1
            if read > REPLAY_AT_ONCE_MAX_EVENTS:
                raise LongReplayError
            if event.captured_at <= captured_by:
                found.note(event)
        done += 1
    return found
