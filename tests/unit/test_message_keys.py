"""The keys of messages: written and read in one place, and read as they were written."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from chalicelib.delivery.message_keys import (
    ANSWER_KINDS,
    MessageKey,
    MessageKind,
    outbox_id,
    parse_key,
    parse_outbox_id,
    prefix_of,
)
from chalicelib.delivery.outbox import Via
from tests.factories import LEAD_ID

PARTS = some.text(min_size=1).filter(lambda text: "#" not in text)
KEYS = some.builds(
    MessageKey,
    kind=some.sampled_from(MessageKind),
    cycle=some.integers(min_value=1),
    parts=some.lists(PARTS, min_size=1, max_size=3).map(tuple),
)
WRITTEN = [
    (MessageKey(MessageKind.NURTURE, 1, ("welcome", "1")), "nurture#1#welcome#1"),
    (
        MessageKey(MessageKind.ACKNOWLEDGEMENT, 1, ("guide", "2026-11-22")),
        "acknowledgement#1#guide#2026-11-22",
    ),
    (
        MessageKey(MessageKind.CONFIRMATION, 1, ("news", "2026-11-22")),
        "confirmation#1#news#2026-11-22",
    ),
    (MessageKey(MessageKind.HANDOFF, 12, (Via.EMAIL,)), "handoff#12#email"),
    (MessageKey(MessageKind.CORRECTION, 2, (Via.SMS,)), "correction#2#sms"),
    (
        MessageKey(MessageKind.REMINDER, 1, ("nudged", "20261123100000", "sam", "email")),
        "reminder#1#nudged#20261123100000#sam#email",
    ),
    (MessageKey(MessageKind.ESCALATION, 1, ("late", ".team")), "escalation#1#late#.team"),
    (MessageKey(MessageKind.WARNING, 3, ("bad-fit",)), "warning#3#bad-fit"),
    (
        MessageKey(MessageKind.DIGEST, 1, (Via.EMAIL, "2026-11-22-1105")),
        "digest#1#email#2026-11-22-1105",
    ),
    (MessageKey(MessageKind.CODE, 1, (Via.SMS, "8ec1e948")), "code#1#sms#8ec1e948"),
    (MessageKey(MessageKind.REPLY, 1, (Via.EMAIL, "8ec1e948")), "reply#1#email#8ec1e948"),
    (MessageKey(MessageKind.TRIAGE, 1, (Via.SNS,)), "triage#1#sns"),
    (MessageKey(MessageKind.TRIAGE, 1, (Via.SNS, "2026-11-22")), "triage#1#sns#2026-11-22"),
]


@given(KEYS)
def test_a_key_is_read_as_it_was_written(key: MessageKey) -> None:
    assert parse_key(str(key)) == key
    assert parse_outbox_id(outbox_id(LEAD_ID, key)) == (LEAD_ID, key)


@given(some.text(alphabet="#019-abuhnrte") | KEYS.map(str))
@example("handoff#01#email")
@example("handoff#+1#email")
@example("handoff#1_0#email")
@example("handoff# 1#email")
@example("handoff#١#email")  # noqa: RUF001 int() reads this digit too
def test_what_can_be_read_is_written_in_one_way_only(text: str) -> None:
    try:
        key = parse_key(text)
    except ValueError:
        return
    assert str(key) == text


@pytest.mark.parametrize(("key", "text"), WRITTEN)
def test_the_text_of_each_kind(key: MessageKey, text: str) -> None:
    assert str(key) == text
    assert parse_key(text) == key


def test_each_kind_has_its_text_above() -> None:
    assert {key.kind for key, _ in WRITTEN} == set(MessageKind)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "handoff",
        "handoff#1",
        "handoff#1#",
        "handoff#1##email",
        "handoff#0#email",
        "handoff#-1#email",
        "handoff#one#email",
        "letter#1#email",
        "#1#email",
    ],
)
def test_what_is_not_a_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 each part of it refuses in its own words
        parse_key(text)
    with pytest.raises(ValueError):  # noqa: PT011
        parse_outbox_id(f"{LEAD_ID}#{text}")


@pytest.mark.parametrize("parts", [(), ("",), ("a#b",), ("a", "")])
def test_an_unreadable_key_cannot_be_made(parts: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="parts without #"):
        MessageKey(MessageKind.WARNING, 1, parts)


@given(KEYS, some.sampled_from(MessageKind), some.integers(min_value=1, max_value=20))
def test_a_prefix_finds_only_its_kind_and_cycle(
    key: MessageKey, kind: MessageKind, cycle: int
) -> None:
    assert str(key).startswith(prefix_of(kind, cycle)) == ((key.kind, key.cycle) == (kind, cycle))


def test_emails_of_sequences_and_answers_go_to_the_lead() -> None:
    to_lead = {kind for kind in MessageKind if kind.goes_to_lead}
    assert to_lead == {MessageKind.NURTURE, *ANSWER_KINDS}
    assert [kind for kind in MessageKind if kind.is_marketing] == [MessageKind.NURTURE]
