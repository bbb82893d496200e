"""Hostile input over HTTP: refused with a 4xx problem that names the field, never a 5xx, and
nothing is half stored.
"""

import gzip
import json
import re
import tracemalloc
from base64 import b64encode, urlsafe_b64encode
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from chalice.test import HTTPResponse
from hypothesis import given, settings
from hypothesis import strategies as some

from chalicelib import limits
from chalicelib.http.languages import words_of
from tests.baton import ANN, TOKEN, InMemoryBaton

JSON = {"Content-Type": "application/json"}
URLENCODED = {"Content-Type": "application/x-www-form-urlencoded"}
BROWSER = {**URLENCODED, "Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
FORM, BATCH, PAGE, TRACK, IDENTIFY = (
    "/v1/forms/demo",
    "/v1/batch",
    "/v1/page",
    "/v1/track",
    "/v1/identify",
)
EMAIL: dict[str, Any] = {"email": "ann@acme.example"}
ENDPOINTS = [FORM, BATCH, PAGE, TRACK, IDENTIFY]


@pytest.fixture
def baton() -> InMemoryBaton:
    return InMemoryBaton()


def refused(
    baton: InMemoryBaton, answer: HTTPResponse, *fields: str, status: int = 400
) -> dict[str, Any]:
    """The problem of an answer, which names these fields and left nothing behind."""
    fresh = InMemoryBaton()
    assert answer.status_code == status, answer.body
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = json.loads(answer.body)
    assert {"type", "title", "status", "detail"} <= problem.keys()
    assert problem["status"] == status
    assert [one["field"] for one in problem.get("errors", [])] == list(fields)
    assert all(one["message"] for one in problem.get("errors", []))
    assert baton.kept() == fresh.ports.memory.items
    return problem


# --- forms in JSON --------------------------------------------------------------------------------

BAD_FORMS: list[tuple[Any, str]] = [
    ([], "body"),
    (None, "body"),
    ("text", "body"),
    ({"fields": None}, "fields.email"),
    ({"fields": {}}, "fields.email"),
    ({}, "fields.email"),
    ({"first_name": "Ann"}, "email"),
    ({"email": "nobody"}, "email"),
    ({"fields": {"email": ""}}, "fields.email"),
    ({"fields": {"email": None}}, "fields.email"),
    ({"fields": {"email": 5}}, "fields.email"),
    ({"fields": {"email": "nobody"}}, "fields.email"),
    ({"fields": {"email": "a@b"}}, "fields.email"),
    ({"fields": {"email": "ä@b.example"}}, "fields.email"),
    ({"fields": {"email": "a" * 300 + "@b.example"}}, "fields.email"),
    ({"fields": {"mine": "a@b.example", "hers": "c@d.example"}}, "fields.email"),
]


@pytest.mark.parametrize(("data", "field"), BAD_FORMS)
def test_a_wrong_field_of_a_form_is_named(baton: InMemoryBaton, data: Any, field: str) -> None:
    refused(baton, baton.post(FORM, data), field)


@pytest.mark.parametrize(
    "number",
    ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1" + "0" * 20, "1" * 4_000, "1e20"],
)
def test_a_number_that_is_none_or_too_large_is_said(baton: InMemoryBaton, number: str) -> None:
    body = f'{{"fields": {{"email": "ann@acme.example", "seats": {number}}}}}'
    answer = baton.http("POST", FORM, body, JSON)
    assert answer.status_code == 202
    assert {one["field"] for one in json.loads(answer.body)["warnings"]} == {"fields.seats"}


@pytest.mark.parametrize(
    ("path", "limit"), [(FORM, 65_536), (PAGE, 32_768), (TRACK, 32_768), (BATCH, 524_288)]
)
def test_a_body_over_its_limit_is_too_large(baton: InMemoryBaton, path: str, limit: int) -> None:
    body = json.dumps({"x": "a" * limit})
    refused(baton, baton.http("POST", path, body, JSON), "body", status=413)


@pytest.mark.parametrize("path", [FORM])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"fields": }',
        b"{'fields': 1}",
        b"\xff\xfe",
        b"[" * 5_000 + b"]" * 5_000,
        b'{"a":' * 2_000 + b"1" + b"}" * 2_000,
        b"1" * 5_000,
        b"\x00",
    ],
)
def test_broken_json_is_refused(baton: InMemoryBaton, path: str, body: bytes) -> None:
    refused(baton, baton.http("POST", path, body, JSON), "body")


