"""When the clock of a handoff does what: working time by priority, up to the first contact."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.handoff.handoff import (
    Handoff,
    HandoffState,
    Priority,
    SlaStep,
    brought_in_touch,
    brought_to,
    touched,
)
from chalicelib.handoff.sla import CLOCK, DueStep, contact_due_at, done, first_look, next_due_step
from chalicelib.leads.acts import ContactHow
from tests import factories as make
from tests.factories import MINUTE
from tests.unit.test_working_time import at, shown, works

MONDAY = at("2026-11-23 10:00")
BERLINERS = works()
STEPS = list(SlaStep)


def opened(said: str | datetime = MONDAY, priority: Priority = Priority.P1, **more: Any) -> Handoff:
    """Return a handoff of a time in Berlin."""
    since = at(said) if isinstance(said, str) else said
    known = {"priority": priority, "created_at": since, "opened_at": since}
    return make.handoff(**{**known, **more})


def accepted(said: str = "2026-11-23 10:00", **more: Any) -> Handoff:
    """Return an accepted handoff, with the first contact at that time, too."""
    since = at(said)
    taken = brought_to(opened(since, **more), HandoffState.ACCEPTED, since)
    return brought_in_touch(taken, ContactHow.CALLED, since, since)


def lived(handoff: Handoff, number: int, time: Any = BERLINERS) -> list[str]:
    """Return the next steps, each done on time, with the times in Berlin."""
    found = []
    for _ in range(number):
        due = next_due_step(handoff, time, is_opportunity=False)
        if due is None:
            break
        found.append(f"{due.step} {shown(due.at)}")
        handoff = done(handoff, due.step, due.at)
    return found


@pytest.mark.parametrize(
    ("priority", "times"),
    [
        (Priority.P1, ("23 10:15", "23 10:30", "23 11:00")),
        (Priority.P2, ("23 11:00", "23 12:00", "23 14:00")),
        (Priority.P3, ("24 09:30", "24 17:30", "25 17:00")),
        (Priority.P4, ("24 09:30", "24 17:30", "25 17:00")),
    ],
)
def test_steps_come_as_the_playbook_has_them(priority: Priority, times: tuple[str, ...]) -> None:
    steps = lived(opened(priority=priority), 9)
    named = (SlaStep.REMINDED, SlaStep.ESCALATED, SlaStep.LATE)
    assert steps == [f"{step} 2026-11-{when}" for step, when in zip(named, times, strict=True)]


@pytest.mark.parametrize(
    ("priority", "due"),
    [(Priority.P1, "23 11:00"), (Priority.P2, "23 14:00"), (Priority.P4, "24 17:30")],
)
def test_the_first_contact_is_due_in_working_time(priority: Priority, due: str) -> None:
    found = contact_due_at(opened(priority=priority), BERLINERS)
    assert found is not None
    assert shown(found) == f"2026-11-{due}"
    assert contact_due_at(accepted(), BERLINERS) is None
    assert contact_due_at(opened(opened_at=None), BERLINERS) is None


@pytest.mark.parametrize(
    ("said", "keys", "first"),
    [
        ("2026-11-23 22:00", {}, "2026-11-24 09:15"),  # at night
        ("2026-11-27 17:20", {}, "2026-11-30 09:05"),  # a Friday
        ("2026-10-24 12:00", {}, "2026-10-26 09:15"),  # the clocks change on the Sunday
        ("2026-12-24 17:25", {"holidays": "DE-BY"}, "2026-12-28 09:10"),
        ("2026-11-23 10:00", {"days_off": ["2026-11-23"]}, "2026-11-24 09:15"),
        ("2026-11-23 10:00", {"time_zone": "America/New_York"}, "2026-11-23 15:15"),
        ("2026-11-23 10:00", {"hours": {"sun": ["08:00", "09:00"]}}, "2026-11-29 08:15"),
        ("2026-11-23 10:00", {"hours": {}}, "2026-11-23 10:15"),  # the usual ones
    ],
)
def test_working_time_is_that_of_the_receiver(said: str, keys: Any, first: str) -> None:
    assert lived(opened(said), 1, works(**keys)) == [f"reminded {first}"]


def test_hours_over_a_change_of_the_clocks_are_counted() -> None:
    sundays = works(hours={"sun": ["00:00", "08:00"]})
    spring = opened("2027-03-28 01:30", Priority.P2)
    assert lived(spring, 2, sundays) == ["reminded 2027-03-28 03:30", "escalated 2027-03-28 04:30"]
    autumn = opened("2026-10-25 01:30", Priority.P2)
    assert lived(autumn, 2, sundays) == ["reminded 2026-10-25 02:30", "escalated 2026-10-25 02:30"]


def test_rule_8_a_tap_does_not_end_the_clock() -> None:
    tapped = brought_to(opened(), HandoffState.ACCEPTED, MONDAY)
    assert lived(tapped, 2) == ["reminded 2026-11-23 10:30", "late 2026-11-23 11:00"]
    called = brought_in_touch(tapped, ContactHow.CALLED, MONDAY, MONDAY)
    assert lived(called, 1) == ["nudged 2026-11-30 09:00"]


def test_a_try_that_reached_nobody_does_not_end_it() -> None:
    tried = brought_in_touch(opened(), ContactHow.NO_ANSWER, MONDAY, MONDAY)
    assert lived(tried, 1) == lived(opened(), 1)


def test_who_was_reminded_and_accepts_is_not_reminded_again() -> None:
    reminded = done(opened(), SlaStep.REMINDED, MONDAY + 15 * MINUTE)
    taken = brought_to(reminded, HandoffState.ACCEPTED, MONDAY + 20 * MINUTE)
    assert lived(taken, 1) == ["late 2026-11-23 11:00"]


def test_the_second_person_has_the_rest_in_their_own_time() -> None:
    escalated_at = at("2026-11-23 17:15")
    handoff = done(opened("2026-11-23 16:45"), SlaStep.REMINDED, at("2026-11-23 17:00"))
    handoff = done(handoff, SlaStep.ESCALATED, escalated_at)
    assert lived(handoff, 1) == ["late 2026-11-24 09:15"]
    passed_on = replace(handoff, earlier_owner="sam", reassigned_to="kim")
    assert lived(passed_on, 1, works(time_zone="America/New_York")) == ["late 2026-11-23 17:45"]


def test_after_an_outage_nobody_is_passed_over_at_once() -> None:
    reminded = done(opened(), SlaStep.REMINDED, at("2026-11-23 15:00"))
    assert lived(reminded, 2) == ["escalated 2026-11-23 15:15", "late 2026-11-23 15:30"]


def test_rule_8_an_accepted_lead_that_lies_still_is_nudged() -> None:
    assert lived(accepted(), 9) == [
        "nudged 2026-11-30 09:00",
        "nudged_again 2026-12-07 09:00",
        "asked 2027-01-22 10:00",
        "asked_again 2027-02-22 09:00",  # the 90th day is a Sunday
    ]


def test_what_sales_does_begins_the_days_anew() -> None:
    nudged = done(accepted(), SlaStep.NUDGED, at("2026-11-30 09:00"))
    noted = touched(replace(nudged, due_at=None), at("2026-12-01 11:00"))
    assert lived(noted, 2) == ["nudged 2026-12-08 09:00", "nudged_again 2026-12-15 09:00"]
    assert noted.due_at == at("2026-12-01 11:00")  # the clock had nothing left to do


def test_an_opportunity_is_only_asked_about() -> None:
    due = next_due_step(accepted(), BERLINERS, is_opportunity=True)
    assert due == DueStep(SlaStep.ASKED, at("2027-01-22 10:00"))


@pytest.mark.parametrize("state", [HandoffState.HELD, HandoffState.CLOSED])
def test_nothing_is_due_of_what_is_held_or_over(state: HandoffState) -> None:
    assert next_due_step(opened(state=state), BERLINERS, is_opportunity=False) is None


def test_undoing_a_verdict_is_looked_at_at_once() -> None:
    undone = brought_to(accepted(), HandoffState.OPEN, MONDAY + MINUTE)
    assert undone.due_at == MONDAY + MINUTE
    assert lived(undone, 1) == ["reminded 2026-11-23 10:15"]


@given(
    priority=some.sampled_from(Priority),
    minutes=some.integers(0, 60 * 24 * 400),
    zone=some.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia"]),
    is_accepted=some.booleans(),
)
def test_each_step_comes_once_and_in_order(
    priority: Priority, minutes: int, zone: str, *, is_accepted: bool
) -> None:
    since = MONDAY + timedelta(minutes=minutes)
    handoff = opened(since, priority)
    if is_accepted:
        handoff = brought_to(handoff, HandoffState.ACCEPTED, since)
    time = works(time_zone=zone)
    found: list[DueStep] = []
    while due := next_due_step(handoff, time, is_opportunity=False):
        found.append(due)
        handoff = done(handoff, due.step, due.at)
    assert [one.at for one in found] == sorted(one.at for one in found)
    assert len({one.step for one in found}) == len(found)
    assert SlaStep.LATE in handoff.steps
    assert found[0].at >= first_look(priority, since)
    assert all(one.step in STEPS for one in found)
    assert handoff.late_at is not None
    waited = handoff.late_at - since
    assert waited >= timedelta(minutes=CLOCK[priority][SlaStep.LATE])
