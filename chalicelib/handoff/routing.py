"""Routing: who gets a lead. One salesperson here."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from chalicelib.document import Document, parse_document

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
TimeOfDay = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
WORKING_DAYS = ("mon", "tue", "wed", "thu", "fri")


class Person(Document):
    """A salesperson. phone in E.164 form, as a text needs it; capacity: handoffs a working day;
    hours: of each working day, Monday to Friday without.
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,64}$")]
    name: Annotated[str, Field(min_length=1, max_length=100)]
    email: Annotated[str, Field(min_length=3, max_length=254)]
    phone: Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$")] | None = None
    active: bool = True
    capacity: Annotated[int, Field(ge=0, le=1_000)] = 10
    hours: dict[Weekday, tuple[TimeOfDay, TimeOfDay]] | None = None


class RoutingDocument(Document):
    """Who sells."""

    people: list[Person]


def salesperson(routing: Mapping[str, Any] | None, owner: str | None = None) -> Person | None:
    """The owner if active, else the first active person of the routing document, or None when
    nobody is.
    """
    people = parse_document(RoutingDocument, routing).people if routing else []
    active = [person for person in people if person.active]
    return next((person for person in active if person.id == owner), active[0] if active else None)


def weekly_capacity(routing: Mapping[str, Any] | None) -> int:
    """How many handoffs a week the active people take: the sum of what each takes on a working day,
    times their working days.
    """
    people = parse_document(RoutingDocument, routing).people if routing else []
    return sum(
        person.capacity * len(person.hours or WORKING_DAYS) for person in people if person.active
    )
