"""What a decision plans at most, what the gate and the claim ask, and what the two let through."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.delivery.messages import Skip
from chalicelib.delivery.outbox import MessageState, OutboxMessage
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.errors import ConflictError
from chalicelib.events import Act, Kind
from chalicelib.leads.acts import OTHER_LEAD
from chalicelib.lifecycle.stages import Stage
from chalicelib.nurture.enrolment import Enrolment, ExitReason
from chalicelib.nurture.gate import Leaving
from chalicelib.nurture.moves import HELD_MAX, Left, NotSent, OnWay, became
from chalicelib.nurture.pauses import shifted
from chalicelib.nurture.reaction import MOST_WRITES, NurtureReaction
from chalicelib.qualify.reactions import Cause, Situation
from chalicelib.store.sequence_claims import check_sequence
from tests import factories as make
from tests.baton import TOKEN
from tests.courses import baton_on_tuesday, become_mql, days_later, mails, put_sequence
from tests.factories import LEAD_ID, standing, worth
from tests.fakes import NOW

OTHER_ID = "A" * 26
SEQUENCE = {
    "id": "s",
    "enter": {"stage": "mql"},
    "steps": [{"id": "a", "wait": "0d", "email": "x"}],
}


def enrolment(sequence: str, lead_id: str = LEAD_ID, **parts: Any) -> Enrolment:
    known = {"cycle": 1, "entered_at": NOW, "cause": "stage: recycled", "due_at": NOW}
    return Enrolment(**{**known, "lead_id": lead_id, "sequence": sequence, **parts})


def on_way(lead_id: str) -> tuple[list[Enrolment], list[OutboxMessage]]:
    """Return as many enrolments as a lead can have, each with an email that waits."""
    names = [f"old-{number}" for number in range(5)]
    keys = [f"nurture#1#{name}#a" for name in names]
    running = [
        enrolment(name, lead_id, step="a", on_way=key)
        for name, key in zip(names, keys, strict=True)
    ]
    return running, [make.nurture_message(key, lead_id=lead_id) for key in keys]


def test_no_plan_is_larger_than_the_room_says() -> None:
    ours, messages = on_way(LEAD_ID)
    theirs, _ = on_way(OTHER_ID)
    merged = make.event(
        partition=f"LEAD#{LEAD_ID}",
        kind=Kind.PERSON,
        name=Act.MERGED.value,
        properties={OTHER_LEAD: OTHER_ID},
    )
    by_form = {**SEQUENCE, "id": "f", "enter": {"form": "news"}}
    reaction = NurtureReaction(
        sequences=lambda: [SEQUENCE, by_form],
        enrolments=lambda lead_id: ours if lead_id == LEAD_ID else theirs,
        messages=lambda _: messages,
        held_by=lambda _: None,
    )
    after = make.lead(standing=standing(Stage.MQL), profile=make.profile())
    plan = reaction(
        Situation(
            model=make.model(),
            before=make.lead(),
            after=after,
            moved=[make.moved(Stage.MQL, origin=Stage.RECYCLED)],
            score=worth(),
            events=[merged, make.form("news")],
            cause=Cause.NEWS,
            now=NOW,
        )
    )
    assert len(plan.messages) == 2
    assert plan.writes <= MOST_WRITES


# --- what has become of a message -----------------------------------------------------------------


def message(state: MessageState, reason: NotSentReason | None = None, **parts: Any) -> Any:
    return replace(make.nurture_message(), state=state, reason=reason, **parts)


AT = NOW + timedelta(hours=1)
BECAME: list[tuple[Any, Any]] = [
    (None, NotSent(None)),
    (message(MessageState.PLANNED), OnWay(AT + timedelta(minutes=5))),
    (message(MessageState.PLANNED, due_at=AT + timedelta(days=1)), OnWay(AT + timedelta(days=1))),
    (message(MessageState.SENT, claimed_at=NOW), Left(NOW)),
    (message(MessageState.BOUNCED, claimed_at=NOW), Left(NOW)),
    (message(MessageState.LOST, NotSentReason.NO_EVIDENCE, claimed_at=NOW), Left(NOW)),
    (message(MessageState.LOST, NotSentReason.STALE), NotSent(None)),
    (message(MessageState.REFUSED, NotSentReason.NOT_RENDERED), NotSent(None)),
    (message(MessageState.CANCELLED, NotSentReason.NO_CONTENT), NotSent(None)),
    (
        message(MessageState.SUPPRESSED, NotSentReason.UNSUBSCRIBED),
        NotSent(ExitReason.UNSUBSCRIBED),
    ),
    (message(MessageState.REFUSED, NotSentReason.NO_ADDRESS), NotSent(ExitReason.NO_ADDRESS)),
    (message(MessageState.LOST, NotSentReason.SUNSET), NotSent(ExitReason.SUNSET)),
    (message(MessageState.HELD), OnWay(AT + timedelta(days=1))),
    (message(MessageState.HELD, created_at=AT - HELD_MAX), NotSent(ExitReason.STALE)),
]


@pytest.mark.parametrize(("one", "found"), BECAME)
def test_an_enrolment_sees_what_became_of_its_email(one: Any, found: Any) -> None:
    assert became(one, AT) == found


# --- pauses ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pauses", "hours"),
    [
        ([], 48),
        ([(12, 24)], 60),
        ([(-5, 5)], 53),
        ([(-5, -1)], 48),
        ([(50, 60)], 48),
        ([(47, 60)], 61),
        ([(10, 20), (15, 30)], 68),
        ([(10, 20), (50, 60)], 68),  # the first one brings the wait into the second
    ],
)
def test_a_wait_is_longer_by_what_interrupted_it(pauses: list[tuple[int, int]], hours: int) -> None:
    spans = [(NOW + timedelta(hours=start), NOW + timedelta(hours=end)) for start, end in pauses]
    over = shifted(NOW + timedelta(hours=48), NOW, spans)
    assert over == NOW + timedelta(hours=hours)


# --- the gate and the claim -----------------------------------------------------------------------


def leaving(baton: Any, key: str = "nurture#1#s#a", **parts: Any) -> Leaving:
    lead = replace(baton.world.leads.read(LEAD_ID), **parts)
    return Leaving(
        message=make.nurture_message(key), lead=lead, now=NOW, ends_at=NOW + timedelta(days=7)
    )


def reason_of(baton: Any, **parts: Any) -> str | None:
    found = baton.world.for_good(leaving(baton, **parts))
    assert found is None or isinstance(found, Skip)
    return found.reason if found else None


def test_the_gate_says_why_an_email_is_nobodys_to_send() -> None:
    baton = baton_on_tuesday([("a", "1d")])
    assert reason_of(baton) is None
    assert reason_of(baton, standing=standing(Stage.ACCEPTED)) == "with_sales"
    assert reason_of(baton, standing=standing(Stage.CUSTOMER)) == "exited"
    assert reason_of(baton, key="nurture#1#s#gone") == "condition_not_met"
    assert reason_of(baton, key="nurture#1#none#a") == "exited"
    put_sequence(baton, [("a", "1d")], active=False)
    baton.ports.clock.tick(timedelta(minutes=1))
    assert reason_of(baton) == "exited"


def test_our_own_people_get_no_email() -> None:
    baton = baton_on_tuesday([("a", "1d")])
    document = baton.world.publishing.document(None)
    document = {**document, "internal": {"email_domain": ["acme.example"]}}
    baton.world.publishing.draft(document)
    lead_id = become_mql(baton)
    baton.world.publishing.publish(2, None, force=True)
    for _ in range(3):
        baton.minutes_later(1)
    days_later(baton, 3)
    assert mails(baton) == []
    assert [one.ended for one in baton.world.enrolments.of_lead(lead_id)] == ["internal"]


def test_a_claim_reads_the_sequence_as_it_is_now() -> None:
    """The gate's copy may be half a minute old."""
    baton = baton_on_tuesday([("a", "1d")])
    table = baton.ports.memory
    email = make.nurture_message("nurture#1#s#a")
    (check,) = check_sequence(table, email)
    table.write(check)
    put_sequence(baton, [("a", "2d")])
    with pytest.raises(ConflictError):
        table.write(check)
    put_sequence(baton, [("a", "2d")], active=False)
    with pytest.raises(ConflictError):
        check_sequence(table, email)
    baton.http("DELETE", "/v1/sequences/s", None, TOKEN)
    with pytest.raises(ConflictError):
        check_sequence(table, email)
    assert check_sequence(table, make.nurture_message("nurture#1#never#a"))[0].expect == {
        "pk": None
    }
