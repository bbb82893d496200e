"""The next steps: what would move a lead on, be it a few points more, one act, or time alone.

Pure. Each is tried on paper before it is shown: an act is the simplest event of its signal, counted
and decided on as the real one will be; points come from a rule that gives them; a day is one on
which `decide` moves the lead.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date, datetime

from chalicelib.days import day_of
from chalicelib.events import Event, Kind
from chalicelib.leads.decision import first_move
from chalicelib.leads.lead import Lead
from chalicelib.leads.replay import with_events
from chalicelib.lifecycle.decide import DECIDED, decide, is_resting
from chalicelib.lifecycle.stages import Stage
from chalicelib.limits import AHEAD_MAX_DAYS
from chalicelib.scoring.conditions import is_met
from chalicelib.scoring.field_rules import FieldRule, Operator, Test
from chalicelib.scoring.matching import Signal, is_recorded
from chalicelib.scoring.milli import MILLI
from chalicelib.scoring.model import REQUESTED, Condition, Model
from chalicelib.scoring.profile import values
from chalicelib.scoring.sample import sample
from chalicelib.scoring.score import SCORE, Score, parts_of, worth
from chalicelib.scoring.tally import signals_of

NAMED_MAX = 3  # acts that a sentence names

COMMON_FIRST = (Kind.PAGE, Kind.TRACK, Kind.FORM, Kind.MAIL, Kind.SALES)
"""The kinds of event that a signal can be on, the most common first."""

AT_LEAST = {Stage.MQL: frozenset({Stage.MQL, Stage.SQL}), Stage.SQL: frozenset({Stage.SQL})}
"""Target -> the stages that are at least as far."""

MOVED_ON = DECIDED - {Stage.SQL}
"""The stages from which the model moves a lead on."""


@dataclass(frozen=True, slots=True)
class Way:
    """What brings a lead to a stage."""

    to: Stage
    points: int | None
    """The fewest whole points that are enough; None when points alone are not."""
    of: str | None
    """What they are points of: the score, a group or a sum."""
    acts: tuple[str, ...]
    """The signals that need one more event: requests first, then the most common."""
    named: tuple[Signal, ...]
    """The few of them that a sentence names."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What time alone does."""

    on: date
    """The first day on which it moves the lead."""
    to: Stage


@dataclass(frozen=True, slots=True)
class NextSteps:
    """What would move a lead on."""

    ways: tuple[Way, ...] = ()
    turn: Turn | None = None
    rests_until: date | None = None
    """For a recycled lead that rests."""
    wakes: bool = False
    """A request ends the rest."""
    exact: int | None = None
    """The score in thousandths, if in whole points it seems to reach a way in that it misses."""


@dataclass(frozen=True, slots=True)
class _Act:
    """An act that moves a lead on."""

    signal: Signal
    shows: Set[str]
    """All signals that its event matches."""
    to: Stage


def find_next_steps(model: Model, lead: Lead, now: datetime) -> NextSteps | None:
    """Return what would move a lead on, or None when there is nothing that the model decides.

    lead: as it stands, counted as the model counts.
    """
    today = day_of(now, model.zone)
    score = _worth(model, lead, today)
    if score.left_out or lead.standing.stage not in MOVED_ON or lead.matching != model.matching:
        return None
    if wanted := decide(model, lead.standing, score, today):
        return NextSteps(turn=Turn(today, wanted.target))
    resting = is_resting(model, lead.standing, score, today)
    found = NextSteps(
        ways=tuple(_ways(model, lead, now)),
        turn=_turn(model, lead, today),
        rests_until=lead.standing.rest_until if resting else None,
        wakes=resting and bool(model.wakes),
        exact=score.total if _seems_to_reach(model, score) else None,
    )
    return found if found != NextSteps() else None


def _ways(model: Model, lead: Lead, now: datetime) -> Iterable[Way]:
    """Return the ways to the stages above a lead's own, the nearer one first."""
    acts = _acts(model, lead, now)
    today = day_of(now, model.zone)
    for target in (Stage.MQL, Stage.SQL):
        there = [act for act in acts if act.to is target]
        is_there = target is lead.standing.stage
        points, of = _points(model, lead, today, target) if not is_there else (None, None)
        if there or points:
            yield Way(target, points, of, tuple(act.signal.id for act in there), _named(there))


# --- acts -----------------------------------------------------------------------------------------


def _acts(model: Model, lead: Lead, now: datetime) -> list[_Act]:
    """Return every act that by itself moves a lead on: requests first, then the most common."""
    email = values(lead.profile).get("email", "")
    found = []
    for signal in _in_order(model):
        if not is_recorded(signal.kind, signal.names):
            continue  # nobody can do it
        event = sample(signal, lead.lead_id, email, now, lead.tally.keys.get(signal.id, {}).keys())
        shows = {one.id for one in signals_of(model, event)}
        to = _after(model, lead, event, now) if signal.id in shows else None
        if to in AT_LEAST[Stage.MQL]:
            found.append(_Act(signal, shows, to))
    return found


