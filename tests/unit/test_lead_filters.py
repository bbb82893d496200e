"""The leads of a stage, picked by owner, form, grade, domain and what they are called."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from chalicelib.leads.lead import Lead
from chalicelib.lifecycle.stages import Stage
from chalicelib.reading.stage_list import LeadFilter, StageList
from tests import factories as make
from tests.baton import ANN, TOKEN, InMemoryBaton
from tests.fakes import NOW

PEOPLE: dict[str, dict[str, Any]] = {
    "ann@acme.example": {},
    "bob@acme.example": {"first_name": "Bob", "last_name": "Müller", "job_title": "Director"},
    "zoe@zebra.example": {"first_name": "Zoe", "company": "Zebra", "company_size": 3},
}


@pytest.fixture
def baton() -> InMemoryBaton:
    found = InMemoryBaton()
    for number, (email, said) in enumerate(PEOPLE.items()):
        form = "contact" if email.startswith("bob") else "demo"
        found.form(form, visitor=f"v{number}", **{**ANN, **said, "email": email})
    found.until_quiet()
    return found


def listed(baton: InMemoryBaton, query: str) -> list[str]:
    found = baton.get(f"/v1/leads?stage=sql&{query}")["leads"]
    return sorted(one["email"].partition("@")[0] for one in found)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["ann", "bob", "zoe"]),
        ("owner=sam", ["ann", "bob", "zoe"]),
        ("owner=none", []),
        ("form=demo", ["ann", "zoe"]),
        ("form=contact", ["bob"]),
        ("form=guide", []),
        ("domain=acme.example", ["ann", "bob"]),
        ("domain=ACME.example&form=demo", ["ann"]),
        ("q=z%C3%A9", []),
        ("q=zebra", ["zoe"]),
        ("q=M%C3%BCLL", ["bob"]),
        ("q=director", ["bob"]),
        ("grade=F", []),
    ],
)
def test_every_filter_must_hold(baton: InMemoryBaton, query: str, names: list[str]) -> None:
    assert listed(baton, query) == names


def test_a_grade_is_that_of_today(baton: InMemoryBaton) -> None:
    grades = {one["score"]["grade"] for one in baton.get("/v1/leads?stage=sql")["leads"]}
    found = {grade: listed(baton, f"grade={grade}") for grade in grades}
    assert sorted(name for names in found.values() for name in names) == ["ann", "bob", "zoe"]


class Crowd:
    """Leads of a stage, of which every sixtieth has sent a form."""

    def __init__(self, number: int) -> None:
        ids = [f"{one:026d}" for one in range(number)]
        at = make.standing(Stage.SQL)
        self.leads = {one: make.lead(lead_id=one, version=1, standing=at) for one in ids}
        self.looked_at = 0

    def in_stage(self, _stage: Stage, most: int) -> tuple[list[str], bool]:
        return list(self.leads)[:most], False

    def read_many(self, lead_ids: Sequence[str]) -> list[Lead]:
        return [self.leads[one] for one in lead_ids]

    def sent(self, lead_id: str, _form: str) -> bool:
        self.looked_at += 1
        return int(lead_id) % 60 == 0


def test_a_page_looks_through_a_hundred_leads_for_forms() -> None:
    crowd = Crowd(250)
    listing: Any = StageList(
        leads=crowd,  # type: ignore[arg-type]  # it reads no single lead
        spam=None,  # type: ignore[arg-type]  # of no use here
        sent=crowd.sent,
        serialize=lambda _model, scored: [{"lead_id": lead.lead_id} for lead, _ in scored],
        model=make.model,
        now=lambda: NOW,
    )
    pages: list[list[int]] = []
    cursor = None
    for _ in range(5):
        page = listing.page("sql", 2, cursor, LeadFilter(form="demo"))
        pages.append([int(one["lead_id"]) for one in page["leads"]])
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert pages == [[0, 60], [120], [180, 240], []]
    assert crowd.looked_at == 250


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("email=ann@acme.example&owner=sam", "owner"),
        ("stage=sql&q=", "q"),
        ("stage=sql&q=" + "x" * 101, "q"),
        ("stage=sql&company=acme", "company"),
    ],
)
def test_a_wrong_filter_is_named(baton: InMemoryBaton, query: str, field: str) -> None:
    answer = baton.http("GET", f"/v1/leads?{query}", headers=TOKEN)
    assert answer.status_code == 400
    assert [one["field"] for one in json.loads(answer.body)["errors"]] == [field]
