"""The model over HTTP: draft, read, list, simulate, publish, jobs; and what is refused."""

import json
from copy import deepcopy
from typing import Any

import pytest

from chalicelib.limits import MODEL_BODY_MAX_BYTES
from tests.baton import TOKEN, InMemoryBaton, model_document

NO_VERSION = "there is no version 99 of the model"


def draft(**parts: Any) -> Any:
    """The default model under another name, with other parts."""
    return {**deepcopy(model_document()), "name": "Another", **parts}


def post(baton: InMemoryBaton, path: str, body: Any) -> tuple[int, Any]:
    answer = baton.post(path, body, TOKEN)
    return answer.status_code, json.loads(answer.body)


def get(baton: InMemoryBaton, path: str) -> tuple[int, Any]:
    answer = baton.http("GET", path, headers=TOKEN)
    return answer.status_code, json.loads(answer.body)


@pytest.fixture
def baton() -> InMemoryBaton:
    return InMemoryBaton()


# --- drafts and versions --------------------------------------------------------------------------


def test_a_draft_gets_the_next_version_and_changes_nothing(baton: InMemoryBaton) -> None:
    told = {"version": 2, "warnings": [], "failing_examples": []}
    assert post(baton, "/v1/model", draft()) == (200, told)
    assert post(baton, "/v1/model", draft(name="A third"))[1]["version"] == 3
    assert get(baton, "/v1/model") == (200, {**model_document(), "version": 1})


def test_a_version_is_read_as_it_was_written(baton: InMemoryBaton) -> None:
    post(baton, "/v1/model", draft())
    assert get(baton, "/v1/model?version=2") == (200, {**draft(), "version": 2})


def test_what_get_tells_can_be_posted_back(baton: InMemoryBaton) -> None:
    told = get(baton, "/v1/model")[1]
    assert post(baton, "/v1/model", told)[0] == 200
    assert get(baton, "/v1/model?version=2")[1] == {**model_document(), "version": 2}


def test_versions_are_listed_newest_first_with_what_they_are(baton: InMemoryBaton) -> None:
    post(baton, "/v1/model", draft())
    status, body = get(baton, "/v1/model/versions")
    assert status == 200
    at = "2026-11-22T10:00:00.000Z"
    assert body["versions"] == [
        {
            "version": 2,
            "name": "Another",
            "state": "draft",
            "created_at": at,
            "published_at": None,
            "author": "admin",
            "note": None,
        },
        {
            "version": 1,
            "name": "B2B software",
            "state": "active",
            "created_at": at,
            "published_at": at,
            "author": None,
            "note": None,
        },
    ]
    post(baton, "/v1/model/versions/2/publish", {"force": True})
    assert [one["state"] for one in get(baton, "/v1/model/versions")[1]["versions"]] == [
        "active",
        "published",
    ]


def test_version_0_is_one_that_is_not_there(baton: InMemoryBaton) -> None:
    """It was said that there is no model yet."""
    status, body = post(baton, "/v1/model/simulate", {"version": 0})
    assert (status, body["detail"]) == (404, "there is no version 0 of the model")


def test_what_is_probably_not_meant_is_told_with_the_draft(baton: InMemoryBaton) -> None:
    unused = {
        **model_document()["signals"],
        "imprint": {"on": "page", "where": {"path": ["/imprint"]}},
    }
    status, body = post(baton, "/v1/model", draft(signals=unused))
    assert status == 200
    assert [sorted(one) for one in body["warnings"]] == [["field", "message"]]
    assert "imprint" in body["warnings"][0]["field"]


def test_a_malformed_document_is_refused_with_every_place(
    baton: InMemoryBaton,
) -> None:
    status, body = post(baton, "/v1/model", draft(signals="many", groups=3))
    assert status == 400
    assert {one["field"] for one in body["errors"]} >= {"signals", "groups"}
    assert get(baton, "/v1/model/versions")[1]["versions"][0]["version"] == 1


@pytest.mark.parametrize(
    "path", ["/v1/model", "/v1/model/simulate", "/v1/model/versions/1/publish"]
)
@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("[]", 400),
        ('"model"', 400),
        ("{", 400),
        ("", 400),
        ("[" * 100_000, 400),
        ('{"a":' * 5_000 + "1" + "}" * 5_000, 400),
        ('{"name": NaN}', 400),
        (b"\xff\xfe", 400),
        ('{"name": "' + "x" * MODEL_BODY_MAX_BYTES + '"}', 413),
    ],
)
def test_what_is_no_object_of_a_sensible_size_is_refused(
    baton: InMemoryBaton, path: str, body: Any, status: int
) -> None:
    answer = baton.http("POST", path, body, {"Content-Type": "application/json", **TOKEN})
    assert answer.status_code == status, answer.body
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "strange",
    [
        {"name": "\ud800"},
        {"name": "\x00"},
        {"grade_needs": 10**400},
        {"grade_needs": 1e999},
        {"signals": {"a" * 300: {"on": "page"}}},
        {"rules": {"profile": {}, "channel": [], "actions": None}},
        {"examples": [[[[[[]]]]]]},
    ],
)
@pytest.mark.parametrize("path", ["/v1/model", "/v1/model/simulate"])
def test_strange_values_are_never_an_error_of_ours(
    baton: InMemoryBaton, path: str, strange: Any
) -> None:
    status, body = post(baton, path, draft(**strange))
    assert status in (200, 400), body


