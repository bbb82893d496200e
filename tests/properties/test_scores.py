"""The laws of the score, for random models: points of any size and sign, half-lives and limits,
windows, shares and tiers."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import strategies as some

from chalicelib.events import Event
from chalicelib.scoring.behaviour_rules import BehaviourRule
from chalicelib.scoring.evidence import Evidence
from chalicelib.scoring.model import Model
from chalicelib.scoring.profile import Profile, learn
from chalicelib.scoring.score import Score, score
from chalicelib.scoring.tally import Since, Tally, count_events, signals_of
from chalicelib.scoring.touches import Touches, touch
from tests.baton import InMemoryBaton
from tests.fakes import NOW, FakePorts
from tests.properties.laws import holds_for
from tests.properties.lives import (
    EVENTS_MAX,
    Happening,
    Life,
    changed,
    deeds,
    happenings,
    lives,
    merges,
    models,
    moves,
    retractions,
    ticks,
)
from tests.properties.steps import script
from tests.properties.town import Town
from tests.sizes import SIZES

LEAD_IDS = ["A" * 26] * 3
cuts = some.none() | some.integers(
    0, EVENTS_MAX
)  # after how many events behaviour starts to count again, or None
days_on = some.integers(0, 60) | some.integers(380, 460)  # around the horizon too


class Person:
    """Somebody who did all of a life. since: from when it counts."""

    def __init__(self, model: Model, life: Life, cut: int | None) -> None:
        self.model, self.events = model, events_of(life)
        self.last_day = max(event.captured_at for event in self.events).date()
        self.profile: Profile = learn({}, self.events, model.fields)
        self.touches = touch(Touches(), self.events)
        self.created_at = min(event.captured_at for event in self.events)
        self.tally = count_events(model, Tally(), self.events)
        self.since = None if cut is None else self._since(self.events[:cut])

    def _since(self, before: Sequence[Event]) -> Since:
        at = max((event.captured_at for event in before), default=NOW)
        return Since.now(self.model, count_events(self.model, Tally(), before), at, LEAD_IDS[0])

    def score(self, day: date, more: Sequence[Event] = ()) -> Score:
        tally = count_events(self.model, self.tally, more)
        evidence = Evidence(self.profile, self.touches, tally, self.since, self.created_at)
        return score(self.model, evidence, day)


def events_of(life: Sequence[Happening]) -> list[Event]:
    return [event for step in script(life, LEAD_IDS) for event in step.captured]


def made_positive(rule: BehaviourRule) -> BehaviourRule:
    tiers = tuple(replace(tier, points=abs(tier.points)) for tier in rule.tiers)
    return replace(rule, points=abs(rule.points), tiers=tiers)


def points_of(worth: Score, rule: str) -> int:
    """The thousandths of a rule within its limit."""
    return sum(line.milli for line in worth.every_reason if line.rule in (rule, f"limit:{rule}"))


@holds_for(models, lives(), cuts, happenings(deeds), days_on)
def test_more_of_a_positive_signal_never_lowers_the_score(
    model: Model, life: Life, cut: int | None, more: Happening, days: int
) -> None:
    """One more event, of which no signal has a rule with negative points, and which says nothing of
    the person or of where they came from: neither the score, nor a group, nor a sum is lower for
    it, on any day, whatever the limits.
    """
    said = replace(more, deed=changed(more.deed, fields={}, campaign={}))
    # None, where it would confirm a form that nobody sent.
    events = [replace(one, id="more", fields={}) for one in events_of([said])]
    positive = {signal.id for event in events for signal in signals_of(model, event)}
    rules = [
        made_positive(one) if one.signal.id in positive else one for one in model.behaviour_rules
    ]
    person = Person(replace(model, behaviour_rules=rules), life, cut)
    day = person.last_day + timedelta(days=days)
    before, after = person.score(day), person.score(day, events)
    assert after.total >= before.total
    names = (*before.groups, *before.apart, *before.sums)
    assert all(after.value(name) >= before.value(name) for name in names)


@holds_for(models, lives(), cuts, days_on, some.integers(1, 40))
def test_decay_never_raises_a_positive_rule(
    model: Model, life: Life, cut: int | None, days: int, later: int
) -> None:
    """While nothing happens, what a rule with positive points gives, its limit included, never
    grows.
    """
    person = Person(model, life, cut)
    day = person.last_day + timedelta(days=days)
    before, after = person.score(day), person.score(day + timedelta(days=later))
    for rule in model.behaviour_rules:
        if rule.points >= 0:
            assert 0 <= points_of(after, rule.id) <= points_of(before, rule.id)


@holds_for(models, lives(), cuts, days_on)
def test_the_reasons_sum_to_the_score_exactly(
    model: Model, life: Life, cut: int | None, days: int
) -> None:
    person = Person(model, life, cut)
    worth = person.score(person.last_day + timedelta(days=days))
    assert sum(line.milli for line in worth.reasons) == worth.total == sum(worth.groups.values())
    for group, milli in worth.groups.items():
        assert sum(line.milli for line in worth.reasons if line.group == group) == milli
    for name, named in worth.scores.items():
        assert sum(line.milli for line in worth.reasons_of(name)) == named.total
        assert sum(named.groups.values()) == named.total


@holds_for(lives(retractions, moves, merges, ticks), cases=SIZES.api_cases)
def test_the_reasons_the_api_shows_sum_to_its_score(life: Life) -> None:
    town = Town().live(life)
    baton = InMemoryBaton(FakePorts(town.table, town.ports.clock))
    for lead_id in town.lead_ids:
        if town.lead(lead_id).version:
            shown = baton.get(f"/v1/leads/{lead_id}")["score"]
            lines = sum(round(line["points"] * 1000) for line in shown["reasons"])
            assert lines == sum(round(points * 1000) for points in shown["groups"].values())
            assert shown["total"] == (lines + 500) // 1000
