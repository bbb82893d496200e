"""Every way in which a page posts a form: the same person gives the same lead (criterion 4)."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from chalicelib.capture.parsing import parse_post
from chalicelib.errors import InputError
from tests.baton import InMemoryBaton

FORM = "/v1/forms/pricing-page"
BOUNDARY = "----WebKitFormBoundary7MA4YWxk"
PERSON = {
    "email": "ann@acme.example",
    "first_name": "Ann",
    "last_name": "van der Berg",
    "company": "Société Générale",
    "company_size": "51-200",
    "phone": "+49 30 901820",
    "country": "Deutschland",
    "project_details": "We need 40 seats.\r\nCall after five.",
    "interest": ["pricing", "security"],
}


def post(baton: InMemoryBaton, body: bytes | str, content_type: str) -> Any:
    answer = baton.http("POST", FORM, body, {"Content-Type": content_type})
    assert answer.status_code == 202, answer.body
    baton.until_quiet()
    return json.loads(answer.body)


def form_of(baton: InMemoryBaton, lead: Mapping[str, Any]) -> Any:
    """Return the one form on a lead's timeline."""
    items = baton.get(f"/v1/leads/{lead['lead_id']}/timeline")["items"]
    (form,) = (item for item in items if item["kind"] == "form")
    return form


def pairs(person: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (name, one)
        for name, value in person.items()
        for one in (value if isinstance(value, list) else [value])
    ]


def multipart(*parts: tuple[str, str], file: str = "") -> bytes:
    lines = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in parts
    ]
    if file:
        lines.append(
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="cv"; filename="{file}"\r\n'
            "Content-Type: application/pdf\r\n\r\n%PDF-1.7\r\n"
        )
    return ("".join(lines) + f"--{BOUNDARY}--\r\n").encode()