@pytest.mark.parametrize("path", [FORM])
@pytest.mark.parametrize("kind", ["application/xml", "text/html", "nonsense", "image/png"])
def test_a_wrong_content_type_is_refused(baton: InMemoryBaton, path: str, kind: str) -> None:
    refused(
        baton, baton.http("POST", path, b"{}", {"Content-Type": kind}), "Content-Type", status=415
    )


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(
            (method, path)
            for method in ("GET", "PUT", "DELETE", "PATCH")
            for path in ENDPOINTS
            if (method, path) not in [(one, FORM) for one in ("GET", "PUT", "DELETE")]
        ),
        ("POST", "/v1/pixel?anonymousId=v"),
        ("POST", "/v1/leads"),
        ("DELETE", "/v1/outbox"),
    ],
)
def test_a_wrong_method_is_refused(baton: InMemoryBaton, method: str, path: str) -> None:
    refused(baton, baton.http(method, path, b"{}", {**JSON, **TOKEN}), status=405)


@pytest.mark.parametrize("path", [*ENDPOINTS, "/v1/leads"])
def test_head_is_a_wrong_method_of_all_others(baton: InMemoryBaton, path: str) -> None:
    answer = baton.http("HEAD", path, headers=TOKEN)
    assert (answer.status_code, answer.body) == (405, b"")


@pytest.mark.parametrize("form_id", ["Demo", "d" * 65, "a.b", "a%20b", "%00", "dem%C3%B6"])
def test_a_form_id_that_cannot_be_one_is_not_found(baton: InMemoryBaton, form_id: str) -> None:
    refused(baton, baton.post(f"/v1/forms/{form_id}", {"fields": EMAIL}), status=404)


def test_an_unknown_form_is_captured_and_marked(
    baton: InMemoryBaton,
) -> None:
    """So that no lead is lost."""
    baton.form("brand-new", **ANN)
    baton.until_quiet()
    (item,) = baton.get(f"/v1/leads/{baton.lead()['lead_id']}/timeline")["items"]
    assert (item["kind"], item["name"]) == ("form", "brand-new")
    assert item["detail"]["properties"]["unregistered"] is True
    assert baton.lead()["email"] == "ann@acme.example"


def test_a_required_field_that_is_missing_is_named(baton: InMemoryBaton) -> None:
    baton.world.documents.put("form", {"id": "demo", "required": ["email", "company"]}, "demo")
    before = baton.kept()
    answer = baton.post(FORM, {"fields": EMAIL})
    assert answer.status_code == 400
    assert [one["field"] for one in json.loads(answer.body)["errors"]] == ["fields.company"]
    assert baton.kept() == before


def test_text_with_tabs_and_lines_is_taken_as_it_is(baton: InMemoryBaton) -> None:
    baton.form("demo", **EMAIL, message="one\r\n\ttwo")
    assert any(
        "one\\r\\n\\ttwo" in str(item.get("fields")) for item in baton.ports.memory.items.values()
    )


# --- forms of a browser ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("", "email"),
        ("first_name=Ann", "email"),
        ("email=nobody", "email"),
        ("email=%FF%FE", "email"),
        ("&".join(f"f{n}=x" for n in range(200)), "email"),
    ],
)
def test_a_browsers_form_is_refused_by_the_name_it_used(
    baton: InMemoryBaton, body: str, field: str
) -> None:
    refused(baton, baton.http("POST", FORM, body, URLENCODED), field)
    answer = baton.http("POST", FORM, body, BROWSER)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("text/html")
    label = words_of("en").get(f"label.{field}", field)
    assert f"<strong>{label}</strong>" in answer.body.decode()
    assert baton.kept() == InMemoryBaton().ports.memory.items


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Please enter your whole email address"),
        ("email=nobody", "Please enter your whole email address"),
    ],
)
def test_a_browsers_form_is_refused_in_plain_words(
    baton: InMemoryBaton, typed: str, said: str
) -> None:
    page = baton.http("POST", FORM, typed, BROWSER).body.decode()
    assert said in page
    assert not re.search("Input|String|integer", page)


def test_a_browsers_oversized_form_gets_a_page_too(baton: InMemoryBaton) -> None:
    answer = baton.http("POST", FORM, "email=" + "a" * 70_000, BROWSER)
    assert (answer.status_code, answer.headers["Content-Type"]) == (413, "text/html; charset=utf-8")


def test_typed_markup_does_not_act_in_the_refusing_page(
    baton: InMemoryBaton,
) -> None:
    body = urlencode({"email": "<script>alert(1)</script>", "<img src=x>": "y"})
    page = baton.http("POST", FORM, body, BROWSER).body.decode()
    assert "<script>" not in page
    assert "<img" not in page


