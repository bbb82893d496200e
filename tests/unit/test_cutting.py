"""What is stored of one event is bounded, and what was cut is said."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bench.sizes import item_bytes
from chalicelib.capture.cutting import MARK, within
from chalicelib.events import Event, Kind, Rank, lead_partition, user_partition, visitor_partition
from chalicelib.limits import FORM_STORED_MAX_BYTES, PING_STORED_MAX_BYTES
from chalicelib.store.dynamo import marshal
from chalicelib.store.events import event_item, event_of
from chalicelib.store.table import Item
from chalicelib.telemetry import tracing
from tests import factories as make
from tests.baton import ANN, InMemoryBaton
from tests.factories import LEAD_ID
from tests.fakes import NOW

WIDE = "😀"
ESCAPED = '"\\'

characters = some.sampled_from(["a", "ü", WIDE, '"', "\\", "\n"])
lengths = some.sampled_from([0, 1, 39, 40, 41, 300, 2_048, 5_000])
texts = some.builds(lambda character, length: character * length, characters, lengths)
values = some.one_of(texts, some.integers(-(2**63), 2**63), some.booleans(), some.floats(-1, 1))
lists = some.lists(values, min_size=1, max_size=8).map(tuple)
names = some.builds(
    lambda name, pad: (name + pad * 100)[:100],
    some.text("abcdefghij", min_size=1, max_size=8),
    some.sampled_from(["", WIDE, '"']),
)
said = some.dictionaries(names, values, max_size=50)
answers = some.dictionaries(names, values | lists, max_size=50)
ids = some.sampled_from(["v1", WIDE * 200, '"' * 200])
whole_events = some.builds(
    lambda one_id, name, properties, campaign, fields, path, is_own: Event(
        partition=lead_partition(LEAD_ID) if is_own else visitor_partition(one_id),
        id="9999999999999-0123456789abcdef",
        kind=Kind.IDENTIFY,
        name=name[:300],
        at=NOW,
        captured_at=NOW,
        properties={**properties, "path": path[:2_048]},
        campaign={name: str(value)[:300] for name, value in list(campaign.items())[:5]},
        fields={**fields, "email": "a@b.example"},
        rank=Rank.IDENTIFY,
    ),
    ids,
    texts,
    said,
    said,
    answers,
    texts,
    some.booleans(),
)


def bytes_of(item: Item) -> int:
    return item_bytes(marshal(item))


def stored(event: Event, one_id: str = WIDE * 200) -> int:
    """Return the size of an event's item, with two joins if it is a lead's."""
    visitors = (visitor_partition(one_id), user_partition(one_id))
    is_own = event.partition.startswith("LEAD#")
    with tracing("12345678"):
        item = event_item(event)
        if is_own:
            item["joins"] = json.dumps(visitors, ensure_ascii=False, separators=(",", ":"))
    return bytes_of(item)


@given(whole_events, some.sampled_from([PING_STORED_MAX_BYTES, FORM_STORED_MAX_BYTES]))
def test_whatever_is_sent_fits_into_its_item(event: Event, max_bytes: int) -> None:
    fitting, cut = within(event, max_bytes)
    assert stored(fitting) <= max_bytes
    assert (fitting == event) == (not cut)
    assert (fitting.partition, fitting.id, fitting.kind) == (event.partition, event.id, event.kind)
    assert fitting.fields["email"] == event.fields["email"]
    path = str(event.properties["path"])
    kept = str(fitting.properties["path"])
    assert path.startswith(kept)
    assert kept == path or len(json.dumps(kept, ensure_ascii=False).encode()) > 500
    assert within(event, max_bytes) == (fitting, cut)
    assert within(fitting, max_bytes)[0].properties == fitting.properties
    assert event_of(event_item(fitting)) == fitting


def test_the_longest_values_are_cut_first() -> None:
    event = make.event(properties={"path": "/a", "long": "x" * 9_000, "short": "y" * 900})
    fitting, cut = within(event, PING_STORED_MAX_BYTES)
    assert cut == ["properties.long"] == list(fitting.cut)
    assert fitting.properties["short"] == "y" * 900
    assert 2_000 < len(str(fitting.properties["long"])) < 4_000


def test_of_a_long_list_the_first_values_are_kept() -> None:
    event = make.form(fields={"email": "a@b.example", "ticked": ("x" * 500,) * 40})
    fitting, cut = within(event, 6_000)
    assert cut == ["fields.ticked"]
    assert fitting.fields["ticked"] == ("x" * 500,) * 3


@pytest.mark.parametrize(
    "text", [WIDE * 4_000, ESCAPED * 4_000, "a" + ESCAPED * 4_000], ids=range(3)
)
def test_a_text_is_cut_between_two_characters(text: str) -> None:
    fitting, _ = within(make.event(properties={"text": text}), PING_STORED_MAX_BYTES)
    assert text.startswith(str(fitting.properties["text"]))


def test_a_mark_stands_for_names_that_have_no_room() -> None:
    event = make.event(properties={f"a-rather-long-name-{n}": "x" * 500 for n in range(40)})
    fitting, cut = within(event, PING_STORED_MAX_BYTES)
    assert len(cut) == 40
    assert fitting.cut[-1] == MARK
    assert list(fitting.cut[:-1]) == cut[: len(fitting.cut) - 1]


# --- over HTTP ------------------------------------------------------------------------------------


def events_in(baton: InMemoryBaton) -> list[Item]:
    items = baton.ports.memory.items.items()
    return [item for (_, sk), item in items if sk.startswith("EVENT#")]


LONG = {f"property-{n}": "x" * 1_500 for n in range(6)}
PING: dict[str, Any] = {"anonymousId": "v1", "properties": LONG, "event": "Big"}
PEOPLE = {"email": ANN["email"], "firstName": WIDE * 300, "company": WIDE * 300, "title": "ü" * 300}


@pytest.mark.parametrize(
    ("path", "data", "field"),
    [
        ("/v1/track", PING, "properties.property-0"),
        ("/v1/page", PING, "properties.property-0"),
        ("/v1/batch", {"batch": [{**PING, "type": "track"}]}, "batch.0.properties.property-0"),
        (
            "/v1/identify",
            {"userId": WIDE * 200, "anonymousId": WIDE * 200, "traits": PEOPLE},
            "traits.first_name",
        ),
    ],
)
def test_a_long_ping_is_cut_marked_and_said(path: str, data: Any, field: str) -> None:
    baton = InMemoryBaton()
    answer = baton.post(path, data)
    assert answer.status_code == 200
    warnings = json.loads(answer.body)["warnings"]
    assert field in [warning["field"] for warning in warnings]
    assert all(warning["message"] for warning in warnings)
    (event,) = events_in(baton)
    assert bytes_of(event) <= PING_STORED_MAX_BYTES
    assert event["cut"]


FIELDS = {**ANN, **{f"field_{n}": WIDE * 300 for n in range(30)}, "message": WIDE * 5_000}


def test_a_long_form_is_cut_marked_and_loses_no_lead() -> None:
    baton = InMemoryBaton()
    data = {"fields": FIELDS, "submission_id": WIDE * 200, "visitor_id": WIDE * 200}
    body = json.dumps(data, ensure_ascii=False)
    headers = {"Content-Type": "application/json"}
    answers = [baton.http("POST", "/v1/forms/demo", body, headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    first, again = (json.loads(answer.body) for answer in answers)
    assert first == again, "a repeat gets the first answer"
    assert "fields.message" in [warning["field"] for warning in first["warnings"]]
    assert max(map(bytes_of, events_in(baton))) <= FORM_STORED_MAX_BYTES
    (receipt,) = (i for (_, sk), i in baton.ports.memory.items.items() if sk == "RECEIPT")
    assert bytes_of(receipt) <= 2 * 1024
    baton.until_quiet()
    lead = baton.lead()
    assert (lead["stage"], lead["email"]) == ("sql", ANN["email"])
    timeline = baton.get(f"/v1/leads/{lead['lead_id']}/timeline")["items"]
    (form,) = (item for item in timeline if item["kind"] == "form")
    assert "fields.message" in form["detail"]["cut"]


def test_a_browsers_post_is_warned_of_by_its_own_names() -> None:
    baton = InMemoryBaton()
    # A byte that is not of a plain letter takes three in a url-encoded post.
    flat = {**ANN, **{f"field_{n}": "x" * 300 for n in range(36)}, "message": "\\" * 5_000}
    flat |= {"details": "\\" * 5_000}
    flat |= {"_page_url": "https://x.example/" + "\\" * 2_000, "_page_title": '"' * 300}
    flat |= {"_referrer": "https://x.example/" + "\\" * 2_000}
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    answer = baton.http("POST", "/v1/forms/demo", urlencode(flat), headers)
    assert answer.status_code == 202
    named = {one["field"] for one in json.loads(answer.body)["warnings"]}
    assert "message" in named


def test_what_is_usual_is_neither_cut_nor_warned_of() -> None:
    baton = InMemoryBaton()
    for path, data in [
        (
            "/v1/page",
            {"anonymousId": "v1", "properties": {"url": "https://x.example/" + "a" * 900}},
        ),
        ("/v1/identify", {"anonymousId": "v1", "traits": {"email": ANN["email"]}}),
        ("/v1/forms/demo", {"fields": {**ANN, "phone": "+4930901820", "message": "m" * 5_000}}),
    ]:
        assert "warnings" not in json.loads(baton.post(path, data).body)
    assert not any("cut" in event for event in events_in(baton))


def test_a_short_batch_does_not_become_long_items() -> None:
    """What is said once for the whole batch applies to each of its hundred events."""
    baton = InMemoryBaton()
    campaign = dict.fromkeys(("source", "medium", "name", "term", "content"), "c" * 300)
    context = {"campaign": campaign, "page": {"url": "https://x.example/" + "a" * 2_000}}
    events = [{"type": "page", "anonymousId": f"v{n}"} for n in range(100)]
    assert baton.post("/v1/batch", {"batch": events, "context": context}).status_code == 200
    assert max(map(bytes_of, events_in(baton))) <= 1_024
