"""A person with a browser: what they do on the site, what their browser sent, and what Baton made
of it.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, Request, Route

from infra.local.site import PLACEHOLDER
from tests.e2e.driver import Driver

GUIDE = {
    "first_name": "Ann",
    "job_title": "CTO",
    "company": "Acme",
    "company_size": "120",
    "industry": "software",
    "country": "DE",
    "phone": "+49 30 901820",
}
DEMO = {"first_name": "Ann", "last_name": "Example", "company": "Acme"}
SAYS = """
addEventListener("pageshow", (event) => { if (event.persisted) console.log("restored"); });
addEventListener("formdata", (event) => {
  console.log("submission " + event.formData.get("_submission_id"));
});
"""
CONSENT = 'data-baton-consent="assumed"'
STORED = (
    "Object.keys({...localStorage, ...sessionStorage}).filter((key) => key.startsWith('baton.'))"
)


class OwnSite:
    """A copy of the demo's site in a folder of its own, served at `url`."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder, self.url = folder, url

    def lay(self, path: str, body: str, attributes: str = CONSENT) -> None:
        """Put a page at a path, with the tracker on it. attributes: of the tracker's script."""
        tracker = f'<script defer src="{PLACEHOLDER}/t.js" data-baton {attributes}></script>'
        file = self._folder / f"{path.strip('/')}.html"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"<!doctype html><html lang=en><title>{path}</title>{tracker}<body>{body}")


class Visitor:
    """One visitor in one browser profile. Waits for conditions, never for a time."""

    def __init__(self, context: BrowserContext, driver: Driver) -> None:
        self.context, self.driver = context, driver
        self.page: Page = context.new_page()
        self.requests: list[Request] = []
        self.submission_ids: list[str] = []
        context.on("request", lambda request: self.requests.append(request))
        context.on("console", lambda message: self._note(message.text))
        context.add_init_script(SAYS)

    def _note(self, said: str) -> None:
        what, _, value = said.partition(" ")
        if what == "submission":
            self.submission_ids.append(value)

    def close(self) -> None:
        self.context.close()

    # --- what the person does

    def go(self, path: str) -> Page:
        """Open an address of the site; returns when its scripts ran."""
        self.page.goto(path)
        return self.page

    def click(self, name: str) -> None:
        """Follow the first link, or press the first button, of that name on the page itself."""
        main = self.page.locator("main")
        main.get_by_role("link", name=name).or_(main.get_by_role("button", name=name)).first.click()

    def fill(self, fields: Mapping[str, str]) -> None:
        for name, value in fields.items():
            field = self.page.locator(f"form.form [name={name}]")
            if field.evaluate("field => field.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)

    def send(
        self, form_id: str, email: str, fields: Mapping[str, str], *, consent: bool = False
    ) -> None:
        """Fill in the form on its page and send it; returns on the thank-you page."""
        self.go(f"/{form_id}")
        self.fill({"email": email, **fields})
        self.page.locator("form.form [name=_consent]").set_checked(consent)
        with self.page.expect_navigation(url=f"**/{form_id}-thanks"):
            self.page.locator("form.form button").click()

    def open_tour(self, email: str) -> None:
        """Leave an address and open the tour: a form that the tracker sends without leaving the
        page.
        """
        self.go("/tour")
        self.fill({"email": email})
        with self.page.expect_response("**/v1/forms/tour"):
            self.page.get_by_role("button", name="Open the tour").click()
        self.page.wait_for_url("**/tour#open")

    def flush(self) -> None:
        """Let the tracker send now what it may keep for 15 s: it does so when the network is
        back.
        """
        if not self.page.is_closed():
            self.page.evaluate("dispatchEvent(new Event('online'))")

    # --- what befalls them

    def refuse_batches(self, times: int, how: Callable[[Route], None]) -> list[str]:
        """Treat the next batches like that, and let later ones through. The bodies of those
        refused.
        """
        refused: list[str] = []

        def handle(route: Route) -> None:
            if len(refused) == times:
                route.continue_()
            else:
                refused.append(route.request.post_data or "")
                how(route)

        self.context.route("**/v1/batch", handle)
        return refused

    # --- what the browser shows of it

    @property
    def visitor_id(self) -> str | None:
        found = self.page.evaluate("baton.visitorId()")
        assert found is None or isinstance(found, str)
        return found

    @property
    def stored(self) -> list[str]:
        """What the tracker keeps in this browser."""
        found: list[str] = self.page.evaluate(STORED)
        return found

    def calls(self, part: str = "/v1/") -> list[Request]:
        """The requests to the API that name this, in order; fetching the tracker is none."""
        return [
            one
            for one in self.requests
            if part in one.url and one.url.startswith(self.driver.stack.api_url)
        ]

    # --- what Baton made of it

    def becomes(self, email: str) -> None:
        """The person says who they are by another way than this browser, so that its visits can be
        read.
        """
        body = {"fields": {"email": email}, "visitor_id": self.visitor_id}
        assert self.driver.post("/v1/forms/tour", body)[0] == 202

    def timeline(self, email: str) -> list[Any]:
        """The lead's timeline, newest first; empty if there is no such lead."""
        lead = self.driver.lead(email)
        items: list[Any] = []
        if lead:
            items = self.driver.get(f"/v1/leads/{lead['lead_id']}/timeline?limit=100")["items"]
        return items

    def names(self, email: str, kind: str) -> Counter[str]:
        """How often each thing of a kind is on the timeline: paths of page views, names of the
        rest.
        """
        items = (item for item in self.timeline(email) if item["kind"] == kind)
        return Counter(
            item["detail"]["properties"]["path"] if kind == "page" else item["name"]
            for item in items
        )

    def is_on_timeline(self, email: str, kind: str, *names: str) -> None:
        """Wait until as many things of the kind are on the timeline, and check that they are
        exactly these.
        """
        self.flush()
        wanted = Counter(names)
        with suppress(AssertionError):  # the comparison says more
            self.driver.until(lambda: self.names(email, kind) >= wanted, f"{kind}: {names}")
        assert self.names(email, kind) == wanted

    def properties(self, email: str, name: str) -> Any:
        """The properties of the one track event of that name, once it is on the timeline."""

        def found() -> list[Any]:
            return [
                item
                for item in self.timeline(email)
                if (item["kind"], item["name"]) == ("track", name)
            ]

        self.flush()
        (item,) = self.driver.until(found, name)
        return item["detail"]["properties"]


def events_of(request: Request) -> list[Any]:
    """The events of a batch that a browser sent."""
    events: list[Any] = json.loads(request.post_data or "{}").get("batch", [])
    return events