def test_a_refusing_page_repeats_no_sentence_of_another_page(baton: InMemoryBaton) -> None:
    """Any page can have its reader's browser post a form here, and ours would say it."""
    body = urlencode({"email": "x", "Your account is locked. Call 0900 1": "y", "Y" * 500: "z"})
    page = baton.http("POST", FORM, body, BROWSER).body.decode()
    assert "<strong>Email address</strong>" in page
    assert "locked" not in page
    assert "YYY" not in page


def test_a_browsers_good_form_is_redirected_to_its_page(baton: InMemoryBaton) -> None:
    answer = baton.http(
        "POST", "/v1/forms/unregistered", urlencode({**EMAIL, "_consent": "on"}), BROWSER
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "../../thanks")
    baton.world.documents.put(
        "form", {"id": "demo", "thank_you_url": "https://keybook.example/thanks"}, "demo"
    )
    answer = baton.http("POST", FORM, urlencode(EMAIL), BROWSER)
    assert (answer.status_code, answer.headers["Location"]) == (
        303,
        "https://keybook.example/thanks",
    )


# --- the idempotency key --------------------------------------------------------------------------


def test_a_repeated_submission_gets_the_first_answer_and_counts_once(
    baton: InMemoryBaton,
) -> None:
    data = {"fields": EMAIL, "visitor_id": "v1", "submission_id": "s1"}
    first = baton.post(FORM, data)
    before = baton.kept()
    again = baton.post(FORM, data)
    assert (again.status_code, again.body) == (first.status_code, first.body) == (202, first.body)
    assert baton.kept() == before


def test_the_same_key_with_another_body_is_refused(baton: InMemoryBaton) -> None:
    baton.post(FORM, {"fields": EMAIL, "submission_id": "s1"})
    before = baton.kept()
    answer = baton.post(FORM, {"fields": {**EMAIL, "first_name": "Ann"}, "submission_id": "s1"})
    assert answer.status_code == 422
    assert json.loads(answer.body)["errors"][0]["field"] == "submission_id"
    assert baton.kept() == before


def test_one_key_on_two_forms_is_two_submissions(baton: InMemoryBaton) -> None:
    baton.post(FORM, {"fields": EMAIL, "submission_id": "s1"})
    assert (
        baton.post("/v1/forms/trial", {"fields": EMAIL, "submission_id": "s1"}).status_code == 202
    )


@pytest.mark.parametrize(("in_body", "status"), [(None, 202), ("", 202), ("k1", 202), ("k2", 422)])
def test_the_header_and_the_body_agree_on_the_key(
    baton: InMemoryBaton, in_body: str | None, status: int
) -> None:
    data = {"fields": EMAIL} | ({"submission_id": in_body} if in_body is not None else {})
    answer = baton.post(FORM, data, {"Idempotency-Key": "k1"})
    assert answer.status_code == status
    if status == 202:
        assert json.loads(answer.body)["submission_id"] == "k1"
    else:
        refused(baton, answer, "submission_id", status=422)


def test_a_key_in_the_header_is_compared_after_parsing(baton: InMemoryBaton) -> None:
    first = baton.post(FORM, {"fields": EMAIL, "submission_id": "k1"})
    again = baton.http("POST", FORM, urlencode(EMAIL), {**URLENCODED, "Idempotency-Key": "k1"})
    assert (again.status_code, again.body) == (202, first.body)


def test_a_key_too_long_still_tells_repeats_from_others(baton: InMemoryBaton) -> None:
    long = "k" * 201
    first = baton.post(FORM, {"fields": EMAIL}, {"Idempotency-Key": long})
    again = baton.post(FORM, {"fields": EMAIL}, {"Idempotency-Key": long})
    other = baton.post(FORM, {"fields": EMAIL}, {"Idempotency-Key": long + "k"})
    said = [json.loads(one.body) for one in (first, again, other)]
    assert said[0] == said[1]
    assert said[0]["submission_id"] != said[2]["submission_id"]
    assert [one["field"] for one in said[0]["warnings"]] == ["Idempotency-Key"]


# --- tracking -------------------------------------------------------------------------------------

REFUSED_EVENTS: list[tuple[Any, str]] = [
    ([], "body"),
    (5, "body"),
    ({}, "anonymousId"),
    ({"anonymousId": None, "userId": None}, "anonymousId"),
    ({"anonymousId": ""}, "anonymousId"),
    ({"anonymousId": []}, "anonymousId"),
    ({"anonymousId": True}, "anonymousId"),
    ({"userId": {}}, "anonymousId"),
]


