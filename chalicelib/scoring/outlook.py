"""The outlook: what a lead's score will be on the days ahead if nothing more happens.

Every day's count decays by the same factor, so a rule's weight in n days is today's times 2^(-n / half_life): a day
ahead costs a multiplication for each rule instead of a sum over all days. Up to a rounding of a thousandth it is the
score itself; who needs to be exact asks `score` for the day that the outlook found.
"""

from collections.abc import Callable
from datetime import date, timedelta

from chalicelib.limits import HORIZON_DAYS
from chalicelib.scoring.model import BehaviourRule, Model
from chalicelib.scoring.profile import Profile, Touches
from chalicelib.scoring.score import Score, group_totals, score, weight_of
from chalicelib.scoring.tally import Tally


def outlook(
    model: Model, profile: Profile, touches: Touches, tally: Tally, today: date, most_days: int
) -> Callable[[int], Score]:
    """The score in n days, for 0 <= n <= most_days, without reasons and grade.

    Behaviour that leaves the horizon on the way makes every day a full score: its weight does not decay, it ends.
    """
    if _oldest(tally) <= today.toordinal() - HORIZON_DAYS + most_days:
        return lambda days: score(model, profile, touches, tally, today + timedelta(days=days))
    now = score(model, profile, touches, tally, today)
    behaviour = [(rule, weight) for rule in model.behaviour_rules if (weight := weight_of(rule, now.tally, today))]
    of_signals = {rule.id for rule in model.behaviour_rules}
    fixed = dict.fromkeys(model.groups, 0)
    for line in now.reasons:
        if line.rule not in of_signals and not line.rule.startswith("limit:"):
            fixed[line.group] += line.milli

    def in_days(days: int) -> Score:
        raw = dict(fixed)
        for rule, weight in behaviour:
            raw[rule.group] += _points(rule, weight, days)
        total, groups, sums = group_totals(model, raw)
        return Score(today + timedelta(days=days), model.version, total, groups, sums, "", (), now.tally)

    return in_days


def _points(rule: BehaviourRule, weight: float, days: int) -> int:
    """A rule's thousandths in n days, limited."""
    decay = 1.0 if rule.half_life_days is None else 2.0 ** (-days / rule.half_life_days)
    points = round(rule.points * weight * decay)
    return points if rule.max_points is None else max(-rule.max_points, min(points, rule.max_points))


def _oldest(tally: Tally) -> int:
    """The oldest day of a tally; far in the future when it has none."""
    days = [*tally.days.values(), *(dict.fromkeys(keys.values(), 1) for keys in tally.keys.values())]
    return min((min(cells) for cells in days if cells), default=date.max.toordinal())
