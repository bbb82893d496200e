"""A model's examples, run: what the model says of each person that marketing and sales agreed on.

An example goes the way of a real lead: events are counted, the person is learnt of, scored and decided, from the
stage lead, as of the day on which `days_ago` is 0. No test of a model knows another way to a score than a lead has.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.events import Event, Kind, event_id, visitor_partition
from chalicelib.lifecycle.decide import apply, decide
from chalicelib.lifecycle.stages import Standing
from chalicelib.scoring.model import EXAMPLE_KINDS, Model
from chalicelib.scoring.profile import Touches, learn, touch
from chalicelib.scoring.score import score
from chalicelib.scoring.tally import Tally, count

SOMEBODY = visitor_partition("example")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)  # any day: only the days between events and today matter
CAMPAIGN = {"source": "source", "medium": "medium", "campaign": "name"}  # as signals say it -> as an event has it
OWN_KEYS = frozenset({*EXAMPLE_KINDS, "days_ago", "times"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an example. expected and found have the same keys: score, grade, stage, and each group named."""

    name: str
    expected: Mapping[str, Any]
    found: Mapping[str, Any]

    @property
    def ok(self) -> bool:
        """Whether the model says what was agreed."""
        return self.expected == self.found

    def differences(self) -> list[str]:
        """What differs, in words, for example `score is 57, not 60`."""
        return [
            f"{key} is {self.found[key]}, not {one}" for key, one in self.expected.items() if self.found[key] != one
        ]


def outcomes(model: Model, examples: Iterable[Mapping[str, Any]]) -> list[Outcome]:
    """What becomes of each example of a checked model document."""
    return [_outcome(model, example) for example in examples]


def events_of(given: Mapping[str, Any]) -> list[Event]:
    """The events of an example, oldest first; before them one that says who the person is.

    `medium` is that of the first thing they did: an ad's click is the page view that it led to.
    """
    did = sorted(given.get("events", ()), key=lambda one: -int(one["days_ago"]))
    each = [one for event in did for one in [event] * event.get("times", 1)]
    came = {"medium": given["medium"]} if given.get("medium") else {}
    start = max((one["days_ago"] for one in each), default=0)
    known = _event(Kind.IDENTIFY, "", start, 0, fields=given.get("profile", {}), campaign={} if each else came)
    return [known, *_did(each, came)]


def _outcome(model: Model, example: Mapping[str, Any]) -> Outcome:
    expect, events = example["expect"], events_of(example["given"])
    today = NOON.date()
    profile, touches = learn({}, events, also=model.fields), touch(Touches(), events)
    worth = score(model, profile, touches, count(model, Tally(), events), today)
    moved = decide(model, Standing(), worth, today)
    standing = apply(Standing(), moved, today) if moved else Standing()
    groups: Mapping[str, float] = expect.get("groups", {})
    told = {"score": worth.rounded, "grade": worth.grade, "stage": str(standing.stage)}
    return Outcome(
        example["name"],
        {**{key: expect[key] for key in told}, **{name: round(points, 1) for name, points in groups.items()}},
        {**told, **{name: round(worth.value(name) / 1000, 1) for name in groups}},
    )


def _did(each: Sequence[Mapping[str, Any]], came: Mapping[str, str]) -> Iterator[Event]:
    for number, one in enumerate(each, 1):
        kind = Kind(next(kind for kind in EXAMPLE_KINDS if one.get(kind) is not None))
        said = {key: value for key, value in one.items() if key not in OWN_KEYS}
        campaign = {CAMPAIGN[key]: str(value) for key, value in said.items() if key in CAMPAIGN}
        facts = {key: value for key, value in said.items() if key not in CAMPAIGN}
        yield _event(
            kind,
            "" if kind is Kind.PAGE else one[kind],
            one["days_ago"],
            number,
            properties={"path": one["page"]} | facts if kind is Kind.PAGE else {} if kind is Kind.FORM else facts,
            fields=facts if kind is Kind.FORM else {},
            campaign={**came, **campaign} if number == 1 else campaign,
        )


def _event(kind: Kind, name: str, days_ago: int, number: int, **parts: Any) -> Event:
    """An event of noon, or of a few seconds later: in the order in which it was written down."""
    at = NOON - timedelta(days=days_ago) + timedelta(seconds=number)
    return Event(
        partition=SOMEBODY,
        id=event_id(SOMEBODY, at, str(number)),
        kind=kind,
        name=name,
        at=at,
        captured_at=at,
        **parts,
    )
