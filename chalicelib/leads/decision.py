"""The decision: a lead's score and stage as of today, and the day on which to look at it again."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from chalicelib.days import day_of, name_of
from chalicelib.leads.lead import Lead
from chalicelib.lifecycle.decide import DECIDED, decide, settle
from chalicelib.lifecycle.stages import Actor, Stage, Transition, apply
from chalicelib.limits import HORIZON_DAYS, REVIEW_MAX_DAYS
from chalicelib.scoring import profile as profiles
from chalicelib.scoring import tally as tallies
from chalicelib.scoring.by_hand import live_on, may_rise
from chalicelib.scoring.dated import next_turn
from chalicelib.scoring.model import Model
from chalicelib.scoring.score import Score, score, worth_ahead, worth_by_day
from chalicelib.scoring.silence import next_silence


@dataclass(frozen=True, slots=True)
class Decision:
    """A lead after an event, a day or a person's word."""

    lead: Lead
    score: Score
    transitions: tuple[Transition, ...] = ()
    """How it moved; mostly it did not."""


def score_of(model: Model, lead: Lead, day: date) -> Score:
    """Return what the model says of a lead on a day."""
    return score(model, lead.evidence, day)


def decide_lead(
    model: Model,
    lead: Lead,
    now: datetime,
    actor: Actor = Actor.MODEL,
    moves: Sequence[Transition] = (),
) -> Decision:
    """Return the lead with its score, stage and next review as of today.

    moves: what a person has decided already. What the model concludes from that follows in the
    same decision.
    """
    today = day_of(now, model.zone)
    standing = lead.standing
    for transition in moves:
        standing = apply(standing, transition)
    tally = tallies.within_horizon(lead.tally, today.toordinal())
    profile = profiles.remembered(lead.profile, today, model.zone)
    given = live_on(lead.given, today)
    created_at = lead.created_at or now
    lead = replace(
        lead,
        tally=tally,
        profile=profile,
        given=given,
        standing=standing,
        created_at=created_at,
    )
    worth = score_of(model, lead, today)
    standing, steps = settle(model, standing, worth, today, actor)
    after = replace(
        lead,
        standing=standing,
        total=worth.total,
        model_version=model.version,
        activation=model.activation,
        zone=name_of(model.zone),
        updated_at=now,
    )
    after = replace(after, review_on=next_review(model, after, today))
    return Decision(after, worth, (*moves, *steps))


def next_review(model: Model, lead: Lead, today: date) -> date | None:
    """Return the first day on which `decide` would act if nothing happens, at most 28 days ahead.

    None for a lead that the passing of time cannot move. A day on which something leaves the
    profile is a day to look, whatever it does to the score, because only a write takes it out of
    the table (ADR 0037); so is a day on which a date counts otherwise (ADR 0049), or on which a
    silence begins (ADR 0048). For a lead that did nothing they are the only ones, however far
    ahead.
    """
    if lead.standing.stage not in DECIDED - {Stage.SQL}:
        return None
    days = [_facts_change(model, lead, today), next_silence(model, lead.evidence, today)]
    if lead.tally or any(one.until for one in lead.given):
        latest = today + timedelta(days=REVIEW_MAX_DAYS)
        days.append(first_move(model, lead, today, REVIEW_MAX_DAYS - 1) or latest)
    return min(filter(None, days), default=None)


def first_move(model: Model, lead: Lead, today: date, most_days: int) -> date | None:
    """Return the first day after today on which `decide` would act if nothing happens.

    most_days: how many days to look ahead. While everything only fades, or a silence begins, no way
    in opens except at the end of a rest, and a lead that has cooled stays cold: that day is found
    by halving. When
    something counts against the lead and fades too, it may be any day: it is estimated with
    today's weights, and then asked exactly. What lies ahead of today has no weight yet, so that
    every day is asked; so is every day after something has left the profile, and after a date in
    it counts otherwise.
    """
    score_on = worth_by_day(model, lead.evidence)

    def acts(days: int, score: Score | None = None) -> bool:
        day = today + timedelta(days=days)
        return decide(model, lead.standing, score or score_on(day), day) is not None

    is_ahead = _is_ahead(lead, today)
    changes = _facts_change(model, lead, today) or date.max
    stays_known = (changes - today).days > most_days
    if not is_ahead and stays_known and _only_fades(model, lead):
        rest_until = lead.standing.rest_until
        asked = [max(1, (rest_until - today).days) if rest_until else 1]
        if lead.standing.stage is Stage.MQL:  # which may cool while it rests
            cooling = bisect_left(range(most_days + 1), 1, lo=1, key=acts)
            asked = sorted({*asked, cooling})
    else:
        about = worth_ahead(model, lead.evidence, today)
        oldest = min(tallies.oldest_days(lead.tally), default=today.toordinal())
        forgets = oldest + HORIZON_DAYS - today.toordinal()
        ends = 0 if is_ahead else min(forgets, (changes - today).days)
        days = range(1, most_days + 1)
        found = next((n for n in days if acts(n, about(n) if n < ends else None)), most_days)
        asked = [found - 1, found, found + 1]
    in_time = (days for days in asked if 1 <= days <= most_days)
    return next((today + timedelta(days=days) for days in in_time if acts(days)), None)


def _facts_change(model: Model, lead: Lead, today: date) -> date | None:
    """Return the next day on which what is known of the lead says something else, or None."""
    leaves = profiles.next_leave(lead.profile, today, model.zone)
    facts = profiles.facts_on(lead.profile, today, model.zone) if model.is_dated else None
    turns = next_turn(model, facts) if facts else None
    return min(filter(None, [leaves, turns]), default=None)


def _only_fades(model: Model, lead: Lead) -> bool:
    """Return whether nothing that the lead did or got by hand counts against it, or excludes it."""
    if may_rise(lead.given):
        return False
    against = {rule.series for rule in model.behaviour_rules if rule.points < 0}
    if model.exclusions:
        against |= {one.signal for one in model.exclusions.signals}
    return not against & (lead.tally.days.keys() | lead.tally.keys.keys())


def _is_ahead(lead: Lead, today: date) -> bool:
    """Return whether something lies in the future, by another machine's clock."""
    last = today.toordinal()
    return any(max(cells) > last for cells in lead.tally.days.values()) or any(
        max(latest.values()) > last for latest in lead.tally.keys.values()
    )
