"""The score: what a model says of (profile, touches, tally) on a day, with its reasons.

A behaviour rule contributes on day T: points x sum over days d of min(count[d], per_day) x 2^(-(T-d)/half_life),
its absolute value limited to max_points (design.md, "Scoring"). Lines are rounded to a thousandth and summed as
integers; what a limit takes is a line of its own; so the lines sum to the score exactly.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from chalicelib.events import Value
from chalicelib.scoring.model import BehaviourRule, Condition, FieldRule, Model, Test
from chalicelib.scoring.profile import Profile, Touch, Touches, values
from chalicelib.scoring.tally import Tally, within_horizon
from chalicelib.scoring.tally import since as tally_since

NO_GRADE = "–"  # too little known: not a D (playbook, rule 6)
WORST_GRADE = "F"
SCORE = "score"  # the name by which conditions mean the total


@dataclass(frozen=True, slots=True)
class Reason:
    """One line of a score. milli: thousandths of a point; count: days, keys or None for a fact; last: latest day."""

    rule: str
    group: str
    milli: int
    text: str
    count: int | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """A score on a day, in thousandths. groups add up to the total, and so do the lines; sums are the model's own."""

    day: date
    model_version: int
    total: int
    groups: Mapping[str, int]
    sums: Mapping[str, int]
    grade: str
    reasons: tuple[Reason, ...]
    tally: Tally

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
    model: Model, profile: Profile, touches: Touches, tally: Tally, today: date, since: date | None = None
) -> Score:
    """What the model says of a lead on a day. Never reads a clock, a table or a setting.

    since: behaviour before this day does not count (a recycled lead starts again).
    """
    seen = within_horizon(tally, today.toordinal())
    if since is not None:
        seen = tally_since(seen, since.toordinal())
    facts = values(profile)
    fit_lines = [line for rule in model.field_rules if (line := _field_line(rule, facts, touches))]
    lines = [*fit_lines, *_behaviour_lines(model, seen, today)]
    raw = dict.fromkeys(model.groups, 0)
    for line in lines:
        raw[line.group] += line.milli
    total, groups, sums = group_totals(model, raw)
    for group, points in raw.items():
        if groups[group] != points:
            lines.append(_limit(group, group, groups[group] - points, groups[group]))
    known = sum(1 for line in fit_lines if line.group == "fit")
    grade = _grade(model, groups.get("fit", 0), known)
    return Score(today, model.version, total, groups, sums, grade, tuple(lines), seen)


def group_totals(model: Model, raw: Mapping[str, int]) -> tuple[int, dict[str, int], dict[str, int]]:
    """The total, the groups within their limits, and the model's sums, of the groups' points before their limits."""
    groups = {group: min(max(raw[group], low), high) for group, (low, high) in model.groups.items()}
    sums = {name: sum(groups[part] for part in parts) for name, parts in model.sums.items()}
    return sum(groups.values()), groups, sums


def weight_of(rule: BehaviourRule, tally: Tally, today: date) -> float:
    """What a rule's points are multiplied with today, before any limit."""
    return _weight(rule, _counts(rule, tally), today.toordinal())


def holds(condition: Condition, score: Score) -> bool:
    """Whether a stage condition holds on the score's day: every threshold reached (unrounded), and the signal seen
    on enough different days d with 0 <= today - d <= within_days."""
    if any(score.value(name) < least for name, least in condition.thresholds):
        return False
    if condition.signal is None:
        return True
    today = score.day.toordinal()
    days = [day for day in score.tally.days_of(condition.signal) if 0 <= today - day <= condition.within_days]
    return len(days) >= condition.days


def interest(model: Model, score: Score) -> str | None:
    """The topic whose signals weigh most in the score today; of equals the one that sorts first. None when none."""
    weights: dict[str, int] = {}
    signals = {rule.id: rule.signal for rule in model.behaviour_rules}
    for line in score.reasons:
        topic = signals[line.rule].topic if line.rule in signals else None
        if topic and line.milli > 0:
            weights[topic] = weights.get(topic, 0) + line.milli
    return min(weights, key=lambda topic: (-weights[topic], topic)) if weights else None


