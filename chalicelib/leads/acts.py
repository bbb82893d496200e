"""What one of our people did with a lead, as its events record it."""

from collections.abc import Iterable
from enum import StrEnum

from chalicelib.events import RETRACTED_IDS, Act, Event, Kind

ACT_BY = "by"
"""The property of an act that says who did it: a salesperson's id, or the name of a token. Acts of
before there were tokens, and of tools, have none.
"""
OTHER_LEAD = "other_lead_id"
"""The property of a merge that names the absorbed lead."""
EMAILS_STOP = "stop"
"""The property of the act `emails`: whether the emails to a lead stop, or may go out again."""
SEQUENCE_NAME = "sequence"
"""The property of the act `sequence` that names the sequence."""
SEQUENCE_DO = "do"
"""Its property that says what was done: START_SEQUENCE or STOP_SEQUENCE."""
NEW_OWNER = "owner"
"""The property of the act `owner`: the id of the salesperson who has the lead from then on."""
EARLIER_OWNER = "before"
"""Its property that names whose the lead was; absent for a lead that had nobody."""
NOTE_TEXT = "text"
"""The property of a note."""
START_SEQUENCE = "start"
STOP_SEQUENCE = "stop"
VERDICT_SAID = "verdict"
"""The property of a verdict that says what it is."""
VERDICT_CYCLE = "cycle"
"""Its property that names the handoff, by the lead's cycle."""
VERDICT_REASON = "reason"
VERDICT_UNTIL = "until"
VERDICT_WHO = "who"
VERDICT_NOTE = "note"
VERDICT_ATTEMPTS = "attempts"
VERDICT_FORM = "form"
"""The form that let in what was not for sales, or was spam."""
CONTACT_HOW = "how"
"""The property of the act `contact`: a ContactHow."""


class ContactHow(StrEnum):
    """How a salesperson got in touch with a lead, or tried to."""

    CALLED = "called"  # they talked
    WROTE = "wrote"
    BOOKED = "booked"  # a meeting
    NO_ANSWER = "no_answer"  # a try that reached nobody


def acts_of(events: Iterable[Event], act: Act) -> list[Event]:
    """Return the events that record an act of one of our people."""
    return [event for event in events if event.kind is Kind.PERSON and event.name == act]


def retracted_ids(own: Iterable[Event]) -> frozenset[str]:
    """Return the ids of the events that were retracted: they no longer count."""
    return frozenset(
        one
        for act in acts_of(own, Act.RETRACTED)
        for one in str(act.properties[RETRACTED_IDS]).split()
    )


def absorbed_of(own: Iterable[Event]) -> list[str]:
    """Return the ids of the leads that were merged into this one."""
    return [str(act.properties[OTHER_LEAD]) for act in acts_of(own, Act.MERGED)]
