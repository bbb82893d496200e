"""Every route says who may call it, and its path fits API Gateway."""

import json
from collections import defaultdict
from typing import Any

import pytest
from chalice.app import RouteEntry

from app import app
from chalicelib.access.tokens import Role
from chalicelib.http.auth import roles_of
from tests.baton import TOKEN, InMemoryBaton

PUBLIC = {
    "POST /v1/forms/{form_id}",
    "GET /v1/forms/{form_id}/token",
    "HEAD /v1/forms/{form_id}/token",
    "POST /v1/batch",
    "POST /v1/track",
    "POST /v1/page",
    "POST /v1/identify",
    *(f"POST /v1/{call}" for call in ("screen", "group", "alias", "import")),
    *(f"POST /v1/{letter}" for letter in "btpisgam"),
    "POST /beacon/v1/batch",
    "GET /v1/projects/{write_key}/settings",
    "HEAD /v1/projects/{write_key}/settings",
    "GET /sourceConfig",
    "HEAD /sourceConfig",
    "GET /v1/pixel",
    "HEAD /v1/pixel",
    "GET /v1/health",
    "HEAD /v1/health",
    "GET /t.js",
    "HEAD /t.js",
    "GET /thanks",
    "HEAD /thanks",
    "GET /a/{token}",
    "HEAD /a/{token}",
    "POST /a/{token}",
    "GET /c/{token}",
    "GET /e/{token}",
    "HEAD /e/{token}",
    "HEAD /c/{token}",
    "GET /confirm/{token}",
    "HEAD /confirm/{token}",
    "POST /confirm/{token}",
    "GET /handoffs/{token}",
    "HEAD /handoffs/{token}",
    "POST /handoffs/{token}",
    "GET /replies/{token}",
    "HEAD /replies/{token}",
    "POST /replies/{token}",
    "GET /u/{token}",
    "HEAD /u/{token}",
    "POST /u/{token}",
}
ROUTES: dict[str, RouteEntry] = {
    f"{method} {path}": entry
    for path, methods in app.routes.items()
    for method, entry in methods.items()
}
PUBLIC_READS = sorted(route.split()[1] for route in PUBLIC if route.startswith("GET "))
EXAMPLES = {"/v1/pixel": "/v1/pixel?anonymousId=v&url=https%3A%2F%2Fkeybook.example%2F"}
PRIVATE = sorted(ROUTES.keys() - PUBLIC)
WRONG = {
    "no header": {},
    "no token": {"Authorization": "Bearer "},
    "wrong token": {"Authorization": "Bearer wrong"},
    "wrong scheme": {"Authorization": "Basic YWRtaW4tdG9rZW46"},
}


@pytest.mark.parametrize("route", sorted(ROUTES))
def test_a_route_is_listed_as_public_or_names_its_roles(route: str) -> None:
    roles = roles_of(ROUTES[route].view_function)
    assert bool(roles) != (route in PUBLIC)
    assert roles <= set(Role)


def test_the_public_routes_all_exist() -> None:
    assert ROUTES.keys() >= PUBLIC


def test_every_public_get_route_answers_head() -> None:
    heads = {route.removeprefix("HEAD ") for route in ROUTES if route.startswith("HEAD ")}
    assert heads == set(PUBLIC_READS)


def without_id(answer: Any) -> dict[str, str]:
    """The headers of an answer but for the one that names its request."""
    return {name: value for name, value in answer.headers.items() if name != "X-Request-Id"}


@pytest.mark.parametrize("path", [*PUBLIC_READS, "/u/token-of-nobody"])
def test_head_is_get_without_body_and_changes_nothing(path: str) -> None:
    baton = InMemoryBaton()
    url = EXAMPLES.get(path, path.replace("{token}", baton.world.links.sign("unsubscribe", "a")))
    before = baton.kept()
    head = baton.http("HEAD", url)
    assert baton.kept() == before
    get = baton.http("GET", url)
    assert (head.status_code, without_id(head), head.body) == (
        get.status_code,
        without_id(get),
        b"",
    )


def test_head_is_refused_as_get_is() -> None:
    baton = InMemoryBaton()
    wrong = "/v1/pixel?anonymousId=v&writeKey=wrong"
    head = baton.http("HEAD", wrong)
    get = baton.http("GET", wrong)
    assert (head.status_code, without_id(head), head.body) == (
        get.status_code,
        without_id(get),
        b"",
    )
    assert get.status_code == 401


@pytest.mark.parametrize("header", WRONG)
@pytest.mark.parametrize("route", PRIVATE)
def test_a_private_route_refuses_before_it_reads_the_body(route: str, header: str) -> None:
    baton = InMemoryBaton()
    before = baton.kept()
    method, path = route.split()
    kind = ROUTES[route].content_types[0]
    answer = baton.http(method, path, b"{", {"Content-Type": kind, **WRONG[header]})
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert baton.kept() == before


@pytest.mark.parametrize("route", PRIVATE)
def test_a_private_route_refuses_an_unknown_query_parameter(route: str) -> None:
    """A misspelt `as_of` was ignored, and the lead as of today passed for that of the day."""
    baton = InMemoryBaton()
    before = baton.kept()
    method, path = route.split()
    headers = {**TOKEN, "Content-Type": ROUTES[route].content_types[0]}
    answer = baton.http(method, f"{path}?as-of=2026-11-21", b"{}", headers)
    assert answer.status_code == 400
    (error,) = json.loads(answer.body)["errors"]
    assert error["field"] == "as-of"
    assert error["message"].startswith("there is no such parameter; known here: ")
    assert baton.kept() == before


# All but reads and deletions, which have no body, and the import: a lead a line, of free fields.
WRITES = {one for one in PRIVATE if one.startswith(("POST", "PUT"))} - {"POST /v1/leads/import"}


@pytest.mark.parametrize("route", sorted(WRITES))
def test_a_private_route_refuses_an_unknown_key(route: str) -> None:
    baton = InMemoryBaton()
    before = baton.kept()
    method, path = route.split()
    for variable in ("form_id", "email_id", "sequence_id", "list_id", "mailing_id"):
        path = path.replace(f"{{{variable}}}", "welcome")
    headers = {**TOKEN, "Content-Type": "application/json"}
    answer = baton.http(method, path, b'{"of_no_use": 1}', headers)
    assert answer.status_code in (400, 422)
    assert "of_no_use" in [one["field"] for one in json.loads(answer.body)["errors"]]
    assert baton.kept() == before


def test_sibling_paths_name_their_variable_alike() -> None:
    """API Gateway refuses two variables in one place."""
    variables: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    for path in app.routes:
        parts = path.split("/")
        for position, part in enumerate(parts):
            if part.startswith("{"):
                variables[tuple(parts[:position])].add(part)
    assert {place: names for place, names in variables.items() if len(names) > 1} == {}
