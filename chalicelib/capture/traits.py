"""What an identify or a group says about a person and their company, as a form's fields."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from chalicelib.capture.field_names import FIELD_NAME_MAX_CHARS, safe
from chalicelib.capture.items import Call, TrackingItem
from chalicelib.inputs.addresses import read_address
from chalicelib.inputs.person import PersonFields, read_person
from chalicelib.inputs.repairs import Repair, Warned, warn
from chalicelib.inputs.texts import read_name
from chalicelib.limits import EVENT_MAX_PROPERTIES

# A trait in the words of Segment, RudderStack or ours, without case and marks -> a form's field.
TRAITS = {
    "email": "email",
    "firstname": "first_name",
    "lastname": "last_name",
    "name": "name",
    "fullname": "name",
    "title": "job_title",
    "jobtitle": "job_title",
    "position": "job_title",
    "company": "company",
    "companyname": "company",
    "companysize": "company_size",
    "employees": "company_size",
    "employeecount": "company_size",
    "industry": "industry",
    "country": "country",
    "phone": "phone",
}
# The same of a company: a group's traits, or the object that an identify has for it.
COMPANY_TRAITS = {
    "name": "company",
    "company": "company",
    "companyname": "company",
    "employees": "company_size",
    "employeecount": "company_size",
    "size": "company_size",
    "companysize": "company_size",
    "industry": "industry",
    "country": "country",
}
NO_LETTERS = re.compile(r"[^a-z0-9]+")
SAID_BEFORE = "was left out: another trait says the same"
SentTrait = tuple[str, str, Any]
"""The path of a trait as it was sent, the name of its field, and its value."""


def address_of(item: TrackingItem) -> str:
    """Return the address of the person that an identify names, an empty text if it names none.

    It is the trait `email`, else a user id that is an address (ADR 0042).
    """
    if item.call is not Call.IDENTIFY:
        return ""
    for path, name, value in _person(item):
        if name == "email":
            try:
                return str(item.take(path, read_address(value)))
            except ValueError:
                item.warnings.append(warn(path, Repair.LEFT_OUT))
    return address_in(item.user_id)


def address_in(client_id: str) -> str:
    """Return the address that an id is, an empty text for any other id."""
    if "@" not in client_id:
        return ""
    try:
        read = read_address(client_id)
    except ValueError:
        return ""
    return read.value


def read_traits(item: TrackingItem, country: str | None = None) -> PersonFields:
    """Return what an identify or a group says besides the address, as a form's fields.

    country: the company's, for a phone number without one.
    """
    given: dict[str, Any] = {}
    paths: dict[str, str] = {}
    for path, name, value in _company(item) if item.call is Call.GROUP else _person(item):
        if name == "email" or value in (None, "", [], {}):
            continue
        if name in given:
            if value != given[name]:
                item.warnings.append(Warned(path, SAID_BEFORE, Repair.LEFT_OUT))
        elif not name or isinstance(value, dict):
            item.warnings.append(warn(path, Repair.LEFT_OUT))
        elif len(given) == EVENT_MAX_PROPERTIES:
            item.warnings.append(warn(path, Repair.TOO_MANY))
        else:
            given[name] = value
            paths[name] = path
    if "name" in given:
        first, _, last = item.take(paths["name"], read_name(given.pop("name"))).partition(" ")
        given = {"first_name": first, "last_name": last.strip(), **given}
    read = read_person(given, country)
    item.warnings += [_as_sent(one, paths) for one in read.warnings]
    return read


def _as_sent(said: Warned, paths: Mapping[str, str]) -> Warned:
    """Return what there is to say of a field, under its sender's name for it."""
    name, dot, rest = said.field.partition(".")
    return replace(said, field=paths.get(name, name) + dot + rest)


def _person(item: TrackingItem) -> Iterator[SentTrait]:
    """Yield the traits of an identify: its own, then those in its context (RudderStack)."""
    for path, traits in _traits(item):
        for trait, value in traits.items():
            here = f"{path}.{trait}"
            word = NO_LETTERS.sub("", trait.lower())
            if word == "company" and isinstance(value, dict):
                yield from _named(value, here, COMPANY_TRAITS, "company_")
            elif word == "address" and isinstance(value, dict):
                yield from _named(value, here, {"country": "country"}, "address_")
            elif isinstance(value, dict):
                yield from _named(value, here, {}, f"{_own_name(trait)}_")
            else:
                yield here, TRAITS.get(word) or _own_name(trait), value


def _company(item: TrackingItem) -> Iterator[SentTrait]:
    """Yield the traits of a group. What Baton has no name for begins with `company_`."""
    if item.sent.get("groupId") not in (None, ""):
        yield "groupId", "company_id", item.sent["groupId"]
    yield from _named(item.traits, "traits", COMPANY_TRAITS, "company_")


def _named(
    traits: Mapping[str, Any], path: str, names: Mapping[str, str], prefix: str
) -> Iterator[SentTrait]:
    for trait, value in traits.items():
        word = NO_LETTERS.sub("", trait.lower())
        own = _own_name(trait)
        own = own if not own or own.startswith(prefix) else prefix + own
        if isinstance(value, dict) and isinstance(value.get("country"), str):
            yield f"{path}.{trait}.country", "country", value["country"]
        else:
            yield f"{path}.{trait}", names.get(word) or own[:FIELD_NAME_MAX_CHARS], value


def _traits(item: TrackingItem) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield "traits", item.traits
    inner = item.context.get("traits")
    if isinstance(inner, dict):
        yield "context.traits", inner


def _own_name(trait: str) -> str:
    """Return a trait as the name of a field: `planName` is `plan_name`."""
    return safe(trait) if trait.strip() else ""
