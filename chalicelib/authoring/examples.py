"""A model's examples, run: what the model says of each person that marketing and sales agreed on.

An example goes the way of a real lead: on each day its events are counted, the person is scored and
decided on, and the clock looks at them on the days that they are due for review. No test of a model
has another way to a score or a stage than a lead has.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from itertools import groupby
from typing import Any, assert_never

from chalicelib.authoring.example_shape import EXAMPLE_KINDS, NO_BAND
from chalicelib.days import day_of, start_of
from chalicelib.events import Act, Event, FieldValue, Kind, Value, event_id, visitor_partition
from chalicelib.inputs.person import READERS
from chalicelib.leads.decision import decide_lead, score_of
from chalicelib.leads.lead import Lead
from chalicelib.leads.replay import with_events
from chalicelib.lifecycle.moves import OTHER, move
from chalicelib.lifecycle.stages import Actor, Stage, Standing, apply, path
from chalicelib.scoring import by_hand
from chalicelib.scoring.matching import CAMPAIGN_KEYS, is_recorded
from chalicelib.scoring.milli import MILLI
from chalicelib.scoring.model import Model
from chalicelib.scoring.tally import Since, Tally

EXAMPLE_VISITOR = visitor_partition("example")
TODAY = date(2026, 1, 1)  # any day: only the days between the events matter
NOON = timedelta(hours=12)  # after the start of a day: far from both of its ends in any zone
OWN_KEYS = frozenset({*EXAMPLE_KINDS, "days_ago", "in_days", "times"})


@dataclass(frozen=True, slots=True)
class ExampleResult:
    """What became of an example."""

    name: str
    expected: Mapping[str, Any]
    """Score, grade and stage, and what else the example expects.

    That is the band and the kind, each group and score named, and the stage on each day named.
    """
    found: Mapping[str, Any]
    """With the same keys."""

    @property
    def ok(self) -> bool:
        """Whether the model says what was agreed."""
        return self.expected == self.found

    def differences(self) -> list[str]:
        """Return what differs, in words, for example `score is 57, not 60`."""
        return [
            f"{key} is {self.found[key]}, not {one}"
            for key, one in self.expected.items()
            if self.found[key] != one
        ]


def run_examples(model: Model, examples: Iterable[Mapping[str, Any]]) -> list[ExampleResult]:
    """Return what becomes of each example of a checked model document."""
    return [_run_example(model, example) for example in examples]


def lead_by_day(model: Model, given: Mapping[str, Any], days: Sequence[int]) -> Iterator[Lead]:
    """Yield an example's person as they are at the end of each of some days.

    days: counted from today, the first one first.
    """
    did = {
        day: list(events)
        for day, events in groupby(
            example_events(given, model.zone), key=lambda event: day_of(event.at, model.zone)
        )
    }
    began = min(did)
    lead = Lead(lead_id="", standing=_first_standing(model, given.get("stage", Stage.LEAD), began))
    for look in (TODAY + timedelta(days=ahead) for ahead in days):
        while due := [day for day in (lead.review_on, *did) if day and day <= look]:
            day = min(due)
            # The clock comes before the events of the same day: reviews are due when it begins.
            if day == lead.review_on:
                lead = _review(model, lead, day)
            else:
                lead = _count(model, lead, did.pop(day))
        yield lead


def example_events(given: Mapping[str, Any], zone: tzinfo) -> list[Event]:
    """Return the events of an example, oldest first; before them one that says who the person is.

    zone: in which each happens at noon of its day.

    `medium` is that of the first thing they did: an ad's click is the page view that it led to.
    """
    did = sorted(filter(_is_recorded, given.get("events", ())), key=_ahead)
    each = [one for event in did for one in [event] * event.get("times", 1)]
    came_by = {"medium": given["medium"]} if given.get("medium") else {}
    given_by_hand = given.get("points", ())
    start = min(map(_ahead, [*each, *given_by_hand]), default=0)
    # Imported by one of our people: an identify says nothing about how somebody came.
    known = _event(
        Kind.PERSON,
        Act.IMPORTED,
        at=_noon(min(start, 0), zone),
        number=0,
        fields={name: _said(name, one) for name, one in given.get("profile", {}).items()},
        campaign={} if each else came_by,
    )
    later = [*_events(each, came_by, zone), *_points(given_by_hand, len(each) + 1, zone)]
    return [known, *sorted(later, key=lambda event: event.at)]


def _run_example(model: Model, example: Mapping[str, Any]) -> ExampleResult:
    expect = example["expect"]
    later = {one["in_days"]: one["stage"] for one in expect.get("later", ())}
    days = sorted(later)
    today, *after = lead_by_day(model, example["given"], [0, *days])
    worth = score_of(model, today, TODAY)
    said = {
        "score": worth.rounded,
        "grade": worth.grade,
        "band": worth.band or NO_BAND,
        "stage": str(today.standing.stage),
        "kind": today.standing.kind or "none",
    }
    expected = {key: expect[key] for key in said if expect.get(key) is not None}
    found: dict[str, Any] = {key: said[key] for key in expected}
    for name, points in expect.get("groups", {}).items():
        expected[name] = round(points, 1)
        found[name] = round(worth.value(name) / MILLI, 1)
    for name, agreed in expect.get("scores", {}).items():
        one = worth.scores[name]
        values = {"total": one.rounded, "band": one.band or NO_BAND}
        for key in values.keys() & agreed.keys():
            expected[f"{name} {key}"] = agreed[key]
            found[f"{name} {key}"] = values[key]
    for day, lead in zip(days, after, strict=True):
        expected[f"stage on day {day}"] = later[day]
        found[f"stage on day {day}"] = str(lead.standing.stage)
    return ExampleResult(example["name"], expected, found)


def _first_standing(model: Model, stage: str, began: date) -> Standing:
    """Return where the person stands before the first event, put there by a person step by step."""
    standing = Standing()
    for target in path(Stage.LEAD, Stage(stage)):
        unknown = score_of(model, Lead(lead_id="", standing=standing), began)
        from_now = Since.now(model, Tally(), start_of(began, model.zone), "")
        standing = apply(standing, move(model, standing, unknown, from_now, target, OTHER))
    return standing


def _count(model: Model, lead: Lead, events: Sequence[Event]) -> Lead:
    """Return the lead after the events of a day. No event comes twice, so no ids are kept."""
    now = events[-1].at
    return decide_lead(model, with_events(model, lead, events), now).lead


def _review(model: Model, lead: Lead, day: date) -> Lead:
    """Return the lead after the clock's look at the beginning of a day."""
    return decide_lead(model, lead, start_of(day, model.zone), Actor.CLOCK).lead