@pytest.mark.parametrize(("data", "field"), REFUSED_EVENTS)
@pytest.mark.parametrize("path", [PAGE, TRACK, IDENTIFY])
def test_an_event_without_an_id_is_refused(
    baton: InMemoryBaton, path: str, data: Any, field: str
) -> None:
    problem = refused(baton, baton.post(path, data), field)
    assert problem["code"] == "bad_request"
    assert field in problem["message"]


@pytest.mark.parametrize(
    ("data", "field"), [case for case in REFUSED_EVENTS if isinstance(case[0], dict)]
)
def test_a_batch_of_nothing_good_is_refused_with_each_place(
    baton: InMemoryBaton, data: Any, field: str
) -> None:
    refused(baton, baton.post(BATCH, {"batch": [{"type": "page", **data}]}), f"batch.0.{field}")


@pytest.mark.parametrize(
    "data",
    [
        {},
        [],
        "x",
        5,
        None,
        {"batch": None},
        {"batch": []},
        {"batch": {}},
        {"batch": "abc"},
        {"batch": 5},
        {"batch": True},
    ],
)
def test_what_is_no_batch_is_refused(baton: InMemoryBaton, data: Any) -> None:
    refused(baton, baton.post(BATCH, data), "batch")


def test_a_batch_of_101_events_is_refused_whole(baton: InMemoryBaton) -> None:
    events = [{"type": "page", "anonymousId": "v"}] * 101
    refused(baton, baton.post(BATCH, {"batch": events}), "batch")


def test_a_batch_keeps_its_good_events_and_lists_the_others(baton: InMemoryBaton) -> None:
    good = {"type": "page", "anonymousId": "v"}
    answer = baton.post(
        BATCH, {"batch": [good, 5, {"type": "screen"}, {**good, "type": "shout"}, good]}
    )
    told = json.loads(answer.body)
    assert (answer.status_code, told["success"]) == (200, True)
    assert [one["index"] for one in told["rejected"]] == [1, 2, 3]
    assert all(one["reason"] and one["code"] and one["message"] for one in told["rejected"])
    assert sum(sk.startswith("EVENT#") for _, sk in baton.ports.memory.items) == 2


LARGE_EVENT = {"type": "page", "anonymousId": "v", "context": {"x": "a" * 33_000}}


def test_an_event_over_its_limit_leaves_the_others_alone(baton: InMemoryBaton) -> None:
    good = {"type": "page", "anonymousId": "v"}
    answer = baton.post(BATCH, {"batch": [good, LARGE_EVENT, good]})
    told = json.loads(answer.body)
    assert (answer.status_code, told["success"]) == (200, True)
    words = "body: must be at most 32768 bytes; it has 33052"
    code = "request_entity_too_large"
    assert told["rejected"] == [{"index": 1, "reason": words, "code": code, "message": words}]
    assert sum(sk.startswith("EVENT#") for _, sk in baton.ports.memory.items) == 2


def test_a_batch_of_which_nothing_is_left_is_too_large(baton: InMemoryBaton) -> None:
    answer = baton.post(BATCH, {"batch": [LARGE_EVENT, 5]})
    refused(baton, answer, "batch.0.body", "batch.1.body", status=413)


@pytest.mark.parametrize("character", ["a", "é", "日", "😀"])
def test_the_size_of_an_event_is_that_of_its_utf8(baton: InMemoryBaton, character: str) -> None:
    event = {"type": "page", "anonymousId": "v", "context": {"x": ""}}
    room = limits.EVENT_MAX_BYTES - len(json.dumps(event, separators=(",", ":")))
    number, rest = divmod(room, len(character.encode()))
    event["context"] = {"x": character * number + "a" * rest}
    assert baton.post(BATCH, {"batch": [event]}).status_code == 200
    event["context"] = {"x": character * number + "a" * (rest + 1)}
    assert baton.post(BATCH, {"batch": [event]}).status_code == 413


def test_half_a_character_in_a_batch_breaks_nothing(baton: InMemoryBaton) -> None:
    event = {"type": "page", "anonymousId": "v", "context": {"x": "\ud800"}}
    assert baton.post(BATCH, {"batch": [event]}).status_code in (200, 400)


