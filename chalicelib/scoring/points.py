"""What each rule of a model gives: the arithmetic that every score rests on.

A behaviour rule contributes on day T: points x sum over days d of min(count[d], per_day) x
2^(-(T-d)/half_life), in whole thousandths of a point; of the days the newest, as far as max_points
reaches (ADR 0047). Daily counts are kept, so all of that applies when a score is read (ADR 0002).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from chalicelib.events import FieldValue, Rank
from chalicelib.scoring.behaviour_rules import BehaviourRule, Cells
from chalicelib.scoring.by_hand import add_given
from chalicelib.scoring.dated import rules_on
from chalicelib.scoring.evidence import Evidence
from chalicelib.scoring.field_rules import FieldRule, MatchedRule, Tier
from chalicelib.scoring.joint_rules import JointRule, RulesOnFacts
from chalicelib.scoring.model import Model
from chalicelib.scoring.pattern import matches_any
from chalicelib.scoring.profile import Facts
from chalicelib.scoring.silence import add_silence
from chalicelib.scoring.tally import Tally, within_horizon
from chalicelib.scoring.touches import Touch, Touches


def is_internal(model: Model, facts: Facts) -> bool:
    """Return whether a person's address is in one of our own domains (playbook, rule 10)."""
    return bool(model.internal_domains) and matches_any(
        model.internal_domains, str(facts.values.get("email_domain", ""))
    )


def seen_until(evidence: Evidence, today: date) -> Tally:
    """Return the behaviour that counts on a day."""
    seen = within_horizon(evidence.tally, today.toordinal())
    return seen if evidence.since is None else evidence.since.left_of(seen)


def matching_field_rules(model: RulesOnFacts, facts: Facts, touches: Touches) -> list[MatchedRule]:
    """Return the field rules that match and have a consequence: points, or a disqualification."""
    touch_rank = touches.first.rank if touches.first else Rank.CONFIRMED
    matched = []
    rules = model.field_rules
    if model.is_dated:
        rules = rules_on(rules, facts)
    values = facts.values
    has_weaker_touch = touch_rank < facts.best
    has_weaker = bool(facts.weaker) or has_weaker_touch
    for rule in rules:
        value: FieldValue | None
        value = _touch_value(touches, rule) if rule.touch else values.get(rule.field)
        one = rule.match_of(value)
        if has_weaker:  # as of few people
            is_weaker = has_weaker_touch if rule.touch else rule.field in facts.weaker
            if is_weaker and _lowers(rule, rule.tier_of(value)):
                one = rule.match_of(None)
        if one is not None:
            matched.append(one)
    if model.joint_rules:
        matched += _matching_joint_rules(model, facts, touches)
    return matched


def points_by_group(model: Model, matched: Sequence[MatchedRule]) -> dict[str, int]:
    """Return what the matching field rules give each group, before the groups' limits."""
    raw = dict.fromkeys(model.groups, 0)
    for one in matched:
        raw[one.rule.group] += one.milli
    return raw


def cells_of(tally: Tally) -> dict[str, Cells]:
    """Return the behaviour by signal; of a distinct one each key counts once, on its latest day."""
    every: dict[str, Cells] = {
        signal: sorted(cells.items()) if len(cells) > 1 else [*cells.items()]
        for signal, cells in tally.days.items()
    }
    for signal, keys in tally.keys.items():
        every.setdefault(signal, [(day, 1) for day in sorted(keys.values())])
    return every


def contribution(rule: BehaviourRule, cells: Cells, today: int) -> int:
    """Return the thousandths that a rule gives within its limit."""
    return round(rule.weigh(rule, cells, today, rule.most))


def add_others(raw: dict[str, int], model: Model, evidence: Evidence, today: date) -> None:
    """Add to the points by group what neither facts nor acts give: silence and points by hand."""
    if model.silence_rules:
        add_silence(raw, model, evidence, today.toordinal())
    if evidence.given:
        add_given(raw, model, evidence.given, today)


def within_limits(groups: Mapping[str, tuple[int, int]], raw: Mapping[str, int]) -> dict[str, int]:
    """Return the groups' points within their limits. groups: each with its least and its most."""
    return {
        group: low if (points := raw[group]) < low else high if points > high else points
        for group, (low, high) in groups.items()
    }


def _matching_joint_rules(
    model: RulesOnFacts, facts: Facts, touches: Touches
) -> Iterator[MatchedRule]:
    """Yield the rules on several facts that match, each as its first part with the others."""
    touch_rank = touches.first.rank if touches.first else Rank.CONFIRMED
    rules = model.joint_rules
    if model.is_dated:
        rules = rules_on(rules, facts)
    for rule in rules:
        parts = list[MatchedRule]()
        for part in rule.parts:
            value = _touch_value(touches, part) if part.touch else facts.values.get(part.field)
            is_weaker = touch_rank < facts.best if part.touch else part.field in facts.weaker
            if one := _matching_part(rule, part, value, is_weaker=is_weaker):
                parts.append(one)
        if len(parts) == len(rule.parts) and (parts[0].milli or rule.disqualify):
            yield replace(parts[0], others=parts[1:])


def _matching_part(
    rule: JointRule, part: FieldRule, value: FieldValue | None, *, is_weaker: bool
) -> MatchedRule | None:
    """Return a part of a rule if it matches.

    What was said at a lower rank than the rest counts as said or as not said, whichever is better
    for the lead: a rule that speaks against it must match both ways (ADR 0037).
    """
    tier = part.tier_of(value)
    if is_weaker:
        unsaid = part.tier_of(None)
        if rule.is_against and unsaid is None:
            return None
        if not rule.is_against and tier is None:
            tier = unsaid
            value = None
    return MatchedRule(part, tier[0], value, tier[1]) if tier else None


def _lowers(rule: FieldRule, tier: Tier | None) -> bool:
    """Return whether a rule does worse by a tier than by the one of a field that is not known.

    What was said at a lower rank than the rest neither lowers a score nor disqualifies: it is as
    if it had not been said (ADR 0037).
    """
    unsaid = rule.tier_of(None)
    if rule.disqualify and (tier is None) != (unsaid is None):
        return tier is not None
    return (tier[1] if tier else 0) < (unsaid[1] if unsaid else 0)


def _touch_value(touches: Touches, rule: FieldRule) -> str | None:
    touch: Touch | None = touches.first if rule.touch == "first" else touches.last
    return getattr(touch, rule.field, None)
