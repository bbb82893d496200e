"""Compiles a model document to the model that scoring works with."""

import json
from collections.abc import Iterable, Mapping, Set
from dataclasses import replace
from datetime import UTC, tzinfo
from hashlib import sha256
from typing import Any

from chalicelib.days import name_of
from chalicelib.errors import DocumentError
from chalicelib.events import Kind
from chalicelib.scoring.compile_behaviour import (
    compile_acts,
    compile_amounts,
    compile_behaviour_rule,
    compile_requests,
    compile_signal,
    compile_silence,
)
from chalicelib.scoring.compile_fields import (
    WrittenRule,
    compile_exclusions,
    compile_facts,
    facts_in,
    is_on_facts,
)
from chalicelib.scoring.facts_alone import Reach
from chalicelib.scoring.matching import ACTS, Matcher, Signal
from chalicelib.scoring.milli import to_milli
from chalicelib.scoring.model import (
    CONDITION_KEYS,
    DEFAULT_WITHIN_DAYS,
    FIT,
    INFERRED,
    REQUESTED,
    Condition,
    Model,
)
from chalicelib.scoring.profile import NAMED_FIELDS
from chalicelib.scoring.silence_rules import is_on_silence

LONG_TEXTS = frozenset({"message"})  # stay in the event: a profile is read with every count


def compile_model(
    document: Mapping[str, Any], version: int, activation: int = 0, zone: tzinfo = UTC
) -> Model:
    """Compile a model document that was checked when it was stored (ADR 0015).

    zone: the company's time zone, in which events fall on days. Raises DocumentError for a
    document that was not checked.
    """
    try:
        return _compile(document, version, activation, zone)
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        StopIteration,
        TypeError,
        ValueError,
    ) as error:
        raise DocumentError(f"the stored model {version} breaks its format at {error}") from None


def _compile(document: Mapping[str, Any], version: int, activation: int, zone: tzinfo) -> Model:
    rules = document["rules"]
    stages = document["stages"]
    recycle = document.get("recycle", {})
    scores = document.get("scores", {})
    signals = {key: compile_signal(key, signal) for key, signal in document["signals"].items()}
    profile = rules.get("profile", {})
    behaviour = {**rules.get("actions", {}), **rules.get("undesirables", {})}
    on_fields = {key: rule for key, rule in behaviour.items() if is_on_facts(rule)}
    on_silence = {key: rule for key, rule in behaviour.items() if is_on_silence(rule)}
    on_signals = {
        key: rule for key, rule in behaviour.items() if key not in {*on_fields, *on_silence}
    }
    silence_rules = [compile_silence(key, rule, signals) for key, rule in on_silence.items()]
    sides = {"profile": profile, "channel": rules.get("channel", {}), "undesirables": on_fields}
    on_facts = [(key, rule, side) for side, those in sides.items() for key, rule in those.items()]
    facts = compile_facts(on_facts)
    excluded = document.get("excluded", {})
    exclusions = compile_exclusions(excluded) if excluded else None
    # As on the side of the channel, where a touch is not a field.
    excluding = [(key, one, "channel") for key, one in excluded.items() if is_on_facts(one)]
    fields = _fields([*on_facts, *excluding])
    groups = {
        key: (to_milli(limit["min"]), to_milli(limit["max"]))
        for key, limit in document["groups"].items()
    }
    apart = frozenset(
        key for key, limit in document["groups"].items() if not limit.get("in_total", True)
    )
    sums = {**document.get("sums", {}), **{key: one["groups"] for key, one in scores.items()}}
    reach = Reach.of([*facts.field_rules, *facts.joint_rules], groups, sums, apart)
    mql = [_condition(condition, None, reach) for condition in stages["mql"]["any"]]
    sql = [_condition(condition, INFERRED, reach) for condition in stages["sql"]["any"]]
    asks_for_acts = any(way.needs_act for way in (*mql, *sql)) or any(
        ACTS in rule.series for rule in silence_rules
    )
    acts = compile_acts() if asks_for_acts else ()
    asking = {way.signal for way in sql if way.kind == REQUESTED}
    requests = compile_requests(one for one in signals.values() if one.id in asking)
    counted = [*signals.values(), *compile_amounts(on_signals, signals), *acts]
    return Model(
        name=document["name"],
        version=version,
        activation=activation,
        matching=_matching(counted, fields, zone),
        zone=zone,
        signals=signals,
        matchers={
            kind: Matcher.of([one for one in (*counted, *requests) if one.kind is kind])
            for kind in Kind
        },
        field_rules=facts.field_rules,
        behaviour_rules=[
            compile_behaviour_rule(key, rule, signals) for key, rule in on_signals.items()
        ],
        groups=groups,
        hand_group=FIT if FIT in groups else next(iter(groups), ""),
        apart=apart,
        sums=sums,
        scores={key: _levels(one.get("bands", {})) for key, one in scores.items()},
        bands=_levels(document.get("bands", {})),
        grades=_levels(document["grades"]),
        grade_needs=document.get("grade_needs", 0),
        mql=mql,
        sql=sql,
        cool_below={
            key: to_milli(points) for key, points in stages["mql"].get("cool_below", {}).items()
        },
        stay_days=stages["mql"].get("stay_days", 0),
        recycle={key: days for key, days in recycle.items() if key != "wakes"},
        wakes=recycle.get("wakes", []),
        internal_domains=document.get("internal", {}).get("email_domain", []),
        fields=fields,
        joint_rules=facts.joint_rules,
        silence_rules=silence_rules,
        is_dated=facts.is_dated or bool(exclusions and exclusions.is_dated),
        exclusions=exclusions,
    )


def _fields(on_facts: Iterable[WrittenRule]) -> Set[str]:
    """Return the fields that a profile keeps because rules on facts read them."""
    read = {
        part["field"]
        for _, rule, side in on_facts
        for part in facts_in(rule)
        if side != "channel" or not part.get("touch")
    }
    return frozenset(read - LONG_TEXTS)


def _matching(counted: Iterable[Signal], fields: Set[str], zone: tzinfo) -> str:
    """Return sixteen hex digits of everything that counting depends on (ADR 0017).

    That is which signals an event matches, which fields a profile keeps, and where a day begins.
    """
    what = [
        [
            one.id,
            one.kind,
            one.names,
            one.where,
            one.distinct,
            *([one.numbers] if one.numbers else []),
        ]
        for one in sorted(counted, key=lambda one: (one.id, one.kind))
    ]
    text = json.dumps([what, sorted(fields - NAMED_FIELDS), name_of(zone)])
    return sha256(text.encode()).hexdigest()[:16]


def _levels(least: Mapping[str, float]) -> list[tuple[int, str]]:
    """Return the least thousandths of each grade or band, the highest first."""
    return sorted(((to_milli(points), name) for name, points in least.items()), reverse=True)


def _condition(condition: Mapping[str, Any], kind: str | None, reach: Reach) -> Condition:
    way = Condition(
        thresholds=tuple(
            (key, to_milli(points))
            for key, points in condition.items()
            if key not in CONDITION_KEYS
        ),
        signal=condition.get("signal"),
        days=condition.get("days", 1),
        within_days=condition.get("within_days", DEFAULT_WITHIN_DAYS),
        kind=condition.get("kind") or kind,
    )
    return replace(way, needs_act=reach.needs_answers(way))