@pytest.mark.parametrize("character", ["x", "\u00e9", "\U0001f600"])
def test_the_limit_of_an_event_is_one_of_bytes(baton: InMemoryBaton, character: str) -> None:
    """Whatever its alphabet, what may be sent alone may be sent in a batch."""
    chars = limits.EVENT_MAX_BYTES * 9 // 10 // 6 // len(character.encode())
    event = {
        "type": "track",
        "anonymousId": "v1",
        "properties": {f"p{number}": character * chars for number in range(6)},
    }
    for path, data in ((TRACK, event), (BATCH, {"batch": [event]})):
        body = json.dumps(data, ensure_ascii=False)
        assert baton.http("POST", path, body, JSON).status_code == 200


@pytest.mark.parametrize("given", ["wrong", 5, {"a": 1}, ["x"], "\ud800"])
@pytest.mark.parametrize("path", [BATCH, PAGE])
def test_a_wrong_write_key_is_refused(baton: InMemoryBaton, path: str, given: Any) -> None:
    event = {"type": "page", "anonymousId": "v", "batch": [{"type": "page", "anonymousId": "v"}]}
    refused(baton, baton.post(path, {**event, "writeKey": given}), "writeKey", status=401)


@pytest.mark.parametrize(
    "header", ["Basic " + b64encode(b"wrong:").decode(), "Basic !!!", "basic x", "Basic /w=="]
)
def test_a_wrong_write_key_in_the_header_is_refused(baton: InMemoryBaton, header: str) -> None:
    for path in ENDPOINTS:
        answer = baton.post(path, {"anonymousId": "v", "fields": EMAIL}, {"Authorization": header})
        refused(baton, answer, "writeKey", status=401)


def test_the_right_write_key_or_none_is_taken(baton: InMemoryBaton) -> None:
    basic = {"Authorization": "Basic " + b64encode(b"write-key:").decode()}
    assert baton.post(PAGE, {"anonymousId": "v"}, basic).status_code == 200
    assert baton.post(PAGE, {"anonymousId": "v", "writeKey": "write-key"}).status_code == 200
    assert baton.post(PAGE, {"anonymousId": "v", "writeKey": None}).status_code == 200


@pytest.mark.parametrize(
    "visitor", ["undefined", "null", "NULL", " anonymous ", "[object Object]", "0"]
)
def test_an_id_that_broken_clients_send_never_joins(baton: InMemoryBaton, visitor: str) -> None:
    baton.page("/pricing", visitor=visitor)
    told = baton.form("demo", visitor=visitor, **EMAIL)
    assert told["visitor_id"] not in (None, visitor)
    baton.until_quiet()
    assert baton.lead()["score"]["groups"]["intent"] == 30
    assert baton.world.events.owner(f"VISITOR#{visitor.strip()}") is None


def test_beacons_of_plain_text_are_taken(baton: InMemoryBaton) -> None:
    body = json.dumps({"anonymousId": "v"})
    assert (
        baton.http("POST", PAGE, body, {"Content-Type": "text/plain;charset=UTF-8"}).status_code
        == 200
    )


# --- gzip -----------------------------------------------------------------------------------------


GZIP = {"Content-Encoding": "gzip"}
SUBMISSION = {"fields": EMAIL}


@pytest.mark.parametrize("left", [GZIP, {}])
@pytest.mark.parametrize("kind", ["application/json", "text/plain", URLENCODED["Content-Type"]])
@pytest.mark.parametrize(
    ("path", "data"),
    [
        (BATCH, {"batch": [{"type": "page", "anonymousId": "v"}]}),
        (PAGE, {"anonymousId": "v"}),
        (TRACK, {"anonymousId": "v", "event": "Product Added"}),
        (IDENTIFY, {"anonymousId": "v", "traits": {"email": "ann@acme.example"}}),
    ],
)
def test_a_gzipped_event_is_taken(
    baton: InMemoryBaton, path: str, data: Any, kind: str, left: dict[str, str]
) -> None:
    """A gateway may leave the header, or take it away with the body unpacked or not."""
    body = json.dumps(data).encode()
    for sent in (gzip.compress(body), body):
        answer = baton.http("POST", path, sent, {"Content-Type": kind, **left})
        assert (answer.status_code, answer.json_body) == (200, {"success": True})


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", json.dumps(SUBMISSION).encode()),
        (URLENCODED["Content-Type"], b"email=ann%40acme.example"),
    ],
)
def test_a_gzipped_form_is_taken(baton: InMemoryBaton, kind: str, body: bytes) -> None:
    headers = {"Content-Type": kind, **GZIP}
    answer = baton.http("POST", FORM, gzip.compress(body), headers)
    assert answer.status_code == 202
    baton.until_quiet()
    assert baton.lead()["email"] == "ann@acme.example"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (gzip.compress(b" " * 50_000_000, mtime=0), 413),
        (gzip.compress(b"{}", mtime=0)[:-9], 400),
        (gzip.compress(b"{}", mtime=0)[:5], 400),
        (b"\x1f\x8bnonsense", 400),
        (b"\x1f\x8b", 400),
        (gzip.compress(b"not json", mtime=0), 400),
        (gzip.compress(gzip.compress(b"{}", mtime=0), mtime=0), 400),
    ],
    ids=["bomb", "cut", "head", "nonsense", "magic", "text", "twice"],
)
@pytest.mark.parametrize("path", [BATCH, PAGE, FORM])
def test_a_bad_archive_is_refused(
    baton: InMemoryBaton, path: str, body: bytes, status: int
) -> None:
    refused(baton, baton.http("POST", path, body, JSON), "body", status=status)