WAYS: Mapping[str, tuple[bytes | str, str]] = {
    "plain form": (urlencode(pairs(PERSON)), "application/x-www-form-urlencoded"),
    "multipart": (multipart(*pairs(PERSON)), f"multipart/form-data; boundary={BOUNDARY}"),
    "fetch": (json.dumps({"fields": PERSON}), "application/json"),
    "flat json": (json.dumps(PERSON), "application/json; charset=utf-8"),
    "beacon": (json.dumps({"fields": PERSON}), "text/plain;charset=UTF-8"),
    "pairs as text": (urlencode(pairs(PERSON)), "text/plain"),
    "json as url-encoded": (json.dumps(PERSON), "application/x-www-form-urlencoded"),
    "pairs as json": (urlencode(pairs(PERSON)), "application/json"),
    "lines": ("".join(f"{k}={v}\r\n" for k, v in pairs(PERSON)), "text/plain"),
    "byte order mark": ("\ufeff" + json.dumps(PERSON), "application/json"),
    "automation": (json.dumps([PERSON]), "application/json"),
    "names with values": (
        json.dumps({"fields": [{"name": name, "value": one} for name, one in PERSON.items()]}),
        "application/json",
    ),
    "form builder": (
        urlencode([(f"form_fields[{name}]", one) for name, one in pairs(PERSON)]),
        "application/x-www-form-urlencoded",
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_one_person_gives_the_same_lead_by_every_way(way: str) -> None:
    baton = InMemoryBaton()
    post(baton, *WAYS[way])
    lead = baton.lead()
    assert lead["profile"] == {
        "first_name": "Ann",
        "last_name": "van der Berg",
        "company": "Société Générale",
        "company_size": 51,
        "phone": "+4930901820",
        "country": "DE",
        "project_details": PERSON["project_details"],
        "interest": ["pricing", "security"],
    }
    form = form_of(baton, lead)
    assert form["detail"]["fields"]["project_details"] == PERSON["project_details"]
    assert form["detail"]["said"]["company_size"] == "51-200"


def test_a_file_is_left_out_with_a_warning() -> None:
    baton = InMemoryBaton()
    body = multipart(("email", "ann@acme.example"), file="cv.pdf")
    said = post(baton, body, f"multipart/form-data; boundary={BOUNDARY}")
    assert said["warnings"] == [
        {"field": "cv", "message": "was left out: files are not accepted here"}
    ]


def test_an_empty_field_for_a_file_is_no_file() -> None:
    baton = InMemoryBaton()
    empty = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="cv"; filename=""\r\n\r\n\r\n'
    body = empty.encode() + multipart(("email", "ann@acme.example"))
    assert "warnings" not in post(baton, body, f"multipart/form-data; boundary={BOUNDARY}")


def test_a_boundary_that_the_header_forgot_is_found() -> None:
    body = multipart(("email", "ann@acme.example"))
    assert parse_post(body, "multipart/form-data").fields[0].value == "ann@acme.example"


@pytest.mark.parametrize(
    ("body", "content_type", "name"),
    [
        (
            b"email=a%40b.example&company=Soci%E9t%E9",
            "application/x-www-form-urlencoded",
            "Société",
        ),
        (
            b"email=a%40b.example&company=Soci%C3%A9t%C3%A9",
            "application/x-www-form-urlencoded",
            "Société",
        ),
        (
            '{"email": "a@b.example", "company": "Société"}'.encode("latin-1"),
            "application/json; charset=iso-8859-1",
            "Société",
        ),
        (
            '{"email": "a@b.example", "company": "Société"}'.encode("cp1252"),
            "application/json",
            "Société",
        ),
        (
            multipart(("_charset_", "windows-1251"), ("email", "a@b.example"))[: -len(BOUNDARY) - 6]
            + f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="company"\r\n\r\n'.encode()
            + "Фирма".encode("cp1251")
            + f"\r\n--{BOUNDARY}--\r\n".encode(),
            f"multipart/form-data; boundary={BOUNDARY}",
            "Фирма",
        ),
    ],
    ids=range(5),
)
def test_the_characters_are_those_that_were_typed(
    body: bytes, content_type: str, name: str
) -> None:
    baton = InMemoryBaton()
    post(baton, body, content_type)
    assert baton.lead("a@b.example")["profile"]["company"] == name


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"[]", "application/json"),
        (b'"text"', "application/json"),
        (b"{", "application/json"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"", "multipart/form-data; boundary=x"),
        (b"no boundary", "multipart/form-data"),
        (b"just a line\r\nand another", "text/plain"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(body: bytes, content_type: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_post(body, content_type)
    assert [error.field for error in refused.value.errors] == ["body"]


def test_what_pages_put_into_hidden_fields_is_read() -> None:
    baton = InMemoryBaton()
    hidden = {
        "email": "ann@acme.example",
        "_page_url": "https://acme.example/pricing",
        "_page_title": "Prices",
        "_consent": "I want to receive marketing emails",
        "UTM_Source": "google",
        "utm_medium": "cpc",
        "utm_id": "77",
        "gclid": "abc",
        "g-recaptcha-response": "03AF",
        "_wpcf7": "42",
        "csrf_token": "x",
    }
    said = post(baton, urlencode(hidden), "application/x-www-form-urlencoded")
    lead = baton.lead()
    assert lead["first_touch"]["source"] == "google"
    assert lead["consent"]["text"] == "I want to receive marketing emails"
    assert lead["profile"] == {}
    form = form_of(baton, lead)
    properties = form["detail"]["properties"]
    assert (properties["gclid"], properties["utm_id"]) == ("abc", "77")
    assert properties["path"] == "/pricing"
    left_out = {one["field"] for one in said["warnings"]}
    assert left_out == {"g-recaptcha-response", "_wpcf7", "csrf_token"}


@pytest.mark.parametrize("value", ["", "false", "off", "no", "0", "null", "none", "nein", "non"])
def test_an_unticked_box_is_no_consent(value: str) -> None:
    baton = InMemoryBaton()
    post(baton, f"email=a%40b.example&_consent={value}", "application/x-www-form-urlencoded")
    assert baton.lead("a@b.example")["consent"] is None


@pytest.mark.parametrize("value", ["on", "1", "ja", "Newsletter", "✓", "NO SPAM PLEASE"])
def test_whatever_a_ticked_box_sends_is_kept_as_proof(value: str) -> None:
    baton = InMemoryBaton()
    post(baton, f"email=a%40b.example&_consent={quote(value)}", "application/x-www-form-urlencoded")
    lead = baton.lead("a@b.example")
    assert lead["consent"]["marketing"] is True
    form = form_of(baton, lead)
    assert form["detail"]["consent"]["said"] == value


@pytest.mark.parametrize("levels", [90, 110, 600])
@pytest.mark.parametrize("around", ["[]", '{"a":}'])
@pytest.mark.parametrize("name", ["details", "consent", "visitor_id", "g-recaptcha-response"])
def test_what_lies_too_deep_costs_no_form(levels: int, around: str, name: str) -> None:
    begin, end = around[:-1], around[-1]
    deep = begin * levels + "1" + end * levels
    body = f'{{"email": "ann@acme.example", "{name}": {deep}}}'
    said = post(InMemoryBaton(), body, "application/json")
    named = {one["field"].split(".")[0] for one in said.get("warnings", [])}
    assert name in named or (name == "consent" and levels < 100)


def said_of(baton: InMemoryBaton, body: bytes | str, content_type: str) -> Any:
    """Post a form of somebody, and return what the answer warns of."""
    said = post(baton, body, content_type)
    return [(one["field"], one["message"]) for one in said.get("warnings", ())]


def test_a_plus_in_an_address_that_nobody_encoded_stays() -> None:
    baton = InMemoryBaton()
    body = "email=ann+work@acme.example&company=Bolts+and+Nuts"
    assert said_of(baton, body, "application/x-www-form-urlencoded") == []
    assert baton.lead("ann+work@acme.example")["profile"]["company"] == "Bolts and Nuts"


@pytest.mark.parametrize("nan", ["", '"size": NaN, '])
def test_a_key_that_json_repeats_has_all_its_values(nan: str) -> None:
    baton = InMemoryBaton()
    body = f'{{"email": "ann@acme.example", {nan}"topic": "price", "topic": "security"}}'
    said_of(baton, body, "application/json")
    assert baton.lead()["profile"] == {"topic": ["price", "security"]}


def test_a_field_that_repeats_its_value_says_nothing_new() -> None:
    baton = InMemoryBaton()
    body = "email=ann%40acme.example&email=ann%40acme.example&company=Acme&company=Acme"
    assert said_of(baton, body, "application/x-www-form-urlencoded") == []
    assert baton.lead()["profile"] == {"company": "Acme"}


def test_a_list_that_its_names_count_is_one_field() -> None:
    baton = InMemoryBaton()
    fields = [("email", "ann@acme.example"), ("tags[0]", "price"), ("tags[1]", "security")]
    numbered = [("answers[0]", "yes"), ("answers[1]", "no")]
    post(baton, urlencode([*fields, *numbered]), "application/x-www-form-urlencoded")
    assert baton.lead()["profile"] == {
        "tags": ["price", "security"],
        "answers_0": "yes",
        "answers_1": "no",
    }


def test_an_address_that_was_found_has_no_other_name() -> None:
    body = json.dumps({"Reply to": "ann@acme.example"})
    assert said_of(InMemoryBaton(), body, "application/json") == []


@pytest.mark.parametrize(
    ("sent", "left_out"),
    [
        ({"submission_id": {"a": 1}}, "submission_id"),
        ({"campaign": {"source": ["google", "bing"]}}, "campaign.source"),
        ({"visitor_id": "v1", "_visitor_id": "v2"}, "_visitor_id"),
    ],
)
def test_what_the_envelope_cannot_hold_is_said(sent: Mapping[str, Any], left_out: str) -> None:
    body = json.dumps({"email": "ann@acme.example", **sent})
    ((field, message),) = said_of(InMemoryBaton(), body, "application/json")
    assert (field, "left out" in message) == (left_out, True)


def test_names_within_what_scripts_wrap_around_are_known() -> None:
    baton = InMemoryBaton()
    body = {
        "data": {"attributes": {"email": "ann@acme.example", "first_name": "Ann"}},
        "section-a shipping family-name": "Lee",
        "address": {"country": "Germany"},
    }
    post(baton, json.dumps(body), "application/json")
    assert baton.lead()["profile"] == {"first_name": "Ann", "last_name": "Lee", "country": "DE"}


def test_buttons_of_builders_say_nothing_of_a_person() -> None:
    baton = InMemoryBaton()
    names = ("submit", "commit", "gform_submit", "is_submit_1", "queried_id", "_replyto")
    body = urlencode({"email": "ann@acme.example", **dict.fromkeys(names, "1")})
    said = said_of(baton, body, "application/x-www-form-urlencoded")
    assert [field for field, _ in said] == list(names)
    assert baton.lead()["profile"] == {}


@pytest.mark.parametrize(
    ("name", "last"), [("Ann Lee", "Lee"), ("van der Berg", "van der Berg"), ("Annabel", "Annabel")]
)
def test_a_name_beside_a_first_name_is_the_last(name: str, last: str) -> None:
    baton = InMemoryBaton()
    body = {"email": "ann@acme.example", "first_name": "Ann", "name": name}
    post(baton, json.dumps(body), "application/json")
    assert baton.lead()["profile"] == {"first_name": "Ann", "last_name": last}
