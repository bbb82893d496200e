"""What a form's owner demands and allows: origins, pages to go on to, names, honeypots."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from chalicelib.capture.form_document import FormDocument
from chalicelib.capture.origins import is_allowed_origin, redirect_of
from chalicelib.capture.posted import posted_of_pairs
from chalicelib.capture.understanding import understand
from tests.baton import InMemoryBaton

EMAIL = "ann@acme.example"
FORM = "/v1/forms/partners"
BROWSER = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}


def baton_with(**form: Any) -> InMemoryBaton:
    baton = InMemoryBaton()
    baton.world.documents.put("form", {"id": "partners", **form}, "partners")
    return baton


@pytest.mark.parametrize(
    ("origin", "is_taken"),
    [
        (None, True),
        ("https://www.acme.example", True),
        ("https://WWW.ACME.example:443", True),
        ("https://acme.example", False),
        ("http://www.acme.example", False),
        ("https://www.acme.example.evil.example", False),
        ("https://www.acme.example:8443", False),
        ("null", False),
        ("", False),
        ("https://[", False),
    ],
)
def test_only_pages_of_its_sites_may_post_a_form(origin: str | None, *, is_taken: bool) -> None:
    baton = baton_with(allowed_origins=["https://www.acme.example"])
    before = baton.kept()
    headers = {} if origin is None else {"Origin": origin}
    answer = baton.post(FORM, {"email": EMAIL}, headers)
    assert answer.status_code == (202 if is_taken else 403)
    if not is_taken:
        assert json.loads(answer.body)["errors"][0]["field"] == "Origin"
        assert baton.kept() == before


def test_a_form_without_sites_is_posted_from_anywhere() -> None:
    assert is_allowed_origin(FormDocument(id="f"), "https://any.example")


def test_a_visitor_of_another_site_can_correct_nothing() -> None:
    baton = baton_with(allowed_origins=["https://www.acme.example"])
    headers = {**BROWSER, "Origin": "https://copy.example", "Accept-Language": "de"}
    answer = baton.http("POST", FORM, "email=ann%40acme.example", headers)
    page = answer.body.decode()
    assert answer.status_code == 403
    assert "nicht bei uns angekommen" in page
    assert "korrigieren" not in page


@pytest.mark.parametrize(
    ("asked", "goes_on"),
    [
        ("https://acme.example/thanks", True),
        ("https://acme.example/thanks/en?x=1", True),
        ("https://acme.example/thanks-evil", False),
        ("https://acme.example/", False),
        ("https://acme.example.evil.example/thanks", False),
        ("https://acme.example@evil.example/thanks", False),
        ("https://acme.example/thanks/../admin", False),
        ("https://acme.example/thanks/%2e%2e/admin", False),
        ("https://acme.example\\@evil.example/thanks", False),
        ("//evil.example/thanks", False),
        ("/thanks", False),
        ("javascript:alert(1)", False),
        ("https://acme.example/thanks\r\nSet-Cookie: a=b", False),
    ],
)
@pytest.mark.parametrize("name", ["_redirect", "_next"])
def test_a_post_goes_on_only_where_its_form_allows(asked: str, name: str, *, goes_on: bool) -> None:
    own = "https://acme.example/own"
    baton = baton_with(allowed_redirects=["https://acme.example/thanks"], thank_you_url=own)
    answer = baton.http("POST", FORM, urlencode({"email": EMAIL, name: asked}), BROWSER)
    assert answer.status_code == 303
    assert answer.headers["Location"] == (asked if goes_on else own)


def test_a_page_that_is_not_followed_is_said() -> None:
    posted = posted_of_pairs([("email", EMAIL), ("_redirect", "https://evil.example")])
    page, warnings = redirect_of(None, understand(posted, None), posted)
    assert page is None
    assert [one.field for one in warnings] == ["_redirect"]


def test_an_unregistered_form_goes_on_to_the_built_in_page() -> None:
    body = urlencode({"email": EMAIL, "_redirect": "https://evil.example"})
    answer = InMemoryBaton().http("POST", "/v1/forms/popup", body, BROWSER)
    assert answer.headers["Location"] == "../../thanks"


@pytest.mark.parametrize("name", ["website2", "baton_message", "_gotcha"])
def test_a_honeypot_is_stored_nowhere_and_said_to_nobody(name: str) -> None:
    form = FormDocument.model_validate({"id": "f", "honeypot": "website2"})
    found = understand(posted_of_pairs([("email", EMAIL), (name, "buy now")]), form)
    assert found.fields == {"email": EMAIL}
    assert found.warnings == ()
    assert found.technical == {name: "buy now"}


def test_what_a_sender_proves_reaches_the_steps_that_ask() -> None:
    proofs = {"cf-turnstile-response": "t", "h-captcha-response": "h", "_token": "s"}
    found = understand(posted_of_pairs([("email", EMAIL), *proofs.items()]), None)
    assert found.technical == proofs
    assert found.fields == {"email": EMAIL}


def test_a_new_captcha_is_the_same_submission() -> None:
    def digest(answer: str) -> str:
        pairs = [("email", EMAIL), ("h-captcha-response", answer)]
        return understand(posted_of_pairs(pairs), None).digest(b"secret")

    assert digest("first") == digest("second")


def test_the_documents_kind_stands_on_the_event() -> None:
    baton = baton_with(kind="event")
    baton.form("partners", None, email=EMAIL)
    lead = baton.world.lead_id(EMAIL)
    (event,) = baton.world.events.of(f"LEAD#{lead}")
    assert event.properties["form_kind"] == "event"


def test_every_key_of_a_form_document_is_taken() -> None:
    document = {
        "id": "partners",
        "title": "Partners",
        "required": ["work_email"],
        "aliases": {"work_email": "email"},
        "thank_you_url": "https://acme.example/thanks",
        "asset": {"id": "guide", "title": "The guide", "url": "https://acme.example/guide.pdf"},
        "event": None,
        "topic": "product",
        "consent_text": "Write to me.",
        "double_opt_in": True,
        "acknowledge": "welcome",
        "kind": "download",
        "fields": {"budget": {"label": "Budget", "type": "number", "aliases": ["input_7"]}},
        "honeypot": "website2",
        "verify": "turnstile",
        "allowed_origins": ["https://acme.example"],
    }
    form = FormDocument.model_validate(document)
    assert form.model_dump(exclude={"allowed_redirects"}) == document
