"""Tokens under attack: forged, unknown, revoked, expired, of another role; and the journal."""

import ast
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from app import app
from chalicelib.access.acting import who_acts
from chalicelib.access.tokens import NO_HASH, Role, hash_of_secret, is_secret_of
from chalicelib.errors import ThrottledError
from chalicelib.events import rfc3339
from chalicelib.http.auth import roles_of
from chalicelib.store import keys
from chalicelib.store.table import Put, Write
from tests.baton import ANN, TOKEN, InMemoryBaton, ask
from tests.fakes import NOW, FakePorts
from tests.pages import HOME

JSON = "application/json"
PRIVATE = [
    (method, path, entry)
    for path, methods in app.routes.items()
    for method, entry in methods.items()
    if roles_of(entry.view_function)
]
SECRET = "A" * 43
HOSTILE = {
    "no scheme": "bt_000000000000_" + SECRET,
    "only the scheme": "Bearer",
    "another scheme": "Basic YWRtaW46YWRtaW4=",
    "two schemes": "Bearer admin-token, Basic YWRtaW46YWRtaW4=",
    "two tokens": "Bearer wrong admin-token",
    "a scheme in a scheme": "Bearer Bearer admin-token",
    "ten kilobytes": "Bearer " + "x" * 10_240,
    "ten kilobytes of a token": "Bearer bt_000000000000_" + "A" * 10_240,
    "umlauts": "Bearer bt_öäü_ß",
    "digits of another script": "Bearer bt_" + "٣" * 12 + "_" + SECRET,
    "half a surrogate pair": "Bearer \ud800",
    "a NUL": "Bearer admin-token\x00",
    "a line break inside": "Bearer admin-\ntoken",
    "an id in capitals": "Bearer bt_ABCDEFABCDEF_" + SECRET,
    "no secret": "Bearer bt_000000000000_",
    "the kept hash": "Bearer " + NO_HASH,
}


def made(baton: InMemoryBaton, role: str = "marketer", **more: Any) -> Any:
    """Return a new token as the API answers it."""
    person = {"person": "sam"} if role == "sales" else {}
    answer = baton.post("/v1/tokens", {"name": f"a {role}", "role": role, **person, **more}, TOKEN)
    assert answer.status_code == 201, answer.body
    return json.loads(answer.body)


