"""Matching all signals at once finds what asking them one by one would."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.events import Event, Kind
from chalicelib.scoring.compile_behaviour import compile_acts
from chalicelib.scoring.matching import ACTS, Matcher, Signal, value_of
from chalicelib.scoring.model import Model
from chalicelib.scoring.numbers import NumberRange
from chalicelib.scoring.pattern import matches_any
from chalicelib.scoring.tally import Tally, count_events
from tests import factories as make

texts = some.text("abAßẞ/", max_size=6)  # ß folds to two characters
patterns = some.lists(some.text("abAß/*", max_size=5), min_size=1, max_size=3).map(tuple)
properties = some.sampled_from(["path", "asset", "message", "source", "medium", "campaign"])
signals = some.builds(
    Signal,
    id=some.uuids().map(str),
    kind=some.just(Kind.TRACK),
    names=some.none() | patterns,
    where=some.dictionaries(properties, patterns, max_size=2).map(
        lambda where: tuple(where.items())
    ),
    distinct=some.none() | some.sampled_from(["path", "asset", "medium"]),
    topic=some.none(),
    words=some.just("an act"),
    numbers=some.dictionaries(
        properties, some.builds(NumberRange, some.integers(0, 5), some.integers(3, 9)), max_size=1
    ).map(lambda numbers: tuple(numbers.items())),
)
events = some.builds(
    lambda name, **parts: make.event(Kind.TRACK, name, **parts),
    texts,
    properties=some.dictionaries(
        some.sampled_from(["path", "asset"]), texts | some.integers(0, 9) | some.booleans()
    ),
    fields=some.dictionaries(some.sampled_from(["message", "asset"]), texts),
    campaign=some.dictionaries(some.sampled_from(["source", "medium", "name"]), texts),
)


def is_match(signal: Signal, event: Event) -> bool:
    """The definition: every part of a signal holds."""
    if signal.names is not None and not matches_any(signal.names, event.name):
        return False
    for name, patterns in signal.where:
        value = value_of(event, name)
        if value is None or not matches_any(patterns, str(value)):
            return False
    for name, (low, below) in signal.numbers:
        value = value_of(event, name)
        if not str(value).isdecimal() or not low <= int(str(value)) < below:
            return False
    return not signal.distinct or value_of(event, signal.distinct) is not None


@given(some.lists(signals, max_size=12), some.lists(events, min_size=1, max_size=5))
def test_all_at_once_finds_what_one_by_one_does(many: list[Signal], happened: list[Event]) -> None:
    matcher = Matcher.of(many)
    for event in happened:
        assert matcher.signals_of(event) == [signal for signal in many if is_match(signal, event)]


def found(event: Event, **asked: Any) -> bool:
    parts: Mapping[str, Any] = {
        "id": "s",
        "names": None,
        "where": (),
        "distinct": None,
        "topic": None,
        "words": "s",
    }
    return bool(Matcher.of([Signal(kind=event.kind, **{**parts, **asked})]).signals_of(event))


@pytest.mark.parametrize(
    ("asked", "is_found"),
    [
        ({}, True),
        ({"names": ("asset downloaded",)}, True),
        ({"names": ("Asset *", "x")}, True),
        ({"names": ("Asset",)}, False),
        ({"names": ()}, False),
        ({"where": (("asset", ("*-GUIDE",)),)}, True),
        ({"where": (("asset", ("*",)),)}, True),
        ({"where": (("path", ("*",)),)}, False),
        ({"where": (("asset", ("*-guide",)), ("path", ("/x",)))}, False),
        ({"distinct": "asset"}, True),
        ({"distinct": "path"}, False),
        ({"distinct": "asset", "where": (("asset", ("*-sheet",)),)}, False),
    ],
)
def test_every_part_of_a_signal_must_hold(asked: Mapping[str, Any], *, is_found: bool) -> None:
    assert found(make.download("buyers-guide"), **asked) == is_found


def test_a_kind_without_signals_matches_nothing() -> None:
    assert Matcher.of([]).signals_of(make.page()) == []


@pytest.mark.parametrize(
    ("patterns", "is_found"),
    [(("music",), True), (("cod*",), True), (("coding, music",), False), (("chess",), False)],
)
def test_a_list_matches_when_one_of_its_values_does(
    patterns: tuple[str, ...], *, is_found: bool
) -> None:
    event = make.form(fields={"interest": ("coding", "music")})
    assert found(event, where=(("interest", patterns),)) == is_found


def test_a_signal_sees_campaign_property_and_field() -> None:
    event = make.form(
        properties={"path": "/x", "asset": "p"},
        fields={"asset": "f", "message": "m"},
        campaign={"source": "s", "medium": "m", "name": "n"},
    )
    names = ("source", "medium", "campaign", "path", "asset", "message", "nothing")
    assert [value_of(event, name) for name in names] == ["s", "m", "n", "/x", "p", "m", None]


@pytest.mark.parametrize("said", [500, 500.0, "500", "1,200.00", "€1.200,00", "1k", "500-900"])
def test_a_number_is_read_as_people_write_it(said: str | float) -> None:
    event = make.event(Kind.TRACK, "Order Completed", properties={"value": said})
    assert found(event, numbers=(("value", NumberRange.of({"at_least": 500})),))


@pytest.mark.parametrize("said", [499.99, "499", -500, "lots", "", True, "under 500"])
def test_what_is_too_low_or_no_number_does_not_match(said: str | float) -> None:
    event = make.event(Kind.TRACK, "Order Completed", properties={"value": said})
    assert not found(event, numbers=(("value", NumberRange.of({"at_least": 500})),))
    assert not found(make.event(Kind.TRACK), numbers=(("value", NumberRange.of({"below": 5})),))


@pytest.mark.parametrize(
    ("written", "holds"),
    [
        ({"between": [5, 7]}, {5, 6, 7}),
        ({"at_least": 6}, {6, 7, 8}),
        ({"below": 6}, {4, 5}),
        ({"at_least": 5, "below": 7}, {5, 6}),
    ],
)
def test_both_ends_of_between_count_and_below_does_not(
    written: Mapping[str, Any], holds: set[int]
) -> None:
    assert {one for one in range(4, 9) if NumberRange.of(written).holds(one)} == holds


def act_model() -> Model:
    """The default model, with a way in that asks for an act of the person's own."""
    model = make.model()
    acts = compile_acts()
    matchers = {
        kind: Matcher.of([*one.signals, *(act for act in acts if act.kind is kind)])
        for kind, one in model.matchers.items()
    }
    return replace(model, matchers=matchers)


@pytest.mark.parametrize(
    ("kind", "name", "is_act"),
    [
        (Kind.PAGE, "", True),
        (Kind.TRACK, "Nothing", True),
        (Kind.FORM, "newsletter", True),
        (Kind.MAIL, "clicked", True),
        (Kind.MAIL, "replied", True),
        (Kind.MAIL, "confirmed", True),
        (Kind.MAIL, "delivered", False),
        (Kind.MAIL, "bounced", False),
        (Kind.MAIL, "unsubscribed", False),
        (Kind.IDENTIFY, "", False),
        (Kind.SALES, "call", False),
        (Kind.PERSON, "imported", False),
    ],
)
def test_an_act_is_what_the_person_does(kind: Kind, name: str, *, is_act: bool) -> None:
    tally = count_events(act_model(), Tally(), [make.event(kind, name, days_ago=3)])
    assert tally.days.get(ACTS) == ({make.day(-3).toordinal(): 1} if is_act else None)


def test_acts_are_counted_only_where_they_are_asked_for() -> None:
    assert ACTS not in count_events(make.model(), Tally(), [make.page("/blog/a")]).days
