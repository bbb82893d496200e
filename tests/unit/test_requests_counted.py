"""No request is silent: requests = handed off + triaged + in time."""

import json
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.leads.request_counts import RequestOutcome, added, asked_after
from chalicelib.scoring.matching import REQUESTS
from chalicelib.scoring.tally import Tally
from tests.baton import ANN, TOKEN, InMemoryBaton, ask, model_document
from tests.unit.test_playbook import STUDENT

HANDED, TRIAGED = RequestOutcome.HANDED_OFF, RequestOutcome.TRIAGED
BOB = {**ANN, "email": "bob@acme.example"}


@pytest.fixture
def baton() -> InMemoryBaton:
    return InMemoryBaton()


def asks(baton: InMemoryBaton, form: str = "demo", **fields: Any) -> None:
    baton.form(form, **(fields or ANN))
    baton.until_quiet()


def figures(baton: InMemoryBaton, query: str = "") -> dict[str, Any]:
    found = baton.get(f"/v1/requests{query}")
    names = ("handed_off", "triaged", "in_time")
    for one in (found, *found["days"]):
        assert one["requests"] == sum(one[name] for name in names)
    for name in ("requests", *names):
        assert found[name] == sum(day[name] for day in found["days"])
    return dict(found)


def counts(baton: InMemoryBaton) -> tuple[int, int, int]:
    found = figures(baton)
    return found["handed_off"], found["triaged"], found["in_time"]


# --- what becomes of requests ---------------------------------------------------------------------


def test_rule_1_each_request_is_handed_off_or_triaged(baton: InMemoryBaton) -> None:
    asks(baton)
    asks(baton, "contact", **ANN)
    asks(baton, **BOB)
    asks(baton, **STUDENT)
    asks(baton, **STUDENT)
    asks(baton, "guide", **BOB)
    assert counts(baton) == (3, 2, 0)


def test_a_request_of_two_signals_is_one(baton: InMemoryBaton) -> None:
    asks(baton, "demo-contact", **ANN)
    assert counts(baton) == (1, 0, 0)


def test_a_request_that_comes_twice_counts_once(baton: InMemoryBaton) -> None:
    asks(baton)
    for item in list(baton.ports.memory.inserted):
        baton.handle(item)
    baton.until_quiet()
    assert counts(baton) == (1, 0, 0)


def test_a_verdict_changes_nothing_of_what_was_handed_off(baton: InMemoryBaton) -> None:
    asks(baton)
    ask(baton, "stage", {"stage": "disqualified", "reason": "no"})
    assert counts(baton) == (1, 0, 0)
    asks(baton)
    assert counts(baton) == (1, 1, 0)


def test_what_is_taken_back_is_no_request_any_more(baton: InMemoryBaton) -> None:
    asks(baton)
    asks(baton, "contact", **ANN)
    lead_id = baton.lead()["lead_id"]
    items = baton.get(f"/v1/leads/{lead_id}/timeline?limit=200")["items"]
    first = [one["id"] for one in items if one["kind"] == "form"][:1]
    ask(baton, "retract", {"event_ids": first, "reason": "a test of ours"})
    assert counts(baton) == (1, 0, 0)


def test_a_merge_moves_requests_and_an_erasure_takes_them(baton: InMemoryBaton) -> None:
    asks(baton)
    asks(baton, **BOB)
    asks(baton, **STUDENT)
    other = baton.world.lead_id(BOB["email"])
    ask(baton, "merge", {"other_lead_id": other})
    assert counts(baton) == (2, 1, 0)
    lead_id = baton.lead()["lead_id"]
    assert baton.http("DELETE", f"/v1/leads/{lead_id}", headers=TOKEN).status_code == 202
    assert counts(baton) == (0, 1, 0)
    baton.minutes_later(5)
    assert counts(baton) == (0, 1, 0)


def test_a_request_that_waits_for_a_replay_is_in_time(baton: InMemoryBaton) -> None:
    asks(baton)
    lead = baton.world.leads.read(baton.lead()["lead_id"])
    baton.world.qualify.leave_to_clock(lead)
    baton.form("contact", **ANN)
    fresh = baton.ports.memory.inserted[baton.drained :]
    baton.drained = len(baton.ports.memory.inserted)
    for item in fresh:
        assert baton.handle(item)
    assert counts(baton) == (1, 0, 1)
    baton.minutes_later(20)
    assert counts(baton) == (2, 0, 0)


def test_rule_10_our_own_people_ask_nothing() -> None:
    baton = InMemoryBaton()
    model = {**model_document(), "internal": {"email_domain": ["keybook.example"]}}
    baton.world.models.load(model)
    asks(baton, **{**ANN, "email": "sam@keybook.example"})
    assert counts(baton) == (0, 0, 0)


# --- the days -------------------------------------------------------------------------------------


def test_figures_are_by_day(baton: InMemoryBaton) -> None:
    asks(baton)
    baton.ports.clock.tick(timedelta(days=2))
    asks(baton, **BOB)
    days = {one["day"]: one["requests"] for one in figures(baton)["days"]}
    assert len(days) == 30
    assert (days["2026-11-22"], days["2026-11-23"], days["2026-11-24"]) == (1, 0, 1)
    one = figures(baton, "?from=2026-11-23&to=2026-11-24")
    assert (one["from"], one["to"], one["requests"]) == ("2026-11-23", "2026-11-24", 1)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=yesterday", "from"),
        ("from=2025-01-01", "from"),
        ("from=2026-11-22&to=2026-11-21", "from"),
        ("to=2026-11-23", "to"),
        ("to=2026-13-01", "to"),
        ("day=2026-11-22", "day"),
    ],
)
def test_a_wrong_day_is_named(baton: InMemoryBaton, query: str, field: str) -> None:
    answer = baton.http("GET", f"/v1/requests?{query}", headers=TOKEN)
    assert answer.status_code == 400
    assert [one["field"] for one in json.loads(answer.body)["errors"]] == [field]


# --- how they are kept ----------------------------------------------------------------------------


def tallied(**days: int) -> Tally:
    return Tally({REQUESTS: {int(day[1:]): number for day, number in days.items()}})


def test_new_ones_get_the_outcome_of_the_decision() -> None:
    once = asked_after({}, tallied(d10=2), TRIAGED, 0)
    assert once == {(10, TRIAGED): 2}
    more = asked_after(once, tallied(d10=3, d11=1), HANDED, 0)
    assert more == {(10, TRIAGED): 2, (10, HANDED): 1, (11, HANDED): 1}


def test_fewer_are_taken_from_those_triaged_first() -> None:
    asked = {(10, TRIAGED): 1, (10, HANDED): 2}
    assert asked_after(asked, tallied(d10=1), TRIAGED, 0) == {(10, HANDED): 1}
    assert asked_after(asked, Tally(), TRIAGED, 0) == {}


def test_days_before_the_horizon_are_forgotten() -> None:
    assert asked_after({(10, HANDED): 1}, tallied(d10=1, d20=1), HANDED, 15) == {(20, HANDED): 1}


def test_requests_of_two_leads_add_up() -> None:
    assert added({(1, HANDED): 1}, {(1, HANDED): 2, (2, TRIAGED): 1}) == {
        (1, HANDED): 3,
        (2, TRIAGED): 1,
    }
