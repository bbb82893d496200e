"""Matching all signals at once finds what asking them one by one would."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.events import Event, Kind
from chalicelib.scoring.matching import Matcher, Signal, value_of
from chalicelib.scoring.pattern import matches_any
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
