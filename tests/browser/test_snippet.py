"""A form's snippet, pasted on a page: accessible, and whole with scripts and without.

What the browser posts is handed to Baton in memory.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from chalicelib.http.tracking import tracker_source
from infra.paths import ROOT
from tests.baton import API, SITE, InMemoryBaton
from tests.browser.looks import looks_of
from tests.unit.test_snippet import BROWSER, FORM, snippet

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
VIOLATIONS = """async () => (await axe.run()).violations.map(
  ({id, nodes}) => id + ': ' + nodes.map(({html}) => html).join(' '))"""
LANDING = f"{SITE}/?utm_source=ad&utm_campaign=spring&gclid=abc"


class Pasted:
    """A page with the snippet on it, and what was posted from it."""

    def __init__(self, page: Page, language: str = "en", **form: Any) -> None:
        self.page = page
        self.baton = InMemoryBaton()
        html = snippet(self.baton, f"?lang={language}", **form)["html"]
        self._html = (
            f"<!doctype html><html lang={language}><meta charset=utf-8><title>Offer</title>"
            '<meta name=viewport content="width=device-width,initial-scale=1">'
            f"<body><main><h1>An offer</h1>{html}</main>"
        )
        page.context.route("**/*", self._serve)
        page.goto(LANDING)

    def _serve(self, route: Route) -> None:
        url = route.request.url
        if url == f"{API}/t.js":
            route.fulfill(body=tracker_source(), content_type="text/javascript")
        elif url.startswith(f"{API}/v1/forms/"):
            body = route.request.post_data or ""
            answer = self.baton.http("POST", url.removeprefix(API), body, BROWSER)
            assert answer.status_code == 303, answer.body
            route.fulfill(body="<h1>Thank you</h1>", content_type="text/html")
        elif url.startswith(API):
            route.fulfill(json={})
        else:
            route.fulfill(body=self._html, content_type="text/html")

    def fill_in(self) -> None:
        for name, value in {"email": "ann@acme.example", "first_name": "Ann"}.items():
            self.page.locator(f"[name={name}]").fill(value)
        self.page.get_by_label("Company").fill("Acme")
        self.page.get_by_label("Budget").fill("12,000")
        self.page.get_by_label("Message").fill("Please call me.")
        self.page.get_by_label(FORM["consent_text"]).check()

    def lead(self) -> Any:
        """The lead, once the form was sent."""
        self.page.get_by_role("button", name="Send").click()
        expect(self.page.get_by_role("heading")).to_have_text("Thank you")
        self.baton.until_quiet()
        return self.baton.lead()


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    contexts = []

    def make(**options: Any) -> Page:
        contexts.append(browser.new_context(**options))
        return contexts[-1].new_page()

    yield make
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def axe() -> str:
    if not AXE.exists():
        missing = "axe-core is missing: `npm ci` installs it"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return Path(AXE).read_text()


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("width", [360, 1280])
def test_it_passes_axe_also_with_mistakes(
    new_page: Callable[..., Page], axe: str, language: str, width: int
) -> None:
    page = new_page(viewport={"width": width, "height": 800})
    Pasted(page, language)
    page.evaluate(axe)
    assert page.evaluate(VIOLATIONS) == []
    page.locator(".baton-form button").click()
    expect(page.get_by_role("alert")).to_be_focused()
    assert page.evaluate(VIOLATIONS) == []
    looks = looks_of(page)
    assert (looks.overflow_px, looks.small, looks.pale) == (0, [], [])


def test_a_mistake_leads_to_its_field(new_page: Callable[..., Page]) -> None:
    page = new_page()
    pasted = Pasted(page)
    pasted.fill_in()
    page.get_by_label("Company").fill("")
    page.get_by_role("button", name="Send").click()
    link = page.get_by_role("alert").get_by_role("link")
    expect(link).to_contain_text("Company: ")
    link.click()
    expect(page.get_by_label("Company")).to_be_focused()
    page.keyboard.type("Acme")
    assert pasted.lead()["profile"]["company"] == "Acme"


def test_with_scripts_and_without_it_makes_the_same_lead(new_page: Callable[..., Page]) -> None:
    leads = []
    for scripts in (True, False):
        pasted = Pasted(new_page(java_script_enabled=scripts))
        pasted.fill_in()
        leads.append(pasted.lead())
    for lead in leads:
        assert lead["profile"]["budget"] == 12_000
        assert lead["consent"]["text"] == FORM["consent_text"]
        assert lead["stage"] == leads[0]["stage"]
    with_script, without = leads
    assert with_script["first_touch"]["source"] == "ad"
    assert with_script["profile"] == without["profile"]


def test_a_keyboard_reaches_all_but_the_trap(new_page: Callable[..., Page]) -> None:
    page = new_page()
    Pasted(page)
    names = []
    for _step in range(20):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.name || document.activeElement.type"))
        if names[-1] == "submit":
            break
    seen = list(dict.fromkeys(names))  # a date has several stops
    assert seen == [
        "email", "first_name", "company", "budget", "start", "partner", "message", "_consent",
        "submit",
    ]  # fmt: skip
