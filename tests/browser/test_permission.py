"""Nothing is stored or sent before consent, whichever consent tool the page has.

Each tool is a small stand-in with its documented interface: what a page reads of it, and the events
by which it says that the visitor has answered.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.alone import BUFFER_S, SITE, Alone
from tests.browser.visitor import CONSENT

GPC = "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true})"
NO_CONSENT: tuple[None, list[str], list[str]] = (None, [], [])


@dataclass(frozen=True)
class Tool:
    """A consent tool: what it is before the visitor answers, and their two answers."""

    before: str
    accept: str
    decline: str
    known: str
    """What it is on a later page of who has accepted, and how it says so."""


COOKIEBOT = """
window.Cookiebot = {hasResponse: %s, consent: {necessary: true, statistics: %s, marketing: %s}};
dispatchEvent(new Event('%s'));"""
ONETRUST = """
window.OnetrustActiveGroups = ',%s,';
window.OneTrust = {IsAlertBoxClosed: () => %s};
dispatchEvent(new CustomEvent('OneTrustGroupsUpdated', {detail: []}));"""
BORLABS_2 = """
window.BorlabsCookie = {checkCookieGroupConsent: (group) => %s.includes(group)};
document.dispatchEvent(new Event('%s'));"""
BORLABS_3 = """
window.BorlabsCookie = {Consents: {
  hasConsent: () => false, hasConsentForServiceGroup: (group) => %s.includes(group),
}};
document.dispatchEvent(new Event('%s'));"""
USERCENTRICS_2 = """
window.UC_UI = {isInitialized: () => true, getServicesBaseInfo: () => [
  {name: 'Shop', categorySlug: 'essential', consent: {status: true}},
  {name: 'Ads', categorySlug: 'marketing', consent: {status: %s}},
]};
dispatchEvent(new CustomEvent('%s', {detail: {type: '%s', source: 'FIRST_LAYER'}}));"""
USERCENTRICS_3 = """
dispatchEvent(new CustomEvent('UC_CONSENT', {detail: {
  consent: {type: '%s'}, services: {},
  categories: {essential: {state: 'ALL_ACCEPTED'}, marketing: {state: '%s'}},
}}));"""
GTAG = """
window.dataLayer = window.dataLayer || [];
function gtag() { dataLayer.push(arguments); }
gtag('consent', '%s', {ad_storage: '%s', analytics_storage: '%s'});"""

TOOLS: Mapping[str, Tool] = {
    "cookiebot": Tool(
        COOKIEBOT % ("false", "false", "false", "CookiebotOnDialogInit"),
        COOKIEBOT % ("true", "true", "true", "CookiebotOnAccept"),
        COOKIEBOT % ("true", "false", "false", "CookiebotOnDecline"),
        COOKIEBOT % ("true", "true", "true", "CookiebotOnConsentReady"),
    ),
    "onetrust": Tool(
        ONETRUST % ("C0001", "false"),
        ONETRUST % ("C0001,C0002,C0004", "true"),
        ONETRUST % ("C0001", "true"),
        ONETRUST % ("C0001,C0002,C0004", "true"),
    ),
    "borlabs 2": Tool(
        BORLABS_2 % ("['essential']", "borlabs-cookie-prepared"),
        BORLABS_2 % ("['essential', 'statistics', 'marketing']", "borlabs-cookie-consent-saved"),
        BORLABS_2 % ("['essential']", "borlabs-cookie-consent-saved"),
        BORLABS_2 % ("['essential', 'statistics', 'marketing']", "borlabs-cookie-after-init"),
    ),
    "borlabs 3": Tool(
        BORLABS_3 % ("['essential']", "borlabs-cookie-after-init"),
        BORLABS_3 % ("['essential', 'statistics', 'marketing']", "borlabs-cookie-consent-saved"),
        BORLABS_3 % ("['essential']", "borlabs-cookie-consent-saved"),
        BORLABS_3 % ("['essential', 'statistics', 'marketing']", "borlabs-cookie-after-init"),
    ),
    "usercentrics 2": Tool(
        USERCENTRICS_2 % ("false", "UC_UI_INITIALIZED", ""),
        USERCENTRICS_2 % ("true", "UC_UI_CMP_EVENT", "ACCEPT_ALL"),
        USERCENTRICS_2 % ("false", "UC_UI_CMP_EVENT", "DENY_ALL"),
        USERCENTRICS_2 % ("true", "UC_UI_INITIALIZED", ""),
    ),
    "usercentrics 3": Tool(
        USERCENTRICS_3 % ("IMPLICIT", "ALL_DENIED"),
        USERCENTRICS_3 % ("EXPLICIT", "ALL_ACCEPTED"),
        USERCENTRICS_3 % ("EXPLICIT", "ALL_DENIED"),
        USERCENTRICS_3 % ("EXPLICIT", "ALL_ACCEPTED"),
    ),
    "consent mode": Tool(
        GTAG % ("default", "denied", "denied"),
        GTAG % ("update", "granted", "granted"),
        GTAG % ("update", "denied", "denied"),
        GTAG % ("default", "denied", "denied") + GTAG % ("update", "granted", "granted"),
    ),
}


@pytest.fixture(scope="module")
def alone(browser: Browser) -> Iterator[Alone]:
    context = browser.new_context()
    yield Alone(context.new_page())
    context.close()


@pytest.fixture(params=list(TOOLS))
def tool(request: pytest.FixtureRequest) -> Tool:
    return TOOLS[request.param]


def open_page(alone: Alone, head: str = "", attributes: str = "") -> Page:
    alone.open(attributes=attributes, head=f"<script>{head}</script>")
    return alone.page


def kept(alone: Alone) -> tuple[str | None, list[str], list[str]]:
    """The visitor's id, what the browser keeps, and what was sent, once it would have been."""
    alone.pass_time(BUFFER_S + 1)
    alone.leave()
    return alone.page.evaluate("baton.visitorId()"), alone.stored, alone.names()


