"""The salespeople at a moment: who is there, who stands in for whom. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from chalicelib.days import day_of, end_of, zone_of
from chalicelib.document import read_document
from chalicelib.handoff.routing import Person, RoutingDocument
from chalicelib.handoff.working_time import (
    WorkingTime,
    is_on_leave,
    is_present,
    next_start,
    working_days_later,
    working_time_of,
)


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The salespeople at a moment."""

    routing: RoutingDocument
    now: datetime
    zone: str
    """The IANA name of the company's zone."""
    country: str | None = None
    """The company's: whose public holidays people have where the routing names none."""

    @cached_property
    def everybody(self) -> dict[str, Person]:
        """All people, by their ids."""
        return {person.id: person for person in self.routing.people}

    def active(self, person_id: str | None) -> Person | None:
        """Return a person who gets handoffs; None for nobody and for one who does not any more."""
        person = self.everybody.get(person_id) if person_id else None
        return person if person is not None and person.active else None

    def time_of(self, person: Person) -> WorkingTime:
        """Return when a person works."""
        holidays = self.routing.holidays or self.country
        return working_time_of(person, zone=self.zone, holidays=holidays)

    def is_present(self, person: Person) -> bool:
        """Return whether a person is not away."""
        return is_present(self.now, self.time_of(person))

    def start_of(self, person: Person) -> datetime:
        """Return when a person works next: now, while they do."""
        return next_start(self.now, self.time_of(person))

    def day_of(self, person: Person) -> date:
        """Return the working day that a handoff of now belongs to."""
        return day_of(self.start_of(person), self.time_of(person).zone)

    def next_day(self, person: Person) -> datetime:
        """Return when the working day after that one begins."""
        return working_days_later(self.start_of(person), 1, self.time_of(person))

    def at_work(self, people: Sequence[Person]) -> list[Person]:
        """Return those who are at work; while nobody is, those who are on the next day that anybody
        is. Nobody is kept waiting for a person on leave; a public holiday may be everybody's.
        """
        starts = {
            person.id: self.start_of(person)
            for person in people
            if person.active and not is_on_leave(self.now, self.time_of(person))
        }
        first = min(starts.values(), default=self.now)
        zone = zone_of(self.zone)
        # Later on the same day is as good, unless somebody is at work already.
        last = first if first == self.now else end_of(day_of(first, zone), zone)
        return [one for one in people if one.id in starts and starts[one.id] <= last]

    def stand_in(self, owner: Person) -> Person | None:
        """Return who gets an absent owner's notices: the deputy, or the deputy's deputy, who is
        present; the manager when nobody is and the owner is on leave. None: the owner does.
        """
        if self.is_present(owner):
            return None
        passed = {owner.id}
        one: Person | None = owner
        while one is not None and one.deputy not in passed:  # two may be each other's deputies
            one = self.active(one.deputy)
            if one is not None and self.is_present(one):
                return one
            passed |= {one.id} if one is not None else set()
        manager = self.everybody.get(self.routing.manager or owner.id, owner)
        is_away = is_on_leave(self.now, self.time_of(owner))
        return manager if is_away and manager is not owner else None

    def last_resort(self) -> Person | None:
        """Return who gets what nobody else can: the fallback person, else the manager."""
        named = (
            self.everybody.get(one) for one in (self.routing.fallback, self.routing.manager) if one
        )
        return next((person for person in named if person is not None), None)


def desk_at(
    routing: Mapping[str, Any] | None, zone: str, now: datetime, country: str | None = None
) -> Desk:
    """Return the salespeople at a moment.

    routing: the stored document, None when there is none; zone: the company's, by its IANA name;
    country: the company's. Raise DocumentError for a document that breaks the format.
    """
    document = read_document(RoutingDocument, routing or {"people": []})
    return Desk(routing=document, now=now, zone=zone, country=country)
