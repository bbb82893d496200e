"""The shell of our pages: whose page it is, in whose language, and what it may load."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.company.colours import BLACK, READABLE, WHITE, contrast, ink_on
from chalicelib.http.languages import ENGLISH, FOLDER, language_for, languages, words_of
from tests.baton import TOKEN, InMemoryBaton

BRAND = {
    "company_name": "Acme & Söhne",
    "colour": "#ffd400",
    "logo_url": "https://cdn.acme.example/logo.svg",
    "website": "https://acme.example",
    "privacy_url": "https://acme.example/privacy",
}
COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def branded(**brand: Any) -> InMemoryBaton:
    baton = InMemoryBaton()
    put = {"company_name": "Keybook", **brand}  # which an email of the demo names
    answer = baton.http(
        "PUT",
        "/v1/settings",
        json.dumps(put),
        {"Content-Type": "application/json", **TOKEN},
    )
    assert answer.status_code == 200, answer.body
    return baton


def page(baton: InMemoryBaton, path: str = "/thanks", accept_language: str = "") -> Any:
    return baton.http("GET", path, headers={"Accept-Language": accept_language})


# --- the brand ------------------------------------------------------------------------------------


def test_a_page_carries_the_companys_name_colour_and_logo() -> None:
    html = page(branded(**BRAND)).body.decode()
    assert "Acme &amp; Söhne</title>" in html
    assert '<img src="https://cdn.acme.example/logo.svg" alt="Acme &amp; Söhne"' in html
    (header,) = re.findall(r"^header{.*}$", html, re.MULTILINE)
    assert header.endswith("background:#ffd400;color:#000000}")
    assert "{brand" not in html
    assert '<a href="https://acme.example">Back to Acme &amp; Söhne</a>' in html
    assert '<a href="https://acme.example/privacy">Privacy policy</a>' in html


def test_a_page_loads_the_logo_and_nothing_else() -> None:
    answer = page(branded(**BRAND))
    assert set(answer.headers["Content-Security-Policy"].split("; ")) == {
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src https://cdn.acme.example/logo.svg",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    }
    assert re.findall(r"<(?:img|script|link|iframe)\b", answer.body.decode()) == ["<img"]


def test_a_company_without_a_brand_has_plain_pages() -> None:
    baton = InMemoryBaton()
    baton.world.documents.put("settings", {})
    html = page(baton).body.decode()
    assert "<title>Thank you</title>" in html
    assert "<nav" not in html
    assert "<img" not in html


def test_every_page_is_branded() -> None:
    baton = branded(**BRAND)
    link = f"/u/{baton.world.links.sign('unsubscribe', 'A' * 26)}"
    form = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
    answers = [
        page(baton),
        page(baton, link),
        page(baton, "/u/nonsense"),
        baton.http("POST", link, "", form),
        baton.http("POST", "/v1/forms/guide", "email=", form),
    ]
    assert [one.status_code for one in answers] == [200, 200, 404, 200, 400]
    assert all("#ffd400" in one.body.decode() for one in answers)


def test_settings_that_cannot_be_read_stop_no_page() -> None:
    """A later version may have accepted what this one refuses."""
    baton = InMemoryBaton()
    baton.world.documents.put("settings", {"colour": "oklch(0.5 0.1 200)"})
    assert page(baton).status_code == 200


# --- a form's mistakes ----------------------------------------------------------------------------

BROWSER = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}


def mistakes(baton: InMemoryBaton, body: str, language: str = "en") -> dict[str, str]:
    """What the page says of each field."""
    headers = {**BROWSER, "Accept-Language": language}
    answer = baton.http("POST", "/v1/forms/guide", body, headers)
    assert 400 <= answer.status_code < 500
    found = re.findall(r"<li><strong>(.*?)</strong>: (.*?)</li>", answer.body.decode())
    return dict(found)


def test_each_mistake_has_its_remedy_in_the_readers_language() -> None:
    baton = branded()
    put = {
        "id": "guide",
        "required": ["work_email", "company", "budget", "plan"],
        "aliases": {"work_email": "email"},
        "fields": {"budget": {"label": "Your budget"}},
    }
    headers = {"Content-Type": "application/json", **TOKEN}
    assert baton.http("PUT", "/v1/forms/guide", json.dumps(put), headers).status_code == 200
    assert mistakes(baton, "email=ann%40acme.example") == {
        "Company": "Please fill this in.",
        "Your budget": "Please fill this in.",
        "plan": "Please fill this in.",
    }
    assert mistakes(baton, "email=ann%40acme.example", "de") == {
        "Firma": "Bitte füllen Sie dieses Feld aus.",
        "Your budget": "Bitte füllen Sie dieses Feld aus.",
        "plan": "Bitte füllen Sie dieses Feld aus.",
    }
    for body in ("email=ann", "company=Acme", "work_email=ann"):
        said, *_ = mistakes(baton, body, "de").values()
        assert said.startswith("Bitte geben Sie Ihre vollständige E-Mail-Adresse an")


def test_a_form_that_is_too_large_is_told_so() -> None:
    answer = branded().http("POST", "/v1/forms/guide", "message=" + "x" * 70_000, BROWSER)
    assert answer.status_code == 413
    assert b"Please shorten your message." in answer.body


def test_a_field_that_is_a_sentence_is_not_repeated() -> None:
    """Any page can have a browser post a form to us."""
    baton = branded()
    html = baton.http("POST", "/v1/forms/guide", "Call+0800+now=1&email=", BROWSER).body
    assert b"0800" not in html


# --- colours --------------------------------------------------------------------------------------


@given(COLOURS)
def test_text_on_any_brands_colour_can_be_read(colour: str) -> None:
    assert ink_on(colour) in (BLACK, WHITE)
    assert contrast(ink_on(colour), colour) >= READABLE


@given(COLOURS)
def test_links_can_be_read_in_light_and_dark(colour: str) -> None:
    html = page(branded(colour=colour)).body.decode()
    cards = re.findall(r"--card:(#\w+);--text:(#\w+);--link:(#\w+)", html)
    assert len(cards) == 2
    for card, text, link in cards:
        assert contrast(text, card) >= READABLE
        assert contrast(link, card) >= READABLE


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#000000", "#ffffff", 21), ("#777777", "#ffffff", 4.48), ("#1d4ed8", "#1d4ed8", 1)],
)
def test_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.01)


# --- languages ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accepted", "others", "language"),
    [
        ("de-DE,de;q=0.9,en;q=0.8", [], "de"),
        ("en;q=0.5, de-AT;q=0.9", [], "de"),
        ("fr-FR, it;q=0.9", [], "en"),
        ("fr-FR, it;q=0.9", ["de"], "de"),
        ("en-GB", ["de"], "en"),
        ("de;q=0, en", [], "en"),
        ("", ["xx", "DE-ch"], "de"),
        ("*", [], "en"),
        ("de;q=nan", ["en"], "en"),
        ("../../../etc/passwd", ["../en"], "en"),
        (",;q=;,=", [], "en"),
        ("x" * 5000, [], "en"),
    ],
)
def test_the_reader_decides_on_the_language(
    accepted: str, others: list[str], language: str
) -> None:
    assert language_for(accepted, *others) == language


@given(st.text(max_size=100), st.text(max_size=20))
def test_any_header_gives_a_language_that_we_speak(accepted: str, other: str) -> None:
    assert language_for(accepted, other) in languages()


def test_a_page_speaks_the_readers_language() -> None:
    baton = branded(language="de")
    assert '<html lang="en">' in page(baton, accept_language="en").body.decode()
    german = page(baton, accept_language="fr")
    assert "Vielen Dank" in german.body.decode()
    assert german.headers["Content-Language"] == "de"
    assert "Thank you" in page(baton, "/thanks?lang=en", "fr").body.decode()


@pytest.mark.parametrize("language", sorted(languages() - {ENGLISH}))
def test_each_language_has_every_text(language: str) -> None:
    texts = words_of(ENGLISH)
    assert words_of(language).keys() == texts.keys()
    for key, text in words_of(language).items():
        assert text.strip() == text != ""
        assert re.findall(r"\{\w+\}", text) == re.findall(r"\{\w+\}", texts[key]), key


def test_a_language_is_a_file_in_one_folder() -> None:
    assert languages() == {path.stem for path in FOLDER.iterdir()} >= {"de", "en"}
