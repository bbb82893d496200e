"""A model's examples, run: what the model says of each person that marketing and sales agreed on.

An example goes the way of a real lead: on each day its events are counted, the person is learnt of,
scored and decided, and the clock looks at them on the days for which it is asked. No test of a
model knows another way to a score or a stage than a lead has.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta, tzinfo
from itertools import groupby
from typing import Any

from chalicelib.days import day_of, start_of
from chalicelib.events import Event, Kind, event_id, visitor_partition
from chalicelib.leads.decision import decide_lead, score_of
from chalicelib.leads.lead import Lead
from chalicelib.leads.replay import count
from chalicelib.lifecycle.moves import OTHER, move
from chalicelib.lifecycle.stages import Actor, Stage, Standing, apply, path
from chalicelib.scoring.model import EXAMPLE_KINDS, Model
from chalicelib.scoring.tally import Since, Tally

SOMEBODY = visitor_partition("example")
TODAY = date(2026, 1, 1)  # any day: only the days between events and today matter
NOON = timedelta(hours=12)  # after the start of a day: far from both of its ends in any zone
CAMPAIGN = {
    "source": "source",
    "medium": "medium",
    "campaign": "name",
}  # as signals say it -> as an event has it
OWN_KEYS = frozenset({*EXAMPLE_KINDS, "days_ago", "in_days", "times"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an example. expected and found have the same keys: score, grade, stage, and
    what else is expected: the kind, each group named, and the stage on each day named.
    """

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
            f"{key} is {self.found[key]}, not {one}"
            for key, one in self.expected.items()
            if self.found[key] != one
        ]


def outcomes(model: Model, examples: Iterable[Mapping[str, Any]]) -> list[Outcome]:
    """What becomes of each example of a checked model document."""
    return [_outcome(model, example) for example in examples]


def lived(model: Model, given: Mapping[str, Any], days: Sequence[int]) -> Iterator[Lead]:
    """An example's person as they are at the end of each of some days, counted from today, the
    first day first.
    """
    did = {
        day: list(events)
        for day, events in groupby(
            events_of(given, model.zone), key=lambda event: day_of(event.at, model.zone)
        )
    }
    began = min(did)
    lead = Lead(lead_id="", standing=_stood(model, given.get("stage", Stage.LEAD), began))
    for look in (TODAY + timedelta(days=ahead) for ahead in days):
        while todo := [day for day in (lead.review_on, *did) if day and day <= look]:
            day = min(todo)
            # On one day the clock is first: reviews are due at its beginning.
            lead = (
                _reviewed(model, lead, day)
                if day == lead.review_on
                else _counted(model, lead, did.pop(day))
            )
        yield lead


def events_of(given: Mapping[str, Any], zone: tzinfo) -> list[Event]:
    """The events of an example, oldest first; before them one that says who the person is.

    zone: in which each happens at noon of its day.

    `medium` is that of the first thing they did: an ad's click is the page view that it led to.
    """
    did = sorted(given.get("events", ()), key=_ahead)
    each = [one for event in did for one in [event] * event.get("times", 1)]
    came = {"medium": given["medium"]} if given.get("medium") else {}
    start = min((_ahead(one) for one in each), default=0)
    campaign = {} if each else came
    known = _event(
        Kind.IDENTIFY,
        "",
        min(start, 0),
        0,
        zone,
        fields=given.get("profile", {}),
        campaign=campaign,
    )
    return [known, *_did(each, came, zone)]


def _outcome(model: Model, example: Mapping[str, Any]) -> Outcome:
    expect = example["expect"]
    later = {one["in_days"]: one["stage"] for one in expect.get("later", ())}
    today, *after = lived(model, example["given"], [0, *sorted(later)])
    worth, standing = score_of(model, today, TODAY), today.standing
    told = {
        "score": worth.rounded,
        "grade": worth.grade,
        "stage": str(standing.stage),
        "kind": standing.kind or "none",
    }
    named: Mapping[str, float] = expect.get("groups", {})
    groups = {name: round(points, 1) for name, points in named.items()}
    found = {name: round(worth.value(name) / 1000, 1) for name in groups}
    stages = {
        _on_day(day): str(lead.standing.stage)
        for day, lead in zip(sorted(later), after, strict=True)
    }
    asked = {key: expect[key] for key in told if expect.get(key) is not None}
    return Outcome(
        example["name"],
        {**asked, **groups, **{_on_day(day): later[day] for day in sorted(later)}},
        {**{key: told[key] for key in asked}, **found, **stages},
    )


def _on_day(ahead: int) -> str:
    return f"stage on day {ahead}"


def _stood(model: Model, stage: str, began: date) -> Standing:
    """Where the person stands before anything of the example: where a person put them, step by
    step.
    """
    standing = Standing()
    for target in path(Stage.LEAD, Stage(stage)):
        unknown = score_of(model, Lead(lead_id="", standing=standing), began)
        from_now = Since.now(model, Tally(), start_of(began, model.zone), "")
        standing = apply(standing, move(model, standing, unknown, from_now, target, OTHER))
    return standing


def _counted(model: Model, lead: Lead, events: Sequence[Event]) -> Lead:
    """The lead after the events of a day. No event comes twice, so no ids are kept."""
    now = events[-1].at
    counted = count(model, replace(lead, counted={}, crowded=False), events[0], events[1:], now)
    assert counted is not None, "an event that is new is counted"
    return decide_lead(model, counted, now).lead


def _reviewed(model: Model, lead: Lead, day: date) -> Lead:
    """The lead after the clock's look at the beginning of a day."""
    return decide_lead(model, lead, start_of(day, model.zone), Actor.CLOCK).lead


def _did(
    each: Sequence[Mapping[str, Any]], came: Mapping[str, str], zone: tzinfo
) -> Iterator[Event]:
    for number, one in enumerate(each, 1):
        kind = Kind(next(kind for kind in EXAMPLE_KINDS if one.get(kind) is not None))
        said = {key: value for key, value in one.items() if key not in OWN_KEYS}
        campaign = {CAMPAIGN[key]: str(value) for key, value in said.items() if key in CAMPAIGN}
        facts = {key: value for key, value in said.items() if key not in CAMPAIGN}
        yield _event(
            kind,
            "" if kind is Kind.PAGE else one[kind],
            _ahead(one),
            number,
            zone,
            properties={"path": one["page"]} | facts
            if kind is Kind.PAGE
            else {}
            if kind is Kind.FORM
            else facts,
            fields=facts if kind is Kind.FORM else {},
            campaign={**came, **campaign} if number == 1 else campaign,
        )


def _ahead(one: Mapping[str, Any]) -> int:
    """The day on which an event happens: from today on, before it negative."""
    return int(one.get("in_days") or -(one.get("days_ago") or 0))


def _event(kind: Kind, name: str, day: int, number: int, zone: tzinfo, **parts: Any) -> Event:
    """An event of noon, or of a few minutes later: in the order in which it was written down."""
    at = start_of(TODAY + timedelta(days=day), zone) + NOON + timedelta(milliseconds=number)
    return Event(
        partition=SOMEBODY,
        id=event_id(SOMEBODY, at, str(number)),
        kind=kind,
        name=name,
        at=at,
        captured_at=at,
        **parts,
    )
