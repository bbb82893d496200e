"""Handoffs that wait: listed by their state, and released one by one or all (playbook, rule 9)."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.handoff.handoff import Handoff, HandoffState, SlaStep, WhyHeld
from chalicelib.handoff.handoff_records import handoff_record
from chalicelib.handoff.releasing import HandoffReleaseHandler, HandoffReleaseState
from chalicelib.jobs.job import Job
from chalicelib.store.records import record_item
from chalicelib.store.table import Put
from chalicelib.wiring.held_handoffs import releasing
from tests import factories as make
from tests.baton import ANN, TOKEN, InMemoryBaton, ask, key_of
from tests.factories import MINUTE

LINES = {**TOKEN, "Content-Type": "application/x-ndjson"}


@pytest.fixture
def baton() -> InMemoryBaton:
    return InMemoryBaton()


def is_held(baton: InMemoryBaton, name: str = "ann", domain: str = "acme.example") -> str:
    """Let an import make an SQL of somebody who has looked at prices. Return the lead's id."""
    email = f"{name}@{domain}"
    for days in (3, 1):
        at = baton.ports.now() - timedelta(days=days)
        baton.page("/pricing", visitor=name, at=at)
    baton.page("/compare/us", visitor=name)
    baton.page("/customers/a", visitor=name)
    baton.form("guide", visitor=name, email=email)
    baton.until_quiet()
    line = json.dumps({**ANN, "email": email})
    assert baton.http("POST", "/v1/leads/import", line, LINES).status_code == 200
    baton.until_quiet()
    lead = baton.lead(email)
    assert (lead["stage"], lead["kind"]) == ("sql", "inferred")
    return str(lead["lead_id"])


def listed(baton: InMemoryBaton, query: str = "state=held") -> list[str]:
    """Return the lead ids of a list of handoffs."""
    return [one["lead_id"] for one in baton.get(f"/v1/handoffs?{query}")["handoffs"]]


def release(baton: InMemoryBaton, lead_id: str, cycle: Any = 1, status: int = 200) -> Any:
    answer = baton.post(f"/v1/handoffs/{lead_id}/{cycle}/release", {}, TOKEN)
    assert answer.status_code == status, answer.body
    baton.until_quiet()
    return json.loads(answer.body)


def release_all(baton: InMemoryBaton, body: Any, status: int = 202) -> Any:
    """Release all, and return the job as it ends; or the refusal."""
    answer = baton.post("/v1/handoffs/release", body, TOKEN)
    assert answer.status_code == status, answer.body
    said = json.loads(answer.body)
    if status == 202:
        baton.tick()
        baton.until_quiet()
        return baton.get(f"/v1/jobs/{said['id']}")
    return said


# --- the list -------------------------------------------------------------------------------------


def test_a_held_handoff_is_listed_with_why(baton: InMemoryBaton) -> None:
    lead_id = is_held(baton)
    (one,) = baton.get("/v1/handoffs?state=held")["handoffs"]
    assert (
        one
        | {
            "lead_id": lead_id,
            "cycle": 1,
            "state": "held",
            "why_held": "import",
            "kind": "inferred",
            "owner": "sam",
            "opened_at": None,
        }
        == one
    )
    assert listed(baton, "state=open") == []


def test_without_a_state_the_open_ones_are_listed(baton: InMemoryBaton) -> None:
    is_held(baton)
    baton.form("demo", visitor="bob", **{**ANN, "email": "bob@acme.example"})
    baton.until_quiet()
    assert listed(baton, "") == [baton.lead("bob@acme.example")["lead_id"]]


def test_the_list_is_by_owner(baton: InMemoryBaton) -> None:
    lead_id = is_held(baton)
    assert listed(baton, "state=held&owner=sam") == [lead_id]
    assert listed(baton, "state=held&owner=kim") == []


