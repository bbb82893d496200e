"""A handoff is one item that follows its lead, and waits for a person where rule 9 says so."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.handoff.handoff import (
    Handoff,
    HandoffState,
    Priority,
    SlaStep,
    WhyHeld,
    brought_to,
    newest_of,
    state_in,
)
from chalicelib.handoff.handoff_records import handoff_in, handoff_record
from chalicelib.handoff.priority import priority_of
from chalicelib.lifecycle.stages import Stage
from tests import factories as make
from tests.baton import ANN, InMemoryBaton, ask
from tests.factories import LEAD_ID, MINUTE
from tests.fakes import NOW

HELD, OPEN, ACCEPTED, CLOSED = (
    HandoffState.HELD,
    HandoffState.OPEN,
    HandoffState.ACCEPTED,
    HandoffState.CLOSED,
)
LATER = NOW + MINUTE
WHOLE = make.handoff(
    holder="kim",
    why="the lead's own salesperson",
    why_held=WhyHeld.OLD,
    accepted_at=LATER,
    contacted_at=LATER,
    tries=2,
    tried_at=LATER,
    touched_at=LATER,
    steps={SlaStep.REMINDED: LATER, SlaStep.LATE: LATER},
    earlier_owner="lee",
    reassigned_to="sam",
    handed_to="lee",
    handed_why="Lee is due next.",
    due_at=LATER,
    version=4,
)


@pytest.fixture
def baton() -> InMemoryBaton:
    return InMemoryBaton()


def becomes_sql(baton: InMemoryBaton) -> None:
    """Ann asks for a demo."""
    baton.form("demo", **ANN)
    baton.until_quiet()
    assert baton.lead()["stage"] == "sql"


def stored(baton: InMemoryBaton) -> list[Handoff]:
    """Return the handoffs of Ann's lead."""
    return baton.world.leads.handoffs(baton.lead()["lead_id"])


# --- the item -------------------------------------------------------------------------------------


@pytest.mark.parametrize("handoff", [WHOLE, make.handoff(owner=None), make.handoff(is_dealt=False)])
def test_a_handoff_is_read_as_it_was_written(handoff: Handoff) -> None:
    record = handoff_record(None, handoff)
    assert handoff_in(LEAD_ID, "1", record.values) == handoff


@pytest.mark.parametrize(
    ("kind", "state", "priority", "opened_at"),
    [("requested", "open", Priority.P2, NOW), ("inferred", "held", Priority.P4, None)],
)
def test_a_handoff_of_the_version_before_is_read(
    kind: str, state: str, priority: Priority, opened_at: Any
) -> None:
    values = {"kind": kind, "state": state, "owner": "sam", "created_at_ms": 1795341600000}
    handoff = handoff_in(LEAD_ID, "3", values)
    assert (handoff.priority, handoff.version, handoff.cycle) == (priority, 0, 3)
    assert (handoff.opened_at is None) == (opened_at is None)
    assert handoff_record(handoff, replace(handoff, version=1)).expect == {
        "version": None,
        "created_at_ms": 1795341600000,
    }


@pytest.mark.parametrize(
    ("stage", "state"),
    [
        (Stage.SQL, OPEN),
        (Stage.ACCEPTED, ACCEPTED),
        (Stage.OPPORTUNITY, ACCEPTED),
        (Stage.CUSTOMER, CLOSED),
        (Stage.RECYCLED, CLOSED),
        (Stage.DISQUALIFIED, CLOSED),
        (Stage.MQL, CLOSED),
        (Stage.LEAD, CLOSED),
    ],
)
def test_its_state_follows_the_stage(stage: Stage, state: HandoffState) -> None:
    assert state_in(stage, make.handoff()) is state


def test_a_verdict_undone_on_a_held_one_leaves_it_held() -> None:
    assert state_in(Stage.SQL, make.handoff(state=CLOSED, opened_at=None)) is HELD


def test_it_knows_when_it_was_accepted_and_closed() -> None:
    accepted = brought_to(make.handoff(due_at=LATER), ACCEPTED, NOW)
    assert (accepted.accepted_at, accepted.due_at, accepted.version) == (NOW, LATER, 2)
    closed = brought_to(accepted, CLOSED, LATER)
    assert (closed.accepted_at, closed.closed_at, closed.due_at) == (NOW, LATER, None)
    undone = brought_to(closed, OPEN, LATER)
    assert (undone.accepted_at, undone.closed_at) == (None, None)
    assert brought_to(undone, OPEN, LATER) is undone


