"""The clock of a handoff at work: reminded, passed on, escalated, late, nudged, and asked about."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.delivery.messages import ChatMessage, Email, SnsMessage
from chalicelib.delivery.outbox import MessageState
from chalicelib.handoff.handoff import Handoff, HandoffState, SlaStep, WhyHeld
from tests.baton import ANN, TOKEN, InMemoryBaton, ask, key_of
from tests.factories import MINUTE

MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
SAM: dict[str, Any] = {"id": "sam", "name": "Sam Seller", "email": "sam@keybook.example"}
KIM: dict[str, Any] = {"id": "kim", "name": "Kim Keen", "email": "kim@keybook.example"}
MAX: dict[str, Any] = {
    "id": "max",
    "name": "Max Manager",
    "email": "max@keybook.example",
    "active": False,
}
OPEN, ACCEPTED, CLOSED = HandoffState.OPEN, HandoffState.ACCEPTED, HandoffState.CLOSED


def staffed(*people: Mapping[str, Any], **more: Any) -> InMemoryBaton:
    """Return a Baton on a Monday at ten, with these people and a manager."""
    baton = InMemoryBaton()
    baton.ports.clock.time = MONDAY
    document = {"people": [*people, MAX], "manager": "max", **more}
    baton.world.documents.put("routing", document)
    return baton


def asked(baton: InMemoryBaton) -> InMemoryBaton:
    """Let Ann ask for a demo: P1."""
    baton.form("demo", **ANN)
    baton.until_quiet()
    assert baton.lead()["stage"] == "sql"
    return baton


def handoff(baton: InMemoryBaton) -> Handoff:
    """Return the newest handoff of Ann's lead."""
    return baton.world.handoffs.of_lead(baton.lead()["lead_id"])[-1]


def later(baton: InMemoryBaton, minutes: int) -> None:
    """Let time pass, with the clock coming by each minute."""
    for _ in range(minutes):
        baton.minutes_later(1)


def until(baton: InMemoryBaton, said: str) -> None:
    """Let the clock come by at the ends of all days up to one."""
    goal = datetime.fromisoformat(said).replace(tzinfo=UTC)
    while baton.ports.now() < goal:
        baton.ports.clock.time = min(goal, baton.ports.now() + timedelta(hours=12))
        for _ in range(3):
            baton.minutes_later(0)


def sent(baton: InMemoryBaton, kind: str) -> list[str]:
    """Return the keys of the messages of a kind that have left, in order."""
    left = [one for one in reversed(baton.outbox()) if one["kind"] == kind]
    assert {one["state"] for one in left} <= {"sent"}
    return [key_of(one) for one in left]


def email_to(baton: InMemoryBaton, person: Mapping[str, Any], about: str) -> Email:
    """Return the one email to a person with these words in its subject."""
    every = [one for one in baton.ports.senders.sent if isinstance(one, Email)]
    (found,) = [one for one in every if one.to == person["email"] and about in one.subject]
    return found


# --- up to the first contact ----------------------------------------------------------------------


def test_a_dealt_lead_is_reminded_reassigned_and_late() -> None:
    baton = asked(staffed(SAM, KIM))
    assert (handoff(baton).owner, handoff(baton).is_dealt) == ("sam", True)
    later(baton, 15)
    assert sent(baton, "reminder") == ["reminder#1#reminded#sam#email"]
    text = email_to(baton, SAM, "is waiting for you").text
    assert "The first contact is due Mon 23 Nov, 11:00." in text
    assert "ann@acme.example" in text
    later(baton, 15)
    second = handoff(baton)
    assert (second.owner, second.earlier_owner, second.state) == ("kim", "sam", OPEN)
    assert second.why == "Sam Seller did not get in touch in time."
    assert baton.lead()["owner"] == "kim"
    assert f"handoff#1#email#given#{second.version}" in {key_of(one) for one in baton.outbox()}
    assert email_to(baton, SAM, "is with Kim Keen now").text
    assert email_to(baton, MAX, "went from Sam Seller to Kim Keen").text
    later(baton, 29)
    assert handoff(baton).late_at is None
    later(baton, 2)
    late = handoff(baton)
    assert (late.state, late.owner, late.receiver) == (OPEN, "kim", "max")
    assert late.late_at is not None
    assert email_to(baton, MAX, "has waited too long").text
    assert late.due_at is None
    until(baton, "2026-12-24 12:00")
    assert handoff(baton) == late  # once, and never closed silently
    assert len(sent(baton, "escalation")) == 3


