"""What authors who come from other tools write in a rule on facts (ADR 0051)."""

from chalicelib.authoring.wish_words import (
    CAP_KEYS,
    COMMENTS,
    EXPIRE_KEYS,
    FADE_KEYS,
    GROUP,
    NO_FIELD_COMPARED,
    NO_REGEX,
    OFTEN_KEYS,
    POINTS,
    WINDOW_KEYS,
    KeyAnswers,
    answered,
    written,
)

IN_A_TEST: KeyAnswers = {
    "matches": 'for example ["vp *"]',
    "at_least": "for example 50000",
    "below": "for example 50000",
    **COMMENTS,
    **NO_REGEX,
    **NO_FIELD_COMPARED,
    **POINTS,
    **answered(
        "a fact does not fade or expire: it counts while it is known; a date counts for some days"
        " by `next_days` or `last_days`, and points by hand have an end",
        *(*FADE_KEYS, *EXPIRE_KEYS, "half_life_days", "until"),
    ),
    **answered(
        "a fact counts once; what all of a group's rules give is limited by max and min in groups",
        *(*CAP_KEYS, "max_points", "min_points", "per_day", "once", *OFTEN_KEYS),
    ),
    **written(
        "at_least: 50000",
        *("above", "over", "gt", "gte", "ge", ">", ">=", "greater", "greater_than", "more_than"),
        *("greater_than_or_equal", "greater_or_equal", "min", "minimum", "min_value", "from"),
        *("exceeds", "larger_than", "bigger_than", "is_greater_than", "not_below"),
    ),
    **written(
        "below: 50000", "under", "lt", "<", "less", "less_than", "smaller_than", "is_less_than"
    ),
    **written(
        "between: [0, 50000]",
        *("max", "maximum", "max_value", "lte", "le", "<=", "at_most", "up_to", "to", "range"),
        *("less_than_or_equal", "less_or_equal", "not_above", "in_range", "within_range"),
    ),
    **written(
        "equals: DE",
        *("equal", "eq", "is", "=", "==", "value", "equal_to", "equals_to", "exactly", "is_equal"),
    ),
    **written(
        "equals: [DE, AT]",
        *("in", "any_of", "one_of", "is_one_of", "is_any_of", "values", "among", "equals_any"),
        *("is_in",),
    ),
    **written(
        "not: [DE, AT]",
        *("ne", "neq", "!=", "<>", "nin", "not_in", "none_of", "is_not", "is_none_of", "isnt"),
        *("not_equal", "not_equals", "does_not_equal", "not_any_of", "excludes", "except"),
        *("unless", "other_than", "not_one_of"),
    ),
    **written(
        'not: {matches: ["*intern*"]}',
        *("not_contains", "does_not_contain", "doesnt_contain", "not_like", "not_matches"),
        *("does_not_match", "contains_none", "not_words"),
    ),
    **written(
        'matches: ["vp *"]',
        *("like", "ilike", "match", "pattern", "patterns", "glob", "wildcard", "starts_with"),
        *("startswith", "begins_with", "prefix"),
    ),
    **written('matches: ["* gmbh"]', "ends_with", "endswith", "suffix"),
    **written(
        'words: [vp, "head of"]',
        *("word", "keyword", "keywords", "includes", "includes_word", "icontains", "substring"),
        *("contains_word", "contains_words", "contains_text", "text", "phrase", "phrases"),
    ),
    **written(
        "contains: [crm, erp]",
        *("contains_any", "contains_one_of", "includes_any", "has", "has_any", "any_in", "list"),
    ),
    **answered(
        "all of several values are asked for by all: [{field: interests, contains: crm}, {field:"
        " interests, contains: erp}]",
        *("contains_all", "has_all", "includes_all"),
    ),
    **written(
        "present: true",
        *("exists", "is_set", "set", "known", "is_known", "given", "filled", "has_value"),
        *("has_any_value", "not_empty", "is_not_empty", "not_null", "is_not_null", "is_present"),
    ),
    **written(
        "absent: true",
        *("missing", "is_missing", "empty", "is_empty", "unknown", "is_unknown", "null"),
        *("is_null", "blank", "is_blank", "not_present", "not_set", "not_exists", "not_known"),
    ),
    **answered(
        "a date is compared with today: `next_days: 90` looks ahead, `last_days: 30` back",
        *("within_days", "within", "days", "days_until", "in_days", "in_next_days", "next"),
        *("due_in", "upcoming", "days_ago", "days_since", "since", "last", "in_last_days"),
        *("newer_than", "older_than", "recent", "after", "before", "on_or_after", "on_or_before"),
        *("date", "age", "max_age"),
    ),
    **answered(
        "write one rule for each, a list of values, or tiers where only one of them may count",
        *("or", "any", "either", "some"),
    ),
    **answered(
        "what somebody does is counted by a rule without `field`, in rules.actions or in"
        " rules.undesirables",
        *("signal", "event", "action", "activity", "page", "form", "silence"),
    ),
    **answered(
        "the operator is the key itself, for example `equals: DE`",
        *("operator", "op", "condition", "comparison", "comparator", "type"),
    ),
    **answered(
        "case is ignored in any case; leave it out",
        *("case_sensitive", "case_insensitive", "ignore_case"),
    ),
}
"""Of a rule on a field, and of a tier of one."""

