"""Where a visit came from: campaign, click, referrer; and the channel that freezes."""

import json
import subprocess
import sys
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from chalicelib.capture.attribution import (
    CLICKS,
    campaign_of_visit,
    domain_of,
    host_of,
    medium_and_source_of,
)
from chalicelib.events import visitor_partition
from chalicelib.inputs.urls import read_url
from chalicelib.limits import TOUCHES_MAX
from chalicelib.scoring.touches import Touches, is_told_late, touch
from tests import factories as make
from tests.baton import ANN, InMemoryBaton
from tests.fakes import NOW

SITE = "https://www.keybook.example"
HOUR = timedelta(hours=1)


def came(url: str = "/", referrer: str = "", **named: Any) -> dict[str, str]:
    page = read_url(SITE + url).value
    before = read_url(referrer).value
    campaign, _ = campaign_of_visit(named, page, before, lambda: {"keybook.app"})
    return dict(campaign)


@pytest.mark.parametrize(
    ("url", "campaign"),
    [
        ("/?utm_source=a&utm_medium=b&utm_campaign=c", {"source": "a", "medium": "b", "name": "c"}),
        ("/?utm_medium=b&amp;utm_source=a", {"source": "a", "medium": "b"}),
        ("/#utm_source=a&utm_medium=b", {"source": "a", "medium": "b"}),
        ("/#/pricing?utm_source=a", {"source": "a"}),
        ("/?UTM_Source=A", {"source": "A"}),
        ("/?utm_source=a%20b&utm_source=c", {"source": "a b"}),
        ("/?utm_source={{site}}&utm_medium=__M__&utm_campaign=x", {"name": "x"}),
        ("/?utm_source=&utm_medium=null", {}),
        ("/?q=utm_source", {}),
        ("/?utm_source=baton&utm_medium=email", {}),
    ],
)
def test_the_address_names_the_campaign(url: str, campaign: dict[str, str]) -> None:
    assert came(url) == campaign


def test_what_the_client_names_comes_first() -> None:
    assert came("/?utm_source=a&utm_term=t", source="b", name=7) == {"source": "b", "name": "7"}


@pytest.mark.parametrize("click", CLICKS)
def test_a_click_says_where_it_was(click: str) -> None:
    source, medium = CLICKS[click]
    expected = {"source": source, "medium": medium, "click_id": f"{click}:abc"}
    assert came(f"/?{click}=abc") == expected
    assert came(f"/?{click.upper()}=abc", "https://www.google.com/") == expected


def test_a_campaign_outweighs_a_click_whose_id_is_kept() -> None:
    assert came("/?utm_source=newsletter&gclid=1") == {
        "source": "newsletter", "click_id": "gclid:1",
    }  # fmt: skip
    assert came("/?utm_campaign=spring&gclid=1") == {
        "source": "google", "medium": "cpc", "name": "spring", "click_id": "gclid:1",
    }  # fmt: skip
    assert came(f"/?ttclid={'x' * 2_200}") == {"source": "tiktok", "medium": "cpc"}


@pytest.mark.parametrize(
    ("referrer", "medium", "source"),
    [
        ("https://www.google.de/search?q=x", "organic", "google"),
        ("https://google.co.uk", "organic", "google"),
        ("https://www.bing.com/", "organic", "bing"),
        ("https://duckduckgo.com/", "organic", "duckduckgo"),
        ("https://www.ecosia.org/", "organic", "ecosia"),
        ("https://search.yahoo.com/", "organic", "yahoo"),
        ("https://l.facebook.com/l.php?u=x", "social", "facebook"),
        ("https://www.linkedin.com/feed", "social", "linkedin"),
        ("https://t.co/abc", "social", "twitter"),
        ("https://out.reddit.com/", "social", "reddit"),
        ("android-app://com.linkedin.android/", "social", "linkedin"),
        ("https://mail.google.com/", "email", "gmail"),
        ("https://deref-gmx.net/mail/client", "email", "gmx"),
        ("https://chatgpt.com/", "ai", "chatgpt"),
        ("https://www.perplexity.ai/search", "ai", "perplexity"),
        ("https://claude.ai/", "ai", "claude"),
        ("https://gemini.google.com/app", "ai", "gemini"),
        ("https://copilot.microsoft.com/", "ai", "copilot"),
        ("https://docs.google.com/document", "referral", "google"),
        ("https://partner.example/blog", "referral", "partner.example"),
        ("https://user:secret@partner.example:8080", "referral", "partner.example"),
    ],
)
def test_a_referrer_says_where_it_is(referrer: str, medium: str, source: str) -> None:
    assert came("/", referrer) == {"source": source, "medium": medium}


@pytest.mark.parametrize(
    "referrer",
    ["", SITE, "https://keybook.example/a", "https://app.keybook.example/", "https://keybook.app/",
     "https://docs.keybook.app", "/pricing", "about:blank", "nonsense", "http://localhost:8000/"],
)  # fmt: skip
def test_the_companys_own_pages_are_no_touch(referrer: str) -> None:
    assert came("/", referrer) == {}


@pytest.mark.parametrize(
    ("host", "domain"),
    [("a.b.example", "b.example"), ("shop.acme.co.uk", "acme.co.uk"), ("acme.de", "acme.de"),
     ("x.acme.com.au", "acme.com.au")],
)  # fmt: skip
def test_a_domain_is_what_was_registered(host: str, domain: str) -> None:
    assert domain_of(host) == domain


