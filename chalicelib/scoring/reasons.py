"""The reasons of a score, in words: one for each rule that gives something, one for each limit."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from chalicelib.days import day_of
from chalicelib.events import FieldValue, said_as
from chalicelib.scoring.behaviour_rules import BehaviourRule
from chalicelib.scoring.by_hand import Given, group_of, live_on
from chalicelib.scoring.field_rules import FieldRule, Test
from chalicelib.scoring.milli import points_text
from chalicelib.scoring.model import Model
from chalicelib.scoring.points import MatchedRule, cells_of, limited, weighed
from chalicelib.scoring.tally import Tally

INTERNAL = "internal"  # the one reason of a person who works for us


@dataclass(slots=True)
class ScoreReason:
    """One reason of a score.

    Nothing changes one. It is not frozen because a score makes fifty, and a frozen dataclass takes
    seven times as long to make.
    """

    rule: str
    group: str
    milli: int
    """Thousandths of a point."""
    text: str
    count: int | None = None
    """How many days, or keys of a distinct signal; None for a fact."""
    last: date | None = None
    """The latest day."""


def field_reason(matched: MatchedRule) -> ScoreReason:
    """Return the reason of a field rule that matches."""
    rule, test, value, points = matched
    ends = ": disqualifies" if rule.disqualify else ""
    return ScoreReason(rule.id, rule.group, points, _field_words(rule, test, value) + ends)


def behaviour_reasons(model: Model, seen: Tally, today: int) -> Iterator[ScoreReason]:
    """Return the reasons of the behaviour rules and of their limits."""
    every = cells_of(seen)
    for rule in model.behaviour_rules:
        if not (cells := every.get(rule.signal.id)):
            continue
        points, counted = weighed(rule, cells, today)
        if points:
            lost = _lost_words(rule, seen.days.get(rule.signal.id), points, counted)
            text = _behaviour_words(rule, len(cells)) + lost
            last = date.fromordinal(cells[-1][0])
            yield ScoreReason(rule.id, rule.group, points, text, len(cells), last)
        if (bound := limited(rule, points)) != points:
            yield limit_reason(rule.id, rule.group, bound - points, bound)


def given_reasons(model: Model, given: Given, day: date) -> Iterator[ScoreReason]:
    """Yield a reason for each that counts on a day, numbered from the oldest on."""
    for number, one in enumerate(live_on(given, day), 1):
        ends = f" (until {one.until.isoformat()})" if one.until else ""
        yield ScoreReason(
            rule=f"hand:{number}",
            group=group_of(model, one),
            milli=one.milli,
            text=f"by hand: {' '.join(one.reason.split())}{ends}",
            last=day_of(one.at, model.zone),
        )


def limit_reason(of: str, group: str, milli: int, bound: int) -> ScoreReason:
    """Return the reason of a limit.

    of: the rule or group that it limits; milli: what it takes or adds; bound: what is left.
    """
    side = "at most" if milli < 0 else "at least"
    text = f"{of.replace('-', ' ')} counts {side} {points_text(bound)}"
    return ScoreReason(f"limit:{of}", group, milli, text)


def internal_reason(model: Model) -> ScoreReason:
    """Return the one reason of a person who works for us."""
    return ScoreReason(INTERNAL, next(iter(model.groups), ""), 0, "internal address: not scored")


def _field_words(rule: FieldRule, test: Test, value: FieldValue | None) -> str:
    if rule.touch:
        return f"{rule.touch} came by {value}"
    said = said_as(value or "") if test.words is None else test.words
    return f"{rule.field.replace('_', ' ')} is {said}"


def _behaviour_words(rule: BehaviourRule, number: int) -> str:
    if rule.signal.distinct:
        return f"{rule.signal.words}: {number}" if number > 1 else rule.signal.words
    return f"{rule.signal.words} on {number} {'day' if number == 1 else 'days'}"


def _lost_words(
    rule: BehaviourRule, days: Mapping[int, int] | None, points: int, counted: int
) -> str:
    """Return what the limit per day left out and what time has taken, where they did."""
    text = ""
    fresh = rule.points * counted
    if days and (over := sum(days.values()) - counted):
        text = f", {over} more not counted: at most {rule.per_day} a day"
    if points != fresh:
        gone = points_text(abs(fresh - points))
        text += f", {gone} of {points_text(abs(fresh))} points gone with time"
    return text
