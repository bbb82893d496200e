"""The browser clients of Segment and RudderStack, as installed, deliver what they were told to."""

import json
import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.clients import FILES, MODULES, ClientServer, served

EMAIL = "ann@acme.example"
PATIENCE_MS = 30_000
SEGMENT = """
<title>Pricing</title>
<script src="{files}@segment/analytics-next/dist/umd/index.js"></script>
<script>
window.client = AnalyticsNext.AnalyticsBrowser.load({{ writeKey: 'write-key', cdnURL: '{api}' }});
</script>"""
RUDDERSTACK = """
<title>Pricing</title>
<script src="{files}@rudderstack/analytics-js/dist/npm/modern/bundled/umd/index.js"></script>
<script>
window.client = new rudderanalytics.RudderAnalytics();
client.load('write-key', '{api}', {{
  configUrl: '{api}/sourceConfig',
  useBeacon: {beacon},
  beaconQueueOptions: {{ flushQueueInterval: 500 }},
}});
</script>"""
CALLS = """() => {
  client.page('Pricing');
  client.track('Product Added', { product: 'team', seats: 12 });
  client.identify('u1', { email: 'ann@acme.example', firstName: 'Änn', plan: 'team' });
  client.group('g1', { name: 'Acme', employees: 120 });
}"""
TOLD = [
    ("identify", ""),
    ("identify", "group"),
    ("page", "Pricing"),
    ("track", "Product Added"),
]
PAGES = {
    "@segment/analytics-next": SEGMENT,
    "@rudderstack/analytics-js": RUDDERSTACK.replace("{beacon}", "false"),
    "@rudderstack/analytics-js, beacon": RUDDERSTACK.replace("{beacon}", "true"),
}


@pytest.fixture
def server() -> Iterator[ClientServer]:
    if not (MODULES / "@segment" / "analytics-next").exists():
        missing = "the browser clients are missing: run `npm ci`"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    with served() as started:
        yield started


#: A beacon never learns of its answer, so none is lost.
LOSES = [name for name in PAGES if "beacon" not in name]


@pytest.mark.parametrize(
    ("name", "lost"), [*((name, 0) for name in PAGES), *((name, 1) for name in LOSES)]
)
def test_a_browsers_client_delivers_what_it_was_told_once(
    browser: Browser, server: ClientServer, name: str, lost: int
) -> None:
    server.pages["/pricing?gclid=abc"] = PAGES[name].format(files=FILES, api=server.url)
    server.to_lose = lost
    baton = server.baton
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{server.url}/pricing?gclid=abc")
    page.evaluate(CALLS)
    expected = 1 if "beacon" in name else len(TOLD) + lost
    for _ in range(PATIENCE_MS // 100):
        if len(server.posted) >= expected:
            break
        page.wait_for_timeout(100)
    page.wait_for_timeout(200)
    context.close()
    assert {status for _, status in server.posted} == {200}, server.posted
    assert len(server.posted) == expected
    with server.lock:
        baton.until_quiet()
        lead = baton.lead(EMAIL)
        items = baton.get(f"/v1/leads/{lead['lead_id']}/timeline?limit=200")["items"]
    told = sorted((one["kind"], one["name"]) for one in items if one["kind"] != "transition")
    assert told == TOLD
    profile = lead["profile"]
    assert (profile["first_name"], profile["plan"]) == ("Änn", "team")
    assert (profile["company"], profile["company_size"]) == ("Acme", 120)
    assert lead["first_touch"]["medium"] == "cpc"
    assert json.dumps(items).count("/pricing") >= 1
