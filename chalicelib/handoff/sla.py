"""The clock of a handoff: what is due when, while nobody calls, moves it on or closes it. Pure.

It runs in the working time of whoever has the lead, up to the first contact (playbook, rule 8 and
"Routing and SLA defaults"). After that it looks for a lead that lies still, and for its outcome
(ADR 0070).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.handoff.handoff import Handoff, HandoffState, Priority, SlaStep
from chalicelib.handoff.working_time import (
    WorkingTime,
    next_start,
    working_days_later,
    working_minutes_later,
)

HOUR_MINUTES = 60
#: A verdict is due in eight hours, the first contact in sixteen.
UNHURRIED: Mapping[SlaStep, int] = {
    SlaStep.REMINDED: 8 * HOUR_MINUTES,
    SlaStep.ESCALATED: 16 * HOUR_MINUTES,
    SlaStep.LATE: 24 * HOUR_MINUTES,
}
#: Priority -> step -> working minutes after the handoff was opened.
CLOCK: Mapping[Priority, Mapping[SlaStep, int]] = {
    Priority.P1: {SlaStep.REMINDED: 15, SlaStep.ESCALATED: 30, SlaStep.LATE: HOUR_MINUTES},
    Priority.P2: {
        SlaStep.REMINDED: HOUR_MINUTES,
        SlaStep.ESCALATED: 2 * HOUR_MINUTES,
        SlaStep.LATE: 4 * HOUR_MINUTES,
    },
    Priority.P3: UNHURRIED,
    Priority.P4: UNHURRIED,
}
CONTACT_MINUTES: Mapping[Priority, int] = {
    Priority.P1: HOUR_MINUTES,
    Priority.P2: 4 * HOUR_MINUTES,
    Priority.P3: 16 * HOUR_MINUTES,
    Priority.P4: 16 * HOUR_MINUTES,
}
"""Within how many working minutes the first contact is due."""
LEAST_GAP_MINUTES = 15
"""Working minutes between two steps: after an outage nobody is passed over just when reminded."""
STILL_DAYS: Mapping[SlaStep, int] = {SlaStep.NUDGED: 5, SlaStep.NUDGED_AGAIN: 10}
"""Working days without a next step of an accepted lead."""
OUTCOME_DAYS: Mapping[SlaStep, int] = {SlaStep.ASKED: 60, SlaStep.ASKED_AGAIN: 90}
"""Days after which sales is asked what became of a lead that it accepted."""


@dataclass(frozen=True, slots=True)
class DueStep:
    """What is due next of a handoff."""

    step: SlaStep
    at: datetime


def next_due_step(handoff: Handoff, time: WorkingTime, *, is_opportunity: bool) -> DueStep | None:
    """Return what is due next; None when nothing is left to look after.

    time: when its receiver works; is_opportunity: whether the lead became one, so that it does not
    lie still.
    """
    if handoff.state is HandoffState.CLOSED and handoff.again_at is not None:
        is_done = SlaStep.WANTED_AGAIN in handoff.steps
        return None if is_done else DueStep(SlaStep.WANTED_AGAIN, handoff.again_at)
    if handoff.state not in (HandoffState.OPEN, HandoffState.ACCEPTED):
        return None
    coming = [*_until_contact(handoff, time)]
    if handoff.state is HandoffState.ACCEPTED:
        coming += _outcome(handoff, time)
        coming += [] if is_opportunity else _still(handoff, time)
    return min(coming, key=lambda due: due.at, default=None)


def contact_due_at(handoff: Handoff, time: WorkingTime) -> datetime | None:
    """Return when the first contact is due; None when there was one, or the clock does not run."""
    is_over = handoff.state is HandoffState.CLOSED or handoff.contacted_at is not None
    if handoff.opened_at is None or is_over:
        return None
    since, passed = _since(handoff, handoff.opened_at)
    minutes = CONTACT_MINUTES[handoff.priority]
    if passed:
        minutes = CLOCK[handoff.priority][SlaStep.LATE] - passed
    return working_minutes_later(since, minutes, time)


def first_look(priority: Priority, opened_at: datetime) -> datetime:
    """Return when the clock first looks after a new handoff: never after its first step, which is
    counted in working time.
    """
    return opened_at + timedelta(minutes=CLOCK[priority][SlaStep.REMINDED])


def done(handoff: Handoff, step: SlaStep, now: datetime) -> Handoff:
    """Return the handoff after a step."""
    steps = {**handoff.steps, step: now}
    return replace(handoff, steps=steps, version=handoff.version + 1)


def _until_contact(handoff: Handoff, time: WorkingTime) -> Iterator[DueStep]:
    """Yield the next step towards the first contact."""
    if handoff.contacted_at is not None or handoff.opened_at is None:
        return
    minutes = CLOCK[handoff.priority]
    since, passed = _since(handoff, handoff.opened_at)
    last = max((handoff.steps[one] for one in minutes if one in handoff.steps), default=since)
    earliest = working_minutes_later(last, LEAST_GAP_MINUTES, time)
    for step, at in _steps_of(handoff):
        if step not in handoff.steps:
            due_at = working_minutes_later(since, at - passed, time)
            yield DueStep(step, max(due_at, earliest))
            return


def _since(handoff: Handoff, opened_at: datetime) -> tuple[datetime, int]:
    """Return from when the clock is counted, and the working minutes that had passed by then.

    The second person has the time that is left, in their own working time.
    """
    if handoff.reassigned_at is None:
        return opened_at, 0
    return handoff.reassigned_at, CLOCK[handoff.priority][SlaStep.ESCALATED]


def _steps_of(handoff: Handoff) -> Iterator[tuple[SlaStep, int]]:
    """Yield the steps towards the first contact, with their working minutes.

    Who has taken the lead keeps it: it is nobody else's before the contact is late.
    """
    minutes = CLOCK[handoff.priority]
    if handoff.state is HandoffState.ACCEPTED:
        yield SlaStep.REMINDED, minutes[SlaStep.ESCALATED]
    else:
        yield SlaStep.REMINDED, minutes[SlaStep.REMINDED]
        yield SlaStep.ESCALATED, minutes[SlaStep.ESCALATED]
    yield SlaStep.LATE, minutes[SlaStep.LATE]


def _still(handoff: Handoff, time: WorkingTime) -> Iterator[DueStep]:
    """Yield when the lead has lain still for too long."""
    since = handoff.touched_at or handoff.accepted_at or handoff.created_at
    for step, days in STILL_DAYS.items():
        if step not in handoff.steps:
            yield DueStep(step, working_days_later(since, days, time))


def _outcome(handoff: Handoff, time: WorkingTime) -> Iterator[DueStep]:
    """Yield when sales is asked what became of the lead."""
    since = handoff.accepted_at or handoff.created_at
    for step, days in OUTCOME_DAYS.items():
        if step not in handoff.steps:
            yield DueStep(step, next_start(since + timedelta(days=days), time))
