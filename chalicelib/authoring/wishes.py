"""What authors who come from other tools write first, and what to write instead (ADR 0051).

Part of a model's document, by the name of its class, -> unknown key -> the answer. A key that the
part has is here too where its value is often written in another shape.
"""

import re
from collections.abc import Mapping

from chalicelib.authoring.rule_wishes import (
    IN_A_DENIAL,
    IN_A_FACT,
    IN_A_TIER,
    OF_AN_EVENTS_NUMBER,
    OF_AN_EXCLUSION,
    ON_A_FIELD,
)
from chalicelib.authoring.signal_wishes import (
    IN_A_SIGNAL_TIER,
    IN_SILENCE,
    OF_SILENCE,
    ON_A_SIGNAL,
)
from chalicelib.authoring.wish_words import (
    CAP_KEYS,
    COMMENTS,
    EXPIRE_KEYS,
    FADE_KEYS,
    NO_REGEX,
    OFTEN,
    OFTEN_KEYS,
    POINTS,
    SILENCE_KEYS,
    VISIT_KEYS,
    WINDOW_KEYS,
    KeyAnswers,
    answered,
    written,
)

IN_A_SIGNAL: KeyAnswers = {
    "where": 'for example {path: ["/pricing*"]}',
    "form": "for example [demo]",
    **COMMENTS,
    **NO_REGEX,
    **answered(
        f"how often is said in the rule, `{OFTEN}`, or in a way in, `days: 2`",
        *(*OFTEN_KEYS, "at_least", "every", "days"),
    ),
    **answered(
        "how recently is said in the rule or the way in: `within_days: 7`",
        *(*WINDOW_KEYS, *EXPIRE_KEYS, "within_days"),
    ),
    **answered("a day stands for a visit, in the rule: `in_one_day: 5`", *VISIT_KEYS),
    **answered(
        "what it is worth is said by a rule in rules.actions",
        *(*POINTS, *FADE_KEYS, *CAP_KEYS, "points", "half_life_days", "max_points", "per_day"),
    ),
    **written('where: {path: ["/pricing*"]}', "path", "paths", "url", "urls", "page", "match"),
    **written(
        'where: {asset: ["*-guide"]}',
        *("property", "properties", "filter", "filters", "conditions", "params", "asset", "with"),
    ),
    **written(
        "where: {medium: [cpc]}", "medium", "utm_medium", "campaign", "utm_campaign", "utm_source"
    ),
    **written("event: Order Completed", "name", "event_name", "events", "action", "track"),
    **written("form: [demo]", "forms", "form_id", "form_ids", "form_name"),
    **written("on: page", "type", "kind", "source", "event_type"),
    **written(
        "distinct: asset",
        *("unique", "unique_by", "distinct_by", "dedupe", "dedupe_by", "count_distinct", "once"),
    ),
    **answered(
        "a signal names what counts, and cannot leave out some of it; list the patterns that count",
        *("not", "exclude", "except", "excludes", "not_path", "unless"),
    ),
    **answered(
        "all of `where` must match, and one of each list of patterns; write two signals for either"
        " of two properties",
        *("all", "and", "any", "or"),
    ),
}

IN_A_WAY: KeyAnswers = {
    **COMMENTS,
    **answered(
        "a way in asks for points or for a signal; give the fact points in a group of its own, and"
        " ask for that group",
        *("field", "equals", "matches", "between", "in_list", "present", "absent", "words"),
        *("status", "in", "is", "contains", "property", "operator", "company_size", "country"),
    ),
    **answered(
        "all parts of one way must be met: write {fit: 20, engagement: 20}",
        *("all", "and", "both", "all_of", "conditions"),
    ),
    **answered("each item of the list is a way of its own; add another one", "any", "or", "either"),
    **written(
        "score: 50",
        *("min", "minimum", "at_least", "above", "points", "total", "total_score", "lead_score"),
        *("min_score", "min_points", "threshold", "gte", "greater_than", "value", "scores"),
        *("score_at_least", "band", "bands"),
    ),
    **answered(
        "a grade is a threshold on fit: write `fit: 30`",
        "grade",
        "grades",
        "min_grade",
        "fit_grade",
    ),
    **answered(
        "`days: 2` asks for different days; for n times, give a rule with tiers a group of its own"
        " and ask for that group",
        *(*OFTEN_KEYS, "tiers"),
    ),
    **written("within_days: 14", *WINDOW_KEYS, *EXPIRE_KEYS, "days_ago"),
    **written(
        "signal: demo-request",
        *("signals", "event", "form", "page", "action", "trigger", "activity", "on", "mail"),
    ),
    **answered(
        "a way in asks for at least so much; what keeps leads out takes points, is `excluded`, or"
        " has `disqualify: true`",
        *("max", "maximum", "below", "less_than", "at_most", "under", "lt", "lte", "not"),
        *("unless", "except", "exclude", "disqualify"),
    ),
    **written("kind: requested", "type", "requested", "request", "inferred"),
    **answered(
        "silence takes points by a rule in rules.undesirables, and cools an MQL by that",
        *("silence", *SILENCE_KEYS),
    ),
    **answered(
        "a way is open from every stage before it; leave it out", "stage", "from", "lifecycle"
    ),
}

