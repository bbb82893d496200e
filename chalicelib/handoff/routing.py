"""Routing: which salesperson a lead is handed to."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from chalicelib.document import Document, read_document

PersonId = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,64}$")]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
TimeOfDay = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
WORKING_DAYS = ("mon", "tue", "wed", "thu", "fri")


class Person(Document):
    """A salesperson."""

    id: PersonId
    name: Annotated[str, Field(min_length=1, max_length=100)]
    email: Annotated[str, Field(min_length=3, max_length=254)]
    phone: Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$")] | None = None
    """In E.164 form, which SNS needs to send a text message."""
    active: bool = True
    capacity: Annotated[int, Field(ge=0, le=1_000)] = 10
    """Handoffs on a working day."""
    hours: dict[Weekday, tuple[TimeOfDay, TimeOfDay]] | None = None
    """Working day -> when work starts and ends; None: Monday to Friday."""


class RoutingDocument(Document):
    """The salespeople, in the order in which they are considered."""

    people: list[Person]
    fallback: PersonId | None = None
    """Who gets a handoff that did not reach its salesperson; need not be active."""
    manager: PersonId | None = None
    """Who gets it if there is no fallback person, or it was their mailbox; need not be active."""

    @field_validator("fallback", "manager")
    @classmethod
    def _is_listed(cls, value: str | None, info: ValidationInfo) -> str | None:
        people: list[Person] = info.data.get("people", [])
        if value is not None and "people" in info.data and value not in {one.id for one in people}:
            raise ValueError(f"nobody in people has the id {value}; add them or name another one")
        return value


def salesperson(routing: Mapping[str, Any] | None, owner: str | None = None) -> Person | None:
    """Return the owner if active, else the first active person, or None when nobody is active.

    routing: the routing document, None when there is none. Raise DocumentError when it breaks the
    format.
    """
    people = read_document(RoutingDocument, routing).people if routing else []
    active = [person for person in people if person.active]
    return next((person for person in active if person.id == owner), active[0] if active else None)


def stand_ins(routing: Mapping[str, Any] | None) -> list[Person]:
    """Return who gets a handoff that did not reach its salesperson: the fallback person, then the
    manager, as far as they are named.

    Raise DocumentError for a routing document that breaks the format.
    """
    if not routing:
        return []
    document = read_document(RoutingDocument, routing)
    by_id = {person.id: person for person in document.people}
    return [by_id[one] for one in (document.fallback, document.manager) if one is not None]


def hears_of(routing: Mapping[str, Any] | None, owner: str | None) -> Person | None:
    """Return who hears of a lead that was not handed over: its owner if active, else who stands in;
    None where nobody is named.

    Raise DocumentError for a routing document that breaks the format.
    """
    person = salesperson(routing, owner) if owner else None
    if person is not None and person.id == owner:
        return person
    return next(iter(stand_ins(routing)), None)


def weekly_capacity(routing: Mapping[str, Any] | None) -> int:
    """Return how many handoffs the active people can take in a week.

    That is the sum of each person's capacity times their working days. Raise DocumentError for a
    routing document that breaks the format.
    """
    people = read_document(RoutingDocument, routing).people if routing else []
    return sum(
        person.capacity * len(person.hours or WORKING_DAYS) for person in people if person.active
    )
