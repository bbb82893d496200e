"""What people type about themselves: addresses, phones, countries, dates; and what is kept."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.inputs.addresses import read_address
from chalicelib.inputs.countries import ALPHA_2, ALPHA_3, NICKNAMES, folded, read_country
from chalicelib.inputs.dates import read_date
from chalicelib.inputs.person import read_person
from chalicelib.inputs.phones import read_phone
from chalicelib.inputs.repairs import Cleaned, Repair
from chalicelib.inputs.texts import TRIMMED, text_for
from tests.unit.test_readers import anything
from tools import country_names

READ_AS, AS_TEXT, EMPTY = Repair.READ_AS, Repair.KEPT_AS_TEXT, Repair.EMPTY

# --- addresses ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "kept", "said"),
    [
        ("ann@b.example", "ann@b.example", ()),
        ("  Ann@B.Example\n", "Ann@b.example", ()),
        ("ann@b.example\u00a0", "ann@b.example", ()),
        ("\u200bann@b.example", "ann@b.example", (Repair.CLEANED,)),
        ("ann\u200d@b.example", "ann@b.example", (Repair.CLEANED,)),
        ("an\u00adn@b.example\u202c", "ann@b.example", (Repair.CLEANED,)),
        ("Ann Example <ann@b.example>", "ann@b.example", (READ_AS,)),
        ('"Example, Ann" < ann@b.example >', "ann@b.example", (READ_AS,)),
        ("bob@c.example <ann@b.example>", "ann@b.example", (READ_AS,)),
        ("<ann@b.example>", "ann@b.example", (READ_AS,)),
        ("mailto:ann@b.example", "ann@b.example", (READ_AS,)),
        ("MAILTO:ann%40b.example?subject=Hi&cc=eve@c.example", "ann@b.example", (READ_AS,)),
        ("ann@b.example ann@b.example", "ann@b.example", (READ_AS,)),
        ("ann@b.example,ann@b.example", "ann@b.example", (READ_AS,)),
        ("ann@b.exampleann@b.example", "ann@b.example", (READ_AS,)),
        ("ann@b.exampleAnn@B.example", "ann@b.example", (READ_AS,)),
        ("ann@b.example; bob@c.example", "ann@b.example", (READ_AS,)),
        ("ann@b.example.", "ann@b.example", (READ_AS,)),
        ("ann@b.example,", "ann@b.example", (READ_AS,)),
        ("'ann@b.example'", "ann@b.example", (READ_AS,)),
        ("ann@b.example (work)", "ann@b.example", (READ_AS,)),
        ("E-Mail: ann@b.example", "ann@b.example", (READ_AS,)),
        ("ann @ b.example", "ann@b.example", (READ_AS,)),
        ("ann%40b.example", "ann@b.example", (READ_AS,)),
        ("ann\uff20b.example", "ann@b.example", (READ_AS,)),
        ("ann@b\u3002example", "ann@b.example", (READ_AS,)),
        ("ann@münchen.example", "ann@xn--mnchen-3ya.example", (READ_AS,)),
        ("ann@b.example\nbcc: eve@c.example", "ann@b.example", (Repair.FLATTENED, READ_AS)),
        (["ann@b.example", "ann@b.example"], "ann@b.example", ()),
    ],
)
def test_an_address(sent: Any, kept: str, said: tuple[Repair, ...]) -> None:
    assert read_address(sent) == Cleaned(kept, said)
    assert read_address(kept) == Cleaned(kept)


@pytest.mark.parametrize(
    "sent",
    [
        "",
        None,
        5,
        "ann",
        "ann@",
        "@b.example",
        "ann@localhost",
        "ann@b@c.example",
        "änn@b.example",
        "ann@b,example",
        "=?utf-8?q?ann?=@b.example",
        "undefined",
        "@" * 9_999,
        "a@ " * 2_000,
        {"email": "x"},
    ],
)
def test_where_nobody_can_be_reached_is_refused(sent: Any) -> None:
    with pytest.raises(ValueError, match=r"[Ee]mail|@"):
        read_address(sent)


@given(anything)
def test_whatever_is_an_address_reads_as_itself(value: Any) -> None:
    try:
        address = read_address(value).value
    except ValueError:
        return
    assert read_address(address) == Cleaned(address)


# --- phone numbers --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "country", "kept", "words"),
    [
        ("+49 30 901820", None, "+4930901820", ""),
        ("+49 (0)30 901820", "US", "+4930901820", ""),
        ("0049 30 901820", "US", "+4930901820", ""),
        ("030/901820", "DE", "+4930901820", ""),
        ("030 901820", "de", "+4930901820", ""),
        ("tel:+49-30-901820", None, "+4930901820", ""),
        (4930901820, "DE", "+4930901820", ""),
        ("(415) 555-0132", "US", "+14155550132", ""),
        ("(555) 866-8404", "US", "+15558668404", ""),
        ("020 7946 0958", "GB", "+442079460958", ""),
        ("+49 30 901820 ext. 12", None, "+4930901820", "+49 30 901820 ext. 12"),
        (
            "+49 30 901820, mobile +49 170 1234567",
            None,
            "+4930901820",
            "+49 30 901820, mobile +49 170 1234567",
        ),
        ("1-800-FLOWERS", "US", "+18003569377", "1-800-FLOWERS"),
    ],
)
def test_a_phone_number(sent: Any, country: str | None, kept: str, words: str) -> None:
    assert read_phone(sent, country) == Cleaned(kept, (READ_AS,), words)
    assert read_phone(kept, country) == Cleaned(kept)


@pytest.mark.parametrize(
    ("sent", "country"),
    [
        ("(555) 866-8404", None),
        ("030 901820", "XX"),
        ("030 901820", "no country"),
        ("12345", "DE"),
        ("call me", "DE"),
        ("after 5", None),
        ("0" * 299, "DE"),
        ("+999 123456789", None),
    ],
)
def test_what_is_no_phone_number_stays_a_text(sent: str, country: str | None) -> None:
    assert read_phone(sent, country) == Cleaned(sent, (AS_TEXT,))


# --- countries ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("DEU", "DE"),
        ("Korea, Republic of", "KR"),
        ("Congo, The Democratic Republic of the", "CD"),
        ("Iran (Islamic Republic of)", "IR"),
        ("Gambia, The", "GM"),
        ("Germany / Deutschland", "DE"),
        ("DE - Germany", "DE"),
        ("\U0001f1e9\U0001f1ea", "DE"),
        ("\U0001f1e9\U0001f1ea Deutschland", "DE"),
        ("EE. UU.", "US"),
        ("de", "DE"),
        ("Germany", "DE"),
        ("Deutschland", "DE"),
        ("ALLEMAGNE", "DE"),
        ("Alemania", "DE"),
        ("德国", "DE"),
        ("Germany (DE)", "DE"),
        ("USA", "US"),
        ("U.S.A.", "US"),
        ("United States of America", "US"),
        ("Vereinigte Staaten", "US"),
        ("UK", "GB"),
        ("England", "GB"),
        ("Great Britain", "GB"),
        ("Holland", "NL"),
        ("The Netherlands", "NL"),
        ("Österreich", "AT"),
        ("Oesterreich", "AT"),
        ("Suisse", "CH"),
        ("Czech Republic", "CZ"),
        ("Türkiye", "TR"),
        ("Россия", "RU"),
        ("South Korea", "KR"),
        ("Cote d\u2019Ivoire", "CI"),
        ("Brasil", "BR"),
    ],
)
def test_a_country_by_its_names(sent: str, code: str) -> None:
    assert read_country(sent) == Cleaned(code, (READ_AS,))


@pytest.mark.parametrize(("sent", "code"), [("DE", "DE"), (" US ", "US"), ("", "")])
def test_a_country_by_its_code_needs_no_word(sent: str, code: str) -> None:
    assert read_country(sent) == Cleaned(code)


@pytest.mark.parametrize("sent", ["XX", "Narnia", "Berlin", "Atlanta, Georgia", "49"])
def test_what_is_no_country_stays_a_text(sent: str) -> None:
    assert read_country(sent) == Cleaned(sent, (AS_TEXT,))


def test_the_names_of_countries_are_those_of_phonenumbers() -> None:
    assert country_names.NAMES.read_text() == country_names.text()
    assert country_names.country_names().keys() == ALPHA_2
    assert len(ALPHA_2) == len(ALPHA_3)


def test_a_nickname_is_no_name_and_no_code() -> None:
    names = {name for listed in country_names.country_names().values() for name in listed}
    assert not names & NICKNAMES.keys()
    assert not {name.upper() for name in NICKNAMES} & (ALPHA_2 | ALPHA_3.keys())
    assert {folded(name) for name in NICKNAMES} == NICKNAMES.keys()


# --- dates ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "country", "kept"),
    [
        ("27.11.2026", None, "2026-11-27"),
        ("7.1.26", None, "2026-01-07"),
        ("2026/1/5", None, "2026-01-05"),
        ("2026-11-27T10:00:00Z", None, "2026-11-27"),
        ("11/12/2026", "US", "2026-11-12"),
        ("11/12/2026", "GB", "2026-12-11"),
        ("11/27/2026", None, "2026-11-27"),
        ("27/11/2026", "US", "2026-11-27"),
        ("Nov 27, 2026", None, "2026-11-27"),
        ("November 27th, 2026", None, "2026-11-27"),
        ("27. November 2026", None, "2026-11-27"),
        ("1. März 2026", None, "2026-03-01"),
        ("1er août 2026", None, "2026-08-01"),
        ("27 de noviembre de 2026", None, "2026-11-27"),
        ("15 giugno 2026", None, "2026-06-15"),
    ],
)
def test_a_date(sent: str, country: str | None, kept: str) -> None:
    assert read_date(sent, country) == Cleaned(kept, (READ_AS,), words=sent)
    assert read_date(kept, country) == Cleaned(kept)


@pytest.mark.parametrize(
    "sent", ["31.02.2026", "tomorrow", "Q3 2026", "27.11.", "0000-01-01", "5 apples 2026"]
)
def test_what_is_no_date_stays_a_text(sent: str) -> None:
    assert read_date(sent) == Cleaned(sent, (AS_TEXT,))


# --- a person -------------------------------------------------------------------------------------


def test_each_field_of_a_person_has_its_reader() -> None:
    found = read_person(
        {
            "email": "not looked at",
            "first_name": "Null",
            "last_name": "undefined",
            "company": "NULL",
            "company_size": "5,000 - 10,000",
            "country": "Germany",
            "phone": "030 901820",
            "message": "Hello\r\nworld",
            "interest": ["pricing", "", "security"],
            "seats": 40,
            "project_details": "One\nTwo",
        },
        "US",
    )
    assert found.fields == {
        "first_name": "Null",
        "company_size": 5_000,
        "country": "DE",
        "phone": "+4930901820",
        "message": "Hello\r\nworld",
        "interest": ("pricing", "security"),
        "seats": 40,
        "project_details": "One\nTwo",
    }
    assert found.said == {"company_size": "5,000 - 10,000"}
    assert {one.field: one.repair for one in found.warnings} == {
        "last_name": EMPTY,
        "company": EMPTY,
        "company_size": READ_AS,
        "country": READ_AS,
        "phone": READ_AS,
    }


@pytest.mark.parametrize(("country", "phone"), [("", "+14155550132"), ("Narnia", "+14155550132")])
def test_a_phone_is_dialled_where_the_company_is(country: str, phone: str) -> None:
    found = read_person({"phone": "(415) 555-0132", "country": country}, "US")
    assert found.fields["phone"] == phone


@given(some.dictionaries(some.sampled_from(["phone", "country", "company_size", "x"]), anything))
def test_any_value_of_a_person_is_kept_or_said(sent: dict[str, Any]) -> None:
    found = read_person(sent, "DE")
    assert read_person(found.fields, "DE").fields == found.fields
    said = {one.field.partition(".")[0] for one in found.warnings}
    for name in sent.keys() - said:
        kept = found.fields.get(name, "")
        if not isinstance(sent[name], list | dict):
            assert text_for(kept).value == text_for(sent[name]).value.strip(TRIMMED)
