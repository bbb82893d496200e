"""The format of sequences: waits, ways in, conditions, branches; what is refused and warned of."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chalicelib.document import parse_document
from chalicelib.errors import DocumentError
from chalicelib.nurture.conditions import KnownOfLead, StepCondition, holds
from chalicelib.nurture.sequence_checks import (
    sequence_mistakes,
    sequence_warnings,
    sequences_sending,
)
from chalicelib.nurture.sequences import SequenceDocument, read_sequence
from chalicelib.nurture.waits import earliest_end, ends_at, is_none
from tests import factories as make
from tests.factories import seen, worth

BERLIN = ZoneInfo("Europe/Berlin")
MODEL = make.model()
OLD = {
    "id": "welcome",
    "enter": {"stage": ["mql"]},
    "steps": [{"id": "1", "wait": "0d", "email": "hello"}],
}
"""As sequences were before they had several steps."""


def document(steps: Any = None, **parts: Any) -> dict[str, Any]:
    """Return a sequence as it is written."""
    return {**OLD, **({"steps": steps} if steps is not None else {}), **parts}


def step(step_id: str = "a", more: Any = None, **parts: Any) -> dict[str, Any]:
    """Return a step. more: those of its keys that Python has words of."""
    return {"id": step_id, "wait": "1d", "email": "hello", **parts, **(more or {})}


def sequence(steps: Any = None, **parts: Any) -> SequenceDocument:
    return parse_document(SequenceDocument, document(steps, **parts))


# --- waits ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wait", "over"),
    [
        ("0d", "2026-11-24 10:00"),
        ("30m", "2026-11-24 10:30"),
        ("3h", "2026-11-24 13:00"),
        ("2d", "2026-11-26 10:00"),
        ("tuesday 9:00", "2026-12-01 09:00"),
        ("tuesday 10:00", "2026-12-01 10:00"),
        ("tuesday 10:01", "2026-11-24 10:01"),
        ("friday 09:30", "2026-11-27 09:30"),
    ],
)
def test_a_wait_is_over(wait: str, over: str) -> None:
    since = datetime(2026, 11, 24, 10, tzinfo=BERLIN)
    assert ends_at(wait, since, BERLIN) == datetime.fromisoformat(over).replace(tzinfo=BERLIN)


def test_days_keep_the_hour_when_the_clocks_change() -> None:
    since = datetime(2026, 10, 24, 9, tzinfo=BERLIN)  # the clocks go back in the night
    assert ends_at("1d", since, BERLIN) == datetime(2026, 10, 25, 9, tzinfo=BERLIN)
    assert ends_at("24h", since, BERLIN) == datetime(2026, 10, 25, 8, tzinfo=BERLIN)


@pytest.mark.parametrize("wait", ["0d", "30m", "1d", "90d", "monday 0:00", "tuesday 9:00"])
@pytest.mark.parametrize("day", range(18, 30))
def test_the_first_look_is_never_too_late(wait: str, day: int) -> None:
    since = datetime(2026, 3, day, 9, tzinfo=UTC)
    for zone in ("Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "Australia/Lord_Howe"):
        assert earliest_end(wait, since) <= ends_at(wait, since, ZoneInfo(zone))


@pytest.mark.parametrize(("wait", "none"), [("0d", True), ("0h", True), ("1m", False)])
def test_a_wait_of_nothing_is_over_at_once(*, wait: str, none: bool) -> None:
    assert is_none(wait) is none
    assert not is_none("monday 9:00")


# --- the format -----------------------------------------------------------------------------------


def test_a_sequence_of_before_is_read_and_is_active() -> None:
    one = sequence()
    assert (one.active, one.priority, one.reenter_after, one.stale_after) == (True, 0, "90d", "7d")
    assert [way.stages for way in one.enter] == [["mql"]]


@pytest.mark.parametrize("change", [{"steps": []}, {"nonsense": 1}, {"enter": {"stage": "sql"}}])
def test_a_sequence_outside_the_format_begins_for_nobody(change: dict[str, Any]) -> None:
    assert read_sequence({**OLD, **change}) is None


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"enter": {"stage": "sql"}}, "enter.0.stage: one of lead, mql, recycled, cooled"),
    ({"enter": {"topic": "pricing"}}, "enter.0: give what a lead enters by"),
    ({"enter": {"stage": "lead"}}, "enter.0: everybody begins as a lead"),
    ({"enter": {"signal": "demo-request", "form": "demo"}}, "enter.0: give either signal or form"),
    ({"enter": {"signal": "demo-request", "stage": "cooled"}}, "enter.0: cooled is something"),
    ({"enter": {"stage": "mql", "reasons": "other"}}, "enter.0: reasons are those of stage"),
    ({"enter": []}, "enter: has 0; at least 1 needed"),
    ({"steps": [step(wait="soon")]}, "steps.0.wait: a wait is needed, such as 1d"),
    ({"steps": [step(wait="1000d")]}, "steps.0.wait: a wait is needed"),
    ({"steps": [step(wait="someday 9:00")]}, "steps.0.wait: a wait is needed"),
    ({"steps": [{"id": "a", "wait": "1d"}]}, "steps.0: give the email that it sends"),
    ({"steps": [step(emails=["x"])]}, "steps.0: give the email that it sends"),
    ({"steps": [step(every="60d")]}, "steps.0: every needs emails"),
    ({"steps": [step(more={"else": "x"})]}, "steps.0: else needs a condition"),
    ({"steps": [step(more={"if": {}})]}, "steps.0.if: give a condition"),
    ({"steps": [step(more={"if": {"within_days": 3}})]}, "steps.0.if: give a condition"),
    (
        {"steps": [step(more={"if": {"clicked": "previous", "within_days": 3}})]},
        "steps.0.if: within_days needs a signal",
    ),
    (
        {"steps": [step(more={"if": {"klicked": "previous"}})]},
        "steps.0.if.klicked: there is no such",
    ),
    (
        {"steps": [step(more={"if": {"field": {"country": {"equals": "DE", "below": 3}}}})]},
        "steps.0.if.field.country: give one operator",
    ),
    ({"exit": [{"signal": "a", "form": "b"}]}, "exit.0: give one of signal, form and stage"),
    ({"stale_after": "a week"}, "stale_after: a time is needed, such as 90d"),
    ({"at_most": 0}, "at_most: must be at least 1"),
]


@pytest.mark.parametrize(("change", "said"), REFUSED, ids=[said for _, said in REFUSED])
def test_what_breaks_the_format_is_refused_in_words(change: dict[str, Any], said: str) -> None:
    with pytest.raises(DocumentError) as refused:
        sequence(**change)
    assert any(str(error).startswith(said) for error in refused.value.errors), refused.value.errors


# --- what it names --------------------------------------------------------------------------------

NEXT = step("b", wait="2d")
MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"steps": [step(email="none")]}, "steps.0.email: there is no email none; put it first"),
    (
        {"steps": [{"id": "a", "wait": "1d", "emails": ["hello", "none"]}]},
        "steps.0.emails.1: there is no email none",
    ),
    ({"steps": [step(), step()]}, "steps.1.id: there is a step a before it"),
    ({"steps": [step("end")]}, "steps.0.id: end has a meaning of its own"),
    (
        {"steps": [{"id": "a", "wait": "1d", "emails": ["hello"]}, NEXT]},
        "steps.0.emails: only the last step",
    ),
    (
        {"steps": [step(), step("b", {"if": {"clicked": "previous"}, "else": "a"})]},
        "steps.1.else: leads back to a",
    ),
    (
        {"steps": [step(), step("b", {"if": {"clicked": "previous"}, "else": "b"})]},
        "steps.1.else: leads back to b",
    ),
    (
        {"steps": [step(), step("b", {"if": {"clicked": "previous"}, "else": "zz"})]},
        "steps.1.else: there is no step and no email zz",
    ),
    (
        {
            "steps": [
                {
                    "id": "a",
                    "wait": "1d",
                    "emails": ["hello"],
                    "if": {"score": 3},
                    "else": "hello",
                }
            ]
        },
        "steps.0.else: hello is one of its emails",
    ),
    ({"steps": [step(), step("b", next="a")]}, "steps.1.next: leads back to a"),
    ({"steps": [step(next="zz"), NEXT]}, "steps.0.next: there is no step zz"),
    (
        {"steps": [step(more={"if": {"clicked": "previous"}})]},
        "steps.0.if.clicked: there is no email",
    ),
    (
        {"steps": [step(), step("b", {"if": {"not": {"clicked": "c"}}})]},
        "steps.1.if.clicked: there is no earlier step c",
    ),
    (
        {"enter": {"signal": "no-such"}},
        "enter.0.signal: the active model has no signal no-such; it has",
    ),
    ({"exit": [{"signal": "no-such"}]}, "exit.0.signal: the active model has no signal"),
    (
        {"steps": [step(more={"if": {"any": [{"signal": "no-such"}, {"score": 3}]}})]},
        "steps.0.if: the active model has no signal no-such",
    ),
    (
        {"steps": [step(more={"if": {"score": {"luck": 3}}})]},
        "steps.0.if.score: the active model has",
    ),
    (
        {"steps": [step(more={"if": {"band": "hot"}})]},
        "steps.0.if.band: the active model has no band",
    ),
    (
        {"steps": [step(more={"if": {"not": {"not": {"not": {"score": 3}}}}})]},
        "steps.0.if: conditions stand within 2 others at most",
    ),
]


@pytest.mark.parametrize(("change", "said"), MISTAKES, ids=[said for _, said in MISTAKES])
def test_a_name_that_names_nothing_is_refused(change: dict[str, Any], said: str) -> None:
    found = sequence_mistakes(sequence(**change), {"hello"}.__contains__, lambda: MODEL)
    assert any(str(error).startswith(said) for error in found)


def test_a_whole_sequence_has_no_mistake() -> None:
    whole = sequence(
        [
            step(more={"if": {"signal": "pricing-page", "within_days": 7}, "else": "c"}),
            step("b", next="end", more={"if": {"clicked": "previous"}, "else": "other"}),
            step("c", {"if": {"all": [{"score": {"intent": 5}}, {"not": {"topic": "none"}}]}}),
            {"id": "d", "wait": "30d", "every": "60d", "emails": ["hello", "other"]},
        ],
        enter=[{"stage": "mql"}, {"signal": "guide-download", "stage": "lead"}],
        exit=[{"signal": "demo-request"}],
    )
    emails = {"hello", "other"}
    assert list(sequence_mistakes(whole, emails.__contains__, lambda: MODEL)) == []


def test_without_a_model_its_names_are_not_asked_for() -> None:
    one = sequence(enter={"signal": "whatever"})
    assert list(sequence_mistakes(one, {"hello"}.__contains__, lambda: None)) == []


def test_a_tie_of_two_sequences_is_warned_of() -> None:
    other = document(id="another", enter={"stage": "mql", "topic": "learn"})
    pricing = document(id="pricing", enter={"stage": "mql", "topic": "pricing"})
    learning = sequence(id="learning", enter={"stage": "mql", "topic": ["learn", "none"]})
    stored = {"another": other, "pricing": pricing, "learning": document(id="learning")}
    (warning,) = sequence_warnings(learning, stored, lambda: MODEL)
    assert str(warning) == (
        "priority: is that of the sequence another; a lead that could enter either enters another"
    )
    assert not list(sequence_warnings(sequence(priority=3), stored, lambda: MODEL))


def test_a_topic_that_no_signal_has_is_warned_of() -> None:
    one = sequence(enter={"stage": "mql", "topic": ["pricing", "weather"]})
    (warning,) = sequence_warnings(one, {}, lambda: MODEL)
    assert str(warning) == "enter.0.topic: no signal of the active model has the topic weather"


def test_an_email_that_is_named_twice_is_warned_of() -> None:
    (warning,) = sequence_warnings(sequence([step(), step("b")]), {}, lambda: MODEL)
    assert str(warning).startswith("steps: the email hello is named twice")


def test_an_email_is_in_use_wherever_a_step_names_it() -> None:
    stored = {
        "one": document([step(email="a", more={"if": {"score": 3}, "else": "b"})], id="one"),
        "two": document([{"id": "a", "wait": "1d", "emails": ["c"]}], id="two"),
    }
    users = {email: list(sequences_sending(email, stored)) for email in ("a", "b", "c", "d")}
    one = ["the sequence one"]
    assert users == {"a": one, "b": one, "c": ["the sequence two"], "d": []}


# --- conditions -----------------------------------------------------------------------------------

TALLY = seen(pricing_page=[3])
HELD: list[tuple[dict[str, Any], bool]] = [
    ({"clicked": "previous"}, True),
    ({"clicked": "b"}, True),
    ({"clicked": "a"}, False),
    ({"signal": "pricing-page"}, True),
    ({"signal": "pricing-page", "within_days": 3}, True),
    ({"signal": "pricing-page", "within_days": 2}, False),
    ({"signal": "demo-request"}, False),
    ({"field": {"country": {"equals": ["de", "AT"]}}}, True),
    ({"field": {"country": {"equals": "FR"}}}, False),
    ({"field": {"company_size": {"between": [50, 1000]}}}, True),
    ({"field": {"company_size": {"below": 50}}}, False),
    ({"field": {"job_title": {"matches": ["*manager*"]}}}, False),
    ({"field": {"phone": {"present": True}}}, False),
    ({"field": {"phone": {"absent": True}, "country": {"equals": "DE"}}}, True),
    ({"score": 50}, False),
    ({"score": {"fit": 20}}, True),
    ({"score": {"fit": 20, "intent": 1}}, False),
    ({"score": {"gone": 0.001}}, False),
    ({"topic": ["pricing", "none"]}, True),
    ({"topic": "none"}, False),
    ({"band": "hot"}, False),
    ({"not": {"clicked": "a"}}, True),
    ({"all": [{"clicked": "b"}, {"topic": "pricing"}]}, True),
    ({"any": [{"clicked": "a"}, {"topic": "learn"}]}, False),
    ({"clicked": "b", "topic": "learn"}, False),
]


@pytest.mark.parametrize(("written", "held"), HELD, ids=[str(one) for one, _ in HELD])
def test_a_condition_holds_or_does_not(*, written: dict[str, Any], held: bool) -> None:
    known = KnownOfLead(
        score=worth(TALLY, fit=20),
        values={"country": "DE", "company_size": 120, "job_title": "CTO"},
        topic="pricing",
        clicked={"b"},
        previous="b",
    )
    assert holds(parse_document(StepCondition, written), known) is held


@pytest.mark.parametrize(
    "condition",
    [
        {"signal": "blog", "not": {"signal": "blog"}},
        {"all": [{"score": 50}, {"not": {"score": 50}}]},
        {"topic": "a", "score": 50, "not": {"all": [{"score": 50}, {"topic": "a"}]}},
        {"any": [{"topic": "a", "not": {"topic": "a"}}, {"band": "b", "not": {"band": "b"}}]},
    ],
)
def test_a_condition_that_can_never_hold_is_refused(condition: Any) -> None:
    steps = [step("a", {"if": condition})]
    found = list(sequence_mistakes(sequence(steps), lambda _: True, lambda: None))
    words = "never holds: it asks for something and for its contrary"
    assert [(one.field, one.message) for one in found] == [("steps.0.if", words)]


@pytest.mark.parametrize(
    "condition",
    [
        {"signal": "blog", "not": {"signal": "blog", "within_days": 7}},
        {"signal": "blog", "not": {"all": [{"signal": "blog"}, {"topic": "a"}]}},
        {"signal": "blog", "not": {"any": [{"signal": "product"}, {"topic": "a"}]}},
    ],
)
def test_a_condition_may_stand_with_a_weaker_contrary(condition: Any) -> None:
    steps = [step("a", {"if": condition})]
    assert not list(sequence_mistakes(sequence(steps), lambda _: True, lambda: None))


@pytest.mark.parametrize("way", [{"topic": []}, {"reasons": []}])
def test_a_way_that_nobody_can_take_is_refused(way: Any) -> None:
    with pytest.raises(DocumentError):
        sequence(enter={"stage": "recycled", **way})


def test_a_step_to_which_none_leads_is_warned_of() -> None:
    steps = [step("a", next="c"), step("b"), step("c")]
    found = [one.message for one in sequence_warnings(sequence(steps), {}, lambda: None)]
    assert "no step leads to b: nobody who enters now gets its email" in found