@pytest.mark.parametrize(
    ("path", "max_bytes"),
    [
        (BATCH, limits.BATCH_BODY_MAX_BYTES),
        (PAGE, limits.EVENT_BODY_MAX_BYTES),
        (FORM, limits.FORM_BODY_MAX_BYTES),
    ],
)
def test_a_limit_holds_for_the_body_unpacked(
    baton: InMemoryBaton, path: str, max_bytes: int
) -> None:
    data = SUBMISSION if path == FORM else {"anonymousId": "v"}
    whole = {"batch": [{"type": "page", **data}]} if path == BATCH else data
    fitting = json.dumps(whole).encode().ljust(max_bytes)
    assert baton.http("POST", path, gzip.compress(fitting), JSON).status_code in (200, 202)
    over = baton.http("POST", path, gzip.compress(fitting + b" "), JSON)
    assert over.status_code == 413
    (error,) = over.json_body["errors"]
    assert error["message"] == f"must be at most {max_bytes} bytes after decompression"


@pytest.mark.parametrize("path", [BATCH, PAGE, FORM])
def test_a_bomb_is_unpacked_no_further_than_its_limit(baton: InMemoryBaton, path: str) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    tracemalloc.start()
    try:
        assert baton.http("POST", path, bomb, JSON).status_code == 413
        _, most_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most_bytes < 10 * limits.BATCH_BODY_MAX_BYTES


# --- the pixel ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "anonymousId"),
        ("?url=https%3A%2F%2Fx", "anonymousId"),
        ("?anonymousId=", "anonymousId"),
    ],
)
def test_a_pixel_without_an_id_is_refused(baton: InMemoryBaton, query: str, field: str) -> None:
    refused(baton, baton.http("GET", f"/v1/pixel{query}"), field)


@pytest.mark.parametrize(
    "query",
    [
        "?anonymousId=" + "v" * 201,
        "?anonymousId=a%00b",
        "?anonymousId=v&url=http%3A%2F%2F%5Bbad",
        "?anonymousId=v&referrer=a%0Ab",
        "?anonymousId=v&url=" + "x" * 2_049,
    ],
)
def test_a_pixel_counts_whatever_is_odd_about_it(baton: InMemoryBaton, query: str) -> None:
    assert baton.http("GET", f"/v1/pixel{query}").status_code == 204
    assert sum(sk.startswith("EVENT#") for _, sk in baton.ports.memory.items) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
        {"X-Purpose": "preview"},
        {"X-Moz": "Prefetch"},
    ],
)
def test_what_a_browser_fetches_ahead_is_no_visit(
    baton: InMemoryBaton, headers: dict[str, str]
) -> None:
    before = baton.kept()
    pixel = baton.http("GET", "/v1/pixel?anonymousId=v&url=https%3A%2F%2Fx.example", None, headers)
    page = {"type": "page", "anonymousId": "v"}
    one = baton.post(PAGE, page, headers)
    batch = baton.post(BATCH, {"batch": [page]}, headers)
    assert [each.status_code for each in (pixel, one, batch)] == [204, 200, 200]
    assert baton.kept() == before
    track = {"type": "track", "event": "Clicked", "anonymousId": "v"}
    baton.post(BATCH, {"batch": [page, track]}, headers)
    assert sum(sk.startswith("EVENT#") for _, sk in baton.ports.memory.items) == 1


def test_a_pixel_with_a_wrong_write_key_is_refused(baton: InMemoryBaton) -> None:
    refused(baton, baton.http("GET", "/v1/pixel?anonymousId=v&writeKey=x"), "writeKey", status=401)


