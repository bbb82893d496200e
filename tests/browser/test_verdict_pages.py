"""The page of a handoff can be read and used, on a phone and on a desk, in light and dark.

The pictures are in .local/screenshots.
"""

from functools import cache
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page

from chalicelib.handoff.facts import VerdictLink
from tests.browser.looks import looks_of
from tests.browser.test_notices import (
    AXE,
    FIRST_SCREEN_PX,
    SCHEMES,
    VIOLATIONS,
    WIDTHS_PX,
    page,
    torn_in,
)
from tests.verdicts import handed_over, look, page_path, press, press_after

__all__ = ["page"]  # the fixture
SMALL = """() => [...document.querySelectorAll('a, button, label:has(input)')]
  .filter((one) => one.checkVisibility() && !one.closest('p, nav') && one.offsetHeight < 44)
  .map((one) => one.textContent.trim())"""
PAGES = ("ask", "reject", "again", "wrong", "wrong-day", "accepted", "rejected", "expired")


@cache
def pages_shown() -> dict[str, str]:
    """Return every page that a salesperson may see, by a name."""
    shown: dict[str, bytes] = {}
    message = "We need a system for 120 people by March. " * 4
    baton = handed_over(message=message, job_title="Chief Technology Officer")
    path = page_path(baton)
    shown["ask"] = look(baton, path).body
    shown["reject"] = look(baton, page_path(baton, choice=VerdictLink.REJECT)).body
    shown["again"] = press_after(baton, path, 1, {"verdict": "accept"}).body
    shown["wrong"] = press(baton, path, verdict="reject", reason="unreachable").body
    wrong = {"verdict": "reject", "reason": "no_budget", "until": "soon"}
    shown["wrong-day"] = press_after(baton, path, 5, wrong).body
    shown["accepted"] = press(baton, path, verdict="accept").body
    press(baton, path, verdict="undo")
    shown["rejected"] = press(baton, path, verdict="reject", reason="not_ready").body
    baton.minutes_later(15 * 24 * 60)
    shown["expired"] = look(baton, path).body
    assert shown.keys() == set(PAGES)
    return {name: body.decode() for name, body in shown.items()}


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS_PX)
def test_every_page_of_a_handoff_can_be_read(
    page: Page, screenshots: Path, width: int, scheme: Literal["light", "dark"]
) -> None:
    page.set_viewport_size({"width": width, "height": FIRST_SCREEN_PX})
    page.emulate_media(color_scheme=scheme)
    faults = {}
    for name in PAGES:
        page.set_content(pages_shown()[name])
        looks = looks_of(page)
        assert looks.texts > 0
        found = (looks.overflow_px, looks.small, looks.pale, torn_in(page), page.evaluate(SMALL))
        if found != (0, [], [], [], []):
            faults[name] = found
        page.screenshot(path=screenshots / f"handoff-{name}-{width}-{scheme}.png", full_page=True)
    assert faults == {}


def test_the_first_screen_has_who_want_call_and_accept(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": FIRST_SCREEN_PX})
    page.set_content(pages_shown()["ask"])
    button = page.get_by_role("button", name="I take it")
    link = page.get_by_role("link", name="Not now / not for us")
    shown = [page.get_by_role("heading", level=1), page.locator(".wants"), page.locator(".call")]
    for one in (*shown, button, link):
        box = one.bounding_box()
        assert box is not None
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= FIRST_SCREEN_PX


@pytest.mark.parametrize(
    ("reason", "asks"),
    [
        ("Not ready yet", "In 3 months"),
        ("No budget", "In 12 months"),
        ("Wrong person", "Who is the right person?"),
        ("Cannot be reached", "How often did you try?"),
        ("A duplicate of another lead", "Email address of the other lead"),
    ],
)
def test_a_reason_shows_what_it_asks_for(page: Page, reason: str, asks: str) -> None:
    page.set_content(pages_shown()["reject"])
    field = page.get_by_text(asks)
    assert not field.is_visible()
    page.get_by_label(reason).check()
    assert field.is_visible()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_pages_of_a_handoff_pass_axe(page: Page, scheme: Literal["light", "dark"]) -> None:
    page.emulate_media(color_scheme=scheme)
    script = AXE.read_text(encoding="utf-8")
    for name in PAGES:
        page.set_content(pages_shown()[name])
        page.evaluate(script)
        assert page.evaluate(VIOLATIONS) == [], name
