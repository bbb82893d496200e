"""Read what a form, an identify or an import says about a person: a reader for each known field."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.inputs.choices import Scalar, read_own
from chalicelib.inputs.countries import ALPHA_2, read_country
from chalicelib.inputs.numbers import read_number
from chalicelib.inputs.phones import read_phone
from chalicelib.inputs.repairs import Cleaned, Warned
from chalicelib.inputs.texts import read_line, read_lines, read_name

FieldReader = Callable[[Any], Cleaned[Scalar]]

READERS: Mapping[str, FieldReader] = {
    "first_name": read_name,
    "last_name": read_name,
    "job_title": read_line,
    "company": read_line,
    "company_size": read_number,
    "industry": read_line,
    "country": read_country,
    "message": read_lines,
}
"""The reader of each known field, besides the address and the phone number."""


@dataclass(frozen=True, slots=True)
class PersonFields:
    """What was said about a person, as it is kept."""

    fields: Mapping[str, Scalar | tuple[Scalar, ...]]
    """Without the empty ones; a field that we have no name for may have several values."""
    said: Mapping[str, str]
    """The words of the fields that a number, a date or a phone number was read out of."""
    warnings: tuple[Warned, ...]
    """Each under the name of its field."""


def read_person(given: Mapping[str, Any], country: str | None = None) -> PersonFields:
    """Return the fields of a person. `email` is left to `read_address`, which may refuse it.

    given: names of fields, as Baton calls them, and their values as they were sent; country: the
    company's, for a phone number of someone who names none.
    """
    read: dict[str, Cleaned[Any]] = {}
    for name, value in given.items():
        if name not in ("email", "phone"):
            reader: Callable[[Any], Cleaned[Any]] = READERS.get(name, read_own)
            read[name] = reader(value)
    if "phone" in given:
        said = read["country"].value if "country" in read else None
        read["phone"] = phone_reader(said, country)(given["phone"])
    return PersonFields(
        fields={name: one.value for name, one in read.items() if one.value not in ("", ())},
        said={name: one.words for name, one in read.items() if one.words},
        warnings=tuple(said for name, one in read.items() for said in one.warnings(name)),
    )


def phone_reader(said: Any, country: str | None) -> Callable[[Any], Cleaned[str]]:
    """Return the reader of a person's phone number.

    said: the country that the person named; country: the company's, where that is none.
    """
    dialled_in = said if said in ALPHA_2 else country
    return lambda value: read_phone(value, dialled_in)