@pytest.mark.parametrize("accept", ["image/*", "text/html", "*/*", "application/json"])
def test_a_pixel_is_one_page_view_whatever_accept_says(baton: InMemoryBaton, accept: str) -> None:
    path = "/v1/pixel?anonymousId=v&url=" + quote("https://keybook.example/pricing", safe="")
    answer = baton.http("GET", path, headers={"Accept": accept})
    assert (answer.status_code, answer.body) == (204, b"")
    (item,) = baton.ports.memory.inserted[baton.drained :]
    assert json.loads(str(item["properties"]))["path"] == "/pricing"


# --- private endpoints ----------------------------------------------------------------------------


def cursor(place: str) -> str:
    return urlsafe_b64encode(place.encode()).decode().rstrip("=")


PRIVATE = ["/v1/leads?stage=lead", "/v1/leads/X", "/v1/leads/X/timeline", "/v1/outbox"]


@pytest.mark.parametrize("path", PRIVATE)
@pytest.mark.parametrize(
    ("header", "status"),
    [
        (None, 401),
        ("", 401),
        ("Bearer", 401),
        ("Bearer  ", 401),
        ("Basic YWRtaW4tdG9rZW46", 401),
        ("admin-token", 401),
        ("Bearer wrong", 401),
        ("Bearer admin-token2", 401),
        ("Bearer é", 401),
    ],
)
def test_a_private_endpoint_needs_the_token(
    baton: InMemoryBaton, path: str, header: str | None, status: int
) -> None:
    headers = {"Authorization": header} if header is not None else {}
    refused(baton, baton.http("GET", path, headers=headers), status=status)


BAD_CURSORS = [
    "x",
    "%00",
    "é",
    cursor("[]"),
    cursor("{}"),
    cursor("[1]"),
    cursor('["a", "b", "c"]'),
    cursor("[[" * 500),
    cursor("[" * 1_200),
    "AAAA",
]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/leads", "stage"),
        ("/v1/leads?stage=lead&email=a@b.example", "stage"),
        ("/v1/leads?stage=nowhere", "stage"),
        ("/v1/leads?stage=", "stage"),
        ("/v1/leads?email=nobody", "email"),
        ("/v1/leads?email=", "email"),
        ("/v1/leads?email=a%00@b.example", "email"),
        *(
            (f"/v1/leads?stage=lead&limit={limit}", "limit")
            for limit in ("0", "201", "-1", "x", "1.5", "", "9" * 99)
        ),
        ("/v1/leads?stage=lead&limit=%C2%B2", "limit"),
        *((f"/v1/leads?stage=lead&cursor={quote(bad)}", "cursor") for bad in BAD_CURSORS),
        ("/v1/leads?stage=lead&cursor=" + cursor('["2026-13-01", 1, "x"]'), "cursor"),
        *(
            (f"/v1/leads/X?as_of={bad}", "as_of")
            for bad in ("yesterday", "", "2026-02-30", "9999-12-31")
        ),
        ("/v1/outbox?state=gone", "state"),
        ("/v1/outbox?limit=0", "limit"),
        *((f"/v1/outbox?cursor={quote(bad)}", "cursor") for bad in BAD_CURSORS),
        ("/v1/outbox?cursor=" + cursor('["\\ud800"]'), "cursor"),
        ("/v1/outbox?cursor=" + cursor('["' + "x" * 2_000 + '"]'), "cursor"),
        ("/v1/outbox?cursor=" + cursor('["\\u0001"]'), "cursor"),
    ],
)
def test_a_wrong_parameter_of_a_read_is_named(baton: InMemoryBaton, path: str, field: str) -> None:
    refused(baton, baton.http("GET", path, headers=TOKEN), field)


@pytest.mark.parametrize("bad", BAD_CURSORS)
def test_a_timelines_wrong_cursor_is_named(baton: InMemoryBaton, bad: str) -> None:
    baton.form("demo", **EMAIL)
    baton.until_quiet()
    path = f"/v1/leads/{baton.lead()['lead_id']}/timeline?cursor={quote(bad)}"
    answer = baton.http("GET", path, headers=TOKEN)
    assert answer.status_code == 400
    assert json.loads(answer.body)["errors"][0]["field"] == "cursor"


