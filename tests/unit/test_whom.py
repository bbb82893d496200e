"""Who would get a lead now: the endpoint that changes nothing."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.baton import TOKEN, InMemoryBaton

SAM, KIM = (
    {"id": one, "name": one.title(), "email": f"{one}@keybook.example"} for one in ("sam", "kim")
)
GERMANY = {**KIM, "territory": {"country": ["DE"], "size": [100, None]}}
FIT: dict[str, Any] = {"job_title": "CTO", "company_size": 120, "country": "DE"}


@pytest.fixture
def baton() -> InMemoryBaton:
    baton = InMemoryBaton()
    baton.world.documents.put("routing", {"people": [SAM, GERMANY]})
    return baton


def whom(baton: InMemoryBaton, **query: str) -> Any:
    before = dict(baton.ports.memory.items)
    found = baton.get(f"/v1/routing/whom?{urlencode(query)}")
    assert baton.ports.memory.items == before
    return found


def test_facts_say_who_would_get_somebody(baton: InMemoryBaton) -> None:
    assert whom(baton) == {
        "owner": "sam",
        "holder": None,
        "why": "Sam is due next of 2 people at work.",
        "is_dealt": True,
        "waits_until": None,
    }
    found = whom(baton, country="Deutschland", company_size="120 people", kind="inferred")
    assert (found["owner"], found["why"]) == ("kim", "This lead is in the territory of Kim.")
    assert whom(baton, country="DE", company_size="12")["owner"] == "sam"


def test_colleagues_of_a_lead_go_to_its_owner(baton: InMemoryBaton) -> None:
    baton.form("demo", email="ann@acme.example", **FIT)
    baton.until_quiet()
    found = whom(baton, email="Bob@ACME.example")
    assert (found["owner"], found["is_dealt"]) == ("kim", False)
    assert found["why"] == "Kim owns acme.example, and colleagues stay together."
    lead_id = baton.world.lead_id("ann@acme.example")
    assert whom(baton, lead_id=lead_id)["why"] == "Kim owns this lead."


def test_a_lead_above_capacity_would_wait(baton: InMemoryBaton) -> None:
    baton.world.documents.put("routing", {"people": [{**SAM, "capacity": 0}]})
    found = whom(baton, kind="inferred")
    assert (found["owner"], found["waits_until"]) == ("sam", "2026-11-24T09:00:00.000Z")
    assert whom(baton)["waits_until"] is None


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("kind=any", 422, "kind"),
        ("email=ann", 422, "email"),
        ("lead_id=x&country=DE", 422, "lead_id"),
        ("land=DE", 422, "land"),
        ("lead_id=x", 404, None),
    ],
)
def test_a_wrong_question_is_refused(
    baton: InMemoryBaton, query: str, status: int, field: str | None
) -> None:
    answer = baton.http("GET", f"/v1/routing/whom?{query}", headers=TOKEN)
    assert answer.status_code in (status, 400), answer.body
    errors = json.loads(answer.body).get("errors", [])
    assert [one["field"] for one in errors] == ([field] if field else [])
