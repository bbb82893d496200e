"""A page with the tracker and nothing behind it: the API and the time are stand-ins in the page, so
that every wait is exact.
"""

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from playwright.sync_api import Page, Route

from chalicelib.http.tracking import tracker_source
from tests.browser.visitor import CONSENT, STORED
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
BUFFER_S = 15
"""How long the tracker keeps an event, so that others go with it."""
Answer = tuple[int, dict[str, str]]
OK: Answer = (200, {})


class Alone:
    """A page with the tracker, and an API that answers like this.

    head: what stands on the page before the tracker. attributes: of the tracker's script.
    """

    def __init__(
        self,
        page: Page,
        answers: Sequence[Answer] = (),
        *,
        random: float = 0,
        attributes: str = CONSENT,
        head: str = "",
        body: str = "",
    ) -> None:
        self.page = page
        self.posted: list[str] = []
        page.context.route("**/*", self._serve)
        page.clock.install(time=NOW)
        page.goto(f"{SITE}/blank")
        # The time stands still from the page's first moment, whatever the machine is busy with.
        page.clock.pause_at(NOW.timestamp() + 3600)
        page.add_init_script(STAND_IN % random)
        self.open(answers, attributes=attributes, head=head, body=body)

    def open(
        self,
        answers: Sequence[Answer] = (),
        *,
        attributes: str = CONSENT,
        head: str = "",
        body: str = "",
    ) -> None:
        """Open the page as for the first time: nothing is stored, and nothing was sent."""
        tracker = f'<script defer src="{API}/t.js" data-baton {attributes}></script>'
        self._html = f"<!doctype html><title>Page</title>{head}{tracker}{body}"
        self.page.goto(f"{SITE}/blank")
        self.page.evaluate("localStorage.clear(); sessionStorage.clear()")
        self.page.evaluate(f"localStorage.setItem('answers', '{json.dumps(answers)}')")
        self.page.goto(f"{SITE}/page")

    def _serve(self, route: Route) -> None:
        if route.request.url == f"{API}/t.js":
            route.fulfill(body=tracker_source(), content_type="text/javascript")
        elif route.request.method == "POST":
            self.posted.append(route.request.post_data or "")
            route.fulfill(body="accepted", content_type="text/html")
        else:
            is_blank = route.request.url.endswith("/blank")
            route.fulfill(body="" if is_blank else self._html, content_type="text/html")

    @property
    def calls(self) -> list[Any]:
        found: list[Any] = json.loads(self.page.evaluate("localStorage.getItem('calls') || '[]'"))
        return found

    @property
    def stored(self) -> list[str]:
        """What the tracker keeps in this browser."""
        found: list[str] = self.page.evaluate(STORED)
        return found

    def batches(self) -> list[list[Any]]:
        """The events of each batch that was sent."""
        sent = [one for one in self.calls if one["url"].endswith("/v1/batch")]
        return [json.loads(one["body"])["batch"] for one in sent]

    def names(self) -> list[str]:
        """What was sent, in order: the names of track events, and the types of the rest."""
        return [one.get("event", one["type"]) for batch in self.batches() for one in batch]

    def waits(self) -> list[float]:
        """The seconds between the requests."""
        times = [one["at"] for one in self.calls]
        return [(after - before) / 1000 for before, after in pairwise(times)]

    def pass_time(self, seconds: float) -> None:
        self.page.clock.run_for(int(seconds * 1000))

    def hide(self, *, hidden: bool = True) -> None:
        """Put another tab before the page, or the page before it."""
        says = json.dumps(hidden)
        self.page.evaluate(
            f"Object.defineProperty(document, 'hidden', {{configurable: true, get: () => {says}}});"
            " document.dispatchEvent(new Event('visibilitychange'))"
        )

    def leave(self) -> None:
        """Leave the page, which is there still: only the tracker is told."""
        self.page.evaluate("dispatchEvent(new Event('pagehide'))")