@pytest.mark.parametrize("lead_id", ["X", "%00", "L" * 3_000, "%ED%A0%80", "..", "EVENT%23"])
@pytest.mark.parametrize("what", ["", "/timeline"])
def test_an_unknown_lead_is_not_found(baton: InMemoryBaton, lead_id: str, what: str) -> None:
    refused(baton, baton.http("GET", f"/v1/leads/{lead_id}{what}", headers=TOKEN), status=404)


def test_an_unknown_address_is_an_empty_list(baton: InMemoryBaton) -> None:
    assert baton.get("/v1/leads?email=nobody@acme.example") == {"leads": [], "next_cursor": None}


# --- anything at all ------------------------------------------------------------------------------

texts = some.text(max_size=12) | some.sampled_from(
    ["ann@acme.example", "v1", "2026-11-22T10:00:00Z", "\x00", "\ud800"]
)
values = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | texts,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
names = some.sampled_from(
    [
        "fields", "email", "visitor_id", "submission_id", "page", "url", "campaign", "source",
        "consent", "marketing",
        "batch", "type", "anonymousId", "userId", "messageId", "timestamp", "sentAt", "properties",
        "traits", "context",
        "writeKey", "name", "event", "company",
    ]
)  # fmt: skip
shaped = some.dictionaries(names, values | some.dictionaries(names, values, max_size=4), max_size=6)
forms = some.fixed_dictionaries(
    {
        "fields": some.builds(
            lambda more: {**EMAIL, **more}, some.dictionaries(texts, values, max_size=3)
        )
    },
    optional={"page": values, "campaign": values, "consent": values, "visitor_id": values},
)
events = some.fixed_dictionaries(
    {"type": some.sampled_from(["page", "track", "identify"]), "anonymousId": some.just("v1")},
    optional={
        "properties": values,
        "traits": values,
        "context": values,
        "timestamp": texts,
        "event": values,
    },
)
batches = some.fixed_dictionaries({"batch": some.lists(events | values, min_size=1, max_size=3)})


@settings(max_examples=150)
@given(some.sampled_from(ENDPOINTS), values | shaped | forms | events | batches)
def test_whatever_json_comes_is_taken_whole_or_refused_whole(path: str, data: Any) -> None:
    baton = InMemoryBaton()
    before = baton.kept()
    answer = baton.http("POST", path, json.dumps(data), JSON)
    assert answer.status_code < 500, answer.body
    if answer.status_code >= 400:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert baton.kept() == before
    baton.until_quiet()  # what was taken can be worked off


@settings(max_examples=60)
@given(
    some.sampled_from(ENDPOINTS),
    some.binary(max_size=60) | some.binary(max_size=40).map(lambda b: b"\x1f\x8b" + b),
)
def test_whatever_bytes_come_are_never_our_fault(path: str, body: bytes) -> None:
    baton = InMemoryBaton()
    before = baton.kept()
    for headers in (JSON, URLENCODED, BROWSER) if path == FORM else (JSON,):
        answer = baton.http("POST", path, body, headers)
        assert 400 <= answer.status_code < 500
    assert baton.kept() == before


@settings(max_examples=80)
@given(
    some.dictionaries(
        some.sampled_from(["anonymousId", "url", "referrer", "writeKey", "x"]), texts, max_size=4
    )
)
def test_whatever_the_pixel_is_asked_is_never_our_fault(query: dict[str, str]) -> None:
    baton = InMemoryBaton()
    before = baton.kept()
    answer = baton.http("GET", "/v1/pixel?" + urlencode(query, errors="replace"))
    assert answer.status_code < 500
    assert (baton.ports.memory.items == before) == (answer.status_code >= 400)


@settings(max_examples=80)
@given(
    some.sampled_from(["/v1/leads", "/v1/leads/X", "/v1/leads/X/timeline", "/v1/outbox"]),
    some.dictionaries(
        some.sampled_from(["stage", "email", "limit", "cursor", "state"]), texts, max_size=4
    ),
)
def test_no_request_to_a_private_endpoint_is_our_fault(path: str, query: dict[str, str]) -> None:
    baton = InMemoryBaton()
    before = baton.kept()
    answer = baton.http("GET", f"{path}?{urlencode(query, errors='replace')}", headers=TOKEN)
    assert answer.status_code < 500
    assert baton.kept() == before


def test_health_and_the_tracker_need_nothing(baton: InMemoryBaton) -> None:
    assert baton.http("GET", "/v1/health").status_code == 200
    tracker = baton.http("GET", "/t.js")
    assert tracker.status_code == 200
    assert tracker.headers["Content-Type"].startswith("text/javascript")
    assert len(gzip.compress(tracker.body, mtime=0)) < 5_000
