"""Tracking is forgiving: whatever an item says is read as far as it can be (ADR 0042)."""

import json
from base64 import b64encode
from datetime import timedelta
from typing import Any

import pytest

from app import app
from chalicelib.events import Event, user_partition, visitor_partition
from chalicelib.http.exchange import CORS
from chalicelib.http.tracking import VIEWS
from chalicelib.limits import FORM_MAX_WARNINGS
from tests.baton import ANN, API, InMemoryBaton

JSON = {"Content-Type": "application/json"}
CALLS = ["page", "screen", "track", "identify", "group", "alias"]
SHORT = {"page": "p", "screen": "s", "track": "t", "identify": "i", "group": "g", "alias": "a"}
BATCHES = ["/v1/batch", "/v1/b", "/v1/import", "/beacon/v1/batch"]


@pytest.fixture
def baton() -> InMemoryBaton:
    return InMemoryBaton()


def taken(baton: InMemoryBaton, path: str, data: Any) -> dict[str, str]:
    """What was said of an event that was taken, by its fields."""
    answer = baton.http("POST", path, data if isinstance(data, bytes) else json.dumps(data), JSON)
    assert answer.status_code == 200, answer.body
    told = json.loads(answer.body)
    assert told["success"] is True
    return {one["field"]: one["message"] for one in told.get("warnings", [])}


def events(baton: InMemoryBaton, visitor: str = "v") -> list[Event]:
    return list(baton.world.events.of(visitor_partition(visitor)))


def event(baton: InMemoryBaton) -> Event:
    (found,) = events(baton)
    return found


# --- paths ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", CALLS)
def test_each_call_has_a_long_and_a_short_path(baton: InMemoryBaton, call: str) -> None:
    for number, path in enumerate((f"/v1/{call}", f"/v1/{SHORT[call]}")):
        taken(baton, path, {"anonymousId": "v", "messageId": f"m{number}"})
    kind = {"screen": "page", "group": "identify", "alias": "identify"}.get(call, call)
    assert [one.kind for one in events(baton)] == [kind] * 2


@pytest.mark.parametrize("path", BATCHES)
def test_a_batch_is_taken_at_each_path(baton: InMemoryBaton, path: str) -> None:
    taken(baton, path, {"batch": [{"type": call, "anonymousId": "v"} for call in CALLS]})
    assert len(events(baton)) == len(CALLS)


def test_metrics_of_a_client_are_dropped(baton: InMemoryBaton) -> None:
    before = baton.kept()
    assert baton.post("/v1/m", {"series": []}).status_code == 200
    assert baton.kept() == before


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "text/plain;charset=UTF-8",
        "application/x-www-form-urlencoded",
        "text/html",
        "application/octet-stream",
        "nonsense",
    ],
)
def test_a_body_is_json_whatever_it_is_called(baton: InMemoryBaton, kind: str) -> None:
    body = json.dumps({"anonymousId": "v"})
    assert baton.http("POST", "/v1/page", body, {"Content-Type": kind}).status_code == 200
    assert len(events(baton)) == 1


@pytest.mark.parametrize("path", ["/v1/page", "/v1/batch"])
@pytest.mark.parametrize("key", ["write-key", "wrong"])
def test_the_write_key_may_stand_in_three_places(baton: InMemoryBaton, path: str, key: str) -> None:
    item = {"type": "page", "anonymousId": "v"}
    data: dict[str, Any] = {"batch": [item]} if path == "/v1/batch" else item
    basic = "Basic " + b64encode(f"{key}:".encode()).decode()
    answers = [
        baton.post(path, {**data, "writeKey": key}),
        baton.post(f"{path}?writeKey={key}", data),
        baton.post(path, data, {"Authorization": basic}),
    ]
    expected = 200 if key == "write-key" else 401
    assert [answer.status_code for answer in answers] == [expected] * 3


def test_segments_client_is_told_where_to_post(baton: InMemoryBaton) -> None:
    answer = baton.http("GET", "/v1/projects/write-key/settings")
    assert json.loads(answer.body)["integrations"]["Segment.io"] == {
        "apiKey": "write-key",
        "apiHost": API.removeprefix("https://") + "/v1",
        "protocol": "https",
    }


