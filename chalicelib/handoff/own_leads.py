"""Whose leads a salesperson sees (ADR 0072)."""

from collections.abc import Mapping
from typing import Any

from chalicelib.document import read_document
from chalicelib.handoff.routing import RoutingDocument


def owners_seen_by(person: str | None, routing: Mapping[str, Any] | None) -> frozenset[str] | None:
    """Return the salespeople whose leads somebody sees: their own, and those of whom they are the
    deputy. None for the manager, who sees all.

    person: an id of the routing document; None: nobody's. Raise DocumentError for a routing
    document that breaks the format.
    """
    if person is None:
        return frozenset()
    if not routing:
        return frozenset({person})
    document = read_document(RoutingDocument, routing)
    if person == document.manager:
        return None
    represented = (one.id for one in document.people if one.deputy == person)
    return frozenset({person, *represented})
