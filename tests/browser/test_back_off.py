"""The tracker against an API that is busy: it waits, comes again, and sends the same once more.

The API and the time are stand-ins in the page, so that every wait is exact.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.alone import API, BUFFER_S, OK, SITE, Alone, Answer

FORM = f"""<form class="form" method="post" action="{API}/v1/forms/demo" data-baton-then="#thanks">
<input name="email" value="ann@acme.example"><button>Send</button></form>"""
BUSY: Answer = (503, {})
LATER: Answer = (429, {"Retry-After": "30"})


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


def test_each_try_waits_longer_and_there_are_few(page: Page) -> None:
    busy = Alone(page, [BUSY] * 20)
    busy.pass_time(BUFFER_S + 40)
    assert busy.waits() == pytest.approx([1, 2, 4, 8, 16], abs=0.3)
    ids = [[event["messageId"] for event in batch] for batch in busy.batches()]
    assert ids == [ids[0]] * 6, "the API knows an event by its id"
    assert len({batch[0]["timestamp"] for batch in busy.batches()}) == 1


def test_no_two_visitors_come_again_together(page: Page) -> None:
    busy = Alone(page, [BUSY] * 20, random=0.5)
    busy.pass_time(BUFFER_S + 15)
    assert busy.waits() == pytest.approx([1.5, 3, 6], abs=0.3)


def test_the_tracker_waits_as_long_as_the_api_asks(page: Page) -> None:
    busy = Alone(page, [LATER])
    busy.pass_time(BUFFER_S + 5)
    page.evaluate("baton.track('Pressed')")  # what happens meanwhile waits with the rest
    busy.pass_time(20)
    assert len(busy.batches()) == 1
    busy.pass_time(10)
    first, second = busy.batches()
    assert busy.waits() == pytest.approx([30], abs=0.3)
    assert [one["messageId"] for one in second] == [first[0]["messageId"], second[1]["messageId"]]
    assert second[1]["event"] == "Pressed"


def test_an_endless_wait_is_not_waited_for(page: Page) -> None:
    busy = Alone(page, [(429, {"Retry-After": "86400"})])
    busy.pass_time(BUFFER_S + 62)
    assert busy.waits() == pytest.approx([60], abs=0.3)


def test_what_waits_outlives_the_page(page: Page) -> None:
    """A beacon would get the same answer, and nobody reads that."""
    busy = Alone(page, [LATER])
    busy.pass_time(BUFFER_S + 2)
    page.goto(f"{SITE}/next")
    busy.pass_time(BUFFER_S + 2)
    first, second = busy.batches()
    assert not [one for one in busy.calls if one.get("beacon")]
    assert [one["properties"]["path"] for one in second] == ["/page", "/next"]
    assert second[0]["messageId"] == first[0]["messageId"]


def test_a_refusal_for_good_is_not_repeated(page: Page) -> None:
    busy = Alone(page, [(400, {})])
    busy.pass_time(BUFFER_S + 30)
    assert len(busy.batches()) == 1


def submissions(busy: Alone) -> list[str]:
    return [one["body"] for one in busy.calls if "/v1/forms/" in one["url"]]


def press(busy: Alone) -> None:
    busy.pass_time(BUFFER_S + 1)  # the page view is on its way
    busy.page.evaluate("localStorage.setItem('calls', '[]')")
    busy.page.evaluate("document.querySelector('form').requestSubmit()")


def test_a_form_comes_again_as_the_same_submission(page: Page) -> None:
    busy = Alone(page, [OK, BUSY, (429, {"Retry-After": "7"})], body=FORM)
    press(busy)
    busy.pass_time(0.5)
    page.evaluate("document.querySelector('form').requestSubmit()")  # pressed again, meanwhile
    busy.pass_time(12)
    bodies = submissions(busy)
    assert busy.waits() == pytest.approx([1, 7], abs=0.3)
    assert bodies == [bodies[0]] * 3
    assert "_submission_id=" in bodies[0]
    assert page.url.endswith("#thanks")


def test_a_form_that_stays_refused_is_posted_by_the_browser(page: Page) -> None:
    busy = Alone(page, [OK, *[BUSY] * 4], body=FORM)
    press(busy)
    with page.expect_navigation(url=f"{API}/**"):
        busy.pass_time(8)
    (posted,) = busy.posted
    page.goto(f"{SITE}/blank")
    bodies = submissions(busy)
    assert bodies == [posted] * 4


def test_a_form_with_a_mistake_is_not_repeated(page: Page) -> None:
    busy = Alone(page, [OK, (400, {})], body=FORM)
    press(busy)
    page.wait_for_url(f"{API}/**")
    page.goto(f"{SITE}/blank")
    assert len(submissions(busy)) == 1
