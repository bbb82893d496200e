"""The states of a message: every arrow, and no other."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from chalicelib.delivery import outbox, outcomes
from chalicelib.delivery.outbox import LEFT, MESSAGE_EDGES, OPEN, MessageState, OutboxMessage
from chalicelib.delivery.reasons import NotSentReason
from tests import factories as make
from tests.fakes import NOW

EVIDENCE = (
    MessageState.SENT,
    MessageState.SOFT_BOUNCED,
    MessageState.DELIVERED,
    MessageState.BOUNCED,
    MessageState.COMPLAINED,
)  # as its rank rises
RANK = {state: rank for rank, state in enumerate(EVIDENCE)}

# Whether it left is not known; of a lost one, or one that was put back, it may turn out later.
UNSETTLED = (
    MessageState.PLANNED,
    MessageState.CLAIMED,
    MessageState.UNKNOWN,
    MessageState.LOST,
)

# The picture of docs/architecture.md, edge by edge.
WRITTEN = {
    (MessageState.HELD, MessageState.PLANNED),  # released
    (MessageState.HELD, MessageState.CANCELLED),
    (MessageState.PLANNED, MessageState.CLAIMED),
    (MessageState.PLANNED, MessageState.PLANNED),  # it waits for a switch
    (MessageState.PLANNED, MessageState.LOST),  # and did for too long
    (MessageState.PLANNED, MessageState.SUPPRESSED),
    (MessageState.PLANNED, MessageState.CANCELLED),
    (MessageState.CLAIMED, MessageState.PLANNED),  # it waits
    (MessageState.CLAIMED, MessageState.LOST),  # it has waited for too long
    (MessageState.CLAIMED, MessageState.UNKNOWN),
    (MessageState.UNKNOWN, MessageState.PLANNED),  # to sales again
    (MessageState.UNKNOWN, MessageState.LOST),  # to the lead never twice
    *((state, evidence) for state in UNSETTLED for evidence in (*EVIDENCE, MessageState.REFUSED)),
    (MessageState.SENT, MessageState.REFUSED),  # the service found something bad in it
    *((low, high) for low in EVIDENCE for high in EVIDENCE if RANK[high] > RANK[low]),
}
PAIRS = list(product(MessageState, repeat=2))
ENDS = sorted(set(MessageState) - OPEN - {MessageState.HELD})


def in_state(state: MessageState, message: OutboxMessage | None = None) -> OutboxMessage:
    claimed = outbox.claimed(message or make.nurture_message(), NOW)
    return replace(claimed, state=state)


def test_a_new_message_is_planned_and_due_in_two_minutes() -> None:
    message = make.nurture_message()
    assert (message.state, message.claims, message.version) == (MessageState.PLANNED, 0, 1)
    assert message.due_at == NOW + timedelta(minutes=2)
    assert (message.kind, message.id) == ("nurture", f"{make.LEAD_ID}#nurture#1#welcome#1")
    assert make.handoff_message().kind == "handoff"


def test_a_held_message_waits_for_nobody_until_released() -> None:
    held = make.nurture_message(held_by="job-1")
    assert (held.state, held.due_at, held.held_by) == (MessageState.HELD, None, "job-1")
    later = NOW + timedelta(days=9)
    released = outbox.released(held, later)
    assert (released.state, released.due_at, released.created_at, released.held_by) == (
        MessageState.PLANNED,
        later,
        later,
        "job-1",
    )
    assert outbox.cancelled(held).state is MessageState.CANCELLED


def test_planned_to_claimed_with_a_lease() -> None:
    claimed = outbox.claimed(make.nurture_message(), NOW)
    assert (claimed.state, claimed.claims, claimed.claimed_at) == (MessageState.CLAIMED, 1, NOW)
    assert claimed.due_at == NOW + timedelta(seconds=90)


# --- the table ------------------------------------------------------------------------------------


def test_the_table_has_a_row_for_each_state() -> None:
    assert set(MESSAGE_EDGES) == set(MessageState)


def test_the_table_is_the_picture() -> None:
    assert {(low, high) for low, row in MESSAGE_EDGES.items() for high in row} == WRITTEN


@pytest.mark.parametrize(("origin", "target"), PAIRS)
def test_a_state_changes_along_the_table_and_not_otherwise(
    origin: MessageState, target: MessageState
) -> None:
    before, due_at = in_state(origin), NOW if target in OPEN else None
    if (origin, target) in WRITTEN:
        after = outbox.change_state(before, target, due_at=due_at, reason=None)
        assert (after.state, after.due_at) == (target, due_at)
    else:
        with pytest.raises(AssertionError, match=f"no edge {origin} -> {target}"):
            outbox.change_state(before, target, due_at=due_at, reason=None)


@pytest.mark.parametrize(("origin", "target"), PAIRS)
def test_what_is_settled_goes_along_the_table_too(
    origin: MessageState, target: MessageState
) -> None:
    """A cancelled message could be settled as sent."""
    if (origin, target) in WRITTEN and target not in OPEN:
        assert outbox.settled(in_state(origin), target).state is target
    else:
        with pytest.raises(AssertionError):
            outbox.settled(in_state(origin), target)


@pytest.mark.parametrize("state", sorted(OPEN | set(ENDS)))
def test_exactly_an_open_message_is_looked_after(state: MessageState) -> None:
    origin = min(origin for origin, target in WRITTEN if target is state)
    wrong = None if state in OPEN else NOW
    with pytest.raises(AssertionError, match=f"{state} and due at"):
        outbox.change_state(in_state(origin), state, due_at=wrong, reason=None)


def test_open_states_can_be_left_and_final_ones_not() -> None:
    assert all(MESSAGE_EDGES[state] for state in OPEN)
    assert not any(OPEN & MESSAGE_EDGES[state] for state in ENDS)


# --- each arrow -----------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ENDS)
def test_a_settled_message_is_not_looked_after_again(state: MessageState) -> None:
    origin = min(origin for origin in OPEN if (origin, state) in WRITTEN)
    settled = outbox.settled(in_state(origin), state, reason=NotSentReason.REJECTED, message_id="m")
    assert (settled.state, settled.due_at, settled.reason, settled.message_id) == (
        state,
        None,
        NotSentReason.REJECTED,
        "m",
    )


@pytest.mark.parametrize(
    ("claims", "minutes"), [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (190, 60)]
)
def test_claimed_to_planned_while_it_waits_ever_longer(claims: int, minutes: int) -> None:
    before = replace(in_state(MessageState.CLAIMED), claims=claims)
    again = outcomes.waiting(before, NotSentReason.ACCOUNT_PAUSED, NOW)
    assert (again.state, again.reason) == (MessageState.PLANNED, NotSentReason.ACCOUNT_PAUSED)
    assert again.due_at == NOW + timedelta(minutes=minutes)


def test_claimed_to_lost_when_it_has_waited_for_a_week() -> None:
    claimed = in_state(MessageState.CLAIMED)
    week = timedelta(days=7)
    kept = outcomes.waiting(
        claimed, NotSentReason.ACCOUNT_PAUSED, NOW + week - timedelta(seconds=1)
    )
    lost = outcomes.waiting(claimed, NotSentReason.ACCOUNT_PAUSED, NOW + week)
    assert kept.state is MessageState.PLANNED
    assert (lost.state, lost.reason, lost.due_at) == (MessageState.LOST, NotSentReason.STALE, None)


def test_claimed_to_unknown_with_fifteen_minutes_for_evidence() -> None:
    unknown = outcomes.unclear(in_state(MessageState.CLAIMED))
    assert (unknown.state, unknown.reason) == (MessageState.UNKNOWN, NotSentReason.UNCLEAR)
    assert unknown.due_at == NOW + timedelta(minutes=15)


def test_what_was_never_claimed_cannot_be_unclear() -> None:
    with pytest.raises(AssertionError, match="never claimed"):
        outcomes.unclear(make.nurture_message())


def test_unknown_to_lost_for_an_email() -> None:
    lost = outcomes.without_evidence(in_state(MessageState.UNKNOWN), NOW)
    assert (lost.state, lost.reason, lost.due_at) == (
        MessageState.LOST,
        NotSentReason.NO_EVIDENCE,
        None,
    )


def test_unknown_to_planned_for_a_handoff_with_the_same_reference() -> None:
    before = in_state(MessageState.UNKNOWN, make.handoff_message())
    again = outcomes.without_evidence(before, NOW)
    assert (again.state, again.due_at, again.id) == (MessageState.PLANNED, NOW, before.id)


@pytest.mark.parametrize(
    ("doubts", "minutes"), [(1, 0), (2, 30), (3, 60), (7, 960), (8, 1440), (99, 1440)]
)
def test_a_handoff_that_stays_unclear_waits_ever_longer(doubts: int, minutes: int) -> None:
    before = replace(in_state(MessageState.UNKNOWN, make.handoff_message()), doubts=doubts)
    again = outcomes.without_evidence(before, NOW)
    assert again.due_at == NOW + timedelta(minutes=minutes)


def test_an_unclear_handoff_is_given_up_after_a_week() -> None:
    before = in_state(MessageState.UNKNOWN, make.handoff_message())
    lost = outcomes.without_evidence(before, NOW + timedelta(days=7))
    assert (lost.state, lost.reason) == (MessageState.LOST, NotSentReason.NO_EVIDENCE)


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("correction", "correction#1#email"),
        ("warning", "warning#1#bad-fit"),
        ("triage", "triage#1#sns"),
    ],
)
def test_a_word_to_sales_goes_again_as_a_handoff_does(kind: str, key: str) -> None:
    """Whoever got the handoff must hear that it was a mistake, at the price of hearing it twice."""
    word = make.handoff_message(key=key)
    assert word.kind == kind
    assert (
        outcomes.without_evidence(in_state(MessageState.UNKNOWN, word), NOW).state
        is MessageState.PLANNED
    )


def test_planned_to_cancelled_when_the_decision_was_taken_back() -> None:
    cancelled = outbox.cancelled(make.handoff_message())
    assert (cancelled.state, cancelled.reason, cancelled.due_at) == (
        MessageState.CANCELLED,
        NotSentReason.TAKEN_BACK,
        None,
    )


def test_states_after_sending_are_neither_open_nor_never_sent() -> None:
    never_left = {
        MessageState.HELD,
        MessageState.PLANNED,
        MessageState.REFUSED,
        MessageState.SUPPRESSED,
        MessageState.CANCELLED,
        MessageState.LOST,
    }
    assert set(MessageState) - never_left == LEFT


def test_evidence_raises_the_rank_and_tells_nothing_else() -> None:
    """The whole table: from each state, what each kind of evidence makes of it."""
    taken = {
        (state, evidence)
        for state in MessageState
        for evidence in EVIDENCE
        if outcomes.with_evidence(in_state(state), evidence, "m") is not None
    }
    rising = {(low, high) for low in RANK for high in EVIDENCE if RANK[high] > RANK[low]}
    assert taken == rising | {(state, evidence) for state in UNSETTLED for evidence in EVIDENCE}


def test_evidence_settles_with_its_message_id_and_clears_the_doubt() -> None:
    found = outcomes.with_evidence(
        outcomes.unclear(in_state(MessageState.CLAIMED)), MessageState.SENT, "m"
    )
    assert found is not None
    assert (found.state, found.message_id, found.reason, found.due_at) == (
        MessageState.SENT,
        "m",
        None,
        None,
    )


def test_a_notice_is_remembered_once_and_the_first_time_stays() -> None:
    first = outcomes.with_notice(in_state(MessageState.SENT), "m/complaint/f", NOW)
    later = NOW + timedelta(minutes=1)
    assert outcomes.with_notice(first, "m/complaint/f", later) is first
    assert first.heard == {"m/complaint/f": NOW}


def test_a_flood_of_notices_does_not_grow_a_message() -> None:
    message = in_state(MessageState.SENT)
    for number in range(30):
        message = outcomes.with_notice(message, f"m/soft_bounce/{number}", NOW)
    assert len(message.heard) == 20


ARROWS: list[tuple[MessageState, Callable[[OutboxMessage], OutboxMessage | None]]] = [
    (MessageState.PLANNED, lambda one: outbox.claimed(one, NOW)),
    (MessageState.CLAIMED, lambda one: outbox.settled(one, MessageState.SENT)),
    (MessageState.PLANNED, outbox.cancelled),
    (MessageState.CLAIMED, lambda one: outcomes.waiting(one, NotSentReason.THROTTLED, NOW)),
    (MessageState.SENT, lambda one: outcomes.with_notice(one, "m/delivered/", NOW)),
    (MessageState.CLAIMED, outcomes.unclear),
    (MessageState.UNKNOWN, lambda one: outcomes.without_evidence(one, NOW)),
    (MessageState.CLAIMED, lambda one: outcomes.with_evidence(one, MessageState.DELIVERED, "m")),
]


@pytest.mark.parametrize(("state", "arrow"), ARROWS)
def test_every_arrow_is_a_new_version(
    state: MessageState,
    arrow: Callable[[OutboxMessage], OutboxMessage | None],
) -> None:
    before = in_state(state)
    after = arrow(before)
    assert after is not None
    assert after.version == before.version + 1
    assert (after.lead_id, after.key, after.to, after.created_at) == (
        before.lead_id, before.key, before.to, before.created_at,
    )  # fmt: skip