def test_rudderstacks_client_is_told_of_nothing_to_load(baton: InMemoryBaton) -> None:
    source = json.loads(baton.http("GET", "/sourceConfig?writeKey=k").body)["source"]
    assert (source["writeKey"], source["enabled"], source["destinations"]) == ("k", True, [])


# --- ids ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "stored"),
    [(5, "5"), (12345678901234567890, "12345678901234567890"), (1.5, "1.5"), (" v ", "v"),
     ("a\x00b", "ab"), ("a\ud800b", "ab"), ("null", "null"), ("caf\u0065\u0301", "café")],
)  # fmt: skip
def test_an_id_is_its_text(baton: InMemoryBaton, sent: Any, stored: str) -> None:
    taken(baton, "/v1/page", {"anonymousId": sent})
    assert len(events(baton, stored)) == 1


def test_two_long_ids_that_begin_alike_stay_two(baton: InMemoryBaton) -> None:
    for end in "ab":
        said = taken(baton, "/v1/page", {"anonymousId": "v" * 300 + end})
        assert said.keys() == {"anonymousId"}
    keys = {pk for pk, sk in baton.ports.memory.items if sk.startswith("EVENT#")}
    assert len(keys) == 2


def test_an_id_that_is_none_leaves_the_other(baton: InMemoryBaton) -> None:
    said = taken(baton, "/v1/page", {"anonymousId": ["x"], "userId": 7})
    assert said.keys() == {"anonymousId"}
    assert list(baton.world.events.of(user_partition("7")))


# --- values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ({"event": 5}, None),
        ({"event": "x" * 301}, "event"),
        ({"event": "a\nb"}, "event"),
        ({"properties": []}, None),
        ({"properties": "x"}, "properties"),
        ({"properties": {f"p{n}": 1 for n in range(51)}}, "properties.p50"),
        ({"properties": {"url": 5}}, None),
        ({"properties": {"asset": "a\x00b"}}, "properties.asset"),
        ({"properties": {"asset": "x" * 5_001}}, "properties.asset"),
        ({"properties": {"a\x00b": 1}}, "properties.a\x00b"),
        ({"properties": {"": 1}}, "properties."),
        ({"properties": {"x" * 101: 1}}, f"properties.{'x' * 101}"),
        ({"properties": {"products": [{"id": 1}]}}, "properties.products"),
        ({"properties": {"tags": ["a", "b"]}}, "properties.tags"),
        ({"properties": {"asset": None, "list": [], "object": {}}}, None),
        ({"traits": "x"}, "traits"),
        ({"context": []}, None),
        ({"context": "x"}, "context"),
        ({"context": {"campaign": {"source": 5}}}, None),
        ({"context": {"campaign": "x"}}, "context.campaign"),
        ({"context": {"page": {"url": "http://[bad"}}}, None),
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"timestamp": "9999-12-31T23:59:59-23:59"}, "timestamp"),
        ({"timestamp": 5}, "timestamp"),
        ({"sentAt": "now"}, None),
    ],
)
def test_an_odd_value_costs_no_event(
    baton: InMemoryBaton, item: dict[str, Any], field: str | None
) -> None:
    said = taken(baton, "/v1/track", {"event": "Read", "anonymousId": "v", **item})
    assert said.keys() == ({field} if field else set())
    assert len(events(baton)) == 1


def test_an_odd_value_in_a_batch_is_named(baton: InMemoryBaton) -> None:
    items = [
        {"type": "page", "anonymousId": "v"},
        {"type": "page", "anonymousId": "v", "name": "a\x00b"},
    ]
    assert taken(baton, "/v1/batch", {"batch": items}).keys() == {"batch.1.name"}