IN_A_STAGE: KeyAnswers = {
    **written(
        "any: [{fit: 20, engagement: 20}]",
        *("all", "and", "or", "conditions", "criteria", "ways", "rules", "when", "if", "entry"),
        *("requires", "enter", "all_of", "any_of"),
    ),
    **written(
        "any: [{score: 50}]",
        *("score", "threshold", "min_score", "points", "at_least", "min", "signal"),
    ),
}
IN_MQL: KeyAnswers = {
    **IN_A_STAGE,
    **written(
        "cool_below: {engagement: 5}",
        *("cool", "cooling", "cooldown", "cool_at", "cools_below", "demote", "demote_below"),
        *("exit", "exit_below", "drop_below", "below", *FADE_KEYS, *EXPIRE_KEYS),
    ),
    **written(
        "stay_days: 14", "stay", "min_days", "min_stay", "minimum_days", "hold_days", "stay_for"
    ),
    "cool_below": "for example {engagement: 5}",
    "any": "for example [{score: 50}]",
}
IN_SQL: KeyAnswers = {
    **IN_A_STAGE,
    **answered(
        "an SQL is with sales, and only people move it back; cooling is of mql",
        *("cool_below", "cool", "cooling", "stay_days", "demote_below", "exit", *FADE_KEYS),
    ),
    "any": "for example [{signal: demo-request, kind: requested}]",
}

IN_THE_MODEL: KeyAnswers = {
    "signals": "for example {pricing: {on: page}}",
    "groups": "for example {fit: {max: 40, min: 0}}",
    "sums": "for example {activity: [engagement, intent]}",
    "grades": "for example {A: 30, B: 20}",
    "bands": "for example {hot: 50, warm: 25, cold: 0}",
    "scores": "for example {product-b: {groups: [fit, product-b]}}",
    "excluded": "for example {partners: {field: relation, equals: partner}}",
    **COMMENTS,
    **written(
        "stages: {mql: {any: [{score: 50}]}, sql: {any: [{score: 80}]}}",
        *("mql", "sql", "lifecycle", "lifecycle_stages", "qualification", "thresholds"),
        *("threshold", "stage"),
    ),
    **written(
        "groups: {fit: {max: 40, min: 0}}",
        *("categories", "dimensions", "score_groups", "weights", "max_score", "caps", "limits"),
        *("max_points", "group"),
    ),
    **written("signals: {pricing: {on: page}}", "events", "behaviours", "behaviors", "activities"),
    **answered(
        "belongs under `rules`",
        *("profile", "channel", "actions", "undesirables", "criteria", "scoring", "demographics"),
    ),
    **written(
        "bands: {hot: 50, warm: 25, cold: 0}",
        *("levels", "labels", "tiers", "segments", "temperature", "ratings", "buckets", "band"),
    ),
    **written("grades: {A: 30, B: 20}", "grade", "grading"),
    **written("scores: {product-b: {groups: [fit, product-b]}}", "products", "product_scores"),
    **written(
        "excluded: {partners: {field: relation, equals: partner}}",
        *("exclude", "exclusion", "exclusions", "suppress", "suppression", "blacklist", "ignore"),
    ),
    **written(
        'internal: {email_domain: ["keybook.example"]}',
        *("internal_domains", "own_domains", "domains", "email_domain", "staff"),
    ),
    **answered(
        "each rule fades for itself: `half_life_days: 30`",
        *FADE_KEYS,
        "half_life_days",
        *EXPIRE_KEYS,
    ),
    **answered(
        "silence is a rule in rules.undesirables: silence: {days: 30, points: -10, signals: any}",
        *("silence", *SILENCE_KEYS),
    ),
    **answered(
        "the time zone is that of the company, in its settings", "timezone", "time_zone", "tz"
    ),
    **answered(
        "points by hand are given by POST /v1/leads/{id}/points", "manual", "points", "hand"
    ),
    **written("examples: [{name: ..., given: ..., expect: ...}]", "tests", "cases", "test"),
    **written("recycle: {not_ready: 45, wakes: [demo-request]}", "recycling", "rests", "nurture"),
}

