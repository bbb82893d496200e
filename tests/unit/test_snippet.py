"""The snippet of a form: it is whole whatever the document holds, and so is what it posts."""

import json
import re
from html import unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.baton import TOKEN, InMemoryBaton

FORM: dict[str, Any] = {
    "id": "offer",
    "title": "Ask for an offer",
    "kind": "request",
    "required": ["email", "first_name", "company"],
    "fields": {
        "budget": {"label": "Budget & plans", "type": "number"},
        "start": {"type": "date"},
        "partner": {"label": "I am a partner", "type": "yes_no"},
    },
    "consent_text": "Keybook may write to me by email.",
    "asset": {"id": "price-list", "title": "Our prices", "url": "https://keybook.example/prices"},
}
JSON = {"Content-Type": "application/json", **TOKEN}
BROWSER = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}


class Inputs(HTMLParser):
    """The fields of a form by their names, and the labels by the ids that they are for."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.fields: dict[str, dict[str, Any]] = {}
        self.labels: set[str] = set()
        self.form: dict[str, Any] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag in ("input", "textarea", "select"):
            self.fields[str(found["name"])] = found
        elif tag == "label":
            self.labels.add(str(found["for"]))
        elif tag == "form":
            self.form = found


@pytest.fixture
def baton() -> InMemoryBaton:
    return InMemoryBaton()


def snippet(baton: InMemoryBaton, query: str = "", **form: Any) -> Any:
    put = {**FORM, **form}
    answer = baton.http("PUT", f"/v1/forms/{put['id']}", json.dumps(put), JSON)
    assert answer.status_code == 200, answer.body
    return baton.get(f"/v1/forms/{put['id']}/snippet{query}")


def test_it_posts_to_its_form(baton: InMemoryBaton) -> None:
    found = snippet(baton)
    read = Inputs(found["html"])
    assert (found["form_id"], found["language"]) == ("offer", "en")
    assert read.form["action"] == "https://api.keybook.example/v1/forms/offer?lang=en"
    assert (read.form["method"], read.form["lang"]) == ("post", "en")
    assert (
        'src="https://api.keybook.example/t.js" data-baton data-baton-key="write-key"'
        in (found["html"])
    )


def test_its_fields_are_those_of_the_form(baton: InMemoryBaton) -> None:
    fields = Inputs(snippet(baton)["html"]).fields
    asked = [name for name, one in fields.items() if one.get("type") != "hidden"]
    assert asked == [
        "email", "first_name", "company", "budget", "start", "partner", "message",
        "baton_message", "_consent",
    ]  # fmt: skip
    required = {name for name, one in fields.items() if "required" in one}
    assert required == {"email", "first_name", "company"}
    assert fields["email"]["type"] == fields["email"]["autocomplete"] == "email"
    assert fields["first_name"]["autocomplete"] == "given-name"
    assert fields["company"]["autocomplete"] == "organization"
    assert fields["start"]["type"] == "date"
    assert "checked" not in fields["_consent"]


def test_every_field_that_is_seen_has_a_label(baton: InMemoryBaton) -> None:
    read = Inputs(snippet(baton)["html"])
    seen = {str(one["id"]) for one in read.fields.values() if one.get("type") != "hidden"}
    assert seen == read.labels


def test_the_campaign_has_its_hidden_fields(baton: InMemoryBaton) -> None:
    fields = Inputs(snippet(baton)["html"]).fields
    hidden = {name for name, one in fields.items() if one.get("type") == "hidden"}
    assert hidden >= {"_page_url", "_referrer", "utm_source", "utm_campaign"}
    assert hidden >= {"gclid", "gbraid", "wbraid", "fbclid", "msclkid", "li_fat_id", "ttclid"}


def test_it_speaks_another_language(baton: InMemoryBaton) -> None:
    found = snippet(baton, "?lang=de")
    assert found["language"] == "de"
    for words in ("E-Mail-Adresse", "Pflichtfelder", "Absenden"):
        assert words in found["html"]
    answer = baton.http("GET", "/v1/forms/offer/snippet?lang=xx", headers=TOKEN)
    assert (answer.status_code, json.loads(answer.body)["errors"]) == (
        400,
        [{"field": "lang", "message": "must be one of de, en"}],
    )


def test_an_unregistered_form_has_none(baton: InMemoryBaton) -> None:
    assert baton.http("GET", "/v1/forms/nobody/snippet", headers=TOKEN).status_code == 404


def test_the_least_form_asks_for_an_address(baton: InMemoryBaton) -> None:
    answer = baton.http("PUT", "/v1/forms/least", json.dumps({"id": "least"}), JSON)
    assert answer.status_code == 200
    found = baton.get("/v1/forms/least/snippet")
    fields = Inputs(found["html"]).fields
    assert "required" in fields["email"]
    assert "_consent" not in fields
    assert any("consent_text" in note for note in found["notes"])


def test_its_own_trap_and_its_own_names(baton: InMemoryBaton) -> None:
    found = snippet(baton, honeypot="fax", required=["work_email"], aliases={"work_email": "email"})
    fields = Inputs(found["html"]).fields
    assert "fax" in fields
    assert "baton_message" not in fields
    assert (fields["work_email"]["type"], "email" in fields) == ("email", False)


def test_a_form_with_a_token_fetches_it(baton: InMemoryBaton) -> None:
    html = snippet(baton, verify="token")["html"]
    assert "_token" in Inputs(html).fields
    assert "fetch('https://api.keybook.example/v1/forms/offer/token')" in html


def test_nothing_that_is_written_acts_in_it(baton: InMemoryBaton) -> None:
    evil = "</form><script>alert('$id')</script>\"'"
    html = snippet(
        baton,
        title=evil,
        consent_text=evil,
        fields={"budget": {"label": evil}},
        honeypot='x" onfocus="y',
    )["html"]
    assert html.count("<script") == 2
    assert html.count("</form>") == 1
    assert "onfocus=" not in re.sub(r'name="[^"]*"', "", html)
    assert unescape(html).count(evil) == 3


@pytest.mark.parametrize("language", ["en", "de"])
def test_what_it_posts_makes_the_lead_whole(baton: InMemoryBaton, language: str) -> None:
    """Without a script: the hidden fields are empty, and the trap too."""
    fields = Inputs(snippet(baton, f"?lang={language}")["html"]).fields
    typed = {
        "email": "ann@acme.example",
        "first_name": "Ann",
        "company": "Acme",
        "budget": "12,000",
        "start": "2027-01-15",
        "partner": "yes",
        "message": "Please call me.\nThank you!",
        "_consent": fields["_consent"]["value"],
    }
    body = urlencode({name: typed.get(name, "") for name in fields})
    answer = baton.http("POST", f"/v1/forms/offer?lang={language}", body, BROWSER)
    assert answer.status_code == 303, answer.body
    assert answer.headers["Location"] == f"../../thanks?form=offer&lang={language}"
    baton.until_quiet()
    lead = baton.lead()
    for name, value in {"first_name": "Ann", "company": "Acme", "budget": 12_000}.items():
        assert lead["profile"][name] == value
    assert not {"baton_message", "gclid", "_referrer"} & set(lead["profile"])
    assert lead["consent"]["marketing"] is True
    assert lead["consent"]["text"] == FORM["consent_text"]


def test_the_thank_you_page_has_title_and_asset(baton: InMemoryBaton) -> None:
    snippet(baton)
    html = baton.http("GET", "/thanks?form=offer&lang=de").body.decode()
    assert "Ihr Formular ist bei uns angekommen: Ask for an offer." in html
    assert '<a href="https://keybook.example/prices" class="button">Our prices</a>' in html
    for other in ("nobody", "", "../x", "x" * 500):
        plain = baton.http("GET", f"/thanks?form={other}")
        assert (plain.status_code, b"We have received your message." in plain.body) == (200, True)
