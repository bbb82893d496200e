"""Leads in bulk: quiet, line by line, customers included."""

import json
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.limits import IMPORT_MAX_LEADS
from tests.baton import ANN, TOKEN, InMemoryBaton

CFO = {
    "email": "cfo@acme.example",
    "job_title": "CFO",
    "company_size": 120,
    "industry": "software",
    "country": "DE",
}


def take(baton: InMemoryBaton, *lines: Any, status: int = 200) -> Any:
    """Import these lines: texts as they are, anything else as JSON."""
    body = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    answer = baton.http(
        "POST", "/v1/leads/import", body, {**TOKEN, "Content-Type": "application/x-ndjson"}
    )
    assert answer.status_code == status, answer.body
    baton.until_quiet()
    return json.loads(answer.body)


def test_each_line_becomes_a_lead() -> None:
    baton = InMemoryBaton()
    assert take(baton, CFO, {"email": "cto@acme.example"}) == {"imported": 2, "rejected": []}
    lead = baton.lead("cfo@acme.example")
    assert (lead["stage"], lead["profile"]["job_title"], lead["score"]["groups"]["fit"]) == (
        "lead",
        "CFO",
        34,
    )


def test_rule_10_an_imported_customer_is_never_a_new_sql() -> None:
    baton = InMemoryBaton()
    take(baton, {**CFO, "stage": "customer"})
    baton.form("demo", email=CFO["email"])
    baton.until_quiet()
    assert baton.lead("cfo@acme.example")["stage"] == "customer"
    assert "handoff" not in {item["kind"] for item in baton.outbox()}


def test_a_customer_imported_again_stays_one() -> None:
    baton = InMemoryBaton()
    for _ in range(2):
        assert take(baton, {**CFO, "stage": "customer"})["imported"] == 1
    assert baton.lead("cfo@acme.example")["stage"] == "customer"


def test_rule_9_an_sql_by_import_is_held_without_notice() -> None:
    baton = InMemoryBaton()
    days_ago = [baton.ports.now() - timedelta(days=number) for number in (3, 1)]
    for at in days_ago:
        baton.page("/pricing", at=at)
    baton.page("/compare/us")
    baton.form("guide", consent=True, email="cfo@acme.example")
    baton.until_quiet()
    assert baton.lead("cfo@acme.example")["stage"] == "lead"
    take(baton, CFO | {"phone": "+49 30 901820", "company": "Acme"})
    (handoff,) = (
        item for (_, sk), item in baton.ports.memory.items.items() if sk.startswith("HANDOFF#")
    )
    assert (baton.lead("cfo@acme.example")["stage"], handoff["state"]) == ("sql", "held")
    assert baton.ports.senders.sent == []


def test_bad_lines_are_listed_and_the_good_ones_taken() -> None:
    baton = InMemoryBaton()
    answer = take(
        baton, "{", [], {"email": "nonsense"}, {"email": "a@b.example", "stage": "vip"}, CFO
    )
    assert answer["imported"] == 1
    assert [one["index"] for one in answer["rejected"]] == [0, 1, 2, 3]
    assert answer["rejected"][3]["reason"] == "stage: must be customer, or left out"


def test_a_value_that_cannot_be_read_costs_no_line() -> None:
    baton = InMemoryBaton()
    line = {
        "email": "Ann Example <ann@b.example>",
        "first_name": "Null",
        "company": "NULL",
        "company_size": "51-200",
        "country": "Germany",
        "phone": "030 901820",
        "industry": "soft\x00ware",
        "seats": "many",
    }
    answer = take(baton, line, '{"email": "bob@b.example", "company_size": NaN}')
    assert (answer["imported"], answer["rejected"]) == (2, [])
    assert [(one["index"], one["field"], one["message"]) for one in answer["warnings"]] == [
        (0, "email", "was read as ann@b.example"),
        (0, "company", "is a placeholder, not a value; it counts as empty"),
        (0, "company_size", "was read as 51"),
        (0, "country", "was read as DE"),
        (0, "industry", "contained invisible or control characters; they were removed"),
        (0, "phone", "was read as +4930901820"),
        (1, "company_size", "is not a number in JSON; it counts as empty"),
    ]
    profile = baton.lead("ann@b.example")["profile"]
    assert profile == {
        "first_name": "Null",
        "company_size": 51,
        "country": "DE",
        "phone": "+4930901820",
        "industry": "software",
        "seats": "many",
    }
    lead_id = baton.lead("ann@b.example")["lead_id"]
    items = baton.get(f"/v1/leads/{lead_id}/timeline")["items"]
    (imported,) = (one for one in items if one["kind"] == "person")
    assert imported["detail"]["said"] == {"company_size": "51-200"}


def test_a_phone_number_is_dialled_where_the_company_is() -> None:
    baton = InMemoryBaton()
    settings = json.dumps({"country": "US"})
    assert baton.http("PUT", "/v1/settings", settings, TOKEN).status_code == 200
    take(baton, {"email": "ann@b.example", "phone": "(415) 555-0132"})
    assert baton.lead("ann@b.example")["profile"]["phone"] == "+14155550132"


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ({"email": "ann@b.example", "Company Name": "Acme"}, "Company Name"),
        ({"email": "ann@b.example"} | {f"f{number}": 1 for number in range(51)}, "line"),
        ({"company": "Acme"}, "email"),
        ({"email": ["x"]}, "email"),
    ],
)
def test_a_mistake_of_the_file_refuses_its_line(line: dict[str, Any], field: str) -> None:
    (rejected,) = take(InMemoryBaton(), line)["rejected"]
    assert rejected["reason"].startswith(f"{field}: ")


@pytest.mark.parametrize(
    "body", ["", "\n\n", "{}\n" * (IMPORT_MAX_LEADS + 1)], ids=["empty", "blank", "too many"]
)
def test_a_body_without_lines_or_with_too_many_is_400(body: str) -> None:
    assert take(InMemoryBaton(), body, status=400)["errors"][0]["field"] == "body"


def test_a_body_over_a_megabyte_is_413() -> None:
    assert (
        take(InMemoryBaton(), "x" * (1024 * 1024 + 1), status=413)["errors"][0]["field"] == "body"
    )


def test_a_visitor_cannot_make_an_event_look_imported() -> None:
    baton = InMemoryBaton()
    baton.page("/", properties={"url": "https://keybook.example/", "imported": True})
    baton.form("demo", consent=True, **ANN)
    baton.until_quiet()
    assert "handoff" in {item["kind"] for item in baton.outbox()}


def test_without_the_token_nothing_is_taken() -> None:
    baton = InMemoryBaton()
    answer = baton.http(
        "POST", "/v1/leads/import", json.dumps(CFO), {"Content-Type": "application/x-ndjson"}
    )
    assert answer.status_code == 401
    assert baton.get("/v1/leads?stage=lead")["leads"] == []
