"""Notices to sales can be read, on a phone and on a desk, in light and dark.

The pictures are in .local/screenshots.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page

from infra.paths import ROOT
from tests.browser.looks import looks_of
from tests.browser.test_shipped_emails import TORN
from tests.notices import EXAMPLES, notice_of

WIDTHS_PX = (360, 390, 1280)
FIRST_SCREEN_PX = 640
BUTTON_MIN_PX = 44
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
VIOLATIONS = """async () => (await axe.run()).violations.map(
  (one) => `${one.id}: ${one.nodes[0].html.slice(0, 200)}`)"""
BUTTONS = """() => [...document.querySelectorAll('td > a')].map((link) => {
  const {top, bottom, height} = link.getBoundingClientRect();
  return {words: link.textContent.trim(), top, bottom, height};
})"""
#: Numbers, times and dates with blanks in them that stand on more than one line.
PARTED = r"""() => {
  const parted = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const whole =
    /\+?\d+(?:[ \u00a0]\d+)+|\d+[ \u00a0](?:points?|days?|times|Nov)\b|grade[ \u00a0]\S/g;
  while (texts.nextNode()) {
    for (const found of texts.currentNode.data.matchAll(whole)) {
      const range = document.createRange();
      range.setStart(texts.currentNode, found.index);
      range.setEnd(texts.currentNode, found.index + found[0].length);
      const lines = new Set([...range.getClientRects()].map(({top}) => Math.round(top)));
      if (lines.size > 1) parted.push(found[0]);
    }
  }
  return parted;
}"""
#: Nobody can break these well: a name with hyphens, a path, and words wider than a phone.
HARD = ("-", "donaudampfschiff")


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    made = browser.new_page()
    yield made
    made.close()


def torn_in(page: Page) -> list[str]:
    """Return the words and numbers that stand on more than one line for no good reason."""
    torn: list[str] = [*page.evaluate(TORN), *page.evaluate(PARTED)]
    return [word for word in torn if not any(part in word.lower() for part in HARD)]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS_PX)
def test_every_notice_can_be_read(
    page: Page, screenshots: Path, width: int, scheme: Literal["light", "dark"]
) -> None:
    page.set_viewport_size({"width": width, "height": FIRST_SCREEN_PX})
    page.emulate_media(color_scheme=scheme)
    faults = {}
    for number, key in enumerate(EXAMPLES):
        page.set_content(notice_of(key).html or "")
        looks = looks_of(page)
        assert looks.texts > 0
        found = (looks.overflow_px, looks.small, looks.pale, torn_in(page))
        if found != (0, [], [], []):
            faults[key] = found
        low = [one for one in page.evaluate(BUTTONS) if one["height"] < BUTTON_MIN_PX]
        assert low == []
        if number < len(WIDTHS_PX):
            name = f"notice-{number}-{width}-{scheme}.png"
            page.screenshot(path=screenshots / name, full_page=True)
    assert faults == {}


@pytest.mark.parametrize("key", ["handoff#1#email", "handoff#2#email", "handoff#3#email"])
def test_a_phones_first_screen_has_who_want_call_and_accept(page: Page, key: str) -> None:
    page.set_viewport_size({"width": 360, "height": FIRST_SCREEN_PX})
    page.set_content(notice_of(key).html or "")
    buttons: list[dict[str, Any]] = page.evaluate(BUTTONS)
    ends = {one["words"].split()[0]: one["bottom"] for one in buttons}
    assert {"Call", "Write", "Accept", "Not"} <= ends.keys()
    assert max(ends.values()) <= FIRST_SCREEN_PX
    heading = page.get_by_role("heading", level=1).bounding_box()
    assert heading is not None
    assert 0 <= heading["y"] < ends["Call"]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_notices_pass_axe(page: Page, scheme: Literal["light", "dark"]) -> None:
    page.emulate_media(color_scheme=scheme)
    script = AXE.read_text(encoding="utf-8")
    for key in EXAMPLES:
        page.set_content(notice_of(key).html or "")
        page.evaluate(script)
        assert page.evaluate(VIOLATIONS) == [], key