def test_an_owners_lead_stays_and_deputy_and_manager_hear() -> None:
    baton = staffed({**SAM, "deputy": "kim"}, KIM)
    baton.form("guide", **ANN)
    baton.until_quiet()
    assign = baton.http(
        "PATCH",
        f"/v1/leads/{baton.lead()['lead_id']}",
        json.dumps({"owner": "sam"}),
        {"Content-Type": "application/json", **TOKEN},
    )
    assert assign.status_code == 200
    asked(baton)
    assert handoff(baton).is_dealt is False
    later(baton, 31)
    assert (handoff(baton).owner, handoff(baton).earlier_owner) == ("sam", None)
    assert sent(baton, "escalation") == [
        "escalation#1#escalated#kim#email",
        "escalation#1#escalated#max#email",
    ]
    assert "is waiting for Sam Seller" in email_to(baton, KIM, "is waiting for").subject


def test_without_another_person_it_stays() -> None:
    baton = asked(staffed(SAM))
    later(baton, 31)
    assert handoff(baton).owner == "sam"
    assert sent(baton, "escalation") == ["escalation#1#escalated#max#email"]


def test_who_is_on_leave_gets_nothing_that_was_missed() -> None:
    baton = asked(staffed(SAM, {**KIM, "days_off": ["2026-11-23"]}))
    later(baton, 31)
    assert handoff(baton).owner == "sam"


def test_with_nobody_named_the_team_hears() -> None:
    baton = InMemoryBaton()
    baton.ports.clock.time = MONDAY
    baton.world.documents.put("routing", {"people": []})
    asked(baton)
    later(baton, 61)
    assert sent(baton, "reminder") == ["reminder#1#reminded#.team"]
    assert sent(baton, "escalation") == ["escalation#1#escalated#.team", "escalation#1#late#.team"]
    topics = [one for one in baton.ports.senders.sent if isinstance(one, SnsMessage)]
    assert json.loads(topics[-1].body)["about"] == "escalation"


def test_a_reminder_goes_by_the_way_that_a_person_prefers() -> None:
    slack = {"notify": ["slack"], "slack": "https://hooks.slack.example/services/x"}
    baton = asked(staffed({**SAM, **slack}))
    later(baton, 15)
    assert sent(baton, "reminder") == ["reminder#1#reminded#sam#slack"]
    chats = [one for one in baton.ports.senders.sent if isinstance(one, ChatMessage)]
    assert "is waiting for you" in chats[-1].body


def test_rule_8_after_a_tap_the_manager_still_hears() -> None:
    baton = asked(staffed(SAM, KIM))
    ask(baton, "stage", {"stage": "accepted", "reason": "mine"})
    later(baton, 29)
    assert sent(baton, "reminder") == []  # who accepted is not asked for a verdict
    later(baton, 2)
    assert "You took this lead" in email_to(baton, SAM, "is waiting for you").text
    later(baton, 30)
    late = handoff(baton)
    assert (late.owner, late.receiver, late.state) == ("sam", "sam", ACCEPTED)
    assert late.late_at is not None
    assert "Sam Seller took this lead" in email_to(baton, MAX, "has waited too long").text


@pytest.mark.parametrize("how", ["called", "wrote", "booked"])
def test_the_first_contact_ends_the_clock(how: str) -> None:
    baton = asked(staffed(SAM, KIM))
    later(baton, 14)
    ask(baton, "contact", {"how": how})
    later(baton, 60)
    assert sent(baton, "reminder") + sent(baton, "escalation") == []


def test_a_held_handoff_has_no_clock() -> None:
    baton = staffed(SAM)
    asked(baton)
    held = replace(handoff(baton), state=HandoffState.HELD, opened_at=None, version=2)
    baton.world.handoffs.move(handoff(baton), held)
    later(baton, 16)
    assert (handoff(baton).steps, handoff(baton).due_at) == ({}, None)


def test_what_waited_for_room_is_opened_once_there_is_some() -> None:
    baton = staffed({**SAM, "capacity": 0})
    baton.form("guide", **ANN)
    for days in (1, 2, 3, 4):
        baton.page("/pricing", at=baton.ports.now() - timedelta(days=days))
    baton.until_quiet()
    waiting = handoff(baton)
    assert (waiting.state, waiting.why_held) == (HandoffState.HELD, WhyHeld.FULL)
    until(baton, "2026-11-24 12:00")
    assert (handoff(baton).state, sent(baton, "handoff")) == (HandoffState.HELD, [])
    assert sales_items(baton) == [("held", "waits for a free place")]
    baton.world.documents.put("routing", {"people": [SAM, MAX], "manager": "max"})
    until(baton, "2026-11-25 12:00")
    opened = handoff(baton)
    assert (opened.state, opened.owner, opened.steps) == (OPEN, "sam", {})
    assert sent(baton, "handoff") == ["handoff#1#email", "handoff#1#sns"]
    assert opened.due_at is not None


