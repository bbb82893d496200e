"""The numbers of a step: planned = sent + waiting + not sent by reason, whatever becomes of it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.delivery.counts import Count, count_change
from chalicelib.delivery.marks import Mark
from chalicelib.delivery.message_keys import MessageKey, MessageKind
from chalicelib.delivery.outbox import (
    MESSAGE_EDGES,
    OPEN,
    MessageState,
    OutboxMessage,
    Via,
    change_state,
    planned,
)
from chalicelib.delivery.outcomes import with_marks
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.reading.message_words import REASON_WORDS, STATE_WORDS, say_state

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
LEAD_ID = "A" * 26
LEFT_BEHIND = {
    MessageState.REFUSED,
    MessageState.SUPPRESSED,
    MessageState.CANCELLED,
    MessageState.LOST,
}
"""In which a message ends unsent, and so with a reason."""


def an_email(**changes: object) -> OutboxMessage:
    email = planned(
        lead_id=LEAD_ID,
        key=MessageKey(MessageKind.NURTURE, 1, ("learn", "a")),
        via=Via.EMAIL,
        to="ann@acme.example",
        about=1,
        now=NOW,
        email="la",
    )
    return replace(email, **changes)  # type: ignore[arg-type]


def in_state(state: MessageState, reason: NotSentReason | None = None) -> OutboxMessage:
    return an_email(state=state, reason=reason, due_at=NOW if state in OPEN else None)


def added(counts: Iterable[Count]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for one in counts:
        assert one.sequence == "learn"
        total[one.what] += one.by
    return {what: number for what, number in total.items() if number}


def the_rest(numbers: dict[str, int]) -> int:
    """How many emails wait, as the numbers say it."""
    ended = sum(by for what, by in numbers.items() if what.startswith(("sent:", "not_sent:")))
    return numbers.get("planned:a", 0) - ended


@st.composite
def lives(draw: st.DrawFn) -> list[OutboxMessage | None]:
    """Draw what becomes of an email, by legal edges and marks; None at the end: it was erased."""
    email = draw(st.sampled_from([an_email(), in_state(MessageState.HELD)]))
    life: list[OutboxMessage | None] = [email]
    for _ in range(draw(st.integers(0, 8))):
        if draw(st.booleans()):
            email = with_marks(email, draw(st.sampled_from(Mark)), takes_back={Mark.CLICKED})
        elif targets := sorted(MESSAGE_EDGES[email.state]):
            state = draw(st.sampled_from(targets))
            reasons = st.sampled_from(NotSentReason)
            reason = draw(reasons if state in LEFT_BEHIND else st.none() | reasons)
            due_at = NOW if state in OPEN else None
            email = change_state(email, state, due_at=due_at, reason=reason)
        life.append(email)
    return [*life, *([None] if draw(st.booleans()) else [])]


@given(lives())
def test_each_email_is_sent_waits_or_has_a_reason(life: list[OutboxMessage | None]) -> None:
    counts = list(count_change(None, life[0]))
    for before, after in pairwise(life):
        counts += count_change(before, after)
    numbers = added(counts)
    last = [one for one in life if one is not None][-1]
    assert min(numbers.values()) > 0
    assert numbers["planned:a"] == 1
    is_gone = life[-1] is None
    waits = not is_gone and last.state in OPEN | {MessageState.HELD}
    assert the_rest(numbers) == waits
    if not is_gone:  # the way there makes no difference
        assert numbers == added(count_change(None, last))


@pytest.mark.parametrize(
    ("email", "numbers"),
    [
        (an_email(), {"planned:a": 1}),
        (in_state(MessageState.HELD), {"planned:a": 1}),
        (
            in_state(MessageState.PLANNED, NotSentReason.CAPPED),
            {"planned:a": 1, "held_up:a:capped": 1},
        ),
        (in_state(MessageState.SENT), {"planned:a": 1, "sent:a": 1}),
        (
            in_state(MessageState.CANCELLED, NotSentReason.EXITED),
            {"planned:a": 1, "not_sent:a:exited": 1},
        ),
        (
            an_email(state=MessageState.BOUNCED, due_at=None, marks=frozenset({Mark.BOUNCED})),
            {"planned:a": 1, "sent:a": 1, "bounced:a": 1},
        ),
        (
            in_state(MessageState.BOUNCED, NotSentReason.SUPPRESSED),
            {"planned:a": 1, "not_sent:a:suppressed": 1},
        ),
    ],
    ids=["planned", "held", "capped", "sent", "exited", "bounced", "suppressed by the service"],
)
def test_a_new_email_is_counted_as(email: OutboxMessage, numbers: dict[str, int]) -> None:
    assert added(count_change(None, email)) == numbers


def test_a_click_of_a_machine_takes_back_a_persons() -> None:
    clicked = with_marks(in_state(MessageState.DELIVERED), Mark.CLICKED)
    judged = with_marks(clicked, Mark.MACHINE, takes_back={Mark.CLICKED})
    assert added(count_change(clicked, judged)) == {"clicked:a": -1, "machines:a": 1}


def test_an_erasure_lets_what_was_sent_stay_counted() -> None:
    assert added(count_change(in_state(MessageState.SENT), None)) == {}
    capped = in_state(MessageState.PLANNED, NotSentReason.CAPPED)
    erased = {"held_up:a:capped": -1, "not_sent:a:erased": 1}
    assert added(count_change(capped, None)) == erased


def test_what_earlier_code_planned_is_in_no_number() -> None:
    old = an_email(is_counted=False)
    sent = change_state(old, MessageState.SENT, due_at=None, reason=None)
    assert added(count_change(old, sent)) == {}


def test_each_state_and_reason_has_its_words() -> None:
    assert STATE_WORDS.keys() == set(MessageState)
    assert REASON_WORDS.keys() == set(NotSentReason)
    exited = in_state(MessageState.CANCELLED, NotSentReason.EXITED)
    assert say_state(exited) == "not sent: the lead left the sequence"
    assert say_state(replace(exited, detail="demo")).endswith("(demo)")
    assert say_state(in_state(MessageState.SENT)) == "sent"


def test_a_handoff_is_in_no_number() -> None:
    handoff = an_email(key=MessageKey(MessageKind.HANDOFF, 1, ("email",)))
    assert added(count_change(None, handoff)) == {}
