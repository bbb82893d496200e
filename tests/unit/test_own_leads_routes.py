"""A salesperson's token opens their own leads on every route, and nobody else's."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from app import app
from chalicelib.access.tokens import Role
from chalicelib.http.auth import roles_of
from tests.baton import ANN, TOKEN, InMemoryBaton

BEA = {**ANN, "email": "bea@beta.example"}
CEM = {**ANN, "email": "cem@gamma.example"}
PEOPLE: Mapping[str, Mapping[str, Any]] = {
    one: {"id": one, "name": f"{one} seller", "email": f"{one}@keybook.example"}
    for one in ("sam", "kim", "lee", "max")
}
SALES = [
    (method, path, entry)
    for path, methods in app.routes.items()
    for method, entry in methods.items()
    if Role.SALES in roles_of(entry.view_function)
]
OF_A_LEAD = [one for one in SALES if "{lead_id}" in one[1]]


def routed(baton: InMemoryBaton, *active: str, **more: Any) -> None:
    """Let only some salespeople be handed leads."""
    people = [{**one, "active": name in active} for name, one in PEOPLE.items()]
    people[2]["deputy"] = "sam"  # of Lee
    document = {"people": people, "manager": "max", **more}
    answer = baton.http("PUT", "/v1/routing", json.dumps(document), {**TOKEN, **JSON})
    assert answer.status_code == 200, answer.body


JSON = {"Content-Type": "application/json"}


def handed_out() -> InMemoryBaton:
    """Return a Baton where Ann is Sam's, Bea is Kim's and Cem is Lee's."""
    baton = InMemoryBaton()
    for person, lead in (("sam", ANN), ("kim", BEA), ("lee", CEM)):
        routed(baton, person)
        baton.form("demo", None, **lead)
        baton.until_quiet()
        assert baton.lead(str(lead["email"]))["owner"] == person
    return baton


def token_of(baton: InMemoryBaton, person: str) -> dict[str, str]:
    body = {"name": person, "role": "sales", "person": person}
    answer = baton.post("/v1/tokens", body, TOKEN)
    assert answer.status_code == 201, answer.body
    return {"Authorization": f"Bearer {json.loads(answer.body)['token']}"}


def id_of(baton: InMemoryBaton, lead: Mapping[str, Any]) -> str:
    return baton.world.lead_id(str(lead["email"]))


def sent(
    baton: InMemoryBaton, person: str, path: str, method: str = "GET", body: Any = None
) -> Any:
    data = json.dumps(body) if body is not None else b""
    return baton.http(method, path, data, {**token_of(baton, person), **JSON})


def unjournaled(baton: InMemoryBaton) -> dict[Any, Any]:
    """Return all items but those of the journal and of tokens."""
    items = baton.ports.memory.items
    return {key: one for key, one in items.items() if not key[0].startswith(("AUDIT#", "ACCESS"))}


# --- each route -----------------------------------------------------------------------------------


@pytest.mark.parametrize("lead", [BEA, {"email": "nobody@nowhere.example"}])
def test_every_route_of_a_lead_refuses_a_stranger_to_it(lead: Mapping[str, Any]) -> None:
    """Also a route that comes later: it need not remember the check."""
    baton = handed_out()
    if lead is not BEA:  # a lead that nobody owns
        baton.form("guide", None, **lead)
        baton.until_quiet()
        assert baton.lead(str(lead["email"]))["owner"] is None
    headers = token_of(baton, "sam")
    before = unjournaled(baton)
    assert len(OF_A_LEAD) > 10
    for method, path, entry in OF_A_LEAD:
        kind = {"Content-Type": entry.content_types[0]}
        url = path.replace("{lead_id}", id_of(baton, lead))
        answer = baton.http(method, url, b"{}", {**headers, **kind})
        assert answer.status_code == 403, (method, path)
        assert lead["email"].encode() not in answer.body
    assert unjournaled(baton) == before


def test_every_route_of_a_lead_opens_to_its_owner() -> None:
    baton = handed_out()
    headers = token_of(baton, "sam")
    for method, path, entry in OF_A_LEAD:
        kind = {"Content-Type": entry.content_types[0]}
        url = path.replace("{lead_id}", id_of(baton, ANN))
        answer = baton.http(method, url, b'{"of_no_use": 1}', {**headers, **kind})
        assert answer.status_code not in (401, 403), (method, path)


def test_every_route_with_a_lead_in_its_query_refuses_strangers() -> None:
    baton = handed_out()
    lead_id = id_of(baton, BEA)
    preview = f"/v1/sequences/welcome/preview?lead_id={lead_id}"
    assert sent(baton, "sam", preview, "POST").status_code == 403
    assert sent(baton, "kim", preview, "POST").status_code == 200
    outbox = sent(baton, "sam", f"/v1/outbox?lead_id={lead_id}")
    assert outbox.status_code == 403 or json.loads(outbox.body)["items"] == []


def test_the_sales_routes_without_a_lead_are_known() -> None:
    """One more of them needs a test of its own here: what does it show of other people's leads?"""
    assert {f"{method} {path}" for method, path, _ in SALES if "{lead_id}" not in path} == {
        "GET /v1/handoffs",
        "GET /v1/requests",  # numbers, of nobody
        "POST /v1/handoffs/release",
        "GET /v1/leads",
        "GET /v1/outbox",
        "GET /v1/replies",
        "GET /v1/routing",
        "GET /v1/routing/versions",
        "GET /v1/routing/whom",
        "POST /v1/sequences/{sequence_id}/preview",
        "POST /v1/routing/people/{person_id}/phone",
    }


