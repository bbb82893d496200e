"""What every answer tells browsers and caches, of each route, whatever became of the request."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from chalice.app import Request, Response

from app import app
from chalicelib.errors import BatonError, ConflictError, FieldError, InputError
from chalicelib.http.exchange import HSTS, protect
from chalicelib.http.problem import STATUS, problem_of
from chalicelib.wiring import world as wiring
from tests.baton import TOKEN, InMemoryBaton
from tests.unit.test_routes import EXAMPLES, PUBLIC, ROUTES

API_ID = "a1b2c3d4e5"
DEFAULT_DOMAIN = f"{API_ID}.execute-api.eu-central-1.amazonaws.com"
HARMLESS_REFERRERS = {"no-referrer", "strict-origin-when-cross-origin"}
FORM = b'{"fields": {"email": "ann@acme.example"}}'


def is_protected(answer: Any) -> bool:
    """Whether an answer has the headers of every answer."""
    headers: Mapping[str, str] = answer.headers
    policies = [one.strip() for one in headers["Content-Security-Policy"].split(";")]
    assert "default-src 'none'" in policies
    assert "frame-ancestors 'none'" in policies
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] in HARMLESS_REFERRERS
    return "Strict-Transport-Security" not in headers


def url_of(baton: InMemoryBaton, path: str) -> str:
    token = baton.world.links.sign("unsubscribe", "A" * 26)
    return EXAMPLES.get(path, path).replace("{token}", token).replace("{form_id}", "demo")


@pytest.mark.parametrize("route", sorted(ROUTES))
@pytest.mark.parametrize("token", [{}, TOKEN], ids=["stranger", "admin"])
def test_every_route_answers_with_protection(route: str, token: dict[str, str]) -> None:
    baton = InMemoryBaton()
    method, path = route.split()
    headers = {"Content-Type": ROUTES[route].content_types[0], **token}
    body = FORM if "forms/" in path and route in PUBLIC else b"{}"
    answer = baton.http(method, url_of(baton, path), body, headers)
    assert is_protected(answer)
    assert route not in PUBLIC or path != "/v1/forms/{form_id}" or answer.status_code == 202
    is_cacheable = path == "/t.js" and answer.status_code == 200
    assert (answer.headers["Cache-Control"] == "no-store") != is_cacheable


@pytest.mark.parametrize("path", sorted(app.routes))
def test_a_refusal_of_the_framework_has_protection(path: str) -> None:
    """A method or a content type that a route does not have never reaches a view."""
    baton = InMemoryBaton()
    takes_any = any("*/*" in one.content_types for one in app.routes[path].values())
    for method, kind in [("TRACE", "application/json"), ("POST", "image/png")]:
        answer = baton.http(method, url_of(baton, path), b"x", {"Content-Type": kind})
        assert answer.status_code in (405, 415) or (method == "POST" and takes_any)
        assert is_protected(answer)
        assert answer.headers["Cache-Control"] == "no-store"


def every_error() -> list[BatonError]:
    """One of each kind that is answered."""
    field = FieldError("email", "is required")
    arguments: Mapping[type[BatonError], Any] = {ConflictError: {}}
    return [
        kind(field) if issubclass(kind, InputError) else kind(arguments.get(kind, "x"))
        for kind, _ in STATUS
    ]


@pytest.mark.parametrize("error", every_error(), ids=lambda error: type(error).__name__)
def test_every_kind_of_error_has_protection(error: BatonError) -> None:
    answer = protect(request(), lambda _request: problem_of(error))
    assert is_protected(answer)
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("route", ["POST /v1/forms/demo", "POST /v1/page", "GET /v1/leads/x"])
def test_an_outage_has_protection(route: str) -> None:
    baton = InMemoryBaton()
    nothing: Any = None
    baton.ports.table = nothing  # not even an error of its own
    baton.world = wiring.World(baton.ports)
    method, path = route.split()
    body = FORM if "forms" in path else b'{"anonymousId": "v"}'
    answer = baton.http(method, path, body, {"Content-Type": "application/json", **TOKEN})
    assert answer.status_code == 500
    assert is_protected(answer)
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_error_is_never_cached_whatever_its_view_says() -> None:
    view = Response("", headers={"Cache-Control": "public, max-age=3600"}, status_code=404)
    assert protect(request(), lambda _request: view).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("asks", ["text/html", "application/json"])
def test_a_posted_form_has_protection_taken_or_refused(asks: str) -> None:
    baton = InMemoryBaton()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": asks}
    sent = baton.http("POST", "/v1/forms/demo", "email=ann%40acme.example", headers)
    refused = baton.http("POST", "/v1/forms/demo", "email=", headers)
    for answer in (sent, refused):
        assert is_protected(answer)
        assert answer.headers["Cache-Control"] == "no-store"
    assert refused.status_code == 400


@pytest.mark.parametrize("path", ["/v1/forms/demo", "/v1/batch", "/v1/page"])
def test_a_page_of_another_origin_reads_when_to_come_again(path: str) -> None:
    """A browser shows a script no header that is not named here."""
    answer = InMemoryBaton().post(path, {})
    assert answer.headers["Access-Control-Expose-Headers"] == "Retry-After"


def test_a_page_may_neither_be_framed_nor_run_scripts() -> None:
    answer = InMemoryBaton().http("GET", "/thanks")
    assert set(answer.headers["Content-Security-Policy"].split("; ")) == {
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    }


def request(domain: str | None = DEFAULT_DOMAIN) -> Request:
    context = {"httpMethod": "GET", "resourcePath": "/v1/health", "apiId": API_ID}
    return Request(
        {
            "multiValueQueryStringParameters": None,
            "headers": {},
            "pathParameters": None,
            "body": None,
            "stageVariables": None,
            "requestContext": {**context, **({"domainName": domain} if domain else {})},
        }
    )


@pytest.mark.parametrize(
    ("domain", "is_strict"), [("go.acme.example", True), (DEFAULT_DOMAIN, False), (None, False)]
)
def test_only_our_own_domain_promises_https(domain: str | None, *, is_strict: bool) -> None:
    baton = InMemoryBaton()
    wiring.use(baton.world)
    try:
        answer = app(request(domain).to_original_event(), None)
    finally:
        wiring.use(None)
    assert json.loads(answer["body"])["status"] == "ok"
    found = answer["multiValueHeaders"].get("Strict-Transport-Security") or answer["headers"].get(
        "Strict-Transport-Security"
    )
    assert found == (HSTS if is_strict else None)
