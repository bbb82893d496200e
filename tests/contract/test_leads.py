"""Leads in the store, on every engine: read as they were written, written on what was read, listed
whole.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from chalicelib.consent.consent import CONSENT_ONLY
from chalicelib.delivery import outbox
from chalicelib.delivery.outbox import MessageState, OutboxMessage, Via
from chalicelib.errors import AlreadyPlannedError, ConflictError
from chalicelib.events import Kind, Rank, lead_partition
from chalicelib.handoff.handoff import HandoffState
from chalicelib.handoff.handoff_records import handoff_record
from chalicelib.leads.lead import Lead, Notified, NotifiedAbout, SalesAnswer
from chalicelib.lifecycle.stages import Actor, Outcome, Recorded, Stage, Standing, Transition
from chalicelib.qualify.reactions import LeadChange, Moved, Plan
from chalicelib.scoring.profile import learn
from chalicelib.scoring.tally import EVER, Since
from chalicelib.scoring.touches import Touch, Touches
from chalicelib.store.events import Events
from chalicelib.store.leads import Leads
from chalicelib.store.outbox import Outbox, put_message
from chalicelib.store.table import GUARDED, Put, Table
from tests import factories as make
from tests.engines import on_big_engines
from tests.factories import LEAD_ID, MINUTE, TODAY, all_due
from tests.fakes import NOW

OWN = lead_partition(LEAD_ID)
NOTHING = LeadChange()
TO_SALES = make.moved(Stage.SQL, kind="requested")
HANDOFF = handoff_record(None, make.handoff())
NOTICES = [make.handoff_message(), make.handoff_message(Via.SNS)]
TODAYS_CELLS = make.seen(blog=[0], keys={"guide-download": {"aabbccdd": 0}})
OWN_TOUCH = Touch(NOW, "e", "google", "cpc", "spring", Rank.OWN_BROWSER)
SINCE = Since(TODAY.toordinal(), TODAYS_CELLS, NOW, "fedcba9876543210", LEAD_ID)


def leads(table: Table) -> Leads:
    return Leads(table, mailbox_of=make.mailbox, spread_reviews=False)


def without(change: LeadChange, planned: AlreadyPlannedError) -> LeadChange:
    return replace(change, plan=change.plan.without(planned))


def put_lead(table: Table, one: Lead, change: LeadChange = NOTHING) -> None:
    """Write a lead for the first time."""
    leads(table).write(make.lead(lead_id=one.lead_id), one, change)


# --- read as written ------------------------------------------------------------------------------


def test_a_lead_of_whom_nothing_was_derived_has_version_0(table: Table) -> None:
    Events(table).append(make.form())
    assert leads(table).read(LEAD_ID) == make.lead()


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"crowded": True, "counted": {}, "review_on": None},
        {"standing": Standing()},
        {
            "notified": (
                Notified(1, NotifiedAbout.REQUEST),
                Notified(2, NotifiedAbout.DISQUALIFIED, "competitor"),
            ),
            "merged_into": None,
        },
        {"merged_into": "ANOTHER"},
        {"zone": "America/Los_Angeles"},
        {
            "profile": learn({}, [make.form(fields=make.BEST_FIT, rank=rank) for rank in Rank]),
            "touches": Touches(OWN_TOUCH, OWN_TOUCH),
        },
        {
            "standing": make.standing(
                Stage.RECYCLED,
                rest_until=make.day(45),
                since=SINCE,
                overrides=("competitor", "bad-fit"),
                outcome=Outcome.LOST,
                handed_on=make.day(-9),
                cycle=3,
                owner="sam",
            )
        },
        {"standing": make.standing(Stage.SQL, kind="requested", by_person=True, since=EVER)},
        {"standing": make.standing(Stage.CUSTOMER, outcome=Outcome.WON)},
        {
            "answers": {
                "permission": SalesAnswer(2, NOW, "e1", value=True),
                "size": SalesAnswer(2, NOW + MINUTE, "e2", "40 seats, später 80"),
            }
        },
    ],
)
def test_a_lead_is_read_as_it_was_written_each_time(table: Table, parts: dict[str, object]) -> None:
    first, second = make.whole_lead(**parts), make.whole_lead(version=2)
    put_lead(table, first)
    assert leads(table).read(LEAD_ID) == first
    leads(table).write(first, second, LeadChange())
    assert leads(table).read(LEAD_ID) == second
    leads(table).write(second, replace(first, version=3), LeadChange())
    assert leads(table).read(LEAD_ID) == replace(first, version=3)


def test_the_answers_alone_are_a_change_that_is_kept(table: Table) -> None:
    first = make.whole_lead()
    put_lead(table, first)
    answered = replace(first, version=2, answers={"size": SalesAnswer(2, NOW, "e", "40 seats")})
    leads(table).write(first, answered, LeadChange())
    assert leads(table).read(LEAD_ID) == answered


def test_a_lead_is_written_on_the_version_that_was_read(table: Table) -> None:
    first = make.whole_lead()
    put_lead(table, first)
    with pytest.raises(ConflictError):
        put_lead(table, first)
    leads(table).write(first, replace(first, version=2, total=1), LeadChange())
    with pytest.raises(ConflictError):
        leads(table).write(first, replace(first, version=2, total=2), LeadChange())
    assert leads(table).read(LEAD_ID).total == 1


@on_big_engines
def test_many_leads_are_read_in_the_order_requested(table: Table) -> None:
    ids = [f"LEAD{number:04d}" for number in range(120)]
    for lead_id in ids:
        put_lead(table, make.lead(lead_id=lead_id, version=1))
    wanted = [*reversed(ids), "NOBODY"]
    assert [one.lead_id for one in leads(table).read_many(wanted)] == wanted[:-1]


# --- what is written with it ----------------------------------------------------------------------


def test_a_transition_is_written_with_its_plan_and_reasons(table: Table) -> None:
    put_lead(
        table,
        make.whole_lead(),
        LeadChange(moved=[TO_SALES], plan=Plan(messages=NOTICES, records=[HANDOFF])),
    )
    found = leads(table).transition(LEAD_ID, 1)
    assert found == recorded_of(TO_SALES)
    assert (found.total, found.grade, sum(milli for _, _, milli, _ in found.reasons)) == (
        40_000,
        "A",
        40_000,
    )
    assert leads(table).transition(LEAD_ID, 2) is None
    assert [Outbox(table, make.mailbox).read(LEAD_ID, one.key) for one in NOTICES] == NOTICES


def recorded_of(moved: Moved, zone: str = "UTC") -> Recorded:
    """How a transition is read that was written so."""
    lines = [(line.rule, line.group, line.milli, line.text) for line in moved.score.reasons]
    return Recorded(
        transition=moved.transition,
        version=moved.version,
        at=moved.at,
        model_version=moved.score.model_version,
        total=moved.score.total,
        grade=moved.score.grade,
        reasons=lines,
        zone=zone,
        band=moved.score.band,
    )


EVERY_PART = make.transition(
    Stage.RECYCLED,
    origin=Stage.OPPORTUNITY,
    why='no budget: "später", 予算',
    cycle=12,
    actor=Actor.PERSON,
    rest_until=make.day(90),
    since=SINCE,
    overrides=("competitor", "bad-fit"),
    outcome=Outcome.LOST,
)


@pytest.mark.parametrize(
    "transition",
    [
        EVERY_PART,
        make.transition(),
        make.transition(actor=Actor.CLOCK),
        make.transition(Stage.SQL, Stage.ACCEPTED, kind="inferred", since=EVER, actor=Actor.PERSON),
    ],
)
def test_every_part_of_a_transition_survives(table: Table, transition: Transition) -> None:
    moved = make.moved()
    moved = replace(moved, transition=transition, score=replace(moved.score, band="hot"))
    put_lead(table, make.whole_lead(), LeadChange(moved=[moved]))
    assert leads(table).transitions(LEAD_ID) == [recorded_of(moved)]


def test_a_transition_keeps_its_day_and_names_its_zone(table: Table) -> None:
    """At eight in the evening in Los Angeles it is the next day in UTC, and in Berlin too."""
    at = datetime(2026, 11, 23, 4, tzinfo=UTC)
    moved = replace(make.moved(on=date(2026, 11, 22)), at=at)
    first = make.whole_lead(zone="America/Los_Angeles")
    put_lead(table, first, LeadChange(moved=[moved]))
    later = replace(first, version=2, zone="Europe/Berlin")
    leads(table).write(first, later, LeadChange())
    assert leads(table).read(LEAD_ID).zone == "Europe/Berlin"
    (found,) = leads(table).transitions(LEAD_ID)
    assert (found.at, found.transition.on, found.zone) == (
        at,
        date(2026, 11, 22),
        "America/Los_Angeles",
    )


def test_what_names_no_time_zone_has_days_of_utc(table: Table) -> None:
    put_lead(table, make.whole_lead(zone="Europe/Berlin"), LeadChange(moved=[make.moved()]))
    for sk in ("STANDING", "TRANSITION#00000001"):
        item = table.get(OWN, sk)
        assert item is not None
        kept = {name: value for name, value in item.items() if name != "zone"}
        table.write(Put(kept, GUARDED))
    assert leads(table).read(LEAD_ID).zone == "UTC"
    assert [one.zone for one in leads(table).transitions(LEAD_ID)] == ["UTC"]


def test_transitions_come_newest_first_by_the_version_they_made(table: Table) -> None:
    """More than nine, so that their order is that of numbers and not of texts; two of them in one
    write.
    """
    moved = [
        replace(make.moved(version=version), at=NOW + version * MINUTE) for version in range(1, 13)
    ]
    before = make.lead()
    for those in (moved[:1], moved[1:3], *([one] for one in moved[3:])):
        after = make.whole_lead(version=those[-1].version)
        leads(table).write(before, after, LeadChange(moved=those))
        before = after
    newest_first = [recorded_of(one) for one in reversed(moved)]
    assert leads(table).transitions(LEAD_ID) == newest_first
    assert leads(table).transitions(LEAD_ID, 1) == newest_first[:1]
    assert leads(table).transitions(LEAD_ID, 5) == newest_first[:5]
    assert leads(table).transitions("NOBODY") == []


def test_a_transition_is_written_once_and_never_over_another(table: Table) -> None:
    put_lead(table, make.whole_lead(), LeadChange(moved=[make.moved()]))
    first, second = make.whole_lead(), make.whole_lead(version=2)
    with pytest.raises(ConflictError):
        leads(table).write(first, second, LeadChange(moved=[make.moved(Stage.SQL, version=1)]))
    assert leads(table).read(LEAD_ID) == first
    assert leads(table).transitions(LEAD_ID) == [recorded_of(make.moved())]


def test_a_persons_act_is_stored_together_with_its_effect(table: Table) -> None:
    act = make.event(
        Kind.PERSON,
        "stage",
        partition=OWN,
        properties={"stage": "customer", "reason": "they signed"},
    )
    put_lead(table, make.whole_lead(), LeadChange(events=[act]))
    assert list(Events(table).of(OWN)) == [act]
    with pytest.raises(ConflictError) as conflict:
        leads(table).write(make.whole_lead(), make.whole_lead(version=2), LeadChange(events=[act]))
    assert not isinstance(conflict.value, AlreadyPlannedError)
    assert leads(table).read(LEAD_ID) == make.whole_lead()


@pytest.mark.parametrize("state", list(HandoffState))
def test_a_handoff_is_stored_once_with_its_state(table: Table, state: HandoffState) -> None:
    record = handoff_record(None, make.handoff(state=state))
    put_lead(table, make.whole_lead(), LeadChange(moved=[TO_SALES], plan=Plan(records=[record])))
    item = table.get(OWN, "HANDOFF#1")
    assert item is not None
    assert {name: item[name] for name in ("kind", "owner", "state")} == {
        "kind": "requested",
        "owner": "sam",
        "state": state.value,
    }
    with pytest.raises(AlreadyPlannedError) as planned:
        leads(table).write(
            make.whole_lead(), make.whole_lead(version=2), LeadChange(plan=Plan(records=[HANDOFF]))
        )
    assert (planned.value.messages, planned.value.records) == (
        frozenset(),
        frozenset({"HANDOFF#1"}),
    )


def test_a_message_planned_before_is_named_in_the_conflict(
    table: Table,
) -> None:
    """So that the decision can be written without it."""
    whole = LeadChange(moved=[TO_SALES], plan=Plan(messages=NOTICES, records=[HANDOFF]))
    table.write(put_message(NOTICES[1]))
    with pytest.raises(AlreadyPlannedError) as planned:
        put_lead(table, make.whole_lead(), whole)
    assert (planned.value.messages, planned.value.records) == (
        frozenset({str(NOTICES[1].key)}),
        frozenset(),
    )
    assert leads(table).read(LEAD_ID) == make.lead()
    put_lead(table, make.whole_lead(), without(whole, planned.value))
    again = replace(whole, moved=[replace(TO_SALES, version=2)])
    with pytest.raises(AlreadyPlannedError) as twice:
        leads(table).write(make.whole_lead(), make.whole_lead(version=2), again)
    assert twice.value.messages == {str(one.key) for one in NOTICES}
    assert twice.value.records == {"HANDOFF#1"}
    left = without(again, twice.value)
    assert (left.plan, left.moved) == (Plan(messages=[], records=[]), again.moved)
    leads(table).write(make.whole_lead(), make.whole_lead(version=2), left)
    assert leads(table).read(LEAD_ID).version == 2


def test_a_lost_race_is_a_conflict_despite_planned_messages(table: Table) -> None:
    put_lead(table, make.whole_lead())
    table.write(put_message(make.nurture_message()))
    with pytest.raises(ConflictError) as conflict:
        put_lead(
            table,
            make.whole_lead(),
            LeadChange(moved=[make.moved()], plan=Plan(messages=[make.nurture_message()])),
        )
    assert not isinstance(conflict.value, AlreadyPlannedError)


# --- notices that are taken back ------------------------------------------------------------------


def put_messages(table: Table, every: Sequence[OutboxMessage]) -> None:
    for message in every:
        table.write(put_message(message))


def test_the_notices_of_a_cycle_are_no_other_messages(
    table: Table,
) -> None:
    """Neither those of another cycle nor messages of another kind."""
    first = [make.handoff_message(via) for via in (Via.EMAIL, Via.SMS, Via.SNS)]
    others = [
        make.handoff_message(key="handoff#10#email"),
        make.handoff_message(key="handoff#2#email"),
        make.handoff_message(key="correction#1#email"),
        make.nurture_message(),
    ]
    put_messages(table, [*others, *first])
    assert leads(table).notices(LEAD_ID, 1) == first
    assert leads(table).notices(LEAD_ID, 10) == others[:1]
    assert leads(table).notices(LEAD_ID, 3) == []
    assert sorted(leads(table).messages(LEAD_ID), key=lambda one: str(one.key)) == sorted(
        [*first, *others], key=lambda one: str(one.key)
    )


def test_a_notice_is_cancelled_with_the_decision_against_it(table: Table) -> None:
    put_lead(table, make.whole_lead(), LeadChange(moved=[TO_SALES], plan=Plan(messages=NOTICES)))
    pair = (NOTICES[0], outbox.cancelled(NOTICES[0]))
    leads(table).write(
        make.whole_lead(), make.whole_lead(version=2), LeadChange(plan=Plan(changed=[pair]))
    )
    assert leads(table).notices(LEAD_ID, 1) == [pair[1], NOTICES[1]]
    assert all_due(table, NOW + timedelta(hours=1)) != []
    assert [
        one.key for _, one in Outbox(table, make.mailbox).outbox([MessageState.CANCELLED], "", 10)
    ] == [NOTICES[0].key]


def test_a_notice_taken_meanwhile_is_a_lost_race(table: Table) -> None:
    """The one that takes it back reads again, and corrects what it can no longer cancel."""
    put_lead(table, make.whole_lead(), LeadChange(moved=[TO_SALES], plan=Plan(messages=NOTICES)))
    Outbox(table, make.mailbox).claim(
        NOTICES[0], outbox.claimed(NOTICES[0], NOW), rests_on=CONSENT_ONLY
    )
    stale = (NOTICES[0], outbox.cancelled(NOTICES[0]))
    with pytest.raises(ConflictError) as conflict:
        leads(table).write(
            make.whole_lead(), make.whole_lead(version=2), LeadChange(plan=Plan(changed=[stale]))
        )
    assert not isinstance(conflict.value, AlreadyPlannedError)
    assert leads(table).read(LEAD_ID) == make.whole_lead()
