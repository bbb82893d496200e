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
    assert json.loads(event["campaign"]) == {"source": "google"}


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