def test_an_answer_has_room_for_so_many_warnings(baton: InMemoryBaton) -> None:
    """Three thousand odd values of each event made an answer that no gateway passes on."""
    items = [
        {
            "type": "track",
            "anonymousId": "v",
            "properties": dict.fromkeys(map(str, range(3_000)), 1),
        }
    ] * 10
    answer = baton.post("/v1/batch", {"batch": items})
    told = json.loads(answer.body)["warnings"]
    assert len(told) == FORM_MAX_WARNINGS
    assert told[-1] == {"field": "body", "message": "there are 29401 more warnings"}


@pytest.mark.parametrize(
    "header",
    [
        *("authorization", "content-type", "idempotency-key", "x-requested-with", "x-retry-count"),
        *("baggage", "sentry-trace", "traceparent", "tracestate", "newrelic", "b3"),
        *("x-datadog-trace-id", "x-datadog-parent-id", "x-b3-traceid", "anonymousid"),
    ],
)
def test_a_page_may_send_what_its_libraries_add(header: str) -> None:
    assert header in CORS.allow_headers.lower().split(",")


@pytest.mark.parametrize("path", [path for paths in VIEWS.values() for path in paths])
def test_every_path_of_a_browsers_client_answers_preflights(path: str) -> None:
    assert app.routes[path]["POST"].cors == CORS


def test_what_is_no_number_in_json_is_left_out(baton: InMemoryBaton) -> None:
    body = b'{"anonymousId": "v", "event": "Read", "properties": {"a": NaN, "b": 1e999, "c": 1}}'
    said = taken(baton, "/v1/track", body)
    assert said.keys() == {"properties.a", "properties.b"}
    assert event(baton).properties == {"c": 1}


def test_properties_are_flattened_once(baton: InMemoryBaton) -> None:
    properties = {"cart": {"id": "c1", "total": 9.5, "deep": {"x": 1}}, "tags": ["a", 2, True]}
    said = taken(baton, "/v1/track", {"anonymousId": "v", "properties": properties})
    assert event(baton).properties == {"cart.id": "c1", "cart.total": 9.5, "tags": "a, 2, True"}
    assert said.keys() == {"properties.cart.deep", "properties.tags"}


def test_python_writes_japanese_in_six_bytes(baton: InMemoryBaton) -> None:
    text = "日" * 6_000  # 18 KB, and 36 KB as Python's JSON writes it
    data = {"anonymousId": "v", "event": "Read", "properties": {"t": text}}
    assert len(json.dumps(data)) > 36_000
    assert taken(baton, "/v1/track", data).keys() == {"properties.t"}


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 5_000, b"\x00", b"{'a': 1}"])
def test_a_body_that_cannot_be_read_is_refused(baton: InMemoryBaton, body: bytes) -> None:
    for path in ("/v1/page", "/v1/batch"):
        answer = baton.http("POST", path, body, JSON)
        problem = json.loads(answer.body)
        assert (answer.status_code, problem["code"]) == (400, "bad_request")
        assert problem["message"]


# --- times ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", [1, 10**3, 10**6, 10**9])
def test_a_number_is_a_time_by_its_size(baton: InMemoryBaton, unit: int) -> None:
    then = baton.ports.now() - timedelta(days=3)
    taken(baton, "/v1/page", {"anonymousId": "v", "timestamp": int(then.timestamp()) * unit})
    assert abs(event(baton).at - then) < timedelta(seconds=2)


def test_an_original_timestamp_makes_a_repeat_one_event(baton: InMemoryBaton) -> None:
    now = baton.ports.now()
    for seconds in (0, 5):
        sent_at = (now + timedelta(seconds=seconds)).isoformat()
        item = {"type": "page", "anonymousId": "v", "messageId": "m",
                "originalTimestamp": now.isoformat(), "sentAt": sent_at}  # fmt: skip
        taken(baton, "/v1/batch", {"batch": [item], "sentAt": sent_at})
    assert len(events(baton)) == 1


