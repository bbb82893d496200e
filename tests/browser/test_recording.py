"""What the tracker records, and in how many requests: on a page with nothing behind it."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.alone import API, BUFFER_S, SITE, Alone

MINUTE_S = 60
PRERENDERED = """<script>
let prerendering = true;
Object.defineProperty(document, 'prerendering', {get: () => prerendering});
function show() { prerendering = false; document.dispatchEvent(new Event('prerenderingchange')); }
</script>"""
FORM = f'<form method="post" action="{API}/v1/forms/demo"><input name="email"></form>'


@pytest.fixture(scope="module")
def alone(browser: Browser) -> Iterator[Alone]:
    context = browser.new_context()
    yield Alone(context.new_page())
    context.close()


@pytest.fixture
def page(alone: Alone) -> Page:
    alone.open()
    return alone.page


def go_to(page: Page, fragment: str) -> None:
    page.evaluate(
        """(fragment) => new Promise((done) => {
          addEventListener('hashchange', done, {once: true});
          location.hash = fragment;
        })""",
        fragment,
    )


def sent(alone: Alone, kind: str) -> list[Any]:
    """The events of a type that were sent, once they would have been."""
    alone.leave()
    return [one for batch in alone.batches() for one in batch if one["type"] == kind]


# --- requests -------------------------------------------------------------------------------------


def test_what_happens_together_is_sent_together(alone: Alone, page: Page) -> None:
    page.evaluate("baton.track('One'); baton.track('Two')")
    alone.pass_time(BUFFER_S - 1)
    assert alone.calls == []
    page.evaluate("baton.track('Three')")
    alone.pass_time(1)
    assert alone.names() == ["page", "One", "Two", "Three"]
    assert len(alone.calls) == 1


def test_a_steady_stream_delays_nothing(alone: Alone, page: Page) -> None:
    for number in range(5):
        alone.pass_time(10)
        page.evaluate(f"baton.track('{number}')")
    assert [len(batch) for batch in alone.batches()] == [2, 2]


def test_many_events_do_not_wait(alone: Alone, page: Page) -> None:
    page.evaluate("for (let i = 0; i < 25; i += 1) baton.track('Burst ' + i)")
    alone.pass_time(0.01)
    assert len(alone.names()) == 26


@pytest.mark.parametrize("how", ["hides", "leaves"])
def test_whoever_goes_away_hands_over(alone: Alone, page: Page, how: str) -> None:
    page.evaluate("baton.track('Pressed')")
    if how == "hides":
        alone.hide()
    else:
        alone.leave()
    (call,) = alone.calls
    assert call["beacon"]
    assert alone.names() == ["page", "Pressed"]
    alone.pass_time(BUFFER_S + 1)
    assert len(alone.calls) == 1


def test_a_beacon_stays_below_what_browsers_take(alone: Alone, page: Page) -> None:
    page.evaluate(
        "for (let i = 0; i < 19; i += 1) baton.track('Long', {text: '\\u20ac'.repeat(3000)})"
    )
    alone.leave()
    sizes = [len(one["body"].encode()) for one in alone.calls]
    assert len(sizes) > 1
    assert max(sizes) < 64_000
    assert len(alone.names()) == 20


# --- time -----------------------------------------------------------------------------------------


def test_each_visible_minute_is_counted_up_to_thirty(alone: Alone, page: Page) -> None:
    alone.pass_time(MINUTE_S - 1)
    assert sent(alone, "track") == []
    alone.pass_time(40 * MINUTE_S)
    minutes = [one["properties"]["minute"] for one in sent(alone, "track")]
    assert minutes == list(range(1, 31))
    page.evaluate("history.pushState(null, '', '/another')")
    alone.pass_time(MINUTE_S + 1)
    last = sent(alone, "track")[-1]
    assert (last["event"], last["properties"]["minute"]) == ("Engaged Minute", 1)
    assert last["properties"]["path"] == "/another"


@pytest.mark.usefixtures("page")
def test_a_hidden_page_is_not_looked_at(alone: Alone) -> None:
    alone.pass_time(40)
    alone.hide()
    alone.pass_time(10 * MINUTE_S)
    alone.hide(hidden=False)
    alone.pass_time(19)
    assert sent(alone, "track") == []
    alone.pass_time(2)
    assert [one["event"] for one in sent(alone, "track")] == ["Engaged Minute"]


def test_a_machine_that_slept_did_not_look(alone: Alone, page: Page) -> None:
    alone.pass_time(30)
    page.clock.fast_forward(8 * 3600 * 1000)
    assert len(sent(alone, "track")) == 1
    alone.pass_time(MINUTE_S)
    assert len(sent(alone, "track")) == 2


# --- pages ----------------------------------------------------------------------------------------


def test_a_hash_route_is_a_page(alone: Alone, page: Page) -> None:
    go_to(page, "#/pricing?token=secret")
    alone.pass_time(1)
    go_to(page, "#/pricing?token=other")
    alone.pass_time(1)
    urls = [one["properties"]["url"] for one in sent(alone, "page")]
    assert urls == [f"{SITE}/page", f"{SITE}/page#/pricing"]


def test_an_anchor_is_no_page_and_a_secret_stays(alone: Alone, page: Page) -> None:
    go_to(page, "#access_token=secret")
    alone.pass_time(1)
    assert [one["properties"]["url"] for one in sent(alone, "page")] == [f"{SITE}/page"]
    assert "secret" not in str(alone.calls)


@pytest.mark.parametrize("fragment", ["#utm_source=news", "#/start?utm_source=news"])
def test_a_campaign_may_be_in_the_fragment(alone: Alone, page: Page, fragment: str) -> None:
    page.goto(f"{SITE}/blank")
    page.goto(f"{SITE}/page{fragment}")
    assert sent(alone, "page")[-1]["context"]["campaign"] == {"source": "news"}


@pytest.mark.parametrize("query", ["?", "?plan=team&"])
def test_the_mark_of_an_emails_click_is_sent_once(alone: Alone, page: Page, query: str) -> None:
    page.goto(f"{SITE}/blank")
    page.goto(f"{SITE}/page{query}baton=mark.signed-1#part")
    left = f"{SITE}/page{query[:-1]}"
    assert page.evaluate("location.href") == f"{left}#part"
    page.evaluate("baton.page()")
    first, again = [one["properties"]["url"] for one in sent(alone, "page")][-2:]
    assert (first, again) == (f"{SITE}/page{query}baton=mark.signed-1", left)


def test_each_event_names_the_browsers_time_zone(browser: Browser) -> None:
    context = browser.new_context(timezone_id="America/Los_Angeles")
    alone = Alone(context.new_page())
    alone.open()
    (seen,) = sent(alone, "page")
    assert seen["context"]["timezone"] == "America/Los_Angeles"
    context.close()


def test_a_page_shown_again_is_a_visit(alone: Alone, page: Page) -> None:
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: false}))")
    assert len(sent(alone, "page")) == 2


def test_a_page_prepared_in_advance_counts_when_shown(alone: Alone) -> None:
    alone.open(head=PRERENDERED)
    alone.page.evaluate("baton.consent(true)")
    alone.pass_time(BUFFER_S + 1)
    assert alone.calls == []
    alone.page.evaluate("show()")
    assert len(sent(alone, "page")) == 1


def test_a_form_knows_how_its_sender_came(alone: Alone) -> None:
    """Also before consent, from what the address bar says; the visitor's id needs consent."""
    alone.open(attributes="", body=FORM)
    alone.page.goto(f"{SITE}/page?utm_source=ad&utm_campaign=spring")
    fields = "Object.fromEntries(new FormData(document.querySelector('form')))"
    before = alone.page.evaluate(fields)
    assert (before["utm_source"], before["utm_campaign"]) == ("ad", "spring")
    assert before["_page_url"] == f"{SITE}/page?utm_source=ad&utm_campaign=spring"
    assert "_visitor_id" not in before
    assert alone.stored == []
    alone.page.evaluate("baton.consent(true)")
    alone.page.goto(f"{SITE}/page")
    later = alone.page.evaluate(fields)
    assert later["utm_source"] == "ad"
    assert later["_visitor_id"] == alone.page.evaluate("baton.visitorId()")


def test_a_refusal_keeps_all_but_the_page_from_forms(alone: Alone) -> None:
    alone.open(attributes="", body=FORM)
    alone.page.goto(f"{SITE}/page?utm_source=ad")
    alone.page.evaluate("baton.consent(false)")
    fields = "Object.keys(Object.fromEntries(new FormData(document.querySelector('form'))))"
    assert set(alone.page.evaluate(fields)) == {"email", "_page_url", "_submission_id"}