IN_A_LIMIT: KeyAnswers = {
    **COMMENTS,
    **written("max: 40", "cap", "limit", "maximum", "max_points", "ceiling", "weight", "up_to"),
    **written("min: -10", "minimum", "floor", "min_points", "at_least"),
    **answered("each rule fades for itself: `half_life_days: 30`", *FADE_KEYS, "half_life_days"),
}

WISHES: Mapping[str, KeyAnswers] = {
    "FieldRuleDocument": ON_A_FIELD,
    "TierDocument": IN_A_TIER,
    "FactDocument": IN_A_FACT,
    "ComparisonDocument": IN_A_DENIAL,
    "ExclusionDocument": OF_AN_EXCLUSION,
    "BehaviourTierDocument": IN_A_SIGNAL_TIER,
    "SilenceRuleDocument": OF_SILENCE,
    "SilenceDocument": IN_SILENCE,
    "EventNumberDocument": OF_AN_EVENTS_NUMBER,
    "NamedScoreDocument": {
        **COMMENTS,
        "bands": "for example {ready: 40}",
        **written("groups: [fit, product-b]", "sum", "parts", "of", "group"),
        **answered("rules give their points to groups; name those", "rules", "signals", "rule"),
        **written("bands: {ready: 40}", "levels", "threshold", "thresholds", "labels", "tiers"),
        **answered("its groups have the limits", "max", "min", "limit", "cap"),
    },
    "BehaviourRuleDocument": ON_A_SIGNAL,
    "SignalDocument": IN_A_SIGNAL,
    "ConditionDocument": IN_A_WAY,
    "MqlDocument": IN_MQL,
    "SqlDocument": IN_SQL,
    "StagesDocument": answered(
        "the model decides mql and sql, people the stages after them; steps of the score are bands",
        *("lead", "accepted", "sal", "opportunity", "customer", "pql", "hot", "warm", "cold"),
        *("subscriber", "disqualified", "recycled", "mal"),
    ),
    "ModelDocument": IN_THE_MODEL,
    "LimitDocument": IN_A_LIMIT,
    "RecycleDocument": {
        **written("wakes: [demo-request]", "wake", "wake_on", "wakes_on", "awake"),
        "wakes": "for example [demo-request]",
    },
    "GivenDocument": {
        **written(
            "profile: {company_size: 120}",
            *("fields", "facts", "person", "lead", "traits", "form", "company"),
        ),
        **written("events: [{page: /pricing, days_ago: 0}]", "did", "actions", "activity", "acts"),
        **written("medium: cpc", "source", "utm_medium", "channel", "campaign"),
    },
    "HandPointsDocument": {
        **written("until_in_days: 60", "until", "in_days", *EXPIRE_KEYS),
        **written("reason: a good talk", "why", "note", "comment", "name"),
    },
    "InternalDocument": {
        "email_domain": "for example [keybook.example]",
        **written("email_domain: [keybook.example]", "domain", "domains", "email", "addresses"),
    },
    "ExpectDocument": {
        **written("score: 60", "total", "points"),
        **written("groups: {fit: 40}", "fit", "engagement", "intent"),
        **written("stage: mql", "mql", "sql", "status"),
    },
}
"""The part's class -> its answers."""


def answer_to(part: str, key: str) -> str | None:
    """Return what to write instead of an unknown key, or None when nobody has thought of it.

    Case and the way of joining words do not matter: `greaterThan` is `greater_than`.
    """
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).lower()
    return WISHES.get(part, {}).get(re.sub(r"[\s-]+", "_", snake))
