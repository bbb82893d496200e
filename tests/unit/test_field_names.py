"""What a page calls its fields: common names are recognised, all others are kept."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.capture.field_names import FIELD_NAME_MAX_CHARS, FULL_NAME, known_name, safe
from chalicelib.capture.form_document import FormDocument
from chalicelib.capture.naming import KNOWN
from chalicelib.capture.person_names import split_name
from chalicelib.capture.posted import posted_of_json, posted_of_pairs
from chalicelib.capture.submission import Submission
from chalicelib.capture.understanding import understand
from chalicelib.errors import InputError
from chalicelib.limits import FORM_MAX_FIELDS, FORM_MAX_PARTS

EMAIL = ("email", "ann@acme.example")


def read(*pairs: tuple[str, Any], form: Mapping[str, Any] | None = None) -> Submission:
    registered = FormDocument.model_validate({"id": "f", **form}) if form else None
    return understand(posted_of_pairs(pairs), registered)


def said_of(submission: Submission) -> list[str]:
    return [one.field for one in submission.warnings]


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("your-email", "email"),
        ("No Label email", "email"),
        ("form_fields[email]", "email"),
        ("fields[email][value]", "email"),
        ("et_pb_contact_email_0", "email"),
        ("E-Mail-Adresse *", "email"),
        ("courriel", "email"),
        ("Correo electrónico", "email"),
        ("EMAIL", "email"),
        ("user[email]", "email"),
        ("Vorname", "first_name"),
        ("Prénom", "first_name"),
        ("given-name", "first_name"),
        ("firstName", "first_name"),
        ("FNAME", "first_name"),
        ("Nachname", "last_name"),
        ("family-name", "last_name"),
        ("apellidos", "last_name"),
        ("cognome", "last_name"),
        ("achternaam", "last_name"),
        ("Ihr Name", FULL_NAME),
        ("nom complet", FULL_NAME),
        ("organization-title", "job_title"),
        ("Position", "job_title"),
        ("poste", "job_title"),
        ("organization", "company"),
        ("Firma", "company"),
        ("société", "company"),
        ("empresa", "company"),
        ("azienda", "company"),
        ("Anzahl Mitarbeiter", "company_size"),
        ("nombre d'employés", "company_size"),
        ("Branche", "industry"),
        ("country-name", "country"),
        ("Land", "country"),
        ("pays", "country"),
        ("tel", "phone"),
        ("teléfono", "phone"),
        ("Telefonnummer", "phone"),
        ("your-message", "message"),
        ("Nachricht", "message"),
        ("mensaje", "message"),
        ("budget", None),
        ("form_name", None),
        ("user_name", None),
        ("product.name", None),
        ("person.name", FULL_NAME),
        ("company.name", "company"),
        ("wpforms[fields][1]", None),
        ("日本", None),
    ],
)
def test_a_common_name_is_recognised(name: str, field: str | None) -> None:
    assert known_name(name) == field


@given(some.text(max_size=200))
def test_every_name_becomes_a_safe_one(name: str) -> None:
    made = safe(name)
    assert made[0].isalpha()
    assert len(made) <= FIELD_NAME_MAX_CHARS
    assert made.replace("_", "a").isalnum()
    assert made.isascii()
    assert made == made.lower()


def test_the_forms_own_aliases_come_before_common_names() -> None:
    form = {"aliases": {"Firma": "customer", "work_email": "email"}}
    found = read(("work_email", "ann@acme.example"), ("firma", "Acme"), form=form)
    assert found.fields == {"email": "ann@acme.example", "customer": "Acme"}


def test_what_is_called_exactly_so_comes_before_an_alias() -> None:
    found = read(("Firma", "Second"), ("company", "First"), EMAIL)
    assert found.fields["company"] == "First"
    assert found.fields["firma"] == "Second"


def test_no_value_is_lost_when_two_names_become_one() -> None:
    found = read(EMAIL, ("Wie groß?", "a"), ("wie gross", "b"), ("phone", "1"), ("phone", "2"))
    assert found.fields["wie_gross"] == "a"
    assert found.fields["wie_gross_2"] == "b"
    assert (found.fields["phone"], found.fields["phone_2"]) == ("1", ("2",))
    assert {"Wie groß?", "wie gross", "phone"} <= set(said_of(found))


def test_a_single_address_is_the_address_whatever_it_is_called() -> None:
    found = read(("wpforms[fields][1]", "ann@acme.example"), ("wpforms[fields][2]", "Ann"))
    assert found.email == "ann@acme.example"
    assert found.fields == {"email": "ann@acme.example", "fields_2": "Ann"}


def test_of_two_addresses_none_is_guessed() -> None:
    with pytest.raises(InputError):
        read(("mine", "ann@acme.example"), ("friend", "bob@acme.example"))


def test_the_first_fields_are_kept_and_the_address_always() -> None:
    many = [(f"own_{n}", "x") for n in range(FORM_MAX_PARTS + 20)]
    found = read(*many, EMAIL)
    assert len(found.fields) == FORM_MAX_FIELDS
    assert found.email == "ann@acme.example"
    assert set(said_of(found)) == {name for name, _ in many} - set(found.fields)


def test_objects_and_lists_within_fields_are_kept() -> None:
    data = {
        "email": "ann@acme.example",
        "address": {"city": "Bonn", "geo": {"lat": 50.7}},
        "tags": ["a", 5, True],
        "answers": [{"id": "budget", "value": "40k"}, {"id": "team", "value": 7}],
        "empty": {},
    }
    assert understand(posted_of_json(data), None).fields == {
        "email": "ann@acme.example",
        "address_city": "Bonn",
        "address_geo_lat": 50.7,
        "tags": ("a", 5, True),
        "budget": "40k",
        "team": 7,
    }


def test_own_fields_are_read_by_their_type() -> None:
    form = {
        "fields": {
            "budget": {"label": "Budget", "type": "number", "aliases": ["input_7"]},
            "wants": {"type": "choices"},
            "is_customer": {"type": "yes_no"},
            "starts": {"type": "date"},
        }
    }
    found = read(
        EMAIL,
        ("input_7", "40k - 60k"),
        ("wants", "demo, prices"),
        ("is_customer", "Nein"),
        ("starts", "24.12.2026"),
        form=form,
    )
    assert found.fields["budget"] == 40_000
    assert found.said["budget"] == "40k - 60k"
    assert found.fields["wants"] == ("demo", "prices")
    assert found.fields["is_customer"] is False
    assert found.fields["starts"] == "2026-12-24"


def test_a_field_is_required_by_the_pages_name() -> None:
    form = {"required": ["work_email", "Firma"], "aliases": {"work_email": "email"}}
    with pytest.raises(InputError) as refused:
        read(("work_email", "ann@acme.example"), form=form)
    assert [error.field for error in refused.value.errors] == ["Firma"]
    read(("work_email", "ann@acme.example"), ("company", "Acme"), form=form)


def test_a_required_full_name_may_come_in_two_parts() -> None:
    form = {"required": ["name"]}
    read(EMAIL, ("vorname", "Ann"), form=form)
    with pytest.raises(InputError):
        read(EMAIL, form=form)


# --- names of people ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Ann Example", "Ann", "Example"),
        ("Ann", "Ann", ""),
        ("Null", "Null", ""),
        ("Ann van der Berg", "Ann", "van der Berg"),
        ("Ann Van Der Berg", "Ann", "Van Der Berg"),
        ("van der Berg", "", "van der Berg"),
        ("Van Morrison", "Van", "Morrison"),
        ("María de la Cruz", "María", "de la Cruz"),
        ("Ann Mary Example", "Ann Mary", "Example"),
        ("Berg, Ann", "Ann", "Berg"),
        ("van der Berg, Dr. Ann", "Ann", "van der Berg"),
        ("Martin King, Jr.", "Martin", "King, Jr."),
        ("Prof. Dr. Hans Müller", "Hans", "Müller"),
        ("Herr Müller", "", "Müller"),
        ("山田太郎", "山田太郎", ""),
    ],
)
def test_a_full_name_is_taken_apart(name: str, first: str, last: str) -> None:
    assert split_name(name) == (first, last)


def test_a_full_name_fills_what_was_not_sent() -> None:
    assert read(EMAIL, ("your-name", "Ann Berg")).fields["last_name"] == "Berg"
    both = read(EMAIL, ("vorname", "Ann"), ("name", "van der Berg")).fields
    assert (both["first_name"], both["last_name"]) == ("Ann", "van der Berg")
    whole = read(EMAIL, ("first_name", "Ann"), ("last_name", "Berg"), ("name", "A. Berg")).fields
    assert (whole["first_name"], whole["last_name"], whole["name"]) == ("Ann", "Berg", "A. Berg")
    french = read(EMAIL, ("nom", "Marie Curie")).fields
    assert (french["first_name"], french["last_name"]) == ("Marie", "Curie")


def test_what_a_split_name_loses_is_kept_beside_it() -> None:
    found = read(EMAIL, ("name", "Berg, Dr. Ann"))
    assert found.said == {"first_name": "Berg, Dr. Ann"}


def test_the_table_names_fields_of_ours_and_none_twice() -> None:
    from chalicelib.capture.field_names import TABLE

    table: dict[str, list[str]] = json.loads(TABLE.read_text())
    words = [word for field, every in table.items() for word in {field, *every}]
    assert set(table) == KNOWN
    assert len(words) == len(set(words))
