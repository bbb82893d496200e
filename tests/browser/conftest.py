"""Chromium, and visitors of the demo's site who use it."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

from infra.local.site import SiteServer
from infra.local.stack import Stack
from infra.paths import MADE, ROOT
from tests.browser.visitor import OwnSite, Visitor
from tests.e2e.driver import Driver

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]
SCREENSHOTS = MADE / "screenshots"
PATIENCE_MS = 300_000  # of everything that Playwright waits for: a busy machine is no fault

NewVisitor = Callable[..., Visitor]


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    if not CHROMIUM.exists():
        missing = f"Chromium is missing: on Debian, `apt install chromium` puts it at {CHROMIUM}"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def launch(playwright: Playwright) -> Iterator[Callable[..., Browser]]:
    """Starts a browser; all are ended with the tests."""
    started: list[Browser] = []

    def start(**options: Any) -> Browser:
        started.append(
            playwright.chromium.launch(
                executable_path=CHROMIUM, args=ARGUMENTS, timeout=PATIENCE_MS, **options
            )
        )
        return started[-1]

    yield start
    for each in started:
        each.close()


@pytest.fixture(scope="session")
def browser(launch: Callable[..., Browser]) -> Browser:
    return launch()


@pytest.fixture
def new_visitor(browser: Browser, stack: Stack, driver: Driver) -> Iterator[NewVisitor]:
    """Makes a visitor with a browser profile of their own. Options are those of a browser
    context.
    """
    visitors: list[Visitor] = []

    def make(own_browser: Browser | None = None, **options: Any) -> Visitor:
        context = (own_browser or browser).new_context(**{"base_url": stack.site_url, **options})
        context.set_default_timeout(PATIENCE_MS)
        visitors.append(Visitor(context, driver))
        return visitors[-1]

    yield make
    for each in visitors:
        each.close()


@pytest.fixture
def visitor(new_visitor: NewVisitor) -> Visitor:
    return new_visitor()


@pytest.fixture
def own_site(stack: Stack, tmp_path: Path) -> Iterator[OwnSite]:
    """A copy of the demo's site, to which a test can add pages."""
    folder = shutil.copytree(ROOT / "site", tmp_path / "site")
    with SiteServer(folder, stack.api_url, port=0) as server:
        threading.Thread(target=server.serve_forever).start()
        yield OwnSite(folder, f"http://127.0.0.1:{server.server_port}")
        server.shutdown()


@pytest.fixture
def guest(new_visitor: NewVisitor, own_site: OwnSite) -> Visitor:
    """A visitor of that copy."""
    return new_visitor(base_url=own_site.url)


@pytest.fixture(scope="session")
def screenshots() -> Path:
    shutil.rmtree(SCREENSHOTS, ignore_errors=True)
    SCREENSHOTS.mkdir(parents=True)
    return SCREENSHOTS