# --- as it is shown -------------------------------------------------------------------------------


def sales_items(baton: InMemoryBaton) -> list[tuple[str, str]]:
    """Return the name and the words of what the timeline shows of Ann's handoffs, oldest first."""
    lead_id = baton.lead()["lead_id"]
    items = baton.get(f"/v1/leads/{lead_id}/timeline?limit=200")["items"]
    shown = [(one["name"], one["detail"]["text"]) for one in items if one["kind"] == "sales"]
    return shown[::-1]


def test_the_timeline_shows_whom_it_went_to_and_why() -> None:
    baton = asked(staffed(SAM, KIM))
    later(baton, 62)
    found = sales_items(baton)
    assert [name for name, _ in found if name != "reassigned"] == [
        "handed_over",
        "reminded",
        "escalated",
        "late",
    ]
    assert found[0][1] == "handed over to sam: Sam Seller is due next of 2 people at work."
    assert ("reassigned", "went from sam to kim") in found
    ask(baton, "contact", {"how": "called"})
    assert sales_items(baton)[-1] == ("contacted", "sales got in touch")


def test_a_lead_shows_its_handoff() -> None:
    baton = staffed(SAM)
    baton.form("guide", **ANN)
    baton.until_quiet()
    assert baton.lead()["handoff"] is None
    asked(baton)
    shown = baton.lead()["handoff"]
    assert (shown["state"], shown["priority"], shown["owner"]) == ("open", "p1", "sam")
    assert shown["contact_due_at"] == "2026-11-23T11:00:00.000Z"
    ask(baton, "contact", {"how": "called"})
    shown = baton.lead()["handoff"]
    assert (shown["state"], shown["contact_due_at"]) == ("accepted", None)
    assert shown["contacted_at"] == "2026-11-23T10:00:00.000Z"


# --- after acceptance -----------------------------------------------------------------------------


def called(baton: InMemoryBaton) -> InMemoryBaton:
    """Let sales call Ann."""
    ask(asked(baton), "contact", {"how": "called"})
    return baton


def test_rule_8_a_lead_that_lies_still_is_nudged() -> None:
    baton = called(staffed(SAM))
    until(baton, "2026-11-30 08:00")
    assert sent(baton, "reminder") == []
    until(baton, "2026-11-30 12:00")
    assert sent(baton, "reminder") == ["reminder#1#nudged#1795428000000#sam#email"]
    assert "for 5 working days" in email_to(baton, SAM, "needs a next step").text
    until(baton, "2026-12-07 12:00")
    assert sent(baton, "escalation") == ["escalation#1#nudged_again#1795428000000#max#email"]


@pytest.mark.parametrize(
    ("what", "data"),
    [
        ("contact", {"how": "no_answer"}),
        ("notes", {"text": "calls back in May"}),
        ("opportunity", {"size": "20 seats"}),
    ],
)
def test_what_sales_does_puts_the_nudge_off(what: str, data: Any) -> None:
    baton = called(staffed(SAM))
    until(baton, "2026-11-27 12:00")
    ask(baton, what, data)
    until(baton, "2026-12-03 12:00")
    assert sent(baton, "reminder") == []
    until(baton, "2026-12-04 12:00")
    assert len(sent(baton, "reminder")) == 1
    ask(baton, what, data)
    until(baton, "2026-12-11 12:00")
    assert len(sent(baton, "reminder")) == 2  # it lies still once more
    assert sent(baton, "escalation") == []


def test_the_outcome_is_asked_for_after_60_and_90_days() -> None:
    baton = called(staffed(SAM))
    answers = {"buying_cycle": "now", "influence": "decides", "time_frame": "May", "size": "20"}
    ask(baton, "opportunity", {**answers, "permission": True})
    assert baton.lead()["stage"] == "opportunity"
    until(baton, "2027-03-01 12:00")
    assert sent(baton, "reminder") == [
        "reminder#1#asked#sam#email",
        "reminder#1#asked_again#sam#email",
    ]
    assert sent(baton, "escalation") == []  # an opportunity does not lie still
    assert handoff(baton).due_at is None


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_an_outcome_ends_all_of_it(outcome: str) -> None:
    baton = called(staffed(SAM))
    ask(baton, "outcome", {"outcome": outcome})
    assert (handoff(baton).state, handoff(baton).due_at) == (CLOSED, None)
    until(baton, "2027-03-01 12:00")
    assert sent(baton, "reminder") + sent(baton, "escalation") == []


# --- races ----------------------------------------------------------------------------------------

VERDICTS: Mapping[str, tuple[str, dict[str, str]]] = {
    "accepted": ("stage", {"stage": "accepted", "reason": "mine"}),
    "recycled": ("stage", {"stage": "recycled", "reason": "not_ready"}),
    "disqualified": ("stage", {"stage": "disqualified", "reason": "competitor"}),
    "called": ("contact", {"how": "called"}),
}


