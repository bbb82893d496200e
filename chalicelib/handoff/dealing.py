"""Deals a lead out: reads what choosing goes by, and says what has to be written with it.

The load and the owner of a company are shared by many decisions. Each is written in the decision's
own transaction on the version that was read, so that of two who read the same only one is dealt by
it. The other one is dealt anew; who loses too often is dealt by chance, and leaves the load as it
is (ADR 0074).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Protocol

from chalicelib.events import FieldValue
from chalicelib.handoff.choosing import Chosen, LeadFacts, choose
from chalicelib.handoff.companies import CompanyOwner, company_of, owner_record
from chalicelib.handoff.desk import Desk, desk_at
from chalicelib.handoff.load import Load, PersonLoad
from chalicelib.handoff.routing import Person
from chalicelib.leads.records import Record
from chalicelib.limits import SHARED_ATTEMPTS
from chalicelib.scoring.numbers import numbers_in

LOAD_PLACE = "ROUTING"
LOAD_KEY = "LOAD"


class DealingReader(Protocol):
    """What dealing reads."""

    def load(self) -> Load:
        """Return how much everybody was handed."""

    def company_owner(self, domain: str) -> CompanyOwner | None:
        """Return by which lead a company has its owner, None when it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dealt:
    """Who gets a lead, with what is written for it."""

    chosen: Chosen
    receiver: Person | None
    """Whoever is notified; None when nobody is named."""
    records: tuple[Record, ...] = ()


class Dealing:
    """Deals leads out. routing: the stored routing document; country: the company's."""

    def __init__(
        self,
        *,
        reader: DealingReader,
        routing: Callable[[], Mapping[str, Any] | None],
        country: Callable[[], str | None],
    ) -> None:
        self._reader = reader
        self._routing = routing
        self._country = country

    def desk(self, zone: str, now: datetime) -> Desk:
        """Return the salespeople at a moment. zone: the IANA name of the company's."""
        return desk_at(self._routing(), zone, now, self._country())

    def facts_of(
        self, said: Mapping[str, FieldValue], kind: str, owner: str | None = None
    ) -> LeadFacts:
        """Return what decides who gets a lead.

        said: the values of its profile; kind: requested or inferred; owner: the lead's.
        """
        sizes = numbers_in(said.get("company_size", ()))
        return LeadFacts(
            kind=kind,
            owner=owner,
            domain=company_of(said),
            country=_text(said.get("country")),
            industry=_text(said.get("industry")),
            company_size=float(sizes[0]) if sizes else None,
        )

    def whom(self, desk: Desk, facts: LeadFacts) -> Chosen:
        """Return who would get a lead now. It changes nothing."""
        company = self._company(facts)
        return choose(desk, _with_owner(facts, company), self._reader.load())

    def deal(
        self, desk: Desk, facts: LeadFacts, lead_id: str, *, is_held: bool, lost: int
    ) -> Dealt:
        """Return who gets a lead, with the records that are written for it.

        is_held: nobody is notified yet; lost: how often it was dealt already, and another one of
        the same moment came first.
        """
        company = self._company(facts)
        before = self._reader.load()
        is_drawn = lost >= SHARED_ATTEMPTS
        chosen = choose(
            desk,
            _with_owner(facts, company),
            before,
            is_held=is_held,
            seed=lead_id if is_drawn else None,
        )
        records = []
        if chosen.load.by_person != before.by_person and not is_drawn:
            records.append(_load_record(before, chosen.load))
        has_owner = company is not None and desk.active(company.owner) is not None
        if facts.domain and chosen.owner and not has_owner:
            records.append(owner_record(facts.domain, company, lead_id))
        return Dealt(
            chosen=chosen,
            receiver=desk.everybody.get(chosen.holder or chosen.owner or ""),
            records=tuple(records),
        )

    def _company(self, facts: LeadFacts) -> CompanyOwner | None:
        return self._reader.company_owner(facts.domain) if facts.domain else None


def load_in(values: Mapping[str, object]) -> Load:
    """Return the load of a stored record."""
    people = json.loads(str(values["people"]))
    return Load(
        by_person={
            one: PersonLoad(owed=owed, day=date.fromisoformat(day), handed=handed)
            for one, (owed, day, handed) in people.items()
        },
        version=int(str(values["version"])),
    )


def _load_record(before: Load, after: Load) -> Record:
    people = {
        one: (load.owed, load.day.isoformat(), load.handed) for one, load in after.by_person.items()
    }
    return Record(
        place=LOAD_PLACE,
        key=LOAD_KEY,
        values={"people": json.dumps(people), "version": before.version + 1},
        expect={"version": before.version or None},
    )


def _with_owner(facts: LeadFacts, company: CompanyOwner | None) -> LeadFacts:
    return replace(facts, company_owner=company.owner) if company else facts


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