def test_the_list_knows_no_host_twice() -> None:
    assert medium_and_source_of("unknown.example") == ("referral", "unknown.example")
    assert host_of("https://WWW.Acme.example./x") == "acme.example"


def test_a_ping_reads_no_list_and_no_pydantic() -> None:
    code = (
        "import sys; from chalicelib.capture import attribution as a, tracking;"
        "a.campaign_of_visit({}, 'https://x.example/a?utm_source=b', '', tuple);"
        "print(a._known_referrers.cache_info().currsize, 'pydantic' in sys.modules,"
        "'phonenumbers' in sys.modules, 'email_validator' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["0", "False", "False", "False"]


# --- through the whole of Baton -------------------------------------------------------------------


def test_a_search_before_a_form_is_the_leads_channel() -> None:
    baton = InMemoryBaton()
    baton.page("/", properties={"url": SITE, "referrer": "https://www.google.com/"})
    baton.form("newsletter", **ANN)
    baton.until_quiet()
    assert baton.lead()["channel"] == "organic"
    baton.ports.clock.tick(HOUR)
    baton.page("/", properties={"url": SITE + "/?gclid=1"})
    baton.until_quiet()
    lead = baton.lead()
    assert lead["channel"] == "organic"
    assert {one["source"] for one in lead["touches"]} == {"google"}
    assert lead["first_touch"]["medium"] == "organic"
    assert lead["last_touch"]["medium"] == "cpc"


@pytest.mark.parametrize(
    ("more", "channel"),
    [
        ({"_page_url": f"{SITE}/?gclid=abc"}, "cpc"),
        ({"gclid": "abc"}, "cpc"),
        ({"_referrer": "https://chatgpt.com/"}, "ai"),
        ({"_page_url": SITE, "_referrer": f"{SITE}/pricing"}, "direct"),
        ({"utm_source": "x", "utm_medium": "partner", "gclid": "abc"}, "partner"),
    ],
)
def test_a_form_without_a_tracker_says_its_channel(more: dict[str, str], channel: str) -> None:
    baton = InMemoryBaton()
    body = urlencode({"email": ANN["email"], **more})
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert baton.http("POST", "/v1/forms/newsletter", body, kind).status_code in (202, 303)
    baton.until_quiet()
    assert baton.lead()["channel"] == channel


def test_who_comes_from_nowhere_is_direct() -> None:
    baton = InMemoryBaton()
    baton.page("/")
    baton.form("newsletter", **ANN)
    baton.until_quiet()
    assert (baton.lead()["channel"], baton.lead()["touches"]) == ("direct", [])


def test_a_lead_without_a_form_has_no_channel() -> None:
    baton = InMemoryBaton()
    baton.post("/v1/identify", {"userId": "u", "traits": {"email": ANN["email"]}})
    baton.until_quiet()
    assert baton.lead()["channel"] is None


def test_the_click_is_kept_with_the_event() -> None:
    baton = InMemoryBaton()
    baton.page("/", properties={"url": SITE + "/?gclid=abc"})
    (event,) = baton.world.events.of(visitor_partition("v1"))
    assert event.campaign["click_id"] == "gclid:abc"


# --- the list of touches --------------------------------------------------------------------------


def touched(n: int, hours: float, medium: str = "cpc") -> Any:
    return make.page(n=n, at=NOW + hours * HOUR, campaign={"source": "s", "medium": medium})


def test_the_newest_touches_are_kept_one_an_hour() -> None:
    events = [touched(n, n / 2) for n in range(60)]
    recent = touch(Touches(), events).recent
    assert [one.at for one in recent] == [NOW + n * HOUR for n in range(29, 29 - TOUCHES_MAX, -1)]


def test_within_an_hour_a_campaign_outweighs_a_referrer() -> None:
    touches = touch(Touches(), [touched(1, 0, "cpc"), touched(2, 0.5, "organic")])
    assert touches.last is not None
    assert touches.last.medium == "cpc"


def test_only_a_form_that_comes_late_needs_a_replay() -> None:
    early = make.form(n=1, at=NOW)
    late = make.form(n=2, at=NOW + 2 * HOUR)
    touches = touch(Touches(), [touched(3, -1), late])
    assert not is_told_late(touches, [late])
    assert not is_told_late(touches, [early])
    assert is_told_late(touch(touches, [touched(4, 1)]), [early])


def test_an_item_of_before_is_replayed_at_its_next_form() -> None:
    baton = InMemoryBaton()
    baton.page("/", properties={"url": SITE + "/?utm_source=a&utm_medium=partner"})
    baton.form("newsletter", **ANN)
    baton.until_quiet()
    (key,) = [key for key in baton.ports.memory.items if key[1] == "PROFILE"]
    item = baton.ports.memory.items[key]
    for name in ("first_form", "recent_touches"):
        item.pop(name)
    assert baton.lead()["channel"] is None
    baton.form("contact", **ANN)
    baton.until_quiet()
    assert baton.lead()["channel"] == "partner"
    assert json.loads(str(baton.ports.memory.items[key]["recent_touches"]))