# --- each tool ------------------------------------------------------------------------------------


def test_what_was_seen_before_consent_is_sent_after_it(alone: Alone, tool: Tool) -> None:
    page = open_page(alone, tool.before)
    page.evaluate("baton.track('Pressed')")
    assert kept(alone) == NO_CONSENT
    page.evaluate(tool.accept)
    visitor, stored, sent = kept(alone)
    assert visitor
    assert "baton.visitor" in stored
    assert sent == ["page", "Pressed"]
    (events,) = alone.batches()
    assert {one["anonymousId"] for one in events} == {visitor}
    assert events[0]["timestamp"] < events[0]["sentAt"]


def test_on_a_later_page_the_visitor_is_the_same(alone: Alone, tool: Tool) -> None:
    """Also while the tool does not know yet what they said on the page before."""
    page = open_page(alone, tool.before)
    page.evaluate(tool.accept)
    visitor = page.evaluate("baton.visitorId()")
    page.goto(f"{SITE}/next")
    page.evaluate(tool.known)
    assert page.evaluate("baton.visitorId()") == visitor
    page.evaluate(tool.decline)  # and then they change their mind
    assert kept(alone)[:2] == (None, [])


def test_a_refusal_drops_what_was_seen(alone: Alone, tool: Tool) -> None:
    """It is also stronger than the snippet's word."""
    page = open_page(alone, tool.before, CONSENT if "UC_CONSENT" not in tool.before else "")
    page.evaluate(tool.decline)
    page.evaluate("baton.track('Pressed')")
    page.evaluate(tool.before)
    assert kept(alone) == NO_CONSENT


def test_a_tool_that_is_there_already_is_asked(alone: Alone, tool: Tool) -> None:
    head = tool.known
    if tool is TOOLS["usercentrics 3"]:
        details = head[head.index("detail: ") + len("detail: ") : head.rindex("}")]
        head = f"window.__ucCmp = {{getConsentDetails: () => Promise.resolve({details})}}"
    open_page(alone, head).wait_for_function("baton.visitorId()")


# --- whatever the tool ----------------------------------------------------------------------------


def test_without_a_word_nothing_is_stored_or_sent(alone: Alone) -> None:
    page = open_page(alone)
    page.evaluate("baton.track('Pressed'); baton.identify({company: 'Acme'})")
    assert kept(alone) == NO_CONSENT


def test_the_owner_can_say_that_consent_is_given(alone: Alone) -> None:
    open_page(alone, attributes=CONSENT)
    visitor, stored, sent = kept(alone)
    assert visitor
    assert set(stored) == {"baton.visitor", "baton.queue"}
    assert sent == ["page"]


def test_a_privacy_signal_is_stronger_than_any_consent(alone: Alone) -> None:
    page = open_page(alone, GPC + TOOLS["cookiebot"].known, CONSENT)
    page.evaluate(TOOLS["consent mode"].accept)
    page.evaluate("baton.consent(true)")
    assert kept(alone) == NO_CONSENT


def test_a_visitors_own_no_is_stronger_than_a_tool(alone: Alone) -> None:
    page = open_page(alone, TOOLS["consent mode"].before)
    page.evaluate("baton.consent(false)")
    page.evaluate(TOOLS["consent mode"].accept)
    assert kept(alone) == (None, ["baton.consent"], [])


def test_a_choice_lasts_until_it_is_forgotten(alone: Alone) -> None:
    page = open_page(alone)
    page.evaluate("baton.consent(true)")
    page.goto(f"{SITE}/next")
    assert page.evaluate("baton.visitorId()")
    page.evaluate("baton.forget()")
    assert alone.stored == []
    page.goto(f"{SITE}/page")
    assert (page.evaluate("baton.visitorId()"), alone.stored) == (None, [])


@pytest.mark.parametrize("name", ["cookiebot", "onetrust", "consent mode"])
def test_the_purpose_can_be_marketing(alone: Alone, name: str) -> None:
    statistics = {
        "cookiebot": COOKIEBOT % ("true", "true", "false", "CookiebotOnAccept"),
        "onetrust": ONETRUST % ("C0001,C0002", "true"),
        "consent mode": GTAG % ("update", "denied", "granted"),
    }
    page = open_page(alone, attributes='data-baton-purpose="marketing"')
    page.evaluate(statistics[name])
    assert kept(alone) == NO_CONSENT
    page.evaluate(TOOLS[name].accept)
    assert page.evaluate("baton.visitorId()")


def test_a_default_for_some_regions_only_is_no_consent(alone: Alone) -> None:
    granted = "{region: ['US'], ad_storage: 'granted', analytics_storage: 'granted'}"
    open_page(alone, GTAG % ("get", "", "") + f"gtag('consent', 'default', {granted});")
    assert kept(alone) == NO_CONSENT


def test_the_data_layer_works_as_before(alone: Alone) -> None:
    page = open_page(alone, "window.dataLayer = [{event: 'first'}]")
    length = page.evaluate("dataLayer.push({event: 'second'}, ['third'])")
    names = page.evaluate("dataLayer.map((one) => one.event || one[0])")
    assert (length, names) == (3, ["first", "second", "third"])


def test_a_tool_that_fails_stops_nothing(alone: Alone) -> None:
    broken = "window.UC_UI = {getServicesBaseInfo: () => { throw new Error('broken'); }};"
    open_page(alone, broken + "window.Cookiebot = null; window.BorlabsCookie = 7;", CONSENT)
    assert kept(alone)[2] == ["page"]
