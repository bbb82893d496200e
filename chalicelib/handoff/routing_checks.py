"""What is wrong with a routing, or probably not meant, besides the format."""

from collections import Counter
from collections.abc import Iterator

from chalicelib.errors import FieldError
from chalicelib.handoff.routing import RoutingDocument
from chalicelib.inputs.addresses import parse_address


def routing_mistakes(routing: RoutingDocument) -> Iterator[FieldError]:
    """Yield each person who cannot be written to or is there twice."""
    people = Counter(person.id for person in routing.people)
    for position, person in enumerate(routing.people):
        if people[person.id] > 1:
            yield FieldError(f"people.{position}.id", "another person has this id; change one")
        try:
            address = parse_address(person.email)
        except ValueError as error:
            yield FieldError(f"people.{position}.email", str(error))
        else:
            # What stands here is what SES gets, and it takes neither blanks nor umlauts.
            if address.lower() != person.email.lower():
                yield FieldError(f"people.{position}.email", f"must be written as {address}")


def routing_warnings(routing: RoutingDocument) -> Iterator[FieldError]:
    """Yield what keeps a handoff from reaching somebody."""
    if not any(person.active for person in routing.people):
        yield FieldError("people", "nobody is active, so no handoff reaches a person")
