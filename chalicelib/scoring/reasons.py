"""The reasons of a score, in words: one for each rule that gives something, one for each limit."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from math import inf

from chalicelib.days import day_of
from chalicelib.events import FieldValue, said_as
from chalicelib.limits import HORIZON_DAYS
from chalicelib.scoring.behaviour_rules import (
    NO_LIMIT,
    BehaviourRule,
    Cells,
    Measure,
    occurrences,
    shared,
    tier_of,
)
from chalicelib.scoring.by_hand import Given, group_of, live_on
from chalicelib.scoring.evidence import Evidence
from chalicelib.scoring.field_rules import MatchedRule
from chalicelib.scoring.milli import MILLI, points_text
from chalicelib.scoring.model import Model
from chalicelib.scoring.numbers import Amount, Amounts
from chalicelib.scoring.points import cells_of, contribution
from chalicelib.scoring.silence import silent
from chalicelib.scoring.tally import Tally

REASONS_REMEMBERED = 4096  # of facts: a megabyte
WORDS_REMEMBERED = 4096  # of limits, and of what time has taken: half a megabyte
RuleLine = tuple[int, int, int, int, str]
"""A rule's thousandths before its limit and within it, how many days are in them, the last of those
days, and the words.
"""

INTERNAL = "internal"  # the one reason of a person who works for us
EXCLUDED = "excluded:"  # what that of an excluded person begins with


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


@lru_cache(maxsize=REASONS_REMEMBERED)  # by identity: rules remember how values match
def field_reason(matched: MatchedRule) -> ScoreReason:
    """Return the reason of a field rule that matches."""
    rule = matched.rule
    words = dict.fromkeys([_field_words(one) for one in (matched, *matched.others)])
    ends = ": disqualifies" if rule.disqualify else ""
    return ScoreReason(rule.id, rule.group, matched.milli, " and ".join(words) + ends)


def behaviour_reasons(model: Model, seen: Tally, today: int) -> list[ScoreReason]:
    """Return the reasons of the behaviour rules and of their limits."""
    every = cells_of(seen)
    reasons = []
    asked = [(rule, cells) for rule in model.behaviour_rules if (cells := every.get(rule.series))]
    for rule, cells in asked:
        line = _plain_line if rule.is_plain else _line_of
        points, left, number, last, text = line(rule, cells, today)
        if points:
            day = _date_of(last)
            reasons.append(ScoreReason(rule.id, rule.group, points, text, number, day))
        if left != points:
            reasons.append(_rule_limit_reason(rule, left - points))
    return reasons


def _plain_line(rule: BehaviourRule, cells: Cells, today: int) -> RuleLine:
    """Return what there is to say of a rule each of whose occurrences is worth the same.

    It is what `_line_of` says, found in one pass over the days: most rules are of this kind.
    """
    decay = rule.decay
    per_day = rule.per_day or NO_LIMIT
    each = abs(rule.points)
    counted = over = 0
    total = 0.0
    last = cells[-1][0]
    if last > today:  # two clocks differ
        last = today
        cells = [(min(day, today), count) for day, count in cells]
    for day, count in reversed(cells):
        if count > per_day:
            over += count - per_day
            count = per_day
        counted += count
        total += count * each * decay[today - day]
    points = round(total if rule.points > 0 else -total)
    number = len(cells)
    text = rule.signal.words
    if not rule.signal.distinct:
        text += f" on {number} days" if number > 1 else " on 1 day"
    elif number > 1:
        text += f": {number}"
    if over:
        text += f", {over} more not counted: at most {per_day} a day"
    fresh = rule.points * counted
    if rule.half_life_days is not None and points != fresh:
        text += _gone_words(points, fresh)
    left = contribution(rule, cells, today) if each * counted > rule.most else points
    return points, left, number, last, text


def _line_of(rule: BehaviourRule, cells: Cells, today: int) -> RuleLine:
    """Return what there is to say of a rule of any form."""
    found = occurrences(rule, cells, today)
    counted = sum([count for _, count in found])
    points = round(rule.weigh(rule, cells, today, inf))
    is_limited = abs(rule.points) * counted > rule.most
    left = contribution(rule, cells, today) if is_limited else points
    if not points:
        return points, left, 0, today, ""
    words = _tier_words if rule.tiers else _behaviour_words
    text = words(rule, found) + _lost_words(rule, cells, found, today, points)
    return points, left, len(found), today - found[0][0], text


@lru_cache(maxsize=HORIZON_DAYS)
def _date_of(day: int) -> date:
    return date.fromordinal(day)


def silence_reasons(model: Model, evidence: Evidence, day: int) -> Iterator[ScoreReason]:
    """Return the reasons of the silences that have begun by a day, an ordinal."""
    for rule, days in silent(model, evidence, day):
        # What was heard before the horizon is forgotten, but not when the lead was created.
        long = f"{days} days" if days < HORIZON_DAYS else f"{HORIZON_DAYS} days or more"
        yield ScoreReason(rule.id, rule.group, rule.points, f"{rule.words} for {long}")


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
    return ScoreReason(f"limit:{of}", group, milli, _limit_words(of, side, bound))


@lru_cache(maxsize=WORDS_REMEMBERED)
def _limit_words(of: str, side: str, bound: int) -> str:
    return f"{of.replace('-', ' ')} counts {side} {points_text(bound)}"


def _rule_limit_reason(rule: BehaviourRule, milli: int) -> ScoreReason:
    """Return the reason of a rule's own limit, which applies before the rule fades (ADR 0047)."""
    bound = rule.most if rule.points > 0 else -rule.most
    words = _rule_limit_words(rule.id, bound, fades=rule.half_life_days is not None)
    return ScoreReason(f"limit:{rule.id}", rule.group, milli, words)