def test_sales_cannot_make_itself_manager() -> None:
    baton = handed_out()
    document = {"people": [{**PEOPLE["sam"]}], "manager": "sam"}
    assert sent(baton, "sam", "/v1/routing", "PUT", document).status_code == 403


def test_a_salesperson_confirms_their_own_number_only() -> None:
    baton = handed_out()
    path = "/v1/routing/people/kim/phone"
    assert sent(baton, "sam", path, "POST", {"send": True}).status_code == 403
    assert sent(baton, "kim", path, "POST", {"send": True}).status_code != 403


def test_a_lead_is_not_merged_with_another_salespersons() -> None:
    baton = handed_out()
    before = unjournaled(baton)
    merge = {"other_lead_id": id_of(baton, BEA)}
    answer = sent(baton, "sam", f"/v1/leads/{id_of(baton, ANN)}/merge", "POST", merge)
    assert answer.status_code == 403
    assert unjournaled(baton) == before


def test_a_lead_that_was_merged_is_its_new_owners() -> None:
    baton = handed_out()
    path = f"/v1/leads/{id_of(baton, ANN)}/merge"
    answer = baton.post(path, {"other_lead_id": id_of(baton, BEA)}, TOKEN)
    assert answer.status_code == 200
    baton.until_quiet()
    owner = json.loads(answer.body)["owner"]
    other = {"sam": "kim", "kim": "sam"}[owner]
    for lead in (ANN, BEA):
        assert sent(baton, owner, f"/v1/leads/{id_of(baton, lead)}").status_code == 200
        assert sent(baton, other, f"/v1/leads/{id_of(baton, lead)}").status_code == 403


# --- lists ----------------------------------------------------------------------------------------


def listed(baton: InMemoryBaton, person: str, path: str, name: str) -> set[str]:
    """Return the lead ids of every page of a list."""
    found: set[str] = set()
    cursor = ""
    while True:
        answer = sent(baton, person, path + cursor)
        assert answer.status_code == 200, answer.body
        page = json.loads(answer.body)
        found |= {one["lead_id"] for one in page[name]}
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/leads?stage=sql&limit=1", "leads"),
        ("/v1/leads?stage=sql", "leads"),
        ("/v1/handoffs?limit=1", "handoffs"),
        ("/v1/outbox?limit=1", "items"),
        ("/v1/outbox?limit=200", "items"),
    ],
)
def test_a_list_holds_the_callers_own_leads(path: str, name: str) -> None:
    baton = handed_out()
    ids = {name: id_of(baton, lead) for name, lead in (("ann", ANN), ("bea", BEA), ("cem", CEM))}
    assert listed(baton, "kim", path, name) == {ids["bea"]}
    assert listed(baton, "sam", path, name) == {ids["ann"], ids["cem"]}  # Lee's deputy
    assert listed(baton, "max", path, name) == set(ids.values())  # the manager


def test_a_page_of_a_stage_is_full_of_own_leads() -> None:
    """A salesperson with three of 2,000 leads would turn forty empty pages."""
    baton = handed_out()
    page = json.loads(sent(baton, "kim", "/v1/leads?stage=sql&limit=1").body)
    assert [one["owner"] for one in page["leads"]] == ["kim"]
    assert page["next_cursor"] is None


def test_the_lead_of_an_address_is_its_owners_alone() -> None:
    baton = handed_out()
    assert listed(baton, "kim", "/v1/leads?email=bea@beta.example", "leads")
    assert not listed(baton, "sam", "/v1/leads?email=bea@beta.example", "leads")
    assert not listed(baton, "sam", "/v1/outbox?email=bea@beta.example", "items")


def test_spam_of_strangers_is_not_shown_to_sales() -> None:
    baton = handed_out()
    baton.form("demo", None, email="eve@spam.example", first_name="http://buy.example/now")
    baton.until_quiet()
    assert baton.get("/v1/leads?stage=spam")["leads"]
    assert not listed(baton, "sam", "/v1/leads?stage=spam", "leads")


# --- who else sees a lead -------------------------------------------------------------------------


def test_a_deputy_sees_the_leads_of_whom_they_represent() -> None:
    baton = handed_out()
    path = f"/v1/leads/{id_of(baton, CEM)}"
    found = {one: sent(baton, one, path).status_code for one in ("lee", "sam", "kim", "max")}
    assert found == {"lee": 200, "sam": 200, "kim": 403, "max": 200}


def test_who_was_deputy_no_longer_sees_the_leads() -> None:
    baton = handed_out()
    headers = token_of(baton, "sam")
    people = [{**PEOPLE[one]} for one in ("sam", "lee")]
    baton.world.documents.put("routing", {"people": people})
    path = f"/v1/leads/{id_of(baton, CEM)}"
    assert baton.http("GET", path, headers=headers).status_code == 403


def test_a_salesperson_who_left_the_routing_keeps_only_their_own() -> None:
    baton = handed_out()
    headers = token_of(baton, "sam")
    baton.world.documents.put("routing", {"people": [{**PEOPLE["kim"]}]})
    found = {
        lead["email"]: baton.http("GET", f"/v1/leads/{id_of(baton, lead)}", headers=headers)
        for lead in (ANN, BEA, CEM)
    }
    assert [one.status_code for one in found.values()] == [200, 403, 403]


def test_a_marketer_sees_the_leads_of_everybody() -> None:
    baton = handed_out()
    answer = baton.post("/v1/tokens", {"name": "mia", "role": "marketer"}, TOKEN)
    headers = {"Authorization": f"Bearer {json.loads(answer.body)['token']}"}
    for lead in (ANN, BEA, CEM):
        path = f"/v1/leads/{id_of(baton, lead)}"
        assert baton.http("GET", path, headers=headers).status_code == 200