def bearer(token: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {token['token']}"}


def status(baton: InMemoryBaton, headers: dict[str, str], path: str = "/v1/leads?stage=sql") -> int:
    return int(baton.http("GET", path, headers=headers).status_code)


def forged(baton: InMemoryBaton) -> str:
    token = made(baton, "admin")
    return f"bt_{token['id']}_{SECRET}"


def unknown(_baton: InMemoryBaton) -> str:
    return f"bt_000000000000_{SECRET}"


def revoked(baton: InMemoryBaton) -> str:
    token = made(baton, "admin")
    baton.http("DELETE", f"/v1/tokens/{token['id']}", headers=TOKEN)
    return str(token["token"])


def expired(baton: InMemoryBaton) -> str:
    token = made(baton, "admin", expires_at=rfc3339(NOW + timedelta(hours=1)))
    baton.ports.clock.tick(timedelta(hours=1))
    return str(token["token"])


def with_other_id(baton: InMemoryBaton) -> str:
    one = made(baton, "admin")
    other = made(baton, "admin")
    return f"bt_{one['id']}_{other['token'].rpartition('_')[2]}"


# --- each private route ---------------------------------------------------------------------------


@pytest.mark.parametrize("attack", [forged, unknown, revoked, expired, with_other_id])
def test_no_private_route_takes_a_bad_token(attack: Callable[[InMemoryBaton], str]) -> None:
    baton = InMemoryBaton()
    headers = {"Authorization": f"Bearer {attack(baton)}"}
    before = dict(baton.ports.memory.items)
    taken = [
        (method, path)
        for method, path, entry in PRIVATE
        if baton.http(
            method, path, b"{}", {**headers, "Content-Type": entry.content_types[0]}
        ).status_code
        != 401
    ]
    assert taken == []
    assert baton.ports.memory.items == before


@pytest.mark.parametrize("role", [Role.MARKETER, Role.SALES])
def test_no_private_route_takes_a_role_it_does_not_name(role: Role) -> None:
    baton = InMemoryBaton()
    headers = bearer(made(baton, role))
    before = dict(baton.ports.memory.items)
    others = [one for one in PRIVATE if role not in roles_of(one[2].view_function)]
    assert others
    for method, path, entry in others:
        kind = {"Content-Type": entry.content_types[0]}
        answer = baton.http(method, path, b"{}", {**headers, **kind})
        assert answer.status_code == 403, (method, path)
        assert answer.headers["Content-Type"] == "application/problem+json"
    assert baton.ports.memory.items == before


@pytest.mark.parametrize("role", list(Role))
def test_each_read_takes_the_roles_that_it_names(role: Role) -> None:
    baton = InMemoryBaton()
    headers = bearer(made(baton, role))
    named = [
        path
        for method, path, entry in PRIVATE
        if method == "GET" and role in roles_of(entry.view_function)
    ]
    assert named
    assert [path for path in named if status(baton, headers, path) in (401, 403)] == []


def test_an_admins_token_opens_what_the_deployments_own_opens() -> None:
    baton = InMemoryBaton()
    headers = bearer(made(baton, "admin"))
    reads = [path for method, path, _ in PRIVATE if method == "GET"]
    found = {path: (status(baton, headers, path), status(baton, TOKEN, path)) for path in reads}
    assert {path: both for path, both in found.items() if both[0] != both[1]} == {}


# --- headers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", HOSTILE)
def test_a_hostile_header_is_refused_in_plain_words(
    header: str, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = InMemoryBaton().http(
        "GET", "/v1/leads?stage=sql", headers={"Authorization": HOSTILE[header]}
    )
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert len(answer.body) < 500
    assert "xxxx" not in capsys.readouterr().out


def test_a_token_in_the_address_opens_nothing() -> None:
    baton = InMemoryBaton()
    token = made(baton)["token"]
    assert status(baton, {}, f"/v1/leads?stage=sql&token={token}") == 401


def test_the_scheme_is_read_in_any_case() -> None:
    baton = InMemoryBaton()
    token = made(baton)["token"]
    assert status(baton, {"Authorization": f"bEARER   {token} "}) == 200


# --- time and secrecy -----------------------------------------------------------------------------


def test_a_revoked_token_stops_with_the_next_request() -> None:
    baton = InMemoryBaton()
    token = made(baton)
    assert status(baton, bearer(token)) == 200
    answers = [baton.http("DELETE", f"/v1/tokens/{token['id']}", headers=TOKEN) for _ in range(2)]
    assert status(baton, bearer(token)) == 401
    first, second = (json.loads(one.body)["revoked_at"] for one in answers)
    assert first == second


def test_a_token_stops_at_the_second_of_its_expiry() -> None:
    baton = InMemoryBaton()
    token = made(baton, expires_at=rfc3339(NOW + timedelta(minutes=5)))
    baton.ports.clock.tick(timedelta(minutes=5) - timedelta(milliseconds=1))
    assert status(baton, bearer(token)) == 200
    baton.ports.clock.tick(timedelta(milliseconds=1))
    assert status(baton, bearer(token)) == 401


def test_the_text_of_a_token_is_shown_once(capsys: pytest.CaptureFixture[str]) -> None:
    baton = InMemoryBaton()
    token = made(baton)
    status(baton, bearer(token))
    secret = token["token"].rpartition("_")[2]
    assert secret not in str(baton.ports.memory.items)
    assert secret not in str(baton.get("/v1/tokens"))
    assert hash_of_secret(secret) not in str(baton.get("/v1/tokens"))
    assert secret not in str(baton.get("/v1/audit"))
    assert secret not in capsys.readouterr().out


def test_secrets_are_never_compared_with_equals() -> None:
    """Equality stops at the first difference, and its time tells how much was right."""
    compared = [
        ast.unparse(node)
        for path in [*(HOME / "access").glob("*.py"), HOME / "http/auth.py"]
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Compare)
        and any(isinstance(one, ast.Eq | ast.NotEq) for one in node.ops)
        and any(word in ast.unparse(node) for word in ("secret", "hash", "given", "admin_token"))
    ]
    assert compared == []


def test_no_secret_is_that_of_no_token() -> None:
    assert not is_secret_of(None, SECRET)
    assert not is_secret_of(None, NO_HASH)
    assert not is_secret_of(None, "")


@pytest.mark.parametrize(
    "asked",
    [
        {"name": "x", "role": "owner"},
        {"name": "", "role": "admin"},
        {"name": "x" * 101, "role": "admin"},
        {"name": "x", "role": "sales"},
        {"name": "x", "role": "sales", "person": "nobody"},
        {"name": "x", "role": "admin", "person": "sam"},
        {"name": "x", "role": "admin", "expires_at": "2020-01-01T00:00:00Z"},
        {"name": "x", "role": "admin", "expires_at": "2999-01-01T00:00:00"},
        {"name": "x", "role": "admin", "secret": SECRET},
        {"name": "x", "role": "admin", "expires_at": True},
        [],
    ],
)
def test_a_token_that_makes_no_sense_is_refused(asked: Any) -> None:
    baton = InMemoryBaton()
    answer = baton.post("/v1/tokens", asked, TOKEN)
    assert answer.status_code == 400
    assert baton.get("/v1/tokens")["tokens"] == []


# --- the journal ----------------------------------------------------------------------------------


def entries(baton: InMemoryBaton, query: str = "") -> list[Any]:
    return list(baton.get(f"/v1/audit?limit=200{query}")["entries"])


def test_each_private_write_is_noted_with_its_answer() -> None:
    baton = InMemoryBaton()
    for method, path, entry in PRIVATE:
        before = len(journaled(baton))
        headers = {**TOKEN, "Content-Type": entry.content_types[0]}
        answer = baton.http(method, path, b"{}", headers)
        is_noted = method != "GET" or path == "/v1/leads/{lead_id}/export"
        assert len(journaled(baton)) - before == is_noted, (method, path)
        if is_noted:
            newest = journaled(baton)[-1]
            assert newest["route"] == f"{method} {path}"
            assert newest["status"] == answer.status_code


def journaled(baton: InMemoryBaton) -> list[Any]:
    found = [one for key, one in baton.ports.memory.items.items() if key[0].startswith(keys.AUDIT)]
    return sorted(found, key=lambda one: str(one["sk"]))


class Broken:
    """A table that fails some writes, the others of which it passes on."""

    def __init__(self, table: Any, fails: Callable[[Write], bool]) -> None:
        self._table = table
        self._fails = fails

    def write(self, *writes: Write) -> None:
        if any(map(self._fails, writes)):
            raise ThrottledError
        self._table.write(*writes)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)


