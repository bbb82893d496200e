"""Whatever a form post holds: taken and read back, or said, or refused for one of four reasons
(criterion 3, law six).
"""

import json
from collections.abc import Mapping
from typing import Any
from unicodedata import category, normalize
from urllib.parse import urlencode

from hypothesis import given, settings
from hypothesis import strategies as some

from chalicelib.capture.parsing import parse_post
from chalicelib.capture.posted import FLAT_NAMES, posted_of_json, posted_of_pairs
from chalicelib.capture.submission import Submission
from chalicelib.capture.understanding import understand
from chalicelib.errors import InputError
from chalicelib.limits import FORM_BODY_MAX_BYTES
from tests.baton import InMemoryBaton
from tests.sizes import SIZES

EMAIL = "ann@acme.example"
TEXT_FIELDS = ("first_name", "last_name", "job_title", "company", "industry", "message")
ASIDE = ("phone", "country", "company_size", "project_details", "Wie groß?", "interest[]")

any_text = some.text(
    some.characters(codec=None), max_size=400
)  # lone surrogates too, as broken JSON has them
whatever = some.recursive(
    some.none()
    | some.booleans()
    | some.integers()
    | some.floats()
    | some.sampled_from([EMAIL, "5,000 - 10,000", "null", "on", "a\r\nb", "x" * 6_000])
    | any_text,
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(any_text, inner, max_size=4),
    max_leaves=12,
)
ENVELOPE = "fields email consent page campaign visitor_id submission_id token name _redirect"
keys = some.sampled_from([*ENVELOPE.split(), "utm_source", "gclid", *TEXT_FIELDS, *ASIDE])
CONTENT_TYPES = [
    "application/json",
    "text/plain",
    "application/x-www-form-urlencoded",
    "",
    "a/b;;charset=",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "text/plain; charset=nonsense",
]
bodies = some.dictionaries(keys | any_text, whatever, max_size=8)


def bare(text: str) -> str:
    """Return a text without the blanks and controls around it, which nobody sees or misses."""
    whole = normalize("NFC", text)
    outer = [one for one in whole if one.isspace() or category(one) == "Cc"]
    return whole.strip("".join(outer))


def refusal(body: bytes, content_type: str) -> list[str]:
    """Return the fields for which a post is refused, none for one that is taken."""
    try:
        understand(parse_post(body, content_type), None)
    except InputError as refused:
        return [error.field for error in refused.errors]
    return []


def warned(submission: Submission) -> set[str]:
    return {one.field for one in submission.warnings}


#: Of a field: what a page calls the rest, `_consent_text`, is kept elsewhere.
any_name = any_text.filter(lambda name: name.strip().lower() not in FLAT_NAMES)


@settings(max_examples=SIZES.cases)
@given(some.sampled_from(TEXT_FIELDS), any_text)
def test_any_text_in_any_field_is_read_back_or_said(name: str, text: str) -> None:
    found = understand(posted_of_json({"fields": {"email": EMAIL, name: text}}), None)
    kept = found.fields.get(name, "")
    assert bare(text) == kept or f"fields.{name}" in warned(found)


@settings(max_examples=SIZES.cases)
@given(some.dictionaries(any_name, any_text, max_size=6))
def test_no_field_of_any_name_is_lost(sent: dict[str, str]) -> None:
    found = understand(posted_of_pairs([("email", EMAIL), *sent.items()]), None)
    said = warned(found)
    values = {str(value).strip() for value in found.fields.values()}
    values |= {
        *found.campaign.values(),
        *found.marks.values(),
        *map(bare, found.technical.values()),
    }
    for name, text in sent.items():
        assert bare(text) in values or name in said or not bare(text)


@settings(max_examples=SIZES.cases)
@given(bodies)
def test_any_json_is_understood_or_refused_for_its_address(data: dict[str, Any]) -> None:
    whole = {"email": EMAIL, **data}
    body = json.dumps(whole).encode()
    if refused := refusal(body, "application/json"):
        (field,) = refused
        assert field in ("body", "email", "fields.email") or "email" in str(data).lower()
        assert field != "body" or len(body) > FORM_BODY_MAX_BYTES
        return
    found = understand(parse_post(body, "application/json"), None)
    assert "@" in found.email
    assert json.dumps(found.fields, allow_nan=False).encode()


@settings(max_examples=SIZES.api_cases, deadline=None)
@given(bodies, some.sampled_from(["json", "flat", "text"]))
def test_no_post_is_our_fault(data: Mapping[str, Any], way: str) -> None:
    baton = InMemoryBaton()
    if way == "flat":
        body = urlencode([(k, str(v)) for k, v in data.items()], errors="surrogatepass")
        kind = "application/x-www-form-urlencoded"
    else:
        body = json.dumps({"email": EMAIL, **data})
        kind = "application/json" if way == "json" else "text/plain"
    answer = baton.http("POST", "/v1/forms/any", body, {"Content-Type": kind})
    assert answer.status_code in (202, 400, 413)
    if answer.status_code != 202:
        return
    baton.until_quiet()
    (kept,) = [
        json.loads(str(item["fields"]))
        for (pk, sk), item in baton.ports.memory.items.items()
        if pk.startswith("LEAD#") and sk.startswith("EVENT#")
    ]
    lead = baton.lead(kept["email"])
    assert lead["email"] == kept["email"]


@settings(max_examples=SIZES.cases, deadline=None)
@given(
    some.binary(max_size=300),
    some.sampled_from(CONTENT_TYPES),
)
def test_any_bytes_are_read_or_refused_as_a_body(body: bytes, content_type: str) -> None:
    assert set(refusal(body, content_type)) <= {"body", "email", "fields.email"}