def _is_recorded(one: Mapping[str, Any]) -> bool:
    """Return whether an event may come at all: one that nothing records counts for nobody."""
    return not one.get(Kind.MAIL) or is_recorded(Kind.MAIL, [one[Kind.MAIL]])


def _events(
    each: Sequence[Mapping[str, Any]], came_by: Mapping[str, str], zone: tzinfo
) -> Iterator[Event]:
    for number, one in enumerate(each, 1):
        kind = next(kind for kind in EXAMPLE_KINDS if one.get(kind) is not None)
        said = {key: value for key, value in one.items() if key not in OWN_KEYS}
        campaign = {
            CAMPAIGN_KEYS[key]: str(value) for key, value in said.items() if key in CAMPAIGN_KEYS
        }
        facts = {key: value for key, value in said.items() if key not in CAMPAIGN_KEYS}
        name, properties, fields = _placed(kind, one[kind], facts)
        yield _event(
            kind,
            name,
            at=_noon(_ahead(one), zone),
            number=number,
            properties=properties,
            fields=fields,
            campaign={**came_by, **campaign} if number == 1 else campaign,
        )


def _said(name: str, written: Any) -> FieldValue:
    """Return what a person said in a field: a value, a list of values, or a date near today.

    What Baton has a reader for is read as it is of a form: a country's name is its code.
    """
    if isinstance(written, Mapping):
        return (TODAY + timedelta(days=_ahead(written))).isoformat()
    if name in READERS:
        return READERS[name](written).value
    return tuple(written) if isinstance(written, list) else written


def _points(each: Sequence[Mapping[str, Any]], first: int, zone: tzinfo) -> Iterator[Event]:
    """Yield the events of points by hand. first: the number of the first event."""
    for number, one in enumerate(each, first):
        facts = {
            by_hand.GIVEN_POINTS: one["points"],
            by_hand.GIVEN_REASON: one.get("reason", "by hand"),
        }
        if one.get("group"):
            facts[by_hand.GIVEN_GROUP] = one["group"]
        if one.get("until_in_days") is not None:
            last = TODAY + timedelta(days=one["until_in_days"])
            facts[by_hand.GIVEN_UNTIL] = last.isoformat()
        yield _event(
            Kind.PERSON, Act.POINTS, at=_noon(_ahead(one), zone), number=number, properties=facts
        )


def _placed(
    kind: Kind, name: str, facts: Mapping[str, Value]
) -> tuple[str, Mapping[str, Value], Mapping[str, FieldValue]]:
    """Return the name, the properties and the fields of an event that says these facts."""
    match kind:
        case Kind.PAGE:
            return "", {"path": name, **facts}, {}
        case Kind.FORM:
            return name, {}, facts
        case Kind.TRACK | Kind.MAIL | Kind.SALES | Kind.IDENTIFY | Kind.PERSON:
            return name, facts, {}
        case _:
            assert_never(kind)


def _ahead(one: Mapping[str, Any]) -> int:
    """Return the day of an event or a date, counted from today; negative before it."""
    return int(one.get("in_days") or -(one.get("days_ago") or 0))


def _noon(ahead: int, zone: tzinfo) -> datetime:
    """Return noon of a day that is counted from today."""
    return start_of(TODAY + timedelta(days=ahead), zone) + NOON


def _event(kind: Kind, name: str, *, at: datetime, number: int, **parts: Any) -> Event:
    """Return an event shortly after a time, in the order in which the example lists them."""
    at += timedelta(milliseconds=number)
    return Event(
        partition=EXAMPLE_VISITOR,
        id=event_id(EXAMPLE_VISITOR, at, str(number)),
        kind=kind,
        name=name,
        at=at,
        captured_at=at,
        **parts,
    )
