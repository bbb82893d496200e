"""The emails that ship can be read: on a phone and on a desk, in light and dark, without pictures.

All of them stand side by side on one page, each in a frame of its own. The pictures are in
.local/screenshots.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.looks import looks_in
from tests.shipped import LANGUAGES, emails, rendered

WIDTHS_PX = (360, 640)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
COLUMNS = 6
SHEET = """<!doctype html><meta name="color-scheme" content="light dark">
<body style="margin:0;display:flex;flex-wrap:wrap;gap:12px;align-items:flex-start;background:#888">
"""
ADD = """(letters) => Promise.all(letters.map(([name, html]) => new Promise((loaded) => {
  const frame = document.createElement('iframe');
  Object.assign(frame, {name, srcdoc: html, onload: loaded});
  frame.style.border = 0;
  document.body.append(frame);
})))"""
FIT = """(width) => {
  const frames = [...document.querySelectorAll('iframe')];
  for (const frame of frames) Object.assign(frame, {width, height: 0});
  for (const frame of frames) frame.height = frame.contentDocument.documentElement.scrollHeight;
}"""
#: Words and numbers that stand on more than one line: a word ends at a blank or a slash.
TORN = r"""() => {
  const torn = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode;
    for (const found of node.data.matchAll(/[^\s\/]+/g)) {
      const word = document.createRange();
      word.setStart(node, found.index);
      word.setEnd(node, found.index + found[0].length);
      const lines = new Set([...word.getClientRects()].map(({top}) => Math.round(top)));
      if (lines.size > 1) torn.push(found[0]);
    }
  }
  return torn;
}"""
PICTURES = """() => [...document.images].map(({alt, naturalWidth}) => [alt, naturalWidth])"""


@pytest.fixture(scope="module")
def sheet(browser: Browser) -> Iterator[Page]:
    """A page with every email in every language; none of its pictures arrives."""
    page = browser.new_page()
    page.route("**/*", lambda route: route.abort())
    page.set_content(SHEET)
    page.evaluate(
        ADD,
        [
            [f"{email_id} {language}", rendered(email_id, language).html]
            for email_id in emails()
            for language in LANGUAGES
        ],
    )
    yield page
    page.close()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS_PX)
def test_every_email_that_ships_can_be_read(
    sheet: Page, screenshots: Path, width: int, scheme: Literal["light", "dark"]
) -> None:
    sheet.set_viewport_size({"width": COLUMNS * (width + 12), "height": 900})
    sheet.emulate_media(color_scheme=scheme)
    sheet.evaluate(FIT, width)
    sheet.screenshot(path=screenshots / f"emails-{width}-{scheme}.jpeg", full_page=True)
    faults = {}
    for frame in sheet.main_frame.child_frames:
        looks = looks_in(frame)
        assert looks.texts > 0
        found = (looks.overflow_px, looks.small, looks.pale, frame.evaluate(TORN))
        if found != (0, [], [], []):
            faults[frame.name] = found
        assert frame.evaluate(PICTURES) == [["Keybook", 0]]
    assert faults == {}
    assert len(sheet.main_frame.child_frames) == len(emails()) * len(LANGUAGES)
