"""The traits of an identify: what it says about the person, as a form's fields."""

from collections.abc import Mapping
from typing import Any

from chalicelib.capture.items import TrackingItem, text_of_number
from chalicelib.capture.person_fields import Fields
from chalicelib.errors import InputError
from chalicelib.inputs.typed import parse_as

# A trait in Segment's words, or in ours -> the field of a form.
TRAITS = {
    "email": "email",
    "firstName": "first_name",
    "first_name": "first_name",
    "lastName": "last_name",
    "last_name": "last_name",
    "title": "job_title",
    "job_title": "job_title",
    "company": "company",
    "company_size": "company_size",
    "industry": "industry",
    "country": "country",
    "phone": "phone",
}


def fields_from_traits(item: TrackingItem) -> Fields:
    """Return the fields of an identify. Raise InputError naming the trait that is wrong."""
    traits = item.traits or {}
    named = {
        name: text_of_number(traits[trait])
        for trait, name in TRAITS.items()
        if traits.get(trait) not in (None, "")
    }
    company = traits.get("company")
    if isinstance(company, dict):
        del named["company"]
        named |= _company_fields(company)
    address = traits.get("address")
    if isinstance(address, dict) and address.get("country"):
        named.setdefault("country", address["country"])
    try:
        return parse_as(Fields, named)
    except InputError as error:
        raise error.renamed(lambda field: _trait_path(field, traits)) from None


def _company_fields(company: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of Segment's company object, without the empty ones."""
    found = {
        "company": company.get("name"),
        "industry": company.get("industry"),
        "company_size": company.get("employee_count") or company.get("employees"),
    }
    return {name: value for name, value in found.items() if value not in (None, "")}


def _trait_path(field: str, traits: Mapping[str, Any]) -> str:
    """Return a field's path as the client named it."""
    names = (trait for trait, name in TRAITS.items() if name == field and trait in traits)
    return f"traits.{next(names, field)}"
