"""The score: what a model says of the evidence on a day, with its reasons.

Reasons are whole thousandths and summed as integers, and what a limit takes is a reason of its
own, so the reasons sum to the score exactly. `score` says why; `worth` is the same without the
words, for what-if and the days ahead, which need thousands of scores and show a few. Both rest on
points.py.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from chalicelib.scoring.dated import next_turn
from chalicelib.scoring.evidence import Evidence
from chalicelib.scoring.field_rules import MatchedRule
from chalicelib.scoring.left_out import left_out_by
from chalicelib.scoring.levels import NO_GRADE, NamedScore, grade_of, level_of, rounded
from chalicelib.scoring.model import FIT, Model
from chalicelib.scoring.points import (
    add_others,
    cells_of,
    contribution,
    matching_field_rules,
    points_by_group,
    seen_until,
    within_limits,
)
from chalicelib.scoring.profile import Facts, facts_on, has_identified
from chalicelib.scoring.reasons import (
    INTERNAL,
    ScoreReason,
    behaviour_reasons,
    field_reason,
    given_reasons,
    left_out_reason,
    limit_reason,
    silence_reasons,
)
from chalicelib.scoring.tally import Tally

SCORE = "score"  # the name by which conditions mean the total


@dataclass(slots=True)
class Score:
    """A score on a day, in thousandths of a point.

    Nothing changes one. It is not frozen because what-if makes thousands a second, and a frozen
    dataclass takes several times as long to make.
    """

    day: date
    model_version: int
    total: int
    groups: Mapping[str, int]
    """They add up to the total."""
    sums: Mapping[str, int]
    """The model's own sums of groups, named scores included."""
    grade: str
    reasons: tuple[ScoreReason, ...]
    """They add up to the total too; empty when they were not asked for."""
    tally: Tally
    """The behaviour that counts on that day."""
    disqualifiers: tuple[str, ...] = ()
    """The disqualifying rules that match."""
    internal: bool = False
    """The person works for us, and is neither scored nor decided on."""
    excluded: bool = False
    """The model excludes the person: as if they worked for us, but their requests are heard."""
    band: str | None = None
    """The highest band that the total reaches; None when it reaches none, or there are none."""
    scores: Mapping[str, NamedScore] = field(default_factory=dict)
    """The named scores, in the order of the model."""
    apart: Mapping[str, int] = field(default_factory=dict)
    """The groups that are not in the total."""
    apart_reasons: tuple[ScoreReason, ...] = ()
    """Theirs; empty when they were not asked for."""

    @property
    def left_out(self) -> bool:
        """Whether the person is neither scored nor decided on."""
        return self.internal or self.excluded

    def value(self, name: str) -> int:
        """Return the thousandths of `score`, of a group, of a sum or of a named score."""
        if name == SCORE:
            return self.total
        if name in self.groups:
            return self.groups[name]
        return self.sums[name] if name in self.sums else self.apart[name]

    def reasons_of(self, name: str) -> list[ScoreReason]:
        """Return the reasons of a named score, which add up to its total."""
        groups = self.scores[name].groups
        return [one for one in self.every_reason if one.group in groups]

    @property
    def every_reason(self) -> tuple[ScoreReason, ...]:
        """The reasons of all groups, also of those that are not in the total."""
        return (*self.reasons, *self.apart_reasons)

    @property
    def rounded(self) -> int:
        """The total in whole points, rounded half up."""
        return rounded(self.total)


def score(model: Model, evidence: Evidence, today: date) -> Score:
    """Return what the model says of the evidence on a day.

    Pure: never reads a clock, a table or a setting.
    """
    facts = facts_on(evidence.profile, today, model.zone)
    seen = seen_until(evidence, today)
    if why := left_out_by(model, facts, evidence, today):
        return _left_out_score(model, today, why, seen)
    matched = matching_field_rules(model, facts, evidence.touches)
    day = today.toordinal()
    reasons = [*map(field_reason, matched), *behaviour_reasons(model, seen, day)]
    if model.silence_rules:
        reasons += silence_reasons(model, evidence, day)
    if evidence.given:
        reasons += given_reasons(model, evidence.given, today)
    raw = dict.fromkeys(model.groups, 0)
    for reason in reasons:
        raw[reason.group] += reason.milli
    groups = within_limits(model.groups, raw)
    for group, points in raw.items():
        if groups[group] != points:
            reasons.append(limit_reason(group, group, groups[group] - points, groups[group]))
    return summed(model, matched, groups, seen, today, reasons)


def worth(model: Model, evidence: Evidence, today: date) -> Score:
    """Return the same score without its reasons, in half the time."""
    return _worth_of(model, evidence, facts_on(evidence.profile, today, model.zone))(today)


def worth_by_day(model: Model, evidence: Evidence) -> Callable[[date], Score]:
    """Return a function that gives the score without its reasons on any day.

    What the rules on fields say is found once for all days, unless some of it leaves on one, or a
    date in it comes near.
    """
    facts = facts_on(evidence.profile, date.min, model.zone)
    if has_identified(evidence.profile) or next_turn(model, facts):
        return lambda today: worth(model, evidence, today)
    return _worth_of(model, evidence, facts)


