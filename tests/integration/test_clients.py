"""The server clients of Segment and RudderStack, as installed, deliver what they were told to."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import rudderstack.analytics.client as rudderstack
import segment.analytics.client as segment

from infra.paths import ROOT
from tests.clients import MODULES, ClientServer, served

EMAIL = "ann@acme.example"
KEY = "write-key"
NODE_SECONDS = 60
SEGMENT_NODE = """
const { Analytics } = require('@segment/analytics-node');
const client = new Analytics({ writeKey: KEY, host: API, path: '/v1/batch', flushInterval: 50 });
client.on('error', (error) => { console.error(error); process.exitCode = 1; });
calls(client);
client.closeAndFlush({ timeout: 30000 });
"""
RUDDER_NODE = """
const Analytics = require('@rudderstack/rudder-sdk-node');
const client = new Analytics(KEY, { dataPlaneUrl: API, gzip: GZIP, flushAt: 20 });
calls(client);
client.flush((error) => { if (error) { console.error(error); process.exitCode = 1; } })
  .catch((error) => { console.error(error); process.exitCode = 1; });
"""
CALLS = """
const [API, KEY, GZIP] = JSON.parse(process.argv[1]);
function calls(client) {
  const userId = 'u1';
  const traits = { email: 'ann@acme.example', firstName: 'Änn', plan: 'team' };
  client.identify({ userId, traits });
  client.track({ userId, event: 'Product Added', properties: { product: 'team', seats: 12 } });
  client.page({ userId, name: 'Pricing', properties: { url: 'https://keybook.example/pricing' } });
  client.screen({ userId, name: 'Home' });
  client.group({ userId, groupId: 'g1', traits: { name: 'Acme', employees: 120 } });
  client.alias({ userId, previousId: 'old' });
}
"""


@pytest.fixture
def server() -> Iterator[ClientServer]:
    with served() as started:
        yield started


def call_all(client: Any) -> None:
    client.identify("u1", {"email": EMAIL, "firstName": "Änn", "plan": "team"})
    client.track("u1", "Product Added", {"product": "team", "seats": 12})
    url = "https://keybook.example/pricing"
    client.page("u1", name="Pricing", properties={"url": url})
    client.screen("u1", name="Home")
    client.group("u1", "g1", {"name": "Acme", "employees": 120})
    client.alias("old", "u1")
    client.flush()
    client.join()


def by_segment_python(server: ClientServer, *, gzip: bool) -> None:
    call_all(segment.Client(KEY, host=server.url, gzip=gzip, max_retries=4, on_error=fail))


def by_rudderstack_python(server: ClientServer, *, gzip: bool) -> None:
    call_all(rudderstack.Client(KEY, host=server.url, gzip=gzip, on_error=fail))


def by_segment_node(server: ClientServer, *, gzip: bool) -> None:
    run_node(SEGMENT_NODE, server, gzip=gzip)


def by_rudderstack_node(server: ClientServer, *, gzip: bool) -> None:
    run_node(RUDDER_NODE, server, gzip=gzip)


def fail(error: Exception, *_: Any) -> None:
    raise error


def run_node(script: str, server: ClientServer, *, gzip: bool) -> None:
    node = shutil.which("node")
    if node is None or not (MODULES / "@segment").exists():
        missing = "Node or its packages are missing: install nodejs, and run `npm ci`"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    arguments = json.dumps([server.url, KEY, gzip])
    done = subprocess.run(
        [node, "-e", CALLS + script, arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=NODE_SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


CLIENTS: dict[str, tuple[Callable[..., None], bool]] = {
    "segment-analytics-python": (by_segment_python, False),
    "segment-analytics-python, gzip": (by_segment_python, True),
    "rudder-sdk-python": (by_rudderstack_python, False),
    "rudder-sdk-python, gzip": (by_rudderstack_python, True),
    "@segment/analytics-node": (by_segment_node, False),
    "@rudderstack/rudder-sdk-node": (by_rudderstack_node, False),
    "@rudderstack/rudder-sdk-node, gzip": (by_rudderstack_node, True),
}


@pytest.mark.parametrize("lost", [0, 1], ids=["answered", "answer lost"])
@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_delivers_what_it_was_told_once(
    server: ClientServer, name: str, lost: int
) -> None:
    send, gzip = CLIENTS[name]
    server.to_lose = lost
    send(server, gzip=gzip)
    assert {status for _, status in server.posted} == {200}
    assert len(server.posted) >= 1 + lost
    baton = server.baton
    baton.until_quiet()
    lead = baton.lead(EMAIL)
    profile = lead["profile"]
    assert (profile["first_name"], profile["plan"]) == ("Änn", "team")
    assert (profile["company"], profile["company_size"]) == ("Acme", 120)
    items = baton.get(f"/v1/leads/{lead['lead_id']}/timeline?limit=200")["items"]
    told = sorted((one["kind"], one["name"]) for one in items if one["kind"] != "transition")
    assert told == [
        ("identify", ""),
        ("identify", "alias"),
        ("identify", "group"),
        ("page", "Home"),
        ("page", "Pricing"),
        ("track", "Product Added"),
    ]
    (track,) = (one for one in items if one["kind"] == "track")
    assert track["detail"]["properties"] == {"product": "team", "seats": 12}
    (pricing,) = (one for one in items if one["name"] == "Pricing")
    assert pricing["detail"]["properties"]["path"] == "/pricing"


@pytest.mark.parametrize("kind", [segment.Client, rudderstack.Client])
def test_a_client_that_is_refused_does_not_come_again(
    server: ClientServer, kind: Callable[..., Any]
) -> None:
    """RudderStack's blocked its queue: it repeats a refusal whose body has no code."""
    errors: list[Exception] = []
    client = kind("wrong", host=server.url, on_error=lambda error, _batch: errors.append(error))
    client.track("u1", "Product Added")
    client.flush()
    client.join()
    assert server.posted == [("/v1/batch", 401)]
    (error,) = errors
    assert "unauthorized" in str(error)
