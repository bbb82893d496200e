"""What a reminder, or the message about a miss, says. Pure.

Whoever has the lead reads what to do; a person who has it no longer, that they need do nothing;
everybody else, who has it and what is missing.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from chalicelib.handoff.desk import Desk
from chalicelib.handoff.handoff import Handoff, HandoffState, SlaStep
from chalicelib.handoff.sla import OUTCOME_DAYS, STILL_DAYS, contact_due_at
from chalicelib.handoff.working_time import WorkingTime
from chalicelib.inert import inert

CLOCK_STEPS = frozenset({SlaStep.REMINDED, SlaStep.ESCALATED, SlaStep.LATE})
"""What ends with the first contact."""
UP_TO_YOU = (
    "Call, write or book a meeting, and say that you did; or say why this lead is not for you."
)
NOTHING_TO_DO = "You need not do anything."
SEE_TO_IT = "Please see that somebody gets in touch."


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderWords:
    """What a message says. Everything typed is inert."""

    headline: str
    lines: tuple[str, ...]
    """What happened, and what to do."""


def is_still_meant(handoff: Handoff | None, step: SlaStep) -> bool:
    """Return whether what a step says still holds when its message leaves.

    A lead that was accepted or called meanwhile is nobody's to be reminded of.
    """
    if handoff is None or step not in handoff.steps:
        return False
    if handoff.state not in (HandoffState.OPEN, HandoffState.ACCEPTED):
        return False
    if step not in CLOCK_STEPS:
        return True
    taken_at = handoff.accepted_at
    is_taken_since = taken_at is not None and taken_at > handoff.steps[step]
    return handoff.contacted_at is None and not is_taken_since


def reminder_words(
    handoff: Handoff, step: SlaStep, person_id: str, *, who: str, desk: Desk, time: WorkingTime
) -> ReminderWords:
    """Return what a message about a step says to a person.

    who: the lead, in words that are inert; time: when whoever has the lead works.
    """
    has = _name(desk, handoff.owner)
    taken = _when(handoff.accepted_at, time)
    match step:
        case SlaStep.REMINDED:
            return _reminder(handoff, who, time)
        case SlaStep.ESCALATED:
            return _escalation(handoff, person_id, who=who, desk=desk, time=time)
        case SlaStep.LATE:
            is_taken = handoff.state is HandoffState.ACCEPTED
            ending = SEE_TO_IT if is_taken else "It stays with you until somebody does."
            return ReminderWords(
                headline=f"Nobody got in touch in time: {who}",
                lines=(_missing(handoff, has, time), ending),
            )
        case SlaStep.NUDGED:
            return ReminderWords(
                headline=f"What comes next with {who}?",
                lines=(
                    f"Nothing has happened with this lead for {STILL_DAYS[step]} working days.",
                    "Note the next step, or say what became of it.",
                ),
            )
        case SlaStep.NUDGED_AGAIN:
            still = f"Nothing has happened with it for {STILL_DAYS[step]} working days."
            return ReminderWords(
                headline=f"{who} has been left alone",
                lines=(
                    f"{has} accepted this lead {taken}. {still}",
                    "Please ask what comes next.",
                ),
            )
        case SlaStep.ASKED | SlaStep.ASKED_AGAIN:
            return ReminderWords(
                headline=f"What became of {who}?",
                lines=(
                    f"{has} accepted this lead {OUTCOME_DAYS[step]} days ago.",
                    "Say whether it is won or lost, or note the next step.",
                ),
            )
        case _:
            assert_never(step)


def _reminder(handoff: Handoff, who: str, time: WorkingTime) -> ReminderWords:
    due = _when(contact_due_at(handoff, time), time)
    is_taken = handoff.accepted_at is not None
    taken = f"You took this lead {_when(handoff.accepted_at, time)}."
    had = f"You have had this lead since {_when(handoff.opened_at, time)}."
    return ReminderWords(
        headline=f"{who} is waiting for you",
        lines=(f"{taken if is_taken else had} The first contact is due {due}.", UP_TO_YOU),
    )


def _missing(handoff: Handoff, has: str, time: WorkingTime) -> str:
    """Return who owes a lead what."""
    if handoff.state is HandoffState.ACCEPTED:
        return f"{has} took this lead {_when(handoff.accepted_at, time)}, and has not got in touch."
    since = _when(handoff.opened_at, time)
    return f"{has} has had this lead since {since}, and has neither answered nor got in touch."


def _escalation(
    handoff: Handoff, person_id: str, *, who: str, desk: Desk, time: WorkingTime
) -> ReminderWords:
    has = _name(desk, handoff.owner)
    if handoff.earlier_owner is None:
        lines = (_missing(handoff, has, time), SEE_TO_IT)
        return ReminderWords(headline=f"{who} is waiting for {has}", lines=lines)
    had = _name(desk, handoff.earlier_owner)
    if person_id == handoff.earlier_owner:
        return ReminderWords(
            headline=f"{has} has {who} now",
            lines=("Nobody got in touch in time, so another person has this lead.", NOTHING_TO_DO),
        )
    return ReminderWords(
        headline=f"{who} went from {had} to {has}",
        lines=(f"{had} did not get in touch in time, so {has} has this lead now.", NOTHING_TO_DO),
    )


def _name(desk: Desk, person_id: str | None) -> str:
    person = desk.everybody.get(person_id or "")
    return inert(person.name) if person else "the team"


def _when(at: datetime | None, time: WorkingTime) -> str:
    """Return a moment as it is read in the zone of whoever has the lead."""
    return f"{at.astimezone(time.zone):%a %d %b, %H:%M}" if at else "some time ago"