def _in_order(model: Model) -> list[Signal]:
    """Return the signals: requests as the ways in name them, then the most common."""
    requested = [way.signal for way in model.sql if way.kind == REQUESTED and way.signal]
    requests = [one for one in dict.fromkeys([*requested, *model.wakes]) if one in model.signals]
    others = sorted(model.signals.values(), key=lambda signal: COMMON_FIRST.index(signal.kind))
    return [
        *(model.signals[one] for one in requests),
        *(one for one in others if one.id not in requests),
    ]


def _after(model: Model, lead: Lead, event: Event, now: datetime) -> Stage | None:
    counted = with_events(model, lead, [event])
    return _to(model, counted, day_of(now, model.zone))


def _named(acts: Iterable[_Act]) -> tuple[Signal, ...]:
    """Return the few acts that a sentence names.

    An act that is a case of another is left out: a visit to the pricing page is a visit.
    """
    named: list[Signal] = []
    for act in acts:
        if len(named) < NAMED_MAX and not any(one.id in act.shows for one in named):
            named.append(act.signal)
    return tuple(named)


def _seems_to_reach(model: Model, score: Score) -> bool:
    """Return whether a threshold is missed that the score in whole points reaches: 49.995 of 50."""
    seen = score.rounded * MILLI
    return any(
        score.total < least <= seen
        for way in (*model.mql, *model.sql)
        for name, least in way.thresholds
        if name == SCORE
    )


# --- points ---------------------------------------------------------------------------------------


def _points(
    model: Model, lead: Lead, today: date, target: Stage
) -> tuple[int, str] | tuple[None, None]:
    """Return the fewest whole points that bring a lead exactly to a stage, and what they are of.

    Only a group that behaviour feeds can get them, within its limit.
    """
    fed = {rule.group: None for rule in model.behaviour_rules if rule.points > 0}
    least = {
        group: points for group in fed if (points := _least(model, lead, today, group, target))
    }
    if not least:
        return None, None
    fewest = min(least.values())
    richer = {
        group: _more(model, group, fewest) for group, points in least.items() if points == fewest
    }
    then = {
        group: _worth(one, lead, today)
        for group, one in richer.items()
        if _to(one, lead, today) is target
    }
    if not then:
        return None, None
    return fewest, _name(model, fed.keys(), then, _ways_in(model, target))


def _least(model: Model, lead: Lead, today: date, group: str, target: Stage) -> int | None:
    """Return the fewest whole points in a group that bring a lead at least to a stage."""
    low, high = model.groups[group]
    most = -(-(high - low) // MILLI)

    def reaches(points: int) -> bool:
        return _to(_more(model, group, points), lead, today) in AT_LEAST[target]

    return 1 + bisect_left(range(1, most), 1, key=reaches) if most and reaches(most) else None


def _more(model: Model, group: str, points: int) -> Model:
    """Return the model with one more rule, which gives every lead these points in a group."""
    always = Test(Operator.ABSENT, operand=True)  # of a field without a name, which nobody gives
    rule = FieldRule("", group, "", None, ((always, points * MILLI),), disqualify=False)
    return replace(model, field_rules=[*model.field_rules, rule])


def _name(model: Model, fed: Set[str], then: Mapping[str, Score], ways: Sequence[Condition]) -> str:
    """Return what to call the points that are enough in any one of some groups.

    They are points of the score, or of a sum, if it does not matter which of its groups gets them.
    It does matter when each group opens another way in: half of the points in each would then open
    neither, so they are named after one group.

    fed: the groups that behaviour feeds; then: the lead's score with the points in each group.
    """
    first = next(iter(then))
    common = any(all(is_met(way, score) for score in then.values()) for way in ways)
    enough, parts = then.keys() if common else {first}, parts_of(model)
    return next((name for name in (SCORE, *parts) if parts[name] & fed == enough), first)


def _ways_in(model: Model, target: Stage) -> Sequence[Condition]:
    return model.mql if target is Stage.MQL else model.sql


# --- time -----------------------------------------------------------------------------------------


def _turn(model: Model, lead: Lead, today: date) -> Turn | None:
    """Return what time alone does."""
    on = first_move(model, lead, today, AHEAD_MAX_DAYS)
    to = _to(model, lead, on) if on else None
    return Turn(on, to) if on and to else None


# --- deciding -------------------------------------------------------------------------------------


def _to(model: Model, lead: Lead, day: date) -> Stage | None:
    """Return the stage to which the model moves a lead on a day, or None."""
    wanted = decide(model, lead.standing, _worth(model, lead, day), day)
    return wanted.target if wanted else None


def _worth(model: Model, lead: Lead, day: date) -> Score:
    return worth(model, lead.evidence, day)
