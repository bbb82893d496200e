"""Saved lists: the leads that have something in common, and their pages."""

import json
from typing import Any

import pytest

from tests.baton import TOKEN, InMemoryBaton
from tests.courses import ANN, FITTING, baton_on_tuesday, become_mql, put

BEA = "bea@beta.example"
CEM = "cem@gamma.example"
PATH = "/v1/lists/some"


def found(baton: InMemoryBaton, **filters: Any) -> list[str]:
    """Return the names of those on a list with these filters."""
    put(baton, PATH, {"id": "some", **filters})
    leads = baton.get(f"{PATH}/leads")["leads"]
    return sorted(str(one["email"]).partition("@")[0] for one in leads)


def three() -> InMemoryBaton:
    """Return a Baton with an MQL, and a lead that asked for a demo, and a stranger to both."""
    baton = baton_on_tuesday()
    become_mql(baton)
    baton.form("demo", "vb", **{**FITTING, "email": BEA, "country": "AT"})
    baton.form("newsletter", "vc", email=CEM)
    baton.until_quiet()
    return baton


def test_each_filter_finds_its_leads_and_several_must_all_hold() -> None:
    baton = three()
    assert found(baton) == ["ann", "bea", "cem"]
    assert found(baton, stage="mql") == ["ann"]
    assert found(baton, stage=["mql", "sql"]) == ["ann", "bea"]
    assert found(baton, domain="BETA.example") == ["bea"]
    assert found(baton, domain=["acme.example", "gamma.example"]) == ["ann", "cem"]
    assert found(baton, field={"country": {"equals": "AT"}}) == ["bea"]
    assert found(baton, field={"country": {"absent": True}}) == ["cem"]
    assert found(baton, grade="-") == ["cem"]
    assert found(baton, owner="none") == ["ann", "cem"]
    owner = baton.lead(BEA)["owner"]
    assert found(baton, owner=owner.upper()) == ["bea"]
    grade = baton.lead()["score"]["grade"]
    assert "ann" in found(baton, grade=grade.lower())
    topic = baton.lead()["interest"]
    assert "ann" in found(baton, topic=topic)
    assert found(baton, topic=topic, domain="gamma.example") == []
    assert found(baton, score=1, stage="mql") == ["ann"]
    assert found(baton, score=100) == []


def test_pages_have_each_lead_once() -> None:
    baton = three()
    put(baton, PATH, {"id": "some"})
    seen: list[str] = []
    cursor = ""
    for _ in range(20):
        page = baton.get(f"{PATH}/leads?limit=1{cursor}")
        seen += [one["lead_id"] for one in page["leads"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert sorted(seen) == sorted(map(baton.world.lead_id, (ANN, BEA, CEM)))


@pytest.mark.parametrize("cursor", ["x", "WzE2LCIiXQ", "Wy0xLCIiXQ", "WyJhIiwiIl0"])
def test_a_made_up_cursor_is_refused(cursor: str) -> None:
    baton = baton_on_tuesday()
    put(baton, PATH, {"id": "some"})
    answer = baton.http("GET", f"{PATH}/leads?cursor={cursor}", headers=TOKEN)
    assert answer.status_code == 400
    assert baton.http("GET", "/v1/lists/none/leads", headers=TOKEN).status_code == 404


@pytest.mark.parametrize(
    ("filters", "field"),
    [
        ({"stage": "sent"}, "stage"),
        ({"grades": "A"}, "grades"),
        ({"signal": "nothing"}, "signal"),
        ({"within_days": 3}, "document"),
        ({"field": {"country": {"is": "AT"}}}, "field.country.is"),
        ({"score": {"nothing": 3}}, "score"),
        ({"band": "hot"}, "band"),
    ],
)
def test_a_list_that_means_nothing_is_refused(filters: Any, field: str) -> None:
    baton = baton_on_tuesday()
    refused = put(baton, PATH, {"id": "some", **filters}, status=422)
    assert field in [one["field"] for one in refused["errors"]]


def test_lists_have_versions_and_are_deleted() -> None:
    baton = baton_on_tuesday()
    put(baton, PATH, {"id": "some", "stage": "mql"})
    put(baton, PATH, {"id": "some", "stage": "lead"})
    assert [one["version"] for one in baton.get(f"{PATH}/versions")["versions"]] == [2, 1]
    assert baton.get(f"{PATH}?version=1")["stage"] == "mql"
    assert [one["id"] for one in baton.get("/v1/lists")["lists"]] == ["some"]
    answer = baton.http("DELETE", PATH, None, TOKEN)
    assert json.loads(answer.body)["version"] == 3
