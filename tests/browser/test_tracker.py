"""The tracker on its hard days. What counts is what Baton has in the end: each thing once, and
nothing unasked.
"""

import re
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import NewVisitor
from tests.browser.visitor import DEMO, GUIDE, OwnSite, Visitor, events_of

BLOCKED_STORAGE = """
for (const area of ["localStorage", "sessionStorage"]) {
  const refuse = () => { throw new DOMException("blocked", "SecurityError"); };
  Object.defineProperty(window, area, {get: refuse});
}"""
BEACONS = """
const send = navigator.sendBeacon.bind(navigator);
navigator.sendBeacon = (url, body) => { sessionStorage.beacons = send(url, body); return true; };
"""
SIGNALS = {
    "global privacy control": (
        "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true})"
    ),
    "do not track": "Object.defineProperty(Navigator.prototype, 'doNotTrack', {get: () => '1'})",
}
SLOW = {"offline": False, "latency": 500, "downloadThroughput": 50_000, "uploadThroughput": 20_000}
BATCH = "**/v1/batch"


@pytest.fixture
def keeper(launch: Callable[..., Browser], new_visitor: NewVisitor) -> Visitor:
    """A visitor whose browser keeps pages for "back", which browsers under test otherwise do
    not.
    """
    return new_visitor(launch(ignore_default_args=["--disable-back-forward-cache"]))


# --- what it records ------------------------------------------------------------------------------


def test_it_sees_the_pages_of_a_single_page_app(
    own_site: OwnSite, guest: Visitor, email: str
) -> None:
    own_site.lay("/app", "<h1>App</h1>")
    page = guest.go("/app")
    page.evaluate("history.pushState(null, '', '/app/plans'); document.title = 'Plans'")
    page.evaluate("history.replaceState({scroll: 7}, '')")  # the same page: no view
    page.evaluate("history.pushState(null, '', '/app/plans#faq')")
    page.evaluate("history.go(-2)")
    page.wait_for_url("**/app")
    page.wait_for_function("JSON.parse(localStorage['baton.queue']).length === 3")
    with page.expect_response(BATCH):
        guest.flush()
    sent = [event["properties"] for call in guest.calls("/v1/batch") for event in events_of(call)]
    seen = [(one["path"], one["title"], urlsplit(one["referrer"]).path) for one in sent]
    assert seen[:2] == [("/app", "/app", ""), ("/app/plans", "Plans", "/app")]
    guest.becomes(email)
    guest.is_on_timeline(email, "page", "/app", "/app/plans", "/app")


def test_clicks_downloads_and_favourites_are_marked_in_the_page(
    own_site: OwnSite, guest: Visitor, email: str
) -> None:
    own_site.lay(
        "/marked",
        """<button data-baton-track="Plan Chosen" data-baton-plan-id="team"><b>Team</b></button>
        <button data-baton-favourite="keybook">Remember</button>
        <a href="/downloads/access-review-buyers-guide.txt" download
          data-baton-download="buyers-guide">Guide</a>
        <button>Unmarked</button>""",
    )
    page = guest.go("/marked")
    for name in ("Team", "Remember", "Guide", "Unmarked"):
        page.get_by_text(name).click()
    guest.becomes(email)
    guest.go("/pricing")
    guest.is_on_timeline(
        email, "track", "Plan Chosen", "Product Added to Wishlist", "Asset Downloaded"
    )
    assert guest.properties(email, "Plan Chosen") == {"plan_id": "team", "path": "/marked"}
    assert guest.properties(email, "Product Added to Wishlist")["product_id"] == "keybook"
    assert guest.properties(email, "Asset Downloaded")["asset"] == "buyers-guide"


def test_a_form_is_bound_by_an_attribute(own_site: OwnSite, guest: Visitor, email: str) -> None:
    own_site.lay(
        "/bound",
        """<form class="form" data-baton-form="contact" data-baton-then="/pricing">
        <input name="email"><button>Write to me</button></form>""",
    )
    guest.go("/bound?utm_source=news&utm_medium=email")
    guest.fill({"email": email})
    guest.page.get_by_role("button").click()
    guest.page.wait_for_url("**/pricing")
    guest.is_on_timeline(email, "form", "contact")
    guest.is_on_timeline(email, "page", "/bound", "/pricing")
    assert guest.driver.lead(email)["first_touch"]["medium"] == "email"