def test_late_are_open_and_accepted_ones_without_a_contact(baton: InMemoryBaton) -> None:
    now = baton.ports.now()
    late = {SlaStep.LATE: now}
    for number, state in enumerate(HandoffState):
        cycle = 1 + number * 3
        store(baton, make.handoff(state=state, cycle=cycle, steps=late))
        store(baton, make.handoff(state=state, cycle=cycle + 1))
        store(baton, make.handoff(state=state, cycle=cycle + 2, steps=late, contacted_at=now))
    page = baton.get("/v1/handoffs?state=late")["handoffs"]
    assert sorted(one["state"] for one in page) == ["accepted", "open"]
    assert all(one["late_at"] for one in page)


def store(baton: InMemoryBaton, handoff: Handoff) -> None:
    """Store a handoff."""
    record = handoff_record(None, handoff)
    baton.ports.table.write(Put(record_item(handoff.lead_id, record), record.expect))


def test_pages_hold_each_handoff_once(baton: InMemoryBaton) -> None:
    for cycle in range(1, 8):
        created_at = baton.ports.now() + timedelta(seconds=cycle)
        held = make.handoff(state=HandoffState.HELD, opened_at=None, cycle=cycle)
        store(baton, replace(held, created_at=created_at))
    seen: list[int] = []
    more = ""
    for _ in range(3):
        page = baton.get(f"/v1/handoffs?state=held&limit=3{more}")
        seen += [one["cycle"] for one in page["handoffs"]]
        more = f"&cursor={page['next_cursor']}"
    assert page["next_cursor"] is None
    assert seen == [7, 6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    ("query", "field"),
    [("state=lost", "state"), ("cursor=WzFd", "cursor"), ("why=old", "why"), ("limit=0", "limit")],
)
def test_a_wrong_query_names_the_parameter(baton: InMemoryBaton, query: str, field: str) -> None:
    answer = baton.http("GET", f"/v1/handoffs?{query}", headers=TOKEN)
    assert answer.status_code == 400
    assert [one["field"] for one in json.loads(answer.body)["errors"]] == [field]


def test_a_salesperson_sees_and_releases_their_own(baton: InMemoryBaton) -> None:
    lead_id = is_held(baton)
    sam = {"id": "sam", "name": "Sam", "email": "sam@keybook.example"}
    kim = {"id": "kim", "name": "Kim", "email": "kim@keybook.example"}
    baton.world.documents.put("routing", {"people": [sam, kim]})
    found = {}
    for person in ("sam", "kim"):
        body = {"name": person, "role": "sales", "person": person}
        made = baton.post("/v1/tokens", body, TOKEN)
        assert made.status_code < 300, made.body
        token = {"Authorization": f"Bearer {json.loads(made.body)['token']}"}
        page = baton.http("GET", "/v1/handoffs?state=held", headers=token)
        found[person] = [one["lead_id"] for one in json.loads(page.body)["handoffs"]]
        if person == "kim":
            refused = baton.post(f"/v1/handoffs/{lead_id}/1/release", {}, token)
            assert refused.status_code == 403
            assert baton.post("/v1/handoffs/release", {"expected": 1}, token).status_code == 409
    assert found == {"sam": [lead_id], "kim": []}


# --- one ------------------------------------------------------------------------------------------


def test_rule_9_a_released_handoff_notifies_sales_once(baton: InMemoryBaton) -> None:
    lead_id = is_held(baton)
    baton.ports.clock.tick(timedelta(days=1))
    said = release(baton, lead_id)
    now = baton.ports.now()
    assert (said["state"], said["opened_at"][:19]) == ("open", f"{now:%Y-%m-%dT%H:%M:%S}")
    keys = sorted(key_of(one) for one in baton.outbox())
    assert keys == ["handoff#1#email", "handoff#1#sns"]
    assert {one["state"] for one in baton.outbox()} == {"sent"}
    assert "only a held one" in release(baton, lead_id, status=409)["detail"]
    assert len(baton.outbox()) == 2