def words(condition: Condition) -> str:
    """A stage condition in plain words, as it is written into a transition."""
    parts = [f"{name} at least {least / 1000:g}" for name, least in condition.thresholds]
    if condition.signal:
        days = f" on {condition.days} days" if condition.days > 1 else ""
        parts.insert(0, f"{condition.signal.replace('-', ' ')}{days} within {condition.within_days} days")
    return ", ".join(parts)


def _field_line(rule: FieldRule, facts: Mapping[str, Value], touches: Touches) -> Reason | None:
    value = _touch_value(touches, rule) if rule.touch else facts.get(rule.field)
    for test, points in rule.tiers:
        if test.holds(value):
            return Reason(rule.id, rule.group, points, _field_words(rule, test, value)) if points else None
    return None


def _touch_value(touches: Touches, rule: FieldRule) -> str | None:
    touch: Touch | None = touches.first if rule.touch == "first" else touches.last
    return getattr(touch, rule.field, None)


def _field_words(rule: FieldRule, test: Test, value: Value | None) -> str:
    if rule.touch:
        return f"{rule.touch} came by {value}"
    name = rule.field.replace("_", " ")
    if test.operator in ("present", "absent"):
        return f"{name} is {'given' if test.operator == 'present' else 'not given'}"
    return f"{name} is {value}"


def _behaviour_lines(model: Model, tally: Tally, today: date) -> Iterable[Reason]:
    for rule in model.behaviour_rules:
        counts = _counts(rule, tally)
        if not counts:
            continue
        points = round(rule.points * _weight(rule, counts, today.toordinal()))
        last = date.fromordinal(max(day for day, _ in counts))
        if points:
            yield Reason(rule.id, rule.group, points, _behaviour_words(rule, len(counts)), len(counts), last)
        if rule.max_points is not None and abs(points) > rule.max_points:
            bound = rule.max_points if points > 0 else -rule.max_points
            yield _limit(rule.id, rule.group, bound - points, bound)


def _counts(rule: BehaviourRule, tally: Tally) -> list[tuple[int, int]]:
    """Day and count of a rule's signal, limited per day; of a distinct signal each key once, on its latest day.

    In sorted order: a sum of floats must not depend on a dict's order.
    """
    cells = tally.days.get(rule.signal.id)
    if not cells:
        return sorted((day, 1) for day in tally.keys.get(rule.signal.id, {}).values())
    most = rule.per_day
    return sorted((day, number if most is None else min(number, most)) for day, number in cells.items())


def _weight(rule: BehaviourRule, counts: Iterable[tuple[int, int]], today: int) -> float:
    if rule.half_life_days is None:
        return float(sum(number for _, number in counts))
    half_life = rule.half_life_days
    weight: float = sum(number * 2.0 ** (-max(0, today - day) / half_life) for day, number in counts)
    return weight


def _behaviour_words(rule: BehaviourRule, number: int) -> str:
    name = rule.signal.id.replace("-", " ")
    if rule.signal.distinct:
        return f"{name}: {number}" if number > 1 else name
    visited = "visited the " if any(key == "path" for key, _ in rule.signal.where) else ""
    return f"{visited}{name} on {number} {'day' if number == 1 else 'days'}"


def _limit(of: str, group: str, milli: int, bound: int) -> Reason:
    side = "at most" if milli < 0 else "at least"
    return Reason(f"limit:{of}", group, milli, f"{of.replace('-', ' ')} counts {side} {bound / 1000:g}")


def _grade(model: Model, fit: int, known: int) -> str:
    """The grade of a fit: the best whose threshold it reaches, F below all, – when too few fit rules have a line."""
    if known < model.grade_needs:
        return NO_GRADE
    return next((grade for least, grade in model.grades if fit >= least), WORST_GRADE)