CLOCK_STEPS = (SlaStep.REMINDED, SlaStep.ESCALATED, SlaStep.LATE)
RACES = [
    (step, verdict)
    for step in CLOCK_STEPS
    for verdict in VERDICTS
    if (step, verdict) != (SlaStep.LATE, "accepted")  # a tap does not end the clock
]


@pytest.mark.parametrize(("step", "verdict"), RACES)
def test_a_verdict_that_was_first_leaves_nothing_to_remind_of(verdict: str, step: SlaStep) -> None:
    """The verdict is written between the reading of a step and its write."""
    baton = asked(staffed(SAM, KIM))
    minutes = {SlaStep.REMINDED: 14, SlaStep.ESCALATED: 29, SlaStep.LATE: 59}[step]
    later(baton, minutes)
    before = handoff(baton)
    assert step not in before.steps
    read = baton.world.leads.read
    verdicts = iter([VERDICTS[verdict]])

    def interrupted(lead_id: str) -> Any:
        lead = read(lead_id)
        for what, data in verdicts:
            ask(baton, what, data)
        return lead

    clock = baton.world.sla_clock
    clock._leads = Interrupted(baton.world.leads, interrupted)
    baton.ports.clock.tick(2 * MINUTE)
    clock.look(before.lead_id, 1)
    assert step not in handoff(baton).steps
    baton.until_quiet()
    named = f"#{step}#"
    assert not [one for one in baton.outbox() if named in key_of(one)]


class Interrupted:
    """The store of leads, with something that happens while it is read."""

    def __init__(self, leads: Any, read: Any) -> None:
        self._leads = leads
        self.read = read

    def __getattr__(self, name: str) -> Any:
        return getattr(self._leads, name)


@pytest.mark.parametrize("verdict", VERDICTS)
def test_a_reminder_that_waits_is_not_sent_after_the_verdict(verdict: str) -> None:
    baton = asked(staffed(SAM))
    later(baton, 14)
    baton.ports.clock.tick(MINUTE)
    baton.world.sla_clock.look(handoff(baton).lead_id, 1)
    assert SlaStep.REMINDED in handoff(baton).steps
    baton.drained = len(baton.ports.memory.inserted)  # its record is late
    baton.ports.clock.tick(MINUTE)
    ask(baton, *VERDICTS[verdict])
    later(baton, 5)
    (reminder,) = [one for one in baton.outbox() if one["kind"] == "reminder"]
    assert (reminder["state"], reminder["reason"]) == (MessageState.CANCELLED, "taken_back")


def test_an_early_look_only_says_when_to_come_again() -> None:
    baton = asked(staffed({**SAM, "hours": {"tue": ["09:00", "17:00"]}}))
    later(baton, 15)
    assert handoff(baton).due_at == datetime(2026, 11, 24, 9, 15, tzinfo=UTC)
    before = handoff(baton)
    baton.world.sla_clock.look(before.lead_id, 1)
    assert handoff(baton) == before


def test_looking_twice_does_it_once() -> None:
    baton = asked(staffed(SAM))
    baton.ports.clock.tick(15 * MINUTE)
    for _ in range(2):
        baton.world.sla_clock.look(handoff(baton).lead_id, 1)
    baton.until_quiet()
    assert sent(baton, "reminder") == ["reminder#1#reminded#sam#email"]


def test_the_handoff_of_a_merged_lead_is_over() -> None:
    baton = asked(staffed(SAM))
    baton.form("guide", "v2", email="bob@acme.example")
    baton.until_quiet()
    ann = baton.lead()["lead_id"]
    bob = baton.lead("bob@acme.example")["lead_id"]
    ask(baton, "merge", {"other_lead_id": ann}, email="bob@acme.example")
    later(baton, 20)
    (absorbed,) = baton.world.handoffs.of_lead(ann)
    assert (absorbed.state, absorbed.due_at) == (CLOSED, None)
    assert [one.state for one in baton.world.handoffs.of_lead(bob)] == [OPEN]


def test_a_message_that_exists_already_is_not_planned_again() -> None:
    baton = asked(staffed(SAM))
    baton.ports.clock.tick(15 * MINUTE)
    before = handoff(baton)
    baton.world.sla_clock.look(before.lead_id, 1)
    reminded = handoff(baton)
    again = replace(reminded, steps={}, due_at=baton.ports.now(), version=reminded.version + 1)
    baton.world.handoffs.move(reminded, again)
    baton.world.sla_clock.look(before.lead_id, 1)
    assert SlaStep.REMINDED in handoff(baton).steps
