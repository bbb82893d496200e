"""The tracker against an API that is busy: it waits, comes again, and sends the same once more.

The API and the time are stand-ins in the page, so that every wait is exact.
"""

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from chalicelib.http.tracking import tracker_source
from tests.fakes import NOW

SITE = "http://site.example"
API = "http://api.example"
#: Answers as it is told to, 200 at the end, and writes down what came and when.
STAND_IN = """
Math.random = () => %s;
const read = (key) => JSON.parse(localStorage.getItem(key) || '[]');
function note(call) {
  localStorage.setItem('calls', JSON.stringify(read('calls').concat(call)));
  const answers = read('answers');
  const answer = answers.shift() || [200, {}];
  localStorage.setItem('answers', JSON.stringify(answers));
  return answer;
}
window.fetch = (url, { body }) => {
  const [status, headers] = note({ at: Date.now(), url: String(url), body: String(body) });
  return Promise.resolve(new Response('{}', { status, headers }));
};
navigator.sendBeacon = (url, body) => Boolean(note({ at: Date.now(), url, body, beacon: true }));
"""
FORM = f"""<form class="form" method="post" action="{API}/v1/forms/demo" data-baton-then="#thanks">
<input name="email" value="ann@acme.example"><button>Send</button></form>"""
Answer = tuple[int, dict[str, str]]
BUSY: Answer = (503, {})
LATER: Answer = (429, {"Retry-After": "30"})


class Busy:
    """A page with the tracker, and an API that answers like this."""

    def __init__(self, page: Page, answers: Sequence[Answer], *, random: float = 0) -> None:
        self.page = page
        self.posted: list[str] = []
        page.context.route("**/*", self._serve)
        page.clock.install(time=NOW)
        page.goto(f"{SITE}/blank")
        page.evaluate(f"localStorage.setItem('answers', '{json.dumps(answers)}')")
        page.add_init_script(STAND_IN % random)
        page.goto(f"{SITE}/page")
        page.clock.pause_at(NOW.timestamp() + 3600)

    def _serve(self, route: Route) -> None:
        if route.request.url == f"{API}/t.js":
            route.fulfill(body=tracker_source(), content_type="text/javascript")
        elif route.request.method == "POST":
            self.posted.append(route.request.post_data or "")
            route.fulfill(body="accepted", content_type="text/html")
        else:
            tracker = f'<script defer src="{API}/t.js" data-baton></script>'
            body = "" if route.request.url.endswith("/blank") else tracker + FORM
            route.fulfill(body=f"<!doctype html>{body}", content_type="text/html")

    @property
    def calls(self) -> list[Any]:
        found: list[Any] = json.loads(self.page.evaluate("localStorage.getItem('calls') || '[]'"))
        return found

    def batches(self) -> list[list[Any]]:
        """The events of each batch that was sent."""
        sent = [one for one in self.calls if one["url"].endswith("/v1/batch")]
        return [json.loads(one["body"])["batch"] for one in sent]

    def waits(self) -> list[float]:
        """The seconds between the requests."""
        times = [one["at"] for one in self.calls]
        return [(after - before) / 1000 for before, after in pairwise(times)]

    def pass_time(self, seconds: float) -> None:
        self.page.clock.run_for(int(seconds * 1000))


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


def test_each_try_waits_longer_and_there_are_few(page: Page) -> None:
    busy = Busy(page, [BUSY] * 20)
    busy.pass_time(100)
    assert busy.waits() == pytest.approx([1, 2, 4, 8, 16], abs=0.3)
    ids = [[event["messageId"] for event in batch] for batch in busy.batches()]
    assert ids == [ids[0]] * 6, "the API knows an event by its id"
    assert len({batch[0]["timestamp"] for batch in busy.batches()}) == 1


def test_no_two_visitors_come_again_together(page: Page) -> None:
    busy = Busy(page, [BUSY] * 20, random=0.5)
    busy.pass_time(15)
    assert busy.waits() == pytest.approx([1.5, 3, 6], abs=0.3)


def test_the_tracker_waits_as_long_as_the_api_asks(page: Page) -> None:
    busy = Busy(page, [LATER])
    busy.pass_time(5)
    page.evaluate("baton.track('Pressed')")  # what happens meanwhile waits with the rest
    busy.pass_time(20)
    assert len(busy.batches()) == 1
    busy.pass_time(10)
    first, second = busy.batches()
    assert busy.waits() == pytest.approx([30], abs=0.3)
    assert [one["messageId"] for one in second] == [first[0]["messageId"], second[1]["messageId"]]
    assert second[1]["event"] == "Pressed"


def test_an_endless_wait_is_not_waited_for(page: Page) -> None:
    busy = Busy(page, [(429, {"Retry-After": "86400"})])
    busy.pass_time(62)
    assert busy.waits() == pytest.approx([60], abs=0.3)


def test_what_waits_outlives_the_page(page: Page) -> None:
    """A beacon would get the same answer, and nobody reads that."""
    busy = Busy(page, [LATER])
    busy.pass_time(2)
    page.goto(f"{SITE}/next")
    busy.pass_time(2)
    first, second = busy.batches()
    assert not [one for one in busy.calls if one.get("beacon")]
    assert [one["properties"]["path"] for one in second] == ["/page", "/next"]
    assert second[0]["messageId"] == first[0]["messageId"]


def test_a_refusal_for_good_is_not_repeated(page: Page) -> None:
    busy = Busy(page, [(400, {})])
    busy.pass_time(30)
    assert len(busy.batches()) == 1


def submissions(busy: Busy) -> list[str]:
    return [one["body"] for one in busy.calls if "/v1/forms/" in one["url"]]


def press(busy: Busy) -> None:
    busy.pass_time(1)  # the page view is on its way
    busy.page.evaluate("localStorage.setItem('calls', '[]')")
    busy.page.evaluate("document.querySelector('form').requestSubmit()")


OK: Answer = (200, {})


def test_a_form_comes_again_as_the_same_submission(page: Page) -> None:
    busy = Busy(page, [OK, BUSY, (429, {"Retry-After": "7"})])
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
    busy = Busy(page, [OK, *[BUSY] * 4])
    press(busy)
    with page.expect_navigation(url=f"{API}/**"):
        busy.pass_time(8)
    (posted,) = busy.posted
    page.goto(f"{SITE}/blank")
    bodies = submissions(busy)
    assert bodies == [posted] * 4


def test_a_form_with_a_mistake_is_not_repeated(page: Page) -> None:
    busy = Busy(page, [OK, (400, {})])
    press(busy)
    page.wait_for_url(f"{API}/**")
    page.goto(f"{SITE}/blank")
    assert len(submissions(busy)) == 1
