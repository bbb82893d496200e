"""Who gets a lead, and why. Pure.

    the lead's owner, else the owner of its company's domain, else whose territory it is,
    else who is at work and due next, else the fallback person and the manager

An absent owner keeps the lead, and the deputy is notified. Inferred leads above somebody's capacity
wait for the next working day; requested ones never wait (playbook, "Routing and SLA defaults").
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.days import day_of
from chalicelib.handoff.by_day import day_words, time_words
from chalicelib.handoff.desk import Desk
from chalicelib.handoff.load import Load, count_handoff, deal, draw, forget_others
from chalicelib.handoff.routing import Person, Territory
from chalicelib.scoring.model import INFERRED
from chalicelib.scoring.pattern import matches_any


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadFacts:
    """What is to be known of a lead to choose who gets it."""

    kind: str
    """requested or inferred."""
    owner: str | None = None
    """The id of the lead's owner."""
    domain: str | None = None
    """The company's own domain; None for free mail."""
    company_owner: str | None = None
    """The id of the owner of that domain."""
    country: str | None = None
    industry: str | None = None
    company_size: float | None = None
    """How many employees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Who gets a lead."""

    owner: str | None
    """The owner's id; None when nobody is at work, whoever stands in."""
    holder: str | None
    """The id of the person who is notified instead of the owner; None: the owner is."""
    why: str
    """In words."""
    is_dealt: bool
    """Whether it was dealt out, and did not come to its own owner."""
    waits_until: datetime | None = None
    """When the owner has room for it; None: it does not wait."""
    load: Load
    """What everybody has been handed with this."""


def choose(
    desk: Desk, facts: LeadFacts, load: Load, *, is_held: bool = False, seed: str | None = None
) -> Chosen:
    """Return who gets a lead.

    load: as it was read; is_held: nobody is notified yet, so that it uses up nobody's day; seed:
    decides by chance who is due, when too many leads are dealt at once; None: the load decides.
    """
    load = forget_others(load, desk.routing.people)
    found = _kept(desk, facts) or _dealt(desk, facts, load, seed)
    if found is None:
        return _nobody(desk, load)
    owner, why, after = found
    is_dealt = after is not None
    stand_in = desk.stand_in(owner)
    chosen = Chosen(
        owner=owner.id,
        holder=stand_in.id if stand_in else None,
        why=f"{why} {owner.name} is away; {stand_in.name} stands in." if stand_in else why,
        is_dealt=is_dealt,
        load=after or load,
    )
    return chosen if is_held else _in_time(desk, facts, owner, chosen)


def _kept(desk: Desk, facts: LeadFacts) -> tuple[Person, str, None] | None:
    """Return whose the lead is already, or its company."""
    if owner := desk.active(facts.owner):
        return owner, f"{owner.name} owns this lead.", None
    if owner := desk.active(facts.company_owner):
        return owner, f"{owner.name} owns {facts.domain}, and colleagues stay together.", None
    return None


def _dealt(
    desk: Desk, facts: LeadFacts, load: Load, seed: str | None
) -> tuple[Person, str, Load] | None:
    """Return who is due next, of those whose territory it is before all others."""
    for people, where in ((_whose_territory(desk, facts), True), (desk.routing.people, False)):
        there = desk.at_work(people)
        if not there:
            continue
        free = [one for one in there if _has_room(desk, facts, load, one)] or there
        person, after = (draw(free, seed), load) if seed else deal(free, load)
        return person, _why_dealt(person, free, in_territory=where, by_chance=bool(seed)), after
    return None


def _why_dealt(
    person: Person, people: Sequence[Person], *, in_territory: bool, by_chance: bool
) -> str:
    if in_territory and len(people) == 1:
        return f"This lead is in the territory of {person.name}."
    if len(people) == 1:
        return f"Only {person.name} is at work."
    among = f"{len(people)} people {'of this territory' if in_territory else 'at work'}"
    if by_chance:
        return f"{person.name} was drawn from {among}: many leads came at once."
    return f"{person.name} is due next of {among}."


def _nobody(desk: Desk, load: Load) -> Chosen:
    person = desk.last_resort()
    who = f"{person.name} stands in" if person else "it goes to the team"
    return Chosen(
        owner=None,
        holder=person.id if person else None,
        why=f"Nobody is at work, so {who}.",
        is_dealt=True,
        load=load,
    )


def _in_time(desk: Desk, facts: LeadFacts, owner: Person, chosen: Chosen) -> Chosen:
    """Return the choice as it is counted, or as one that waits for room."""
    if _has_room(desk, facts, chosen.load, owner):
        return replace(chosen, load=count_handoff(chosen.load, owner, desk.day_of(owner)))
    until = desk.next_day(owner)
    zone = desk.time_of(owner).zone
    when = f"{day_words(day_of(until, zone), desk.day_of(owner))}, {time_words(until, zone)}"
    why = f"{chosen.why} {owner.name} has no room left on that day, so it waits until {when}."
    return replace(chosen, waits_until=until, why=why)


def _has_room(desk: Desk, facts: LeadFacts, load: Load, person: Person) -> bool:
    # What somebody asked for, or a person decided, does not wait.
    return facts.kind != INFERRED or load.handed_on(desk.day_of(person), person) < person.capacity


def _whose_territory(desk: Desk, facts: LeadFacts) -> list[Person]:
    """Return the people in whose territory a lead is: of several, those of the closest."""
    closeness: dict[str, int] = {}
    for territory, members in _territories(desk):
        close = _closeness(territory, facts)
        for member in members if close else ():
            closeness[member] = max(close, closeness.get(member, 0))
    most = max(closeness.values(), default=0)
    return [one for one in desk.routing.people if closeness.get(one.id) == most]


def _territories(desk: Desk) -> Iterable[tuple[Territory, Sequence[str]]]:
    for person in desk.routing.people:
        if person.territory is not None:
            yield person.territory, [person.id]
    for team in desk.routing.teams:
        if team.territory is not None:
            yield team.territory, team.members


def _closeness(territory: Territory, facts: LeadFacts) -> int:
    """Return how many lists of a territory a lead fits; 0 when it does not fit one of them."""
    fits = (
        (territory.country, facts.country in territory.country),
        (territory.industry, matches_any(territory.industry, facts.industry or "")),
        (territory.size, any(_is_within(facts.company_size, *one) for one in territory.size)),
    )
    named = [does_fit for listed, does_fit in fits if listed]
    return len(named) if all(named) else 0


def _is_within(size: float | None, least: int | None, most: int | None) -> bool:
    if size is None:
        return False
    return (least is None or least <= size) and (most is None or size <= most)
