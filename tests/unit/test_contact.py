"""What a salesperson did to reach a lead: the clock of a handoff runs until then (rule 8)."""

from typing import Any

import pytest

from chalicelib.handoff.handoff import Handoff, HandoffState, brought_in_touch, brought_to
from chalicelib.leads.acts import ContactHow
from tests import factories as make
from tests.baton import InMemoryBaton, ask
from tests.factories import MINUTE
from tests.fakes import NOW
from tests.unit.test_commands import events, fit_ann, move, sql_ann

CALLED, BOOKED, NO_ANSWER = (
    ContactHow.CALLED,
    ContactHow.BOOKED,
    ContactHow.NO_ANSWER,
)


def contact(baton: InMemoryBaton, how: str, status: int = 200) -> Any:
    return ask(baton, "contact", {"how": how}, status=status)


def handoff(baton: InMemoryBaton) -> Handoff:
    """Return the one handoff of Ann's lead."""
    (one,) = baton.world.handoffs.of_lead(baton.lead()["lead_id"])
    return one


@pytest.mark.parametrize("how", ["called", "wrote", "booked"])
def test_a_contact_accepts_an_sql_and_ends_the_clock(how: str) -> None:
    baton = sql_ann()
    assert contact(baton, how)["stage"] == "accepted"
    kept = handoff(baton)
    assert (kept.state, kept.contacted_at) == (HandoffState.ACCEPTED, kept.accepted_at)
    assert kept.contacted_at is not None
    assert len(events(baton, kind="person", name="contact")) == 1


def test_a_try_that_reached_nobody_is_counted() -> None:
    baton = sql_ann()
    for _ in range(2):
        assert contact(baton, "no_answer")["stage"] == "sql"
        baton.ports.clock.tick(MINUTE)
    kept = handoff(baton)
    assert (kept.state, kept.tries, kept.contacted_at) == (HandoffState.OPEN, 2, None)


def test_only_the_first_contact_stands() -> None:
    baton = sql_ann()
    move(baton, "accepted")
    assert handoff(baton).contacted_at is None  # a tap is no contact
    contact(baton, "wrote")
    first = handoff(baton)
    baton.ports.clock.tick(MINUTE)
    contact(baton, "called")
    assert handoff(baton).contacted_at == first.contacted_at


def test_undoing_a_call_lets_the_clock_run_again() -> None:
    baton = sql_ann()
    contact(baton, "called")
    move(baton, "sql", "wrong button")
    undone = handoff(baton)
    assert (undone.state, undone.contacted_at) == (HandoffState.OPEN, None)


def test_a_contact_after_the_verdict_outlives_its_undoing() -> None:
    accepted = make.handoff(state=HandoffState.ACCEPTED, accepted_at=NOW)
    reached = brought_in_touch(accepted, BOOKED, NOW, NOW + MINUTE)
    assert brought_to(reached, HandoffState.OPEN, NOW).contacted_at == NOW + MINUTE


def test_a_lead_that_sales_does_not_have_may_be_called() -> None:
    baton = fit_ann()
    assert contact(baton, "called")["stage"] == "lead"
    assert len(events(baton, kind="person", name="contact")) == 1


def test_a_handoff_that_is_over_hears_of_no_contact() -> None:
    over = make.handoff(state=HandoffState.CLOSED)
    assert brought_in_touch(over, CALLED, NOW, NOW) is over


def test_one_event_of_a_try_counts_once() -> None:
    once = brought_in_touch(make.handoff(), NO_ANSWER, NOW, NOW)
    assert brought_in_touch(once, NO_ANSWER, NOW, NOW + MINUTE) is once
    assert once.tries == 1


def test_a_contact_of_an_unknown_kind_is_refused() -> None:
    errors = contact(sql_ann(), "shouted", status=400)["errors"]
    assert [error["field"] for error in errors] == ["how"]
