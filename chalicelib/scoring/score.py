"""The score: what a model says of (profile, touches, tally) on a day, with its reasons.

Lines are whole thousandths and summed as integers; what a limit takes is a line of its own; so the
lines sum to the score exactly. `score` says why; `worth` is the same without the words, for what-if
and the days ahead, which ask for thousands of scores and show a few. Both rest on points.py.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date, timedelta

from chalicelib.events import Value
from chalicelib.scoring.model import BehaviourRule, Condition, FieldRule, Model, Test
from chalicelib.scoring.points import (
    Held,
    cells_of,
    held_by,
    is_one_of_us,
    limited,
    seen_until,
    weighed,
    weight_of,
    within_limits,
)
from chalicelib.scoring.profile import Profile, Touches, values
from chalicelib.scoring.tally import Since, Tally

MILLI = 1000  # a point in thousandths, in which all points are kept and summed
NO_GRADE = "–"  # too little known: not a D (playbook, rule 6)
WORST_GRADE = "F"
SCORE = "score"  # the name by which conditions mean the total
INTERNAL = "internal"  # the line of one of us


@dataclass(slots=True)
class Reason:
    """One line of a score. milli: thousandths of a point; count: days, keys or None for a fact;
    last: latest day.

    Nobody changes one. It is not frozen because a score makes fifty, and a frozen one costs seven
    times as much.
    """

    rule: str
    group: str
    milli: int
    text: str
    count: int | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """A score on a day, in thousandths. groups add up to the total, and so do the lines; sums are
    the model's own.

    tally: the behaviour that counts on that day. disqualifiers: the disqualifying rules that hold.
    internal: the person is one of us, and neither scored nor decided on.
    """

    day: date
    model_version: int
    total: int
    groups: Mapping[str, int]
    sums: Mapping[str, int]
    grade: str
    reasons: tuple[Reason, ...]
    tally: Tally
    disqualifiers: tuple[str, ...] = ()
    internal: bool = False

    def value(self, name: str) -> int:
        """The thousandths of `score`, of a group or of a sum."""
        if name == SCORE:
            return self.total
        return self.groups[name] if name in self.groups else self.sums[name]

    @property
    def rounded(self) -> int:
        """The total in whole points, rounded half up."""
        return (self.total + 500) // 1000


def score(
    model: Model,
    profile: Profile,
    touches: Touches,
    tally: Tally,
    today: date,
    since: Since | None = None,
) -> Score:
    """What the model says of a lead on a day. Never reads a clock, a table or a setting.

    since: behaviour before it does not count (a recycled lead starts again).
    """
    facts = values(profile)
    if is_one_of_us(model, facts):
        return _of_us(model, today)
    held, seen = held_by(model, facts, touches), seen_until(tally, today, since)
    lines = [*map(_field_line, held), *_behaviour_lines(model, seen, today.toordinal())]
    raw = dict.fromkeys(model.groups, 0)
    for line in lines:
        raw[line.group] += line.milli
    groups = within_limits(model, raw)
    for group, points in raw.items():
        if groups[group] != points:
            lines.append(_limit(group, group, groups[group] - points, groups[group]))
    return summed(model, held, groups, seen, today, lines)


def worth(
    model: Model,
    profile: Profile,
    touches: Touches,
    tally: Tally,
    today: date,
    since: Since | None = None,
) -> Score:
    """The same score without its reasons, in half the time."""
    return worth_by_day(model, profile, touches, tally, since)(today)


def worth_by_day(
    model: Model, profile: Profile, touches: Touches, tally: Tally, since: Since | None = None
) -> Callable[[date], Score]:
    """The score without its reasons on any day: what the rules on fields say is found once for all
    days.
    """
    facts = values(profile)
    if is_one_of_us(model, facts):
        return lambda today: replace(_of_us(model, today), reasons=())
    held = held_by(model, facts, touches)
    known = dict.fromkeys(model.groups, 0)
    for one in held:
        known[one.rule.group] += one.milli

    def on(today: date) -> Score:
        seen, raw, day = seen_until(tally, today, since), dict(known), today.toordinal()
        every = cells_of(seen)
        for rule in model.behaviour_rules:
            if cells := every.get(rule.signal.id):
                points, _ = weighed(rule, cells, day)
                raw[rule.group] += limited(rule, points)
        return summed(model, held, within_limits(model, raw), seen, today, ())

    return on


def worth_ahead(
    model: Model,
    profile: Profile,
    touches: Touches,
    tally: Tally,
    today: date,
    since: Since | None = None,
) -> Callable[[int], Score]:
    """About what a lead is worth in n days if nothing happens, at a multiplication a rule: every
    day's count decays by the same factor. Up to a rounding of a thousandth, and but for what leaves
    the horizon on the way, it is exact.
    """
    facts, day = values(profile), today.toordinal()
    if is_one_of_us(model, facts):
        return lambda days: replace(_of_us(model, today + timedelta(days=days)), reasons=())
    held, seen = held_by(model, facts, touches), seen_until(tally, today, since)
    known = dict.fromkeys(model.groups, 0)
    for one in held:
        known[one.rule.group] += one.milli
    every = cells_of(seen)
    weights = [
        (rule, weight_of(rule, every[rule.signal.id], day)[0])
        for rule in model.behaviour_rules
        if rule.signal.id in every
    ]

    def in_days(days: int) -> Score:
        raw = dict(known)
        for rule, weight in weights:
            raw[rule.group] += limited(rule, round(rule.points * weight * rule.decay[days]))
        return summed(
            model, held, within_limits(model, raw), seen, today + timedelta(days=days), ()
        )

    return in_days


def holds(condition: Condition, score: Score) -> bool:
    """Whether a stage condition holds on the score's day: every threshold reached (unrounded), and
    the signal seen on enough different days d with 0 <= today - d <= within_days.
    """
    if condition.signal is not None and not _is_seen(condition, condition.signal, score):
        return False  # asked first: most leads did little
    for name, least in condition.thresholds:  # noqa: SIM110  a generator costs as much as the comparisons
        if score.value(name) < least:
            return False
    return True


def _is_seen(condition: Condition, signal: str, score: Score) -> bool:
    tally, today = score.tally, score.day.toordinal()
    if signal not in tally.days and signal not in tally.keys:
        return False
    days = [day for day in tally.days_of(signal) if 0 <= today - day <= condition.within_days]
    return len(days) >= condition.days


def interest(model: Model, score: Score) -> str | None:
    """The topic whose signals weigh most in the score today; of equals the one that sorts first.
    None when none.
    """
    weights: dict[str, int] = {}
    signals = {rule.id: rule.signal for rule in model.behaviour_rules}
    for line in score.reasons:
        topic = signals[line.rule].topic if line.rule in signals else None
        if topic and line.milli > 0:
            weights[topic] = weights.get(topic, 0) + line.milli
    return min(weights, key=lambda topic: (-weights[topic], topic)) if weights else None


def parts_of(model: Model) -> Mapping[str, Set[str]]:
    """The groups that each group, sum and the score consist of."""
    groups = {group: {group} for group in model.groups}
    return {
        **groups,
        **{name: set(parts) for name, parts in model.sums.items()},
        SCORE: set(model.groups),
    }


def words(condition: Condition) -> str:
    """A stage condition in plain words, as it is written into a transition."""
    parts = [f"{name} at least {least / 1000:g}" for name, least in condition.thresholds]
    if condition.signal:
        days = f" on {condition.days} days" if condition.days > 1 else ""
        parts.insert(
            0, f"{condition.signal.replace('-', ' ')}{days} within {condition.within_days} days"
        )
    return ", ".join(parts)


def _of_us(model: Model, today: date) -> Score:
    """The score of one of us: nothing (playbook, rule 10)."""
    groups, sums = dict.fromkeys(model.groups, 0), dict.fromkeys(model.sums, 0)
    line = Reason(INTERNAL, next(iter(groups), ""), 0, "one of our own: not scored")
    return Score(today, model.version, 0, groups, sums, NO_GRADE, (line,), Tally(), internal=True)


def summed(
    model: Model,
    held: Sequence[Held],
    groups: Mapping[str, int],
    seen: Tally,
    today: date,
    lines: Iterable[Reason],
) -> Score:
    """The score of the field rules that hold, the groups' points within their limits, and the lines
    if asked for.
    """
    known = [one for one in held if one.milli and one.rule.group == "fit"]
    return Score(
        day=today,
        model_version=model.version,
        total=sum(groups.values()),
        groups=groups,
        sums={name: sum([groups[part] for part in parts]) for name, parts in model.sums.items()},
        grade=_grade(model, groups.get("fit", 0), len(known)),
        reasons=tuple(lines),
        tally=seen,
        disqualifiers=tuple([one.rule.id for one in held if one.rule.disqualify]),
    )


def _field_line(held: Held) -> Reason:
    rule, test, value, points = held
    ends = ": disqualifies" if rule.disqualify else ""
    return Reason(rule.id, rule.group, points, _field_words(rule, test, value) + ends)


def _field_words(rule: FieldRule, test: Test, value: Value | None) -> str:
    if rule.touch:
        return f"{rule.touch} came by {value}"
    name = rule.field.replace("_", " ")
    if test.operator in ("present", "absent"):
        return f"{name} is {'given' if test.operator == 'present' else 'not given'}"
    return f"{name} is {value}"


def _behaviour_lines(model: Model, seen: Tally, today: int) -> Iterator[Reason]:
    every = cells_of(seen)
    for rule in model.behaviour_rules:
        if not (cells := every.get(rule.signal.id)):
            continue
        points, counted = weighed(rule, cells, today)
        if points:
            lost = _lost_words(rule, seen.days.get(rule.signal.id), points, counted)
            text = _behaviour_words(rule, len(cells)) + lost
            yield Reason(
                rule.id, rule.group, points, text, len(cells), date.fromordinal(cells[-1][0])
            )
        if (bound := limited(rule, points)) != points:
            yield _limit(rule.id, rule.group, bound - points, bound)


def _behaviour_words(rule: BehaviourRule, number: int) -> str:
    if rule.signal.distinct:
        return f"{rule.signal.words}: {number}" if number > 1 else rule.signal.words
    return f"{rule.signal.words} on {number} {'day' if number == 1 else 'days'}"


def _lost_words(
    rule: BehaviourRule, days: Mapping[int, int] | None, points: int, counted: int
) -> str:
    """What the limit per day left out, and what time has taken, if they did."""
    text, fresh = "", rule.points * counted
    if days and (over := sum(days.values()) - counted):
        text = f", {over} more not counted: at most {rule.per_day} a day"
    if points != fresh:
        text += f", {_points(abs(fresh - points))} of {_points(abs(fresh))} points gone with time"
    return text


def _points(milli: int) -> str:
    """Thousandths as points: a whole number is written four times as fast."""
    return f"{milli / 1000:g}" if milli % 1000 else str(milli // 1000)


def _limit(of: str, group: str, milli: int, bound: int) -> Reason:
    side = "at most" if milli < 0 else "at least"
    return Reason(
        f"limit:{of}", group, milli, f"{of.replace('-', ' ')} counts {side} {bound / 1000:g}"
    )


def _grade(model: Model, fit: int, known: int) -> str:
    """The grade of a fit: the best whose threshold it reaches, F below all, – when too few fit
    rules have a line.
    """
    if known < model.grade_needs:
        return NO_GRADE
    return next((grade for least, grade in model.grades if fit >= least), WORST_GRADE)
