"""Routing: who gets a lead. One salesperson here."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from chalicelib.document import Document, parse_document


class Person(Document):
    """A salesperson. phone in E.164 form, as a text needs it."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,64}$")]
    name: Annotated[str, Field(min_length=1, max_length=100)]
    email: Annotated[str, Field(min_length=3, max_length=254)]
    phone: Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$")] | None = None
    active: bool = True


class RoutingDocument(Document):
    """Who sells."""

    people: list[Person]


def salesperson(routing: Mapping[str, Any] | None) -> Person | None:
    """The first active person of the routing document, or None when nobody is."""
    people = parse_document(RoutingDocument, routing).people if routing else []
    return next((person for person in people if person.active), None)
