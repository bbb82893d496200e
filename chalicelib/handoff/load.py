"""How much each salesperson was handed: what keeps dealing fair, and within capacity. Pure.

Dealing is a smooth weighted round robin. Whoever could get a lead is owed a part of it by weight;
whoever gets it has had a whole one. So nobody has to catch up after a leave, nor does a newcomer,
and one small item is all that is kept (ADR 0074).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from random import Random

from chalicelib.handoff.routing import Person

A_LEAD = 1_000  # thousandths of leads are counted, because the table knows whole numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonLoad:
    """How much one person was handed."""

    owed: int = 0
    """Thousandths of leads that this person is due; below 0: has had more than a share."""
    day: date = date.min
    """The working day that `handed` counts."""
    handed: int = 0
    """Handoffs on that day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How much everybody was handed, as it was read."""

    by_person: Mapping[str, PersonLoad] = field(default_factory=dict)
    version: int = 0
    """Grows with each change; 0 before the first one."""

    def of(self, person: Person) -> PersonLoad:
        """Return the load of a person."""
        return self.by_person.get(person.id, PersonLoad())

    def handed_on(self, day: date, person: Person) -> int:
        """Return how many handoffs a person had on a working day."""
        load = self.of(person)
        return load.handed if load.day == day else 0


def deal(people: Sequence[Person], load: Load) -> tuple[Person, Load]:
    """Return who of some people is due next, and the load with that: the first of several.

    people: those who could get the lead; not empty.
    """
    total = sum(person.weight for person in people)
    owed = {
        person.id: load.of(person).owed + round(A_LEAD * person.weight / total) for person in people
    }
    due = max(people, key=lambda person: owed[person.id])
    owed[due.id] -= A_LEAD
    changed = {one.id: replace(load.of(one), owed=owed[one.id]) for one in people}
    return due, _with(load, changed)


def draw(people: Sequence[Person], seed: str) -> Person:
    """Return somebody by chance, by weight, for a lead that keeps losing against others of the same
    moment. It always is the same person for the same seed.
    """
    by_weight = Random(seed)  # nosec B311 # a fair share needs no secrecy
    return by_weight.choices(people, [person.weight for person in people])[0]


def count_handoff(load: Load, person: Person, day: date) -> Load:
    """Return the load with one more handoff of a person on a working day."""
    counted = load.handed_on(day, person) + 1
    return _with(load, {person.id: replace(load.of(person), day=day, handed=counted)})


def forget_others(load: Load, people: Iterable[Person]) -> Load:
    """Return the load without those who are not among the salespeople any more."""
    ids = {person.id for person in people}
    kept = {one: found for one, found in load.by_person.items() if one in ids}
    return load if len(kept) == len(load.by_person) else replace(load, by_person=kept)


def _with(load: Load, changed: Mapping[str, PersonLoad]) -> Load:
    return replace(load, by_person={**load.by_person, **changed})
