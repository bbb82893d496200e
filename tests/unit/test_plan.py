"""Who gets a lead and by which channels they are told; and what they are told when it was a
mistake, or doubtful.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.delivery import outbox, outcomes
from chalicelib.delivery.message_keys import MessageKey, MessageKind
from chalicelib.delivery.outbox import LEFT, MessageState, Via
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.document import parse_document
from chalicelib.errors import DocumentError
from chalicelib.handoff.afterwards import triage_request
from chalicelib.handoff.choosing import Chosen
from chalicelib.handoff.dealing import Dealt
from chalicelib.handoff.handoff import HandoffState, Priority, WhyHeld
from chalicelib.handoff.handoff_records import handoff_record
from chalicelib.handoff.load import Load
from chalicelib.handoff.plan import (
    hand_over,
    instead_of,
    take_back,
    warn_owner,
)
from chalicelib.handoff.routing import Person, person_of, salesperson, stand_ins, weekly_capacity
from chalicelib.handoff.sla import first_look
from chalicelib.leads.records import Record
from chalicelib.lifecycle.stages import Stage, Standing
from chalicelib.qualify.reactions import Plan
from tests import factories as make
from tests.factories import MINUTE, standing
from tests.fakes import NOW

SAM: dict[str, Any] = {
    "id": "sam",
    "name": "Sam",
    "email": "sam@keybook.example",
    "phone": "+4930901821",
}
KIM: dict[str, Any] = {"id": "kim", "name": "Kim", "email": "kim@keybook.example"}
WEEK = {day: ["09:00", "17:30"] for day in ("mon", "tue", "wed", "thu", "fri")}


def routing(*people: dict[str, Any]) -> dict[str, Any]:
    return {"people": list(people)}


# --- who ------------------------------------------------------------------------------------------


def id_of(document: dict[str, Any] | None, owner: str | None = None) -> str | None:
    person = salesperson(document, owner)
    return person.id if person else None


def test_the_first_active_person_gets_the_lead() -> None:
    away = {**KIM, "active": False}
    assert id_of(routing(away, SAM)) == "sam"
    assert id_of(routing(away)) is None
    assert id_of(routing()) is None
    assert id_of(None) is None


def test_the_leads_owner_gets_it_again_unless_they_are_gone() -> None:
    both = routing(SAM, KIM)
    assert id_of(both, "kim") == "kim"
    assert id_of(both, "sam") == "sam"
    assert id_of(both, "left-us") == "sam"
    assert id_of(routing(SAM, {**KIM, "active": False}), "kim") == "sam"


@pytest.mark.parametrize(
    ("people", "handoffs"),
    [
        ([], 0),
        ([SAM], 50),
        ([SAM, KIM], 100),
        ([SAM, {**KIM, "active": False}], 50),
        ([{**SAM, "capacity": 4}], 20),
        ([{**SAM, "capacity": 0}], 0),
        ([{**SAM, "hours": WEEK}], 50),
        (
            [
                {
                    **SAM,
                    "capacity": 3,
                    "hours": {"mon": ["09:00", "12:00"], "sat": ["10:00", "14:00"]},
                }
            ],
            6,
        ),
        (
            [{**SAM, "capacity": 7}, {**KIM, "capacity": 5, "hours": {"tue": ["09:00", "17:00"]}}],
            40,
        ),
    ],
)
def test_a_weeks_capacity_is_what_active_people_take(
    people: list[dict[str, Any]], handoffs: int
) -> None:
    assert weekly_capacity(routing(*people)) == handoffs


def test_without_a_routing_nobody_takes_anything() -> None:
    assert weekly_capacity(None) == 0


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"capacity": -1}, "people.0.capacity"),
        ({"capacity": 1_001}, "people.0.capacity"),
        ({"capacity": "many"}, "people.0.capacity"),
        ({"hours": {"someday": ["09:00", "17:00"]}}, "people.0.hours"),
        ({"hours": {"mon": ["9", "17"]}}, "people.0.hours.mon"),
        ({"hours": {"mon": ["09:00"]}}, "people.0.hours.mon"),
        ({"hours": {"mon": ["24:00", "25:00"]}}, "people.0.hours.mon"),
        ({"phone": "030 901820"}, "people.0.phone"),
        ({"id": "Sam Seller"}, "people.0.id"),
    ],
)
def test_a_malformed_routing_is_refused_where_it_is_wrong(
    change: dict[str, Any], named: str
) -> None:
    for read in (salesperson, weekly_capacity):
        with pytest.raises(DocumentError) as refused:
            read(routing({**SAM, **change}))
        assert refused.value.errors[0].field.startswith(named)


# --- the handoff ----------------------------------------------------------------------------------


def handed(
    kind: str = "requested",
    *people: dict[str, Any],
    owner: str | None = None,
    why_held: WhyHeld | None = None,
    waits_until: datetime | None = None,
    total: int = 0,
) -> Plan:
    moved = make.transition(Stage.SQL, Stage.MQL, kind=kind, cycle=2)
    found = {one["id"]: parse_document(Person, one) for one in people}
    chosen = Chosen(
        owner=owner or next(iter(found), None),
        holder=None,
        why="Sam was next.",
        is_dealt=owner is None,
        waits_until=waits_until,
        load=Load(),
    )
    return hand_over(
        moved,
        lead=make.lead(total=total),
        about=7,
        priority=Priority.P1 if kind == "requested" else Priority.P4,
        dealt=Dealt(chosen=chosen, receiver=found.get(chosen.owner or "")),
        now=NOW,
        why_held=why_held,
    )


def record(kind: str, owner: str | None, **parts: Any) -> Record:
    priority = Priority.P1 if kind == "requested" else Priority.P4
    known = {"kind": kind, "owner": owner, "priority": priority, "why": "Sam was next."}
    due = {"due_at": None if "why_held" in parts else first_look(priority, NOW)}
    known |= {"handed_to": owner, "handed_why": "Sam was next."}
    return handoff_record(None, make.handoff(cycle=2, about=7, **{**known, **due, **parts}))


@pytest.mark.parametrize(
    ("kind", "people", "told"),
    [
        ("requested", [SAM], {"email": SAM["email"], "sns": None, "sms": SAM["phone"]}),
        ("inferred", [SAM], {"email": SAM["email"], "sns": None}),
        ("requested", [], {"email": None, "sns": None, "sms": None}),
        (
            "requested",
            [{**SAM, "phone": None}],
            {"email": SAM["email"], "sns": None, "sms": None},
        ),
    ],
)
def test_rule_2_one_message_each_and_texts_only_for_requests(
    kind: str, people: list[dict[str, Any]], told: dict[str, str | None]
) -> None:
    plan = handed(kind, *people)
    assert {message.via.value: message.to for message in plan.messages} == told
    assert {str(message.key) for message in plan.messages} == {f"handoff#2#{via}" for via in told}
    assert {message.about for message in plan.messages} == {7}
    owner = "sam" if people else None
    assert (plan.records, plan.owner) == ([record(kind, owner)], owner)


def test_rule_1_a_handoff_goes_to_the_leads_owner() -> None:
    plan = handed("requested", SAM, KIM, owner="kim")
    assert plan.owner == "kim"
    assert {message.via: message.to for message in plan.messages} == {
        Via.EMAIL: KIM["email"],
        Via.SNS: None,
        Via.SMS: None,
    }


@pytest.mark.parametrize("kind", ["requested", "inferred"])
def test_rule_9_a_held_handoff_names_its_owner_and_tells_nobody(kind: str) -> None:
    plan = handed(kind, SAM, why_held=WhyHeld.IMPORT)
    held = {"state": HandoffState.HELD, "why_held": WhyHeld.IMPORT, "opened_at": None}
    assert (plan.records, plan.owner) == ([record(kind, "sam", **held)], "sam")
    assert plan.messages == []


def test_a_handoff_that_waits_for_room_is_due_best_first() -> None:
    monday = NOW + timedelta(hours=23)
    for total, minutes in ((120_000, 0), (100_000, 0), (50_000, 15), (-5_000, 30)):
        plan = handed("inferred", SAM, waits_until=monday, total=total)
        held = {"state": HandoffState.HELD, "why_held": WhyHeld.FULL, "opened_at": None}
        due_at = monday + timedelta(minutes=minutes)
        assert plan.records == [record("inferred", "sam", **held, due_at=due_at)]
        assert plan.messages == []


# --- taken back -----------------------------------------------------------------------------------

MAIL, TOPIC, TEXT = (
    make.handoff_message(),
    make.handoff_message(Via.SNS),
    make.handoff_message(Via.SMS),
)
LATER = NOW + MINUTE


def test_a_waiting_notice_is_cancelled_and_a_sent_one_corrected() -> None:
    """The correction goes the same way as the notice."""
    sent = outbox.settled(outbox.claimed(MAIL, NOW), MessageState.SENT, message_id="m")
    plan = take_back([sent, TOPIC, TEXT], 9, LATER)
    assert plan.changed == [(TOPIC, outbox.cancelled(TOPIC)), (TEXT, outbox.cancelled(TEXT))]
    (correction,) = plan.messages
    assert (str(correction.key), correction.kind, correction.via, correction.to) == (
        "correction#1#email",
        "correction",
        Via.EMAIL,
        MAIL.to,
    )
    assert (correction.about, correction.created_at, correction.state) == (
        9,
        LATER,
        MessageState.PLANNED,
    )


@pytest.mark.parametrize("state", list(MessageState))
def test_every_notice_is_cancelled_corrected_or_was_never_read(
    state: MessageState,
) -> None:
    """One that is being sent, or of which nobody knows, may have left: better a correction too
    many.
    """
    plan = take_back([replace(TEXT, state=state)], 9, LATER)
    assert bool(plan.changed) == (state is MessageState.PLANNED)
    assert bool(plan.messages) == (state in LEFT)
    never_left = {
        MessageState.HELD,  # what sales gets never is
        MessageState.REFUSED,
        MessageState.SUPPRESSED,
        MessageState.CANCELLED,
        MessageState.LOST,
    }
    assert (plan.writes == 0) == (state in never_left)


def test_a_throttled_notice_waits_and_is_cancelled() -> None:
    throttled = outcomes.waiting(outbox.claimed(MAIL, NOW), NotSentReason.THROTTLED, NOW)
    plan = take_back([throttled], 9, LATER)
    ((before, after),) = plan.changed
    assert (before, after.state, after.reason, after.due_at) == (
        throttled,
        MessageState.CANCELLED,
        NotSentReason.TAKEN_BACK,
        None,
    )
    assert plan.messages == []


def test_the_correction_of_a_later_cycle_is_another_one() -> None:
    sent = [
        replace(
            MAIL, key=MessageKey(MessageKind.HANDOFF, cycle, ("email",)), state=MessageState.SENT
        )
        for cycle in (1, 12)
    ]
    plan = take_back(sent, 9, LATER)
    assert [str(one.key) for one in plan.messages] == ["correction#1#email", "correction#12#email"]


def test_without_notices_nobody_needs_a_correction() -> None:
    assert take_back([], 9, LATER).writes == 0


# --- words of a lead that sales has, or does not get ----------------------------------------------


def test_the_owner_is_warned_once_per_rule_and_cycle() -> None:
    accepted = make.lead(version=9, standing=standing(Stage.ACCEPTED, owner="kim", cycle=3))
    one = warn_owner(accepted, "bad-fit", person_of(routing(SAM, KIM), "kim"), NOW)
    assert (str(one.key), one.kind, one.via, one.to, one.about) == (
        "warning#3#bad-fit",
        "warning",
        Via.EMAIL,
        KIM["email"],
        9,
    )


def test_a_warning_for_nobody_is_planned_and_says_so() -> None:
    """So that the outbox shows it."""
    assert warn_owner(make.lead(version=9), "competitor", None, NOW).to is None


def test_rule_1_triage_tells_the_team_and_sends_no_text() -> None:
    one = triage_request(make.lead(version=9, standing=Standing(cycle=2)), NOW)
    assert (str(one.key), one.kind, one.via, one.to) == ("triage#2#sns", "triage", Via.SNS, None)


# --- a handoff that did not arrive ----------------------------------------------------------------


def with_stand_ins(*people: dict[str, Any], **named: str) -> dict[str, Any]:
    return {"people": list(people), **named}


MAX: dict[str, Any] = {"id": "max", "name": "Max", "email": "max@keybook.example", "active": False}


@pytest.mark.parametrize(
    ("named", "to"),
    [
        ({"fallback": "kim"}, "kim@keybook.example"),
        ({"fallback": "kim", "manager": "max"}, "kim@keybook.example"),
        ({"fallback": "sam", "manager": "max"}, "max@keybook.example"),
        ({"manager": "max"}, "max@keybook.example"),
        ({"fallback": "sam"}, None),
        ({}, None),
    ],
)
def test_a_handoff_that_did_not_arrive_goes_to_somebody_else(
    named: dict[str, str], to: str | None
) -> None:
    document = with_stand_ins(SAM, KIM, MAX, **named)
    notice = replace(MAIL, cause=("VISITOR#v", "event"))
    found = instead_of(notice, document, LATER)
    assert (found.to if found else None) == to
    if found is not None:
        assert str(found.key) == "handoff#1#email#fallback"
        assert (found.about, found.due_at) == (MAIL.about, LATER + 2 * MINUTE)
        assert found.cause == notice.cause


def test_what_went_to_the_fallback_person_goes_no_further() -> None:
    document = with_stand_ins(SAM, KIM, MAX, fallback="kim", manager="max")
    first = instead_of(MAIL, document, LATER)
    assert first is not None
    assert instead_of(first, document, LATER) is None


def test_who_stood_in_is_told_of_the_correction_too() -> None:
    document = with_stand_ins(SAM, KIM, fallback="kim")
    instead = instead_of(MAIL, document, LATER)
    assert instead is not None
    left = replace(instead, state=MessageState.SENT)
    plan = take_back([replace(MAIL, state=MessageState.BOUNCED), left], 9, LATER)
    assert {(str(one.key), one.to) for one in plan.messages} == {
        ("correction#1#email", "sam@keybook.example"),
        ("correction#1#email#fallback", "kim@keybook.example"),
    }


def test_without_routing_nobody_stands_in() -> None:
    assert instead_of(MAIL, None, LATER) is None


@pytest.mark.parametrize("role", ["fallback", "manager"])
def test_a_stand_in_is_one_of_the_people(role: str) -> None:
    with pytest.raises(DocumentError, match=f"^{role}: nobody in people has the id eve; add them"):
        stand_ins(with_stand_ins(SAM, **{role: "eve"}))