def worth_ahead(model: Model, evidence: Evidence, today: date) -> Callable[[int], Score]:
    """Return a function that estimates the score in n days if nothing happens until then.

    It mostly takes one multiplication per rule: what it gives for every day decays by the same
    factor. Rules with a window or a floor are weighed anew. The estimate is exact, up to a rounding
    of a thousandth and except for what leaves the horizon on the way.
    """
    facts = facts_on(evidence.profile, today, model.zone)
    day = today.toordinal()
    matched = matching_field_rules(model, facts, evidence.touches)
    seen = seen_until(evidence, today)
    known = points_by_group(model, matched)
    every = cells_of(seen)
    rules = [(rule, every[rule.series]) for rule in model.behaviour_rules if rule.series in every]
    even = [
        (rule, rule.weigh(rule, cells, day, rule.most)) for rule, cells in rules if rule.is_even
    ]
    others = [(rule, cells) for rule, cells in rules if not rule.is_even]

    def in_days(days: int) -> Score:
        then = today + timedelta(days=days)
        if why := left_out_by(model, facts, evidence, then):
            return replace(_left_out_score(model, then, why, seen), reasons=())
        raw = dict(known)
        for rule, points in even:
            raw[rule.group] += round(points * rule.decay[days])
        for rule, cells in others:
            raw[rule.group] += contribution(rule, cells, day + days)
        add_others(raw, model, evidence, then)
        return summed(model, matched, within_limits(model.groups, raw), seen, then, ())

    return in_days


def summed(
    model: Model,
    matched: Sequence[MatchedRule],
    groups: Mapping[str, int],
    seen: Tally,
    today: date,
    reasons: Iterable[ScoreReason],
) -> Score:
    """Return the score of the matching field rules and the groups' points within their limits.

    reasons: none when they were not asked for.
    """
    known = 0
    disqualifiers = []
    for one in matched:
        rule = one.rule
        if rule.group == FIT and one.milli:
            known += 1
        if rule.disqualify:
            disqualifiers.append(rule.id)
    total = sum(groups.values())
    found = Score(
        day=today,
        model_version=model.version,
        total=total,
        groups=groups,
        sums={name: sum([groups[part] for part in parts]) for name, parts in model.sums.items()},
        grade=grade_of(model, groups.get(FIT, 0), known),
        reasons=tuple(reasons),
        tally=seen,
        disqualifiers=tuple(disqualifiers),
        band=level_of(model.bands, total),
    )
    return _with_named(model, found) if model.scores or model.apart else found


def _with_named(model: Model, score: Score) -> Score:
    """Return a score of all groups with its named scores, and without the groups apart."""
    groups = {name: milli for name, milli in score.groups.items() if name not in model.apart}
    total = sum(groups.values())
    return replace(
        score,
        total=total,
        groups=groups,
        reasons=tuple([one for one in score.reasons if one.group not in model.apart]),
        band=level_of(model.bands, total),
        scores={
            name: NamedScore(
                total=score.sums[name],
                band=level_of(bands, score.sums[name]),
                groups={part: score.groups[part] for part in model.sums[name]},
            )
            for name, bands in model.scores.items()
        },
        apart={name: milli for name, milli in score.groups.items() if name in model.apart},
        apart_reasons=tuple([one for one in score.reasons if one.group in model.apart]),
    )


def parts_of(model: Model) -> Mapping[str, Set[str]]:
    """Return the groups that each group, sum and the score consist of."""
    groups = {group: {group} for group in model.groups}
    return {
        **groups,
        **{name: set(parts) for name, parts in model.sums.items()},
        SCORE: set(model.groups) - model.apart,
    }


def _worth_of(model: Model, evidence: Evidence, facts: Facts) -> Callable[[date], Score]:
    """Return a function that gives the score of any day on which these are the facts."""
    matched = matching_field_rules(model, facts, evidence.touches)
    known = points_by_group(model, matched)

    def on(today: date) -> Score:
        seen = seen_until(evidence, today)
        if why := left_out_by(model, facts, evidence, today):
            return replace(_left_out_score(model, today, why, seen), reasons=())
        raw = dict(known)
        day = today.toordinal()
        every = cells_of(seen)
        for rule in model.behaviour_rules:
            if cells := every.get(rule.series):
                raw[rule.group] += contribution(rule, cells, day)
        add_others(raw, model, evidence, today)
        return summed(model, matched, within_limits(model.groups, raw), seen, today, ())

    return on


def _left_out_score(model: Model, today: date, why: str, seen: Tally) -> Score:
    """Return the score of a person who is left out: nothing (playbook, rule 10).

    seen: the behaviour that counts. What our own people did is nothing, too.
    """
    is_internal = why == INTERNAL
    return Score(
        day=today,
        model_version=model.version,
        total=0,
        groups={name: 0 for name in model.groups if name not in model.apart},
        sums=dict.fromkeys(model.sums, 0),
        grade=NO_GRADE,
        reasons=(left_out_reason(model, why),),
        tally=Tally() if is_internal else seen,
        internal=is_internal,
        excluded=not is_internal,
        scores={
            name: NamedScore(0, None, dict.fromkeys(model.sums[name], 0)) for name in model.scores
        },
        apart=dict.fromkeys(model.apart, 0),
    )