def test_a_lead_that_moved_on_is_not_released(baton: InMemoryBaton) -> None:
    lead_id = is_held(baton)
    ask(baton, "stage", {"stage": "recycled", "reason": "not_ready"})
    release(baton, lead_id, status=409)
    assert (baton.outbox(), listed(baton)) == ([], [])


def test_a_released_handoff_waits_for_its_verdict(baton: InMemoryBaton) -> None:
    lead_id = is_held(baton)
    release(baton, lead_id)
    assert (listed(baton), listed(baton, "state=open")) == ([], [lead_id])
    ask(baton, "stage", {"stage": "accepted", "reason": "mine"})
    assert listed(baton, "state=accepted") == [lead_id]


@pytest.mark.parametrize("cycle", [2, 0, "x", "-1"])
def test_an_unknown_handoff_is_404(baton: InMemoryBaton, cycle: Any) -> None:
    release(baton, is_held(baton), cycle, status=404)
    release(baton, "nobody", 1, status=404)


# --- all ------------------------------------------------------------------------------------------


def test_rule_9_all_are_released_in_a_job(baton: InMemoryBaton) -> None:
    first, second = is_held(baton), is_held(baton, "bob")
    ask(baton, "stage", {"stage": "disqualified", "reason": "no"}, "bob@acme.example")
    third = is_held(baton, "dan")
    job = release_all(baton, {"expected": 2})
    assert job["state"] == "done"
    assert job["report"] == {"why": None, "released": 2, "left": 0, "failed": 0}
    assert sorted(listed(baton, "state=open")) == sorted([first, third])
    assert second not in listed(baton, "state=open")
    again = release_all(baton, {})
    assert again["report"]["released"] == 0


def test_those_of_another_reason_stay(baton: InMemoryBaton) -> None:
    lead_id = is_held(baton)
    assert release_all(baton, {"why": "publish"})["report"]["released"] == 0
    assert listed(baton) == [lead_id]
    assert release_all(baton, {"why": "import", "expected": 1})["report"]["released"] == 1


@pytest.mark.parametrize(("expected", "words"), [(0, "more than 0"), (2, "1 handoffs")])
def test_another_number_than_expected_is_409(
    baton: InMemoryBaton, expected: int, words: str
) -> None:
    lead_id = is_held(baton)
    assert words in release_all(baton, {"expected": expected}, 409)["detail"]
    assert listed(baton) == [lead_id]


@pytest.mark.parametrize(
    ("body", "field"),
    [({"why": "bored"}, "why"), ({"expected": -1}, "expected"), ({"all": True}, "all")],
)
def test_a_wrong_release_names_the_field(baton: InMemoryBaton, body: Any, field: str) -> None:
    errors = release_all(baton, body, 400)["errors"]
    assert [one["field"] for one in errors] == [field]


def test_a_lead_that_moves_while_a_job_runs_is_left(baton: InMemoryBaton) -> None:
    """A person may answer between the page that is saved and its release."""
    lead_id = is_held(baton)
    handler = HandoffReleaseHandler(
        releasing=releasing(baton.world),
        handoffs=baton.world.handoffs,
        runtime=baton.world.runtime,
    )
    now = baton.ports.now()
    state = HandoffReleaseState(why=WhyHeld.IMPORT)
    job = Job(id="j", kind=handler.kind, state=state, created_at=now, due_at=now)
    page = handler.step(job, now + MINUTE).job
    assert page.state.page == [f"{lead_id}#1"]
    assert handler.decode(json.loads(json.dumps(handler.encode(page.state)))) == replace(
        page.state, page=tuple(page.state.page)
    )
    ask(baton, "stage", {"stage": "recycled", "reason": "not_ready"})
    after = handler.step(page, now + MINUTE).job
    assert (after.state.left, after.state.released) == (1, 0)
    assert baton.outbox() == []
