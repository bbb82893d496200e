"""An ordinary visit in the requests that the tracker makes of it: what the bench reckons with.

bench/visit.json holds the bodies that were sent when it was last written.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from playwright.sync_api import Browser

from bench.inputs import VISIT
from tests.browser.alone import SITE, Alone
from tests.browser.visitor import CONSENT

READING = f"{CONSENT} data-baton-reading"
BODY = """<button data-baton-track="Plan Chosen" data-baton-plan-id="team">Team</button>
<button data-baton-download="buyers-guide">Guide</button>
<a href="/product">Product</a> <a href="/pricing">Pricing</a>"""
LANDING = "/?utm_source=google&utm_medium=cpc&utm_campaign=spring-launch"


@pytest.fixture
def alone(browser: Browser) -> Iterator[Alone]:
    context = browser.new_context()
    yield Alone(context.new_page(), attributes=READING, body=BODY)
    context.close()


def visit(alone: Alone) -> list[Any]:
    """Come from an ad, look at three pages, choose a plan, download the guide, and leave."""
    page = alone.page
    page.goto(SITE + LANDING)
    page.evaluate("localStorage.removeItem('calls')")
    pass_time(alone, 20)
    page.get_by_role("link", name="Product").click()
    page.wait_for_url("**/product")
    pass_time(alone, 30)
    page.get_by_role("button", name="Team").click()
    pass_time(alone, 10)
    page.get_by_role("link", name="Pricing").click()
    page.wait_for_url("**/pricing")
    pass_time(alone, 100)
    page.get_by_role("button", name="Guide").click()
    pass_time(alone, 35)
    page.goto(f"{SITE}/blank")
    return [json.loads(one["body"]) for one in alone.calls]


def pass_time(alone: Alone, seconds: int) -> None:
    """Let time pass in steps: what the API answers comes between them."""
    for _ in range(seconds // 5):
        alone.pass_time(5)


def shape(bodies: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    return [[event.get("event", event["type"]) for event in one["batch"]] for one in bodies]


def test_the_bench_sends_what_the_tracker_sends_of_a_visit(alone: Alone) -> None:
    bodies = visit(alone)
    assert shape(bodies) == shape(VISIT)
    sent, kept = (len(json.dumps(one)) for one in (bodies, VISIT))
    assert sent == pytest.approx(kept, rel=0.05)


def test_most_requests_carry_several_events() -> None:
    several = [batch for batch in shape(VISIT) if len(batch) > 1]
    assert len(several) > len(VISIT) / 2
