"""Any sequence that validates ends for everybody: each step is come to at most once, in order."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as some

from chalicelib.delivery.reasons import NotSentReason
from chalicelib.document import parse_document
from chalicelib.nurture.conditions import KnownOfLead
from chalicelib.nurture.enrolment import Enrolment, past
from chalicelib.nurture.moves import (
    Circumstances,
    Finish,
    PlannedEmail,
    SendStep,
    SkipStep,
    WaitFor,
    next_move,
)
from chalicelib.nurture.sequence_checks import sequence_mistakes
from chalicelib.nurture.sequences import SequenceDocument
from chalicelib.nurture.waits import ends_at
from tests.factories import LEAD_ID, worth
from tests.fakes import NOW
from tests.sizes import SIZES

EMAILS = [f"email-{number}" for number in range(6)]
IDS = [f"step-{number}" for number in range(6)]
CONDITIONS: list[dict[str, object]] = [
    {"signal": "pricing-page", "within_days": 7},
    {"field": {"country": {"equals": "DE"}}},
    {"score": 45},
    {"all": [{"score": {"engagement": 5}}, {"topic": ["product", "none"]}]},
]
MOST_MOVES = 200


@some.composite
def sequences(draw: some.DrawFn) -> SequenceDocument:
    """Draw a sequence that validates."""
    number = draw(some.integers(1, len(IDS)))
    steps = []
    for position in range(number):
        later = IDS[position + 1 : number]
        step: dict[str, object] = {
            "id": IDS[position],
            "wait": draw(some.sampled_from(["0d", "1d", "3h", "30m", "14d", "tuesday 9:00"])),
            "email": draw(some.sampled_from(EMAILS)),
        }
        if draw(some.booleans()):
            clicked = {"clicked": "previous"} if position else {"topic": "pricing"}
            asked = draw(some.sampled_from([clicked, *CONDITIONS]))
            step["if"] = draw(some.sampled_from([asked, {"not": asked}]))
            step["else"] = draw(some.sampled_from([*later, *EMAILS]))
        if draw(some.booleans()):
            step["next"] = draw(some.sampled_from([*later, "end"]))
        steps.append(step)
    if draw(some.booleans()):
        last = steps[-1]
        listed = [one for one in EMAILS if one != last.get("else")]
        steps[-1] = {
            **{key: last[key] for key in last if key not in ("email", "next")},
            "emails": draw(some.lists(some.sampled_from(listed), min_size=1, max_size=6)),
            "every": draw(some.sampled_from(["0d", "7d", "60d"])),
        }
    document = {
        "id": "s",
        "enter": {"stage": "mql"},
        "steps": steps,
        "reenter_after": draw(some.sampled_from(["0d", "90d"])),
        "at_most": draw(some.sampled_from([None, 1, 3])),
    }
    if document["at_most"] is None:
        del document["at_most"]
    sequence = parse_document(SequenceDocument, document)
    assert not list(sequence_mistakes(sequence, EMAILS.__contains__, lambda: None))
    return sequence


@given(sequence=sequences(), leaves=some.lists(some.booleans(), min_size=40, max_size=40))
@settings(max_examples=SIZES.cases, deadline=None)
def test_every_sequence_ends_whatever_leaves(
    sequence: SequenceDocument, leaves: list[bool]
) -> None:
    one = Enrolment(
        lead_id=LEAD_ID,
        sequence="s",
        cycle=1,
        entered_at=NOW,
        cause="stage: mql",
        due_at=NOW,
    )
    now: datetime = NOW
    sent: list[PlannedEmail] = []
    keys: list[str] = []
    came_to: list[str] = []
    luck = iter(leaves * 10)
    for _ in range(MOST_MOVES):
        known = KnownOfLead(score=worth(), values={}, topic=None, clicked=set(), previous=one.left)
        at = Circumstances(
            now=now,
            known=lambda known=known: known,  # type: ignore[misc]
            sent=sent,
            over_at=lambda wait, since: ends_at(wait, since, UTC),
        )
        move = next_move(sequence, one, at)
        match move:
            case Finish():
                break
            case WaitFor(_, until):
                assert until > now
                now = until
            case SkipStep(step, _, reason, go_to):
                assert reason is NotSentReason.CONDITION_NOT_MET
                keys.append(str(one.message_key(step)))
                came_to.append(step)
                one = past(one, step, left_at=None, go_to=go_to)
            case SendStep(step, email, go_to, is_repeated):
                keys.append(str(one.message_key(step)))
                came_to.append(step)
                left_at = now if next(luck) else None
                sent.append(PlannedEmail(one.key, email, left_at))
                one = past(one, step, left_at=left_at, go_to=go_to, is_repeated=is_repeated)
                now += timedelta(minutes=5)
    else:
        raise AssertionError("it does not end")
    places = [sequence.step_ids.index(step) for step in came_to]
    assert places == sorted(places), "no branch leads back"
    assert len(keys) == len(set(keys)), "each message is planned once"
    assert one.sent <= (sequence.at_most or one.sent)


@given(sequence=sequences(), cut=some.integers(0, 5), data=some.data())
@settings(max_examples=SIZES.cases // 4, deadline=None)
def test_a_changed_sequence_still_ends(
    sequence: SequenceDocument, cut: int, data: some.DataObject
) -> None:
    """Whoever is in it may find any other document in its place."""
    other = data.draw(sequences())
    passed = tuple(sequence.step_ids[:cut])
    one = Enrolment(
        lead_id=LEAD_ID,
        sequence="s",
        cycle=1,
        entered_at=NOW,
        cause="by hand",
        due_at=NOW,
        passed=passed,
        go_to=data.draw(some.sampled_from([None, "end", *IDS])),
    )
    far = replace(one, left_at=NOW)
    at = Circumstances(
        now=NOW + timedelta(days=500),
        known=lambda: KnownOfLead(
            score=worth(), values={}, topic=None, clicked=set(), previous=None
        ),
        sent=[],
        over_at=lambda wait, since: ends_at(wait, since, UTC),
    )
    seen: list[str] = []
    for _ in range(MOST_MOVES):
        move = next_move(other, far, at)
        if isinstance(move, Finish):
            break
        assert not isinstance(move, WaitFor)
        is_repeated = isinstance(move, SendStep) and move.is_repeated
        assert is_repeated or move.step not in (*passed, *seen)
        seen.append(move.step)
        if is_repeated:  # its list ends: seen above
            break
        far = past(far, move.step, left_at=None, go_to=move.go_to)
    else:
        raise AssertionError("it does not end")