def test_another_content_type_is_refused(baton: InMemoryBaton) -> None:
    answer = baton.http(
        "POST", "/v1/model", "name: x", {"Content-Type": "application/xml", **TOKEN}
    )
    assert answer.status_code == 415


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/model"),
        ("POST", "/v1/model"),
        ("GET", "/v1/model/versions"),
        ("GET", "/v1/model/schema"),
        ("GET", "/v1/model/templates"),
        ("GET", "/v1/model/templates/services"),
        ("POST", "/v1/model/simulate"),
        ("POST", "/v1/model/versions/1/publish"),
        ("GET", "/v1/jobs/id-000001"),
    ],
)
def test_nothing_is_told_without_the_token(baton: InMemoryBaton, method: str, path: str) -> None:
    body = "{}" if method == "POST" else None
    assert baton.http(method, path, body, {"Content-Type": "application/json"}).status_code == 401


@pytest.mark.parametrize(
    ("version", "status"),
    [("99", 404), ("0", 404), ("x", 400), ("-1", 400), ("1.0", 400), ("", 400)],
)
def test_an_unknown_version_is_404_and_a_word_refused(
    baton: InMemoryBaton, version: str, status: int
) -> None:
    assert get(baton, f"/v1/model?version={version}")[0] == status


def test_a_version_has_no_end_of_digits(baton: InMemoryBaton) -> None:
    assert get(baton, "/v1/model?version=" + "9" * 5_000)[0] == 400


def test_the_schema_is_served(baton: InMemoryBaton) -> None:
    answer = baton.http("GET", "/v1/model/schema", headers=TOKEN)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/schema+json"
    assert "signals" in json.loads(answer.body)["properties"]


# --- simulate and publish -------------------------------------------------------------------------

EMPTY: dict[str, Any] = {
    "changes": {},
    "leads": [],
    "handoffs_per_week": {"before": 0, "after": 0, "capacity": 70},
    "outcomes": None,
    "emails": 0,
}


@pytest.mark.parametrize(
    "body", [{"version": 1}, {"model": draft()}, draft(), {**draft(), "version": 7}]
)
def test_every_form_of_draft_is_simulated_and_none_stored(baton: InMemoryBaton, body: Any) -> None:
    """A version, a wrapped document and a bare one."""
    assert post(baton, "/v1/model/simulate", body) == (200, EMPTY)
    assert len(get(baton, "/v1/model/versions")[1]["versions"]) == 1


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"version": 99}, 404, None),
        ({"version": "1"}, 400, "version"),
        ({"version": True}, 400, "version"),
        ({"version": -1}, 400, "version"),
        ({"version": 10**30}, 400, "version"),
        ({"model": []}, 400, "model"),
        ({"model": draft(), "version": 1}, 400, "version"),
        ({"model": {}}, 400, "name"),
        ({}, 400, "name"),
    ],
)
def test_what_cannot_be_simulated_is_refused(
    baton: InMemoryBaton, body: Any, status: int, field: str | None
) -> None:
    found, answer = post(baton, "/v1/model/simulate", body)
    assert found == status
    assert field is None or field in {one["field"] for one in answer["errors"]}


@pytest.mark.parametrize(
    ("version", "body", "status"),
    [
        ("99", {"force": True}, 404),
        ("x", {"force": True}, 404),
        ("2", {"force": "yes"}, 400),
        ("2", {"force": 1}, 400),
        ("2", {"expected_changes": "0"}, 400),
        ("2", {"expected_changes": 0.5}, 400),
        ("2", {"expected_changes": True}, 400),
        ("2", {"expected_changes": -1}, 400),
        ("2", {"expected": 0}, 400),
        ("2", {}, 409),
        ("2", {"expected_changes": None}, 409),
        ("2", {"expected_changes": 0}, 409),
        ("1", {"expected_changes": 0}, 409),
    ],
)
def test_a_publish_that_is_not_asked_rightly_is_refused(
    baton: InMemoryBaton, version: str, body: Any, status: int
) -> None:
    post(baton, "/v1/model", draft())
    assert post(baton, f"/v1/model/versions/{version}/publish", body)[0] == status
    assert get(baton, "/v1/model")[1]["version"] == 1


def test_a_publish_shows_in_the_next_read(baton: InMemoryBaton) -> None:
    post(baton, "/v1/model", draft())
    post(baton, "/v1/model/simulate", {"version": 2})
    status, job = post(baton, "/v1/model/versions/2/publish", {"expected_changes": 0})
    assert status == 202
    assert sorted(job) == ["done", "id", "kind", "report", "state", "total"]
    assert job["kind"] == "publish"
    assert get(baton, "/v1/model")[1]["version"] == 2
    baton.minutes_later(2)
    status, job = get(baton, f"/v1/jobs/{job['id']}")
    assert (status, job["state"], job["report"]["version"]) == (200, "done", 2)


@pytest.mark.parametrize("job_id", ["id-99", "x" * 100, "%20", "a#b"])
def test_an_unknown_job_is_not_found(baton: InMemoryBaton, job_id: str) -> None:
    assert get(baton, f"/v1/jobs/{job_id}")[0] == 404
