"""What a URL holds besides its path and its campaign is stored by no way in."""

import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tests.baton import ANN, InMemoryBaton
from tests.fakes import MemoryTable

URL = (
    "https://secret:secret@keybook.example/pricing"
    "?email=secret&utm_source=google&gclid=click&access_token=secret#secret"
)
KEPT = "https://keybook.example/pricing?utm_source=google&gclid=click"
PAGE = {"url": URL, "referrer": URL}
TRACKED = {"anonymousId": "v1", "properties": {**PAGE, "href": URL, "search": "?q=secret"}}
FLAT = {"email": ANN["email"], "_page_url": URL, "_referrer": URL}
WAYS: dict[str, tuple[str, str, Any, str]] = {
    "form": ("POST", "/v1/forms/demo", {"fields": ANN, "page": PAGE}, "application/json"),
    "flat form": (
        "POST",
        "/v1/forms/demo",
        urlencode({**ANN, **FLAT}),
        "application/x-www-form-urlencoded",
    ),
    "page": ("POST", "/v1/page", TRACKED, "application/json"),
    "track": ("POST", "/v1/track", {**TRACKED, "event": "Clicked"}, "application/json"),
    "batch": ("POST", "/v1/batch", {"batch": [{**TRACKED, "type": "page"}]}, "text/plain"),
    "context": (
        "POST",
        "/v1/identify",
        {"userId": "u1", "traits": {"email": ANN["email"]}, "context": {"page": PAGE}},
        "application/json",
    ),
    "pixel": (
        "GET",
        f"/v1/pixel?anonymousId=v1&url={quote(URL, safe='')}&referrer={quote(URL, safe='')}",
        None,
        "",
    ),
}


def events_in(table: MemoryTable) -> list[Any]:
    return [item for (_, sk), item in table.items.items() if sk.startswith("EVENT#")]


@pytest.mark.parametrize("way", WAYS)
def test_no_way_in_stores_the_rest_of_a_url(way: str) -> None:
    baton = InMemoryBaton()
    method, path, data, kind = WAYS[way]
    body = data if data is None or isinstance(data, str) else json.dumps(data)
    headers = {"Content-Type": kind} if kind else {}
    assert baton.http(method, path, body, headers).status_code < 300
    items = [item for item in baton.ports.memory.items.values() if "document" not in item]
    assert "secret" not in json.dumps(items, default=str)
    event, *_ = events_in(baton.ports.memory)
    properties = json.loads(event["properties"])
    assert properties["path"] == "/pricing"
    assert {properties.get("url", KEPT), properties.get("referrer", KEPT)} == {KEPT}
    assert json.loads(event["campaign"])["source"] == "google"


SHOP = "https://keybook.example"


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (f"{SHOP}/a;jsessionid=secret/b;x?gclid=1", f"{SHOP}/a/b?gclid=1"),
        (f"{SHOP}/a%3Ftoken=secret", f"{SHOP}/a"),
        (f"{SHOP}/a%23token=secret?utm_id=1", f"{SHOP}/a?utm_id=1"),
        (f"{SHOP}/a?utm_source=x?token=secret", f"{SHOP}/a?utm_source=x"),
        (f"{SHOP}/a?x=1&amp;utm_source=x&amp;y=secret", f"{SHOP}/a?utm_source=x"),
        (f"{SHOP}/a?q=to be secret", f"{SHOP}/a"),
        ("https:\\\\secret:secret@keybook.example/a", f"{SHOP}/a"),
        ("https:/secret@keybook.example/a", f"{SHOP}/a"),
        ("HTTPS:secret@keybook.example/a", f"{SHOP}/a"),
        ("//secret@keybook.example/a", "//keybook.example/a"),
        (f"{SHOP}/@team/a", f"{SHOP}/@team/a"),
        ("/a?secret#secret", "/a"),
        ("?secret", ""),
        ("javascript:secret", ""),
        ("DATA:text/html,secret", ""),
        ("mailto:secret@x.example?body=secret", ""),
        (f"view-source:{SHOP}/?secret", ""),
        (f"blob:{SHOP}/secret", ""),
        ("android-app://com.google.android.gm/", "android-app://com.google.android.gm/"),
    ],
)
def test_of_a_url_path_campaign_and_click_are_kept(given: str, stored: str) -> None:
    baton = InMemoryBaton()
    event = {"anonymousId": "v1", "properties": {"url": given, "referrer": given}}
    assert baton.post("/v1/page", event).status_code == 200
    properties = json.loads(events_in(baton.ports.memory)[0].get("properties", "{}"))
    assert properties.get("url", "") == stored
    assert properties.get("referrer", "") == stored
    assert "secret" not in properties.get("path", "")


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (f"see {SHOP}/a?token=secret or\n{SHOP}/b#secret", f"see {SHOP}/a or\n{SHOP}/b"),
        ("keybook.example/a?token=secret", "keybook.example/a"),
        ("#token=secret", ""),
        (f"{SHOP}/a?q=to be secret", f"{SHOP}/a"),
        ("?q=secret", ""),
        ("https:\\\\secret@keybook.example/a", "https:\\\\keybook.example/a"),
        ("mailto:ann@acme.example?body=secret", "mailto:ann@acme.example"),
        ("is 1+1=2? yes, and/or #1; a=b; sku:12;x", "is 1+1=2? yes, and/or #1; a=b; sku:12;x"),
        ("/a/b", "/a/b"),
    ],
)
def test_of_a_url_in_a_property_no_more_is_kept(given: str, stored: str) -> None:
    baton = InMemoryBaton()
    event = {"anonymousId": "v1", "event": "Clicked", "properties": {"href": given}}
    assert baton.post("/v1/track", event).status_code == 200
    properties = json.loads(events_in(baton.ports.memory)[0]["properties"])
    assert properties["href"] == stored


@pytest.mark.parametrize(
    "properties",
    [
        {"url": "https://keybook.example/pricing?x=1"},
        {"url": "/pricing?x=1#y"},
        {"path": "/pricing"},
        {"path": "/pricing?x=1"},
    ],
)
def test_a_page_is_matched_by_its_path_however_given(properties: Any) -> None:
    baton = InMemoryBaton()
    event = {"anonymousId": "v1", "properties": properties}
    assert baton.post("/v1/page", event).status_code == 200
    baton.form("newsletter", **ANN)
    baton.until_quiet()
    assert "pricing-page" in [reason["rule"] for reason in baton.lead()["score"]["reasons"]]