# --- people ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("timezone", "kept"),
    [
        ("America/Los_Angeles", "America/Los_Angeles"),
        ("America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("Etc/GMT+5", ""),  # no place: the browser hides where it is
        ("UTC", ""),
        ("Eastern Standard Time", ""),
        ("Europe/../../etc/passwd", ""),
        ("<b>/<i>", ""),
        ("Europe/" + "x" * 300, ""),
        (60, ""),
        (None, ""),
    ],
)
def test_the_browsers_time_zone_is_kept(baton: InMemoryBaton, timezone: Any, kept: str) -> None:
    assert not taken(baton, "/v1/page", {"anonymousId": "v", "context": {"timezone": timezone}})
    assert event(baton).zone == kept


def test_a_lead_is_where_its_browser_is(baton: InMemoryBaton) -> None:
    batch = [
        {"type": "page", "anonymousId": "v"},
        {"type": "track", "event": "x", "anonymousId": "v"},
    ]
    taken(baton, "/v1/batch", {"batch": batch, "context": {"timezone": "America/Los_Angeles"}})
    baton.form("guide", visitor="v", **ANN)
    baton.until_quiet()
    assert baton.lead()["time_zone"] == "America/Los_Angeles"


def test_traits_may_stand_in_the_context(baton: InMemoryBaton) -> None:
    traits = {"email": ANN["email"], "firstName": "Ann", "title": "CTO"}
    taken(baton, "/v1/identify", {"anonymousId": "v", "context": {"traits": traits}})
    baton.until_quiet()
    profile = baton.lead()["profile"]
    assert (profile["first_name"], profile["job_title"]) == ("Ann", "CTO")


def test_own_traits_are_kept(baton: InMemoryBaton) -> None:
    traits = {"email": ANN["email"], "planName": "Team", "seats": 12, "tags": ["a", "b"],
              "address": {"city": "Berlin", "country": "Germany"}, "name": "Ann Example",
              "company": {"name": "Acme", "employees": "51-200", "plan": "pro"}}  # fmt: skip
    said = taken(baton, "/v1/identify", {"anonymousId": "v", "traits": traits})
    baton.until_quiet()
    profile = baton.lead()["profile"]
    assert profile["plan_name"] == "Team"
    assert profile["seats"] == 12
    assert list(profile["tags"]) == ["a", "b"]
    assert (profile["first_name"], profile["last_name"]) == ("Ann", "Example")
    assert (profile["company"], profile["company_size"]) == ("Acme", 51)
    assert (profile["company_plan"], profile["address_city"]) == ("pro", "Berlin")
    assert profile["country"] == "DE"
    assert "traits.company.employees" in said


def test_of_two_traits_for_one_field_one_is_named(baton: InMemoryBaton) -> None:
    traits = {"email": ANN["email"], "title": "CTO", "job_title": "CEO"}
    said = taken(baton, "/v1/identify", {"anonymousId": "v", "traits": traits})
    assert said.keys() == {"traits.job_title"}


@pytest.mark.parametrize("bad", ["nobody", 5, ["x"], {}, "ann@"])
def test_an_identify_without_an_address_stays_with_its_visitor(
    baton: InMemoryBaton, bad: Any
) -> None:
    taken(baton, "/v1/identify", {"anonymousId": "v", "traits": {"email": bad, "plan": "team"}})
    assert event(baton).fields == {"plan": "team"}


def test_a_user_id_that_is_an_address_is_that_address(baton: InMemoryBaton) -> None:
    taken(baton, "/v1/identify", {"userId": ANN["email"], "traits": {"firstName": "Ann"}})
    baton.until_quiet()
    lead = baton.lead()
    assert lead["profile"]["first_name"] == "Ann"
    assert "email" in lead["unconfirmed"]


def test_whatever_comes_under_an_address_is_its_leads(baton: InMemoryBaton) -> None:
    for number in range(3):
        item = {"userId": ANN["email"], "messageId": f"m{number}", "event": "Webinar Attended"}
        taken(baton, "/v1/track", {**item, "timestamp": baton.ports.now().isoformat()})
    baton.until_quiet()
    timeline = baton.get(f"/v1/leads/{baton.lead()['lead_id']}/timeline")["items"]
    assert sorted(one["kind"] for one in timeline if one["kind"] != "transition") == [
        "identify", "track", "track", "track",
    ]  # fmt: skip