def test_it_tells_coarsely_how_far_and_how_long_somebody_read(visitor: Visitor, email: str) -> None:
    stop_the_clock(visitor)
    page = visitor.go("/blog/the-friday-leaver")
    visitor.becomes(email)
    page.clock.fast_forward("00:35")
    page.get_by_role("contentinfo").scroll_into_view_if_needed()
    page.wait_for_function("scrollY + innerHeight > document.documentElement.scrollHeight * 0.8")
    page.keyboard.press("End")
    page.wait_for_function("scrollY + innerHeight >= document.documentElement.scrollHeight - 1")
    visitor.go("/pricing")
    read = visitor.properties(email, "Page Read")
    assert (read["path"], read["seconds"], read["percent"]) == ("/blog/the-friday-leaver", 30, 100)


def test_what_is_queued_on_leaving_goes_out_as_a_beacon(visitor: Visitor, email: str) -> None:
    page = visitor.page
    page.add_init_script(BEACONS)
    stop_the_clock(visitor)  # no timer runs: only leaving can send
    visitor.go("/pricing")
    page.evaluate("baton.track('Calculator Used', {people: 120})")
    visitor.becomes(email)
    page.evaluate("location.assign('/privacy')")
    page.wait_for_url("**/privacy")
    visitor.is_on_timeline(email, "track", "Calculator Used")
    assert page.evaluate("sessionStorage.beacons") == "true"


# --- networks -------------------------------------------------------------------------------------


def test_on_a_slow_network_each_visit_counts_once(visitor: Visitor, email: str) -> None:
    slow_down(visitor)
    for path in ("/", "/product", "/pricing"):
        visitor.go(path)
    visitor.send("guide", email, GUIDE)
    visitor.is_on_timeline(email, "page", "/", "/product", "/pricing", "/guide", "/guide-thanks")
    visitor.is_on_timeline(email, "form", "guide")


def test_what_happens_offline_goes_out_when_the_network_is_back(
    own_site: OwnSite, guest: Visitor, email: str
) -> None:
    own_site.lay("/app", "<h1>App</h1>")
    guest.go("/app")
    with guest.page.expect_response(BATCH):
        guest.flush()
    guest.becomes(email)
    guest.context.set_offline(True)
    guest.page.evaluate("history.pushState(null, '', '/app/offline')")
    guest.page.evaluate("baton.track('Draft Saved', {number: 1})")
    guest.page.wait_for_function("JSON.parse(localStorage['baton.queue']).length === 2")
    with guest.page.expect_response(BATCH):
        guest.context.set_offline(False)
    guest.is_on_timeline(email, "page", "/app", "/app/offline")
    guest.is_on_timeline(email, "track", "Draft Saved")


def test_what_happens_offline_goes_out_with_a_later_page(
    own_site: OwnSite, guest: Visitor, email: str
) -> None:
    own_site.lay("/app", "<h1>App</h1>")
    guest.go("/app")
    with guest.page.expect_response(BATCH):
        guest.flush()
    guest.becomes(email)
    guest.context.set_offline(True)
    guest.page.evaluate("baton.track('Draft Saved', {number: 1})")
    guest.page.close()
    guest.context.set_offline(False)
    guest.page = guest.context.new_page()
    guest.go("/pricing")
    guest.is_on_timeline(email, "track", "Draft Saved")
    guest.is_on_timeline(email, "page", "/app", "/pricing")


@pytest.mark.parametrize("refusal", ["server error", "throttled", "no answer"])
def test_a_batch_that_was_not_taken_is_sent_again(
    visitor: Visitor, email: str, refusal: str
) -> None:
    visitor.page.clock.install()
    refused = visitor.refuse_batches(
        2,
        lambda route: (
            route.abort() if refusal == "no answer" else route.fulfill(status=STATUS[refusal])
        ),
    )
    visitor.go("/pricing")
    with visitor.page.expect_response(
        lambda answer: answer.url.endswith("/v1/batch") and answer.ok
    ):
        visitor.flush()
        pump(visitor, lambda: len(refused) == 2)
        visitor.page.clock.run_for(10_000)
    visitor.becomes(email)
    visitor.is_on_timeline(email, "page", "/pricing")


