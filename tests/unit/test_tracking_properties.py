"""Whatever JSON and whatever text comes: read back the same, or warned about, or refused."""

import json
from typing import Any
from unicodedata import normalize

from hypothesis import given, settings
from hypothesis import strategies as some

from chalicelib.events import Event, visitor_partition
from chalicelib.inputs.texts import TRIMMED
from tests.baton import InMemoryBaton
from tests.sizes import SIZES

JSON = {"Content-Type": "application/json"}
PATHS = [
    *(f"/v1/{call}" for call in ("page", "screen", "track", "identify", "group", "alias")),
    *("/v1/batch", "/v1/b", "/v1/import", "/beacon/v1/batch"),
]
KEYS = [
    *("type", "anonymousId", "userId", "previousId", "groupId", "messageId", "timestamp"),
    *("originalTimestamp", "sentAt", "event", "name", "properties", "traits", "context", "batch"),
    *("url", "path", "referrer", "campaign", "page", "source", "email", "company", "address"),
]
ADDRESSES = ("url", "path", "referrer")  # which have a reader and a property of their own
texts = some.text(max_size=40)  # with lone surrogates, which JSON can hold
words = some.sampled_from(["null", "page", "track", "identify", "group", "alias", "a@b.example"])
numbers = some.integers(-(10**25), 10**25) | some.floats()
scalars = some.none() | some.booleans() | numbers | texts | words
names = some.sampled_from(KEYS) | texts
anything = some.recursive(
    scalars,
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
whole = some.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, anything))
items = whole.map(lambda one: {**one, "anonymousId": "v", "type": "track"})
batches = some.fixed_dictionaries({"batch": some.lists(items | anything, max_size=4)})


def stored(baton: InMemoryBaton) -> list[Event]:
    return list(baton.world.events.of(visitor_partition("v")))


@settings(max_examples=SIZES.input_cases)
@given(some.sampled_from(PATHS), anything | whole | items | batches)
def test_whatever_json_comes_is_never_our_fault(path: str, data: Any) -> None:
    baton = InMemoryBaton()
    before = baton.kept()
    answer = baton.http("POST", path, json.dumps(data), JSON)
    told = json.loads(answer.body)
    assert answer.status_code in (200, 400, 401, 413), answer.body
    if answer.status_code != 200:
        assert told["code"]
        assert told["message"]
        assert baton.kept() == before
    for one in told.get("rejected", []):
        assert one["code"]
        assert one["message"]
    baton.until_quiet()  # what was taken can be worked off


@settings(max_examples=SIZES.input_cases)
@given(items)
def test_an_item_with_an_id_is_never_refused(data: dict[str, Any]) -> None:
    baton = InMemoryBaton()
    answer = baton.http("POST", "/v1/batch", json.dumps({"batch": [data, data]}), JSON)
    assert answer.status_code == 200, answer.body
    assert "rejected" not in json.loads(answer.body)
    assert 1 <= len(stored(baton)) <= 2 or data.get("userId") == "a@b.example"


@settings(max_examples=SIZES.input_cases)
@given(some.dictionaries(names, scalars, max_size=6), texts)
def test_what_is_said_is_read_back_or_warned_about(properties: dict[str, Any], event: str) -> None:
    """Nothing is lost without a warning."""
    baton = InMemoryBaton()
    data = {"anonymousId": "v", "event": event, "properties": properties}
    answer = baton.http("POST", "/v1/track", json.dumps(data), JSON)
    assert answer.status_code == 200, answer.body
    warned = {one["field"] for one in json.loads(answer.body).get("warnings", [])}
    (kept,) = stored(baton)
    assert same(kept.name, event) or "event" in warned
    for name, value in properties.items():
        if f"properties.{name}" in warned or value is None or name.strip(TRIMMED) in ADDRESSES:
            continue
        read = kept.properties[normalize("NFC", name).strip(TRIMMED)]
        assert same(read, value), (name, value, read)


def same(read: Any, sent: Any) -> bool:
    """Whether a value was read back as it was sent, but for blanks and controls around a text."""
    if isinstance(sent, str):
        return bool(read == sent.strip(TRIMMED))
    return bool(read == sent) or str(read) == str(sent)


@settings(max_examples=SIZES.input_cases)
@given(some.dictionaries(names, scalars | some.lists(texts, max_size=3), max_size=6))
def test_traits_are_read_back_or_warned_about(traits: dict[str, Any]) -> None:
    baton = InMemoryBaton()
    data = {"anonymousId": "v", "traits": {"plan": "team", **traits}}
    answer = baton.http("POST", "/v1/identify", json.dumps(data), JSON)
    assert answer.status_code == 200, answer.body
    warned = {one["field"].partition(".")[2] for one in json.loads(answer.body).get("warnings", [])}
    said = [event for events in all_events(baton).values() for event in events]
    kept = [
        json.dumps(value) if isinstance(value, bool) else str(value)
        for event in said
        for value in event.fields.values()
    ]
    for name, value in traits.items():
        if value in (None, "", [], {}) or isinstance(value, list) or name in ("email", "name"):
            continue
        text = json.dumps(value) if isinstance(value, bool) else str(value).strip(TRIMMED)
        assert name in warned or text in kept or not text, (name, value, kept)


def all_events(baton: InMemoryBaton) -> dict[str, list[Event]]:
    partitions = {pk for pk, sk in baton.ports.memory.items if sk.startswith("EVENT#")}
    return {one: list(baton.world.events.of(one)) for one in partitions}


@settings(max_examples=SIZES.api_cases)
@given(some.binary(max_size=80) | some.binary(max_size=60).map(lambda body: b"\x1f\x8b" + body))
def test_whatever_bytes_come_are_never_our_fault(body: bytes) -> None:
    baton = InMemoryBaton()
    for path in PATHS:
        assert baton.http("POST", path, body, JSON).status_code in (200, 400, 413)