def test_a_batch_under_an_address_brings_one_identify(baton: InMemoryBaton) -> None:
    item = {"type": "track", "event": "Read", "userId": ANN["email"]}
    taken(baton, "/v1/batch", {"batch": [item] * 50})
    baton.until_quiet()
    timeline = baton.get(f"/v1/leads/{baton.lead()['lead_id']}/timeline?limit=200")["items"]
    kinds = [one["kind"] for one in timeline]
    assert (kinds.count("identify"), kinds.count("track")) == (1, 50)


def test_an_address_as_user_id_joins_nobody_else(baton: InMemoryBaton) -> None:
    """Or who names it beside their own would get what is sent under it."""
    item = {"userId": "bob@acme.example", "traits": {"email": ANN["email"]}}
    taken(baton, "/v1/identify", item)
    assert baton.world.events.owner(user_partition("bob@acme.example")) is None
    taken(baton, "/v1/track", {"userId": "bob@acme.example", "event": "Read"})
    owner = baton.world.events.owner(user_partition("bob@acme.example"))
    assert owner is not None
    assert owner.lead_id == baton.world.lead_id("bob@acme.example")


def test_a_group_says_of_the_company(baton: InMemoryBaton) -> None:
    baton.form("newsletter", "v", email=ANN["email"])
    traits = {"name": "Acme", "employees": 120, "industry": "software", "plan": "pro",
              "email": "info@acme.example", "phone": "+49 30 901820"}  # fmt: skip
    taken(baton, "/v1/group", {"anonymousId": "v", "groupId": 17, "traits": traits})
    baton.until_quiet()
    lead = baton.lead()
    profile = lead["profile"]
    assert (profile["company"], profile["company_size"]) == ("Acme", 120)
    assert (profile["industry"], profile["company_plan"]) == ("software", "pro")
    assert (profile["company_email"], lead["email"]) == ("info@acme.example", ANN["email"])
    assert "phone" not in profile


# --- alias ----------------------------------------------------------------------------------------


def identified(baton: InMemoryBaton, user: str, email: str) -> None:
    taken(baton, "/v1/identify", {"userId": user, "traits": {"email": email}})


def test_an_alias_joins_a_free_id_to_a_lead(baton: InMemoryBaton) -> None:
    baton.page("/pricing", "old")
    identified(baton, "u1", ANN["email"])
    taken(baton, "/v1/alias", {"previousId": "old", "userId": "u1"})
    baton.until_quiet()
    timeline = baton.get(f"/v1/leads/{baton.lead()['lead_id']}/timeline")["items"]
    assert [one["kind"] for one in timeline if one["kind"] == "page"] == ["page"]


def test_an_alias_takes_no_id_from_another_lead(baton: InMemoryBaton) -> None:
    identified(baton, "u1", ANN["email"])
    identified(baton, "u2", "bob@acme.example")
    before = [baton.world.events.owner(user_partition(user)) for user in ("u1", "u2")]
    taken(baton, "/v1/alias", {"previousId": "u2", "userId": "u1"})
    taken(baton, "/v1/alias", {"previousId": "u1", "userId": "u2"})
    assert [baton.world.events.owner(user_partition(user)) for user in ("u1", "u2")] == before


@pytest.mark.parametrize("nobody", ["null", "{{client_id}}", "CLIENT_ID(x)", "anonymousId", "0"])
def test_an_alias_never_joins_an_id_of_nobody(baton: InMemoryBaton, nobody: str) -> None:
    identified(baton, "u1", ANN["email"])
    taken(baton, "/v1/alias", {"previousId": nobody, "userId": "u1"})
    assert baton.world.events.owner(visitor_partition(nobody)) is None


def test_an_alias_of_two_free_ids_joins_nothing(baton: InMemoryBaton) -> None:
    taken(baton, "/v1/alias", {"previousId": "old", "userId": "u1"})
    for partition in (visitor_partition("old"), user_partition("u1"), user_partition("old")):
        assert baton.world.events.owner(partition) is None