def test_a_batch_that_is_wrong_is_not_sent_again(visitor: Visitor) -> None:
    refused = visitor.refuse_batches(1, lambda route: route.fulfill(status=400, body="{}"))
    visitor.go("/pricing")
    visitor.flush()
    visitor.page.wait_for_function("JSON.parse(localStorage['baton.queue']).length === 0")
    visitor.go("/product")
    with visitor.page.expect_response(BATCH):
        visitor.flush()
    assert len(refused) == 1
    assert [event["properties"]["path"] for event in events_of(visitor.calls("/v1/batch")[-1])] == [
        "/product"
    ]


# --- browsers -------------------------------------------------------------------------------------


def test_page_and_form_belong_together_even_with_blocked_storage(
    visitor: Visitor, email: str
) -> None:
    visitor.context.add_init_script(BLOCKED_STORAGE)
    visitor.go("/pricing")
    visitor.send("guide", email, GUIDE)
    visitor.is_on_timeline(email, "form", "guide")
    visitor.is_on_timeline(
        email, "page", "/guide"
    )  # each page is another visitor: nothing could be kept
    visitor.driver.until(lambda: visitor.driver.stage(email) == "mql", "the lead is an MQL")


def test_a_double_click_on_a_form_counts_once(visitor: Visitor, email: str) -> None:
    visitor.go("/demo")
    visitor.fill({"email": email, **DEMO})
    slow_down(visitor)
    visitor.page.locator("form.form button").dblclick()
    # The second click may abort the navigation of the first, so the page is asked where it is.
    expect(visitor.page).to_have_url(re.compile("/demo-thanks$"))
    assert len(visitor.submission_ids) >= 2
    assert len(set(visitor.submission_ids)) == 1
    visitor.driver.until(lambda: visitor.driver.stage(email) == "sql", "the lead is an SQL")
    visitor.is_on_timeline(email, "form", "demo")
    visitor.driver.until(lambda: handoffs(visitor, email).total() >= 2, "the handoff went out")
    assert set(handoffs(visitor, email).values()) == {1}


def test_a_double_click_without_a_page_change_counts_once(visitor: Visitor, email: str) -> None:
    visitor.go("/tour")
    visitor.fill({"email": email})
    slow_down(visitor)
    visitor.page.get_by_role("button", name="Open the tour").dblclick()
    visitor.page.wait_for_url("**/tour#open")
    assert len(set(visitor.submission_ids)) == 1
    visitor.is_on_timeline(email, "form", "tour")


def test_a_page_from_the_back_forward_cache_is_a_visit(keeper: Visitor, email: str) -> None:
    keeper.go("/pricing")
    keeper.go("/product")
    keeper.becomes(email)
    go_back(keeper)
    keeper.is_on_timeline(email, "page", "/pricing", "/product", "/pricing")


def test_the_same_form_after_going_back_is_the_same_submission(keeper: Visitor, email: str) -> None:
    keeper.send("demo", email, DEMO)
    go_back(keeper)
    with keeper.page.expect_console_message(lambda message: message.text.startswith("submission")):
        keeper.page.evaluate("document.querySelector('form.form').requestSubmit()")
    keeper.page.wait_for_url("**/demo-thanks")
    assert len(keeper.submission_ids) >= 2
    assert len(set(keeper.submission_ids)) == 1
    keeper.is_on_timeline(email, "form", "demo")


def test_where_the_tracker_is_blocked_forms_work(visitor: Visitor, email: str) -> None:
    visitor.context.route("**/t.js", lambda route: route.abort())
    visitor.send("guide", email, GUIDE)
    visitor.is_on_timeline(email, "form", "guide")
    visitor.is_on_timeline(email, "page")


# --- permission -----------------------------------------------------------------------------------


@pytest.mark.parametrize("signal", list(SIGNALS))
def test_a_browser_that_asks_not_to_be_tracked_is_not(
    visitor: Visitor, email: str, signal: str
) -> None:
    visitor.context.add_init_script(SIGNALS[signal])
    visitor.go("/?utm_source=google&utm_medium=cpc")
    visitor.page.evaluate("baton.track('Anything')")
    visitor.page.evaluate("baton.consent(true)")  # the signal is stronger
    visitor.go("/pricing")
    assert (visitor.visitor_id, visitor.calls()) == (None, [])
    visitor.page.evaluate("localStorage.removeItem('baton.consent')")
    visitor.send("guide", email, GUIDE)
    (post,) = visitor.calls()
    assert not {"_visitor_id", "_referrer", "utm_source"} & set(parse_qs(post.post_data or ""))
    assert visitor.stored == []
    visitor.driver.until(
        lambda: visitor.driver.stage(email) == "mql", "the form works all the same"
    )
    visitor.is_on_timeline(email, "page")