OF_A_RULE: KeyAnswers = {
    **GROUP,
    "tiers": "for example [{at_least: 500, points: 50}, {else: true, points: -2}]",
    "all": "for example [{field: company_size, at_least: 50}, {field: country, equals: DE}]",
    **written(
        "all: [{field: company_size, between: [50, 500]}, {field: country, equals: DE}]",
        *("and", "all_of", "both", "every", "conditions", "criteria", "filters", "where"),
    ),
    **written(
        "tiers: [{at_least: 500, points: 50}, {at_least: 100, points: 20}]",
        *("case", "cases", "if", "when", "then", "switch", "ranges", "steps", "buckets", "map"),
        *("mapping", "lookup", "table", "scale", "options", "thresholds", "multiplier", "factor"),
        *("points_per", "per", "points_by"),
    ),
    **written(
        "tiers: [{at_least: 500, points: 50}, {else: true, points: -2}]",
        *("default", "otherwise", "fallback", "elif", "else_points"),
    ),
    **written(
        "field: company_size",
        *("fields", "property", "attribute", "trait", "column", "key", "name"),
    ),
    **written("disqualify: true", "exclude", "reject", "block", "knockout", "knock_out"),
}
"""Of a rule on a field as a whole."""

ON_A_FIELD: KeyAnswers = {**IN_A_TEST, **OF_A_RULE}

IN_A_TIER: KeyAnswers = {
    **IN_A_TEST,
    **answered("belongs to the rule: a tier has one test of its field, and its points", *OF_A_RULE),
    "matches": IN_A_TEST["matches"],
}

IN_A_FACT: KeyAnswers = {
    **IN_A_TIER,
    **answered("the points are those of the whole rule", "points", *POINTS),
}
"""Of one of several facts."""

_GIVEN = [
    key for key in IN_A_TEST if IN_A_TEST[key].endswith(("`present: true`", "`absent: true`"))
]
IN_A_DENIAL: KeyAnswers = {
    **{key: answer for key, answer in IN_A_FACT.items() if "is written `not: " not in answer},
    **answered(
        "`absent: true` says that a field is not given, `present: true` that it is; `not` denies a"
        " value that is given",
        *("present", "absent", "not", *_GIVEN),
    ),
}
"""Of what `not` denies."""

OF_AN_EXCLUSION: KeyAnswers = {
    **{key: IN_A_TEST[key] for key in IN_A_TEST if key not in ("signal", "within_days")},
    **written("signal: agency-login", "event", "signals", "form", "page", "activity"),
    **written(
        "within_days: 365",
        *("days", *(key for key in WINDOW_KEYS if key != "last_days"), *EXPIRE_KEYS),
    ),
    **written("equals: partner", "is", "eq", "equal", "value", "values", "in"),
    **written("field: relation", "property", "attribute", "trait"),
    **written('field: email_domain, matches: ["partner.example"]', "email_domain", "domain"),
    **answered(
        "people who are left out have no points; leave it out",
        *("points", "tiers", "group", "disqualify", *POINTS),
    ),
    **answered("write another exclusion", "or", "any", "either"),
}

OF_AN_EVENTS_NUMBER: KeyAnswers = {
    "at_least": "for example 500",
    "below": "for example 500",
    **{
        key: answer
        for key, answer in IN_A_TEST.items()
        if any(example in answer for example in ("`at_least: ", "`below: ", "`between: "))
    },
    **answered(
        "a list of patterns is written [...], a number {at_least: 500}", "equals", "matches"
    ),
}
"""Of a property that is compared as a number."""