def of_journal(write: Write) -> bool:
    return isinstance(write, Put) and str(write.item["pk"]).startswith(keys.AUDIT)


def completes(write: Write) -> bool:
    return of_journal(write) and isinstance(write, Put) and "status" in write.item


def with_broken_journal(fails: Callable[[Write], bool]) -> InMemoryBaton:
    baton = InMemoryBaton(FakePorts(wrap=lambda name, port: broken(name, port, fails)))
    baton.form("demo", **ANN)
    baton.until_quiet()
    return baton


def broken(name: str, port: Any, fails: Callable[[Write], bool]) -> Any:
    return Broken(port, fails) if name == "table" else port


def test_an_act_that_cannot_be_noted_is_not_done() -> None:
    baton = with_broken_journal(of_journal)
    before = dict(baton.ports.memory.items)
    body = {"points": 5, "reason": "met at a fair"}
    assert ask(baton, "points", body, status=503)["status"] == 503
    assert baton.ports.memory.items == before


def test_an_act_that_is_done_is_answered_as_done() -> None:
    """A 503 would have its sender do it again: points by hand would count twice."""
    baton = with_broken_journal(completes)
    ask(baton, "points", {"points": 5, "reason": "met at a fair"})
    assert journaled(baton)[-1].get("status") is None