def test_nothing_is_stored_or_sent_before_consent_and_after_it(
    own_site: OwnSite, guest: Visitor, email: str
) -> None:
    for path in ("/asked", "/asked/again"):
        own_site.lay(
            path,
            "<button data-baton-track='Pressed'>Press</button>",
            "data-baton-reading",
        )
        guest.go(path).get_by_role("button").click()
    guest.page.evaluate("history.pushState(null, '', '/asked/more')")
    assert (guest.visitor_id, guest.stored, guest.calls()) == (None, [], [])

    guest.page.evaluate("baton.consent(true)")
    guest.becomes(email)
    guest.go("/asked")  # consent lasts beyond the page
    with guest.page.expect_response(BATCH):
        guest.flush()
    guest.page.evaluate("baton.consent(false)")
    calls = len(guest.calls())
    guest.page.get_by_role("button").click()
    guest.go("/asked/again")
    assert (guest.visitor_id, guest.stored, len(guest.calls())) == (None, ["baton.consent"], calls)
    # What that page saw before consent came with it; what the page before saw is gone.
    guest.is_on_timeline(email, "page", "/asked/again", "/asked/more", "/asked")
    guest.is_on_timeline(email, "track", "Pressed")


def test_the_privacy_page_stops_and_resumes_recording(visitor: Visitor, email: str) -> None:
    visitor.go("/privacy")
    first = visitor.visitor_id
    expect(visitor.page.get_by_role("status")).to_contain_text(f"recorded under the number {first}")
    visitor.becomes(email)
    visitor.page.get_by_role("button", name="Stop recording").click()
    expect(visitor.page.get_by_role("status")).to_have_text(
        "Page views and clicks of this browser are not recorded."
    )
    calls = len(visitor.calls())
    visitor.go("/pricing")
    visitor.go("/privacy")
    assert len(visitor.calls()) == calls
    visitor.page.get_by_role("button", name="Record this browser again").click()
    expect(visitor.page.get_by_role("status")).to_contain_text("recorded under the number")
    assert visitor.visitor_id not in (None, first)  # what was stopped is not taken up again


# --- people ---------------------------------------------------------------------------------------


def test_a_second_person_in_a_browser_gets_another_visitor_id(visitor: Visitor, email: str) -> None:
    second = f"second-{email}"
    visitor.open_tour(email)
    first_id = visitor.visitor_id
    visitor.open_tour(second)
    visitor.page.wait_for_function("(first) => baton.visitorId() !== first", arg=first_id)
    adopted = visitor.visitor_id
    visitor.go("/pricing")
    assert visitor.visitor_id == adopted
    visitor.is_on_timeline(second, "page", "/pricing")
    assert "/pricing" not in visitor.names(email, "page")


# --- what the tests above are made of -------------------------------------------------------------

STATUS = {"server error": 503, "throttled": 429}
A_JUMP_S = 600  # a clock stops at a time to come, which no busy machine may have passed


def go_back(visitor: Visitor) -> None:
    """Back to a page that the browser kept: it is not loaded, but shown again."""
    with visitor.page.expect_console_message(lambda message: message.text == "restored"):
        visitor.page.evaluate("history.back()")


def stop_the_clock(visitor: Visitor) -> None:
    """Let the time stand still on the pages that come; only a test lets it go on."""
    now = visitor.page.evaluate("Date.now() / 1000")
    visitor.page.clock.install(time=now)
    visitor.page.clock.pause_at(now + A_JUMP_S)


def slow_down(visitor: Visitor) -> None:
    """A slow phone network from here on."""
    visitor.context.new_cdp_session(visitor.page).send("Network.emulateNetworkConditions", SLOW)


def pump(visitor: Visitor, condition: Callable[[], Any]) -> None:
    """Let the page's clock run until the condition holds; a route is only handled while the page is
    waited for.
    """
    for _ in range(100):
        if condition():
            return
        visitor.page.clock.run_for(500)
    raise AssertionError("the tracker did not send")


def handoffs(visitor: Visitor, email: str) -> Counter[tuple[str, str]]:
    """The lead's handoff messages that went out, as kind and via."""
    items = visitor.driver.outbox(email)
    return Counter(
        (one["kind"], one["via"])
        for one in items
        if one["kind"] == "handoff" and one["state"] == "sent"
    )