@lru_cache(maxsize=WORDS_REMEMBERED)
def _rule_limit_words(of: str, bound: float, *, fades: bool) -> str:
    side = "at most" if bound > 0 else "at least"
    words = _limit_words(of, side, round(bound))
    return f"{words}, before it fades" if fades else words


def left_out_reason(model: Model, why: str) -> ScoreReason:
    """Return the one reason of a person who is left out. why: its name."""
    words = "internal address"
    if why != INTERNAL:
        words = f"excluded as {why.removeprefix(EXCLUDED).replace('-', ' ')}"
    return ScoreReason(why, next(iter(model.groups), ""), 0, f"{words}: not scored")


def _field_words(matched: MatchedRule) -> str:
    rule = matched.rule
    value = matched.value
    if rule.touch:
        return f"{rule.touch} came by {value}"
    said = matched.test.words or _value_words(value)
    return f"{rule.field.replace('_', ' ')} is {said}"


def _value_words(value: FieldValue | None) -> str:
    """Return a field's value as people say it."""
    if value is None or value in ("", ()):
        return "not given"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return said_as(value)


def _behaviour_words(rule: BehaviourRule, found: Cells) -> str:
    words = rule.signal.words
    number = len(found)
    if rule.amount is not None:
        words += f": {_amount_words(rule.amount, found)} on {_number_of(number, 'day')}"
    elif rule.signal.distinct:
        words += f": {number}" if number > 1 else ""
    elif rule.in_one_day is not None:
        words += f" at least {rule.in_one_day} times on {_number_of(number, 'day')}"
    else:
        words += f" on {_number_of(number, 'day')}"
    return words + _within_words(rule.within_days)


def _amount_words(amount: Amount, found: Cells) -> str:
    name = amount.name.replace("_", " ").replace("-", " ")
    if amount.of is Amounts.MAX:
        return f"{name} up to {_milli_words(max(milli for _, milli in found))}"
    return f"{name} of {_milli_words(sum(milli for _, milli in found))}"


def _milli_words(milli: int) -> str:
    return f"{milli / MILLI:,.15g}"


def _tier_words(rule: BehaviourRule, found: Cells) -> str:
    tier = tier_of(rule, found)
    words = rule.signal.words
    if tier is None:
        return words
    if tier.least > 1 and tier.measure is Measure.DIFFERENT:
        words += f": at least {tier.least} different"
    elif tier.least > 1 and tier.measure is Measure.DAYS:
        words += f" on at least {tier.least} days"
    elif tier.least > 1:
        words += f" at least {tier.least} times"
    return words + _within_words(tier.within_days)


def _within_words(within_days: int | None) -> str:
    return "" if within_days is None else f" within {_number_of(within_days, 'day')}"


def _lost_words(rule: BehaviourRule, cells: Cells, found: Cells, today: int, points: int) -> str:
    """Return what the limit per day, the shares and time have taken, where they did."""
    text = ""
    counted = sum([count for _, count in found])
    if rule.per_day is not None and rule.in_one_day is None:
        within = inf if rule.within_days is None else rule.within_days
        if over := sum([count for day, count in cells if today - day <= within]) - counted:
            text = f", {over} more not counted: at most {rule.per_day} a day"
    if rule.tiers:
        tier = tier_of(rule, found)
        whole = fresh = tier.points if tier else 0.0
    else:
        whole = rule.points * counted
        fresh = rule.points * shared(rule, counted)
    if fresh != whole:
        text += f", {_part_of(whole - fresh, whole)} left out as repetition"
    if rule.half_life_days is not None:
        text += _gone_words(points, fresh)
    return text


@lru_cache(maxsize=WORDS_REMEMBERED)
def _gone_words(points: int, fresh: float) -> str:
    """Return what time has taken: most people show a signal on one day, of the last few weeks."""
    if points == round(fresh):
        return ""
    return f", {_part_of(fresh - points, fresh)} gone with time"


def _part_of(part: float, whole: float) -> str:
    return f"{points_text(round(abs(part)))} of {points_text(round(abs(whole)))} points"


def _number_of(number: int, thing: str) -> str:
    return f"{number} {thing if number == 1 else f'{thing}s'}"