def test_the_newest_is_that_of_the_latest_cycle() -> None:
    two = [make.handoff(cycle=cycle) for cycle in (10, 9)]
    assert (newest_of(two), newest_of([])) == (two[0], None)


@pytest.mark.parametrize(
    ("kind", "grade", "domain", "priority"),
    [
        ("requested", "A", "", Priority.P1),
        ("requested", "B", "gmail.com", Priority.P1),
        ("requested", "–", "acme.example", Priority.P1),
        ("requested", "–", "gmail.com", Priority.P2),
        ("requested", "–", "", Priority.P2),
        ("requested", "C", "acme.example", Priority.P2),
        ("inferred", "A", "acme.example", Priority.P3),
        ("inferred", "B", "acme.example", Priority.P4),
        (None, "–", "acme.example", Priority.P4),
    ],
)
def test_priorities_are_those_of_the_playbook(
    kind: str | None, grade: str, domain: str, priority: Priority
) -> None:
    assert priority_of(kind, grade, domain) is priority


# --- through a lead's life ------------------------------------------------------------------------


@pytest.mark.parametrize("cycle", [1, 2])
def test_a_lead_that_sales_takes_itself_has_one(baton: InMemoryBaton, cycle: int) -> None:
    """Its clock ran for nobody; or the handoff of an earlier cycle came back."""
    baton.form("tour", **ANN)
    baton.until_quiet()
    if cycle == 2:
        becomes_sql(baton)
        ask(baton, "stage", {"stage": "recycled", "reason": "not_ready"})
        baton.ports.clock.tick(timedelta(hours=1))
    ask(baton, "stage", {"stage": "accepted", "reason": "met her at the fair"})
    handoffs = {one.cycle: one for one in stored(baton)}
    assert (handoffs[cycle].state, handoffs[cycle].kind) == (ACCEPTED, "inferred")
    assert handoffs[cycle].accepted_at == handoffs[cycle].due_at == baton.ports.now()
    assert len(handoffs) == cycle
    assert [one.state for one in handoffs.values() if one.cycle != cycle] == [CLOSED] * (cycle - 1)
    ask(baton, "outcome", {"outcome": "won"})
    assert {one.state for one in stored(baton)} == {CLOSED}


def test_it_follows_its_lead_through_verdict_and_undo(baton: InMemoryBaton) -> None:
    becomes_sql(baton)
    (handoff,) = stored(baton)
    assert (handoff.state, handoff.owner, handoff.opened_at) == (OPEN, "sam", handoff.created_at)
    lead_id = handoff.lead_id
    baton.world.commands.move(lead_id, Stage.ACCEPTED, "")
    assert stored(baton)[0].state is ACCEPTED
    baton.world.commands.move(lead_id, Stage.SQL, "")
    assert [(one.state, one.accepted_at) for one in stored(baton)] == [(OPEN, None)]
    baton.world.commands.move(lead_id, Stage.RECYCLED, "not_ready")
    assert stored(baton)[0].state is CLOSED


def test_each_cycle_has_a_handoff_of_its_own(baton: InMemoryBaton) -> None:
    becomes_sql(baton)
    lead_id = baton.lead()["lead_id"]
    baton.world.commands.move(lead_id, Stage.RECYCLED, "not_ready")
    baton.minutes_later(60 * 24)
    becomes_sql(baton)
    assert {one.cycle: one.state for one in stored(baton)} == {1: CLOSED, 2: OPEN}


def test_handoffs_are_listed_by_their_state(baton: InMemoryBaton) -> None:
    becomes_sql(baton)
    handoffs = baton.world.handoffs
    ((place, found),) = handoffs.in_state(OPEN, "", 10)
    assert found == stored(baton)[0]
    assert handoffs.in_state(OPEN, place, 10) == []
    baton.world.commands.move(found.lead_id, Stage.ACCEPTED, "")
    assert handoffs.in_state(OPEN, "", 10) == []
    assert [one.state for _, one in handoffs.in_state(ACCEPTED, "", 10)] == [ACCEPTED]


def test_rule_9_old_behaviour_makes_a_held_handoff(baton: InMemoryBaton) -> None:
    baton.form("guide", **ANN)
    baton.until_quiet()
    for days in (8, 9, 10, 11):
        baton.page("/pricing", at=baton.ports.now() - timedelta(days=days))
    baton.until_quiet()
    assert baton.lead()["stage"] == "sql"
    (handoff,) = stored(baton)
    assert (handoff.state, handoff.why_held, handoff.opened_at) == (HELD, WhyHeld.OLD, None)
    assert [one for one in baton.outbox() if one["kind"] == "handoff"] == []