def test_the_journal_holds_ids_and_nothing_that_was_said() -> None:
    baton = InMemoryBaton()
    baton.form("demo", **ANN)
    baton.until_quiet()
    ask(baton, "points", {"points": 5, "reason": "her sister works here"})
    baton.http("GET", "/v1/leads/ann@acme.example/export", headers=TOKEN)
    baton.http("DELETE", "/v1/tokens/%2B4930901820", headers=TOKEN)
    kept = json.dumps(journaled(baton))
    assert baton.world.lead_id("ann@acme.example") in kept
    assert [word for word in ("@", "sister", "+49") if word in kept] == []


def test_the_journal_expires_after_400_days() -> None:
    baton = InMemoryBaton()
    made(baton)
    expiry = int(journaled(baton)[0]["expires_at_epoch_s"])
    assert expiry == int((NOW + timedelta(days=400)).timestamp())


def test_the_journal_names_the_token_that_was_used() -> None:
    baton = InMemoryBaton()
    token = made(baton, "marketer")
    body = json.dumps({"pause": True, "reason": "a test"})
    baton.http("POST", "/v1/sending", body, {**bearer(token), "Content-Type": JSON})
    newest, first = entries(baton)
    assert (newest["caller"], newest["role"], newest["token"]) == (
        "a marketer",
        "marketer",
        token["id"],
    )
    assert (first["caller"], first["token"], first["status"]) == ("admin", None, 201)


@pytest.mark.parametrize(("role", "by"), [("sales", "sam"), ("marketer", "a marketer")])
def test_the_timeline_names_who_did_something(role: str, by: str) -> None:
    baton = InMemoryBaton()
    baton.form("demo", **ANN)
    baton.until_quiet()
    lead_id = baton.world.lead_id("ann@acme.example")
    points = {"points": 5, "reason": "met at a fair"}
    headers = bearer(made(baton, role))
    assert baton.post(f"/v1/leads/{lead_id}/points", points, headers).status_code == 200
    ask(baton, "points", points)
    acts = baton.get(f"/v1/leads/{lead_id}/timeline")["items"]
    said = [one["detail"]["properties"]["by"] for one in acts if one["kind"] == "person"]
    assert sorted(said) == sorted([by, "admin"])


def test_nobody_acts_after_a_request() -> None:
    """A container serves one request after another: no act may be put to the one before."""
    baton = InMemoryBaton()
    for body in ({"pause": True, "reason": "a test"}, {"of_no_use": 1}):
        baton.post("/v1/sending", body, bearer(made(baton)))
        assert who_acts() is None


def pages(baton: InMemoryBaton, limit: int, days: str) -> Iterator[Any]:
    cursor = ""
    while True:
        page = baton.get(f"/v1/audit?limit={limit}{days}{cursor}")
        yield from page["entries"]
        if page["next_cursor"] is None:
            return
        cursor = f"&cursor={page['next_cursor']}"


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_the_pages_of_the_journal_hold_each_entry_once(limit: int) -> None:
    baton = InMemoryBaton()
    for _ in range(4):
        made(baton)
        made(baton)
        baton.ports.clock.tick(timedelta(hours=23))
    days = f"&from={NOW.date()}&to={baton.ports.now().date()}"
    assert list(pages(baton, limit, days)) == entries(baton, days)
    assert len(entries(baton, days)) == 8


@pytest.mark.parametrize(
    "query",
    [
        "from=yesterday",
        "from=2026-13-01",
        "from=20261128",
        "to=2026-W48-3",
        "from=2999-01-01",
        "to=0001-01-01",
        "limit=0",
        "limit=201",
        "cursor=x",
        "cursor=" + urlsafe_b64encode(b'["2026-99-99T00:00:00.000Z#id-1"]').decode().rstrip("="),
        "cursor=" + urlsafe_b64encode(b'["LEAD#x"]').decode().rstrip("="),
        "since=2026-11-01",
    ],
)
def test_an_unreadable_question_to_the_journal_is_refused(query: str) -> None:
    answer = InMemoryBaton().http("GET", f"/v1/audit?{query}", headers=TOKEN)
    assert answer.status_code == 400, answer.body
