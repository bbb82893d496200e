"""The layout of emails, with all that an author can write and nothing that helps it: no picture
arrives, the colour is one that nobody can read, and a word is longer than a phone is wide.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from chalicelib.company import SettingsDocument
from chalicelib.document import parse_document
from chalicelib.nurture.email_document import EmailDocument
from chalicelib.nurture.emails import rendered_for
from chalicelib.nurture.reader import Asked, EmailReader
from tests.browser.looks import looks_of
from tests.factories import TODAY

EVERYTHING = """
# The first month

A *word* on the **bad week**, and [a page]({{ website }}) with `code`.

- one
- two, and a list in it
    1. three
    2. four

> Somebody said so.

---

| week | who |
|---|---|
| one | the team that plans the shifts of everybody else |

**[Read the whole of it]({{ website }})**
"""
LONG = {
    "subject": "s",
    "text": f"Here: https://keybook.example/{'a' * 300}\n\n{'b' * 80}\n{{{{ unsubscribe_url }}}}",
}
COMPANY = {
    "company_name": "Keybook",
    "logo_url": "https://keybook.example/logo.png",
    "website": "https://keybook.example",
    "privacy_url": "https://keybook.example/privacy",
    "postal_address": "Beispielweg 1\n10115 Berlin",
    "sender": {"name": "Ann Bee", "role": "Product", "phone": "+49 30 901820"},
}
COLOURS = ("#ffff66", "#777777", "#0d5c45", "#000000", "#ffffff")
Scheme = Literal["light", "dark"]


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """A page whose pictures do not arrive."""
    made = browser.new_page()
    made.route("**/*", lambda route: route.abort())
    yield made
    made.close()


def html_of(language: str, colour: str) -> str:
    document = {"id": "x", "subject": "s", "markdown": EVERYTHING, "preheader": "Before it"}
    email = parse_document(EmailDocument, {**document, "languages": {"de": LONG}})
    reader = EmailReader(today=TODAY, asked=Asked("the guide", TODAY))
    return rendered_for(
        email,
        language,
        reader=reader,
        company=parse_document(SettingsDocument, {**COMPANY, "colour": colour}),
        unsubscribe_url="https://api.keybook.example/u/token",
        also={},
        partials=lambda _id: None,
    ).html


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 640])
def test_whatever_an_author_writes_can_be_read(
    page: Page, screenshots: Path, width: int, scheme: Scheme
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    for language, colour in [("de", COLOURS[0]), *(("en", one) for one in COLOURS)]:
        page.set_content(html_of(language, colour))
        looks = looks_of(page)
        assert looks.texts > 8
        assert (looks.overflow_px, looks.small, looks.pale) == (0, [], []), colour
        if colour == COLOURS[0]:
            name = f"email-{language}-{width}-{scheme}.png"
            page.screenshot(path=screenshots / name, full_page=True)
