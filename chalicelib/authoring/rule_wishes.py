"""What authors who come from other tools write in a rule (ADR 0051)."""

from chalicelib.authoring.wish_words import (
    CAP_KEYS,
    COMMENTS,
    EXPIRE_KEYS,
    FADE_KEYS,
    GROUP,
    NO_FIELD_COMPARED,
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
    **written("field: company_size", "property", "attribute", "trait", "column", "key", "name"),
    **written("disqualify: true", "exclude", "reject", "block", "knockout", "knock_out"),
}
"""Of a rule on a field as a whole."""

ON_A_FIELD: KeyAnswers = {**IN_A_TEST, **OF_A_RULE}

IN_A_TIER: KeyAnswers = {
    **IN_A_TEST,
    **answered("belongs to the rule: a tier has one test of its field, and its points", *OF_A_RULE),
    "matches": IN_A_TEST["matches"],
}

ON_A_SIGNAL: KeyAnswers = {
    "max": "for example `max: percent`, a property; a limit is written `max_points: 20`",
    "sum": "for example `sum: value`, a property",
    "tiers": f"for example {OFTEN.removeprefix('tiers: ')}",
    "shares": "for example [1, 0.5, 0.25]",
    **COMMENTS,
    **NO_REGEX,
    **POINTS,
    **GROUP,
    **written("half_life_days: 30", *FADE_KEYS),
    **written("within_days: 30", *WINDOW_KEYS, *EXPIRE_KEYS),
    **written("max_points: 20", *CAP_KEYS, "maximum", "at_most"),
    **written("floor: 1", "minimum", "min", "min_points", "least", "not_below"),
    **written(
        OFTEN,
        *(*OFTEN_KEYS, "at_least", "more_than", "above", "gte", "every", "threshold", "days"),
    ),
    **answered(
        "which values count once each is said by `distinct` of the signal; how many different ones"
        " there must be by tiers: [{different: 3, points: 10}]",
        *("distinct", "unique", "different", "distinct_by", "count_distinct"),
    ),
    **answered("a day stands for a visit: `in_one_day: 5`", *VISIT_KEYS),
    **answered(
        "to count once, give `max_points` the same value as `points`",
        *("once", "one_time", "only_once", "first_time", "first_only", "single", "once_per_lead"),
    ),
    **written(
        "per_day: 1",
        *("daily_limit", "daily_cap", "day_limit", "limit_per_day", "max_per_day", "once_a_day"),
        *("once_per_day", "max_times_per_day"),
    ),
    **answered(
        "a day can be limited (`per_day`), or the whole rule (`max_points`)",
        *("per_hour", "per_week", "per_month", "max_per_week", "max_per_month", "once_per_week"),
    ),
    **answered(
        "`silence: {days: 30, points: -10, signals: any}` is a rule of its own in"
        " rules.undesirables",
        *SILENCE_KEYS,
    ),
    **answered("silence speaks against a lead; move the rule to rules.undesirables", "silence"),
    **written(
        "sum: value",
        *("points_per", "per", "multiply", "multiplier", "factor", "by", "value", "property"),
        *("amount", "points_times", "times_value", "sum_of", "total"),
    ),
    **written("max: percent", "largest", "highest", "max_of", "maximum_of"),
    **written("shares: [1, 0.5, 0.25]", "diminishing", "degressive", "weights", "discount"),
    **answered(
        "which events count is said in `signals`; a rule names a signal",
        *("event", "event_name", "on", "path", "url", "page", "form", "where", "match", "matches"),
        *("trigger", "action", "mail", "track", "equals"),
    ),
    **answered(
        "a rule on what is known of a person belongs in rules.profile",
        *("field", "present", "in_list", "between"),
    ),
    **answered(
        "no event takes points back; they fade (`half_life_days`), end (`within_days`), or are"
        " outweighed by `silence`",
        *("reset", "resets", "reset_on", "reset_after", "clear_on", "refresh_on"),
    ),
    **answered(
        "a rule has no dates and no hours of its own; publish another model on that day",
        *("start", "end", "starts", "ends", "valid_from", "hours", "weekday", "time_of_day"),
    ),
}
"""Of a rule on a signal."""

IN_A_SIGNAL_TIER: KeyAnswers = {
    **COMMENTS,
    **POINTS,
    **written("times: 3", "count", "min", "n", "frequency", "occurrences", "more_than"),
    **answered("how often is written `times: 3`; a sum grows evenly, without steps", "at_least"),
    **written("different: 3", "distinct", "unique", "values"),
    **written("within_days: 7", *WINDOW_KEYS, *EXPIRE_KEYS),
    **answered(
        "belongs to the rule: a tier has how often, within which days, and its points",
        *("signal", "group", "per_day", "max_points", "half_life_days", "in_one_day", "shares"),
        *("floor", *FADE_KEYS),
    ),
}
"""Of a tier of a rule on a signal."""

OF_SILENCE: KeyAnswers = {
    "silence": "for example {days: 30, points: -10, signals: any}",
    **COMMENTS,
    **answered(
        "belongs into the silence: {days: 30, points: -10, signals: [login]}",
        *("points", "days", "signal", "signals", "within_days", "after", "absent_days"),
    ),
    **answered(
        "silence ends with the next act, and neither fades nor adds up; write one rule for each"
        " step",
        *("half_life_days", "max_points", "per_day", "tiers", "floor", "shares", *FADE_KEYS),
    ),
}
"""Of a rule on silence."""

IN_SILENCE: KeyAnswers = {
    **POINTS,
    **written(
        "days: 30", "after", "after_days", "for", "for_days", "within_days", *SILENCE_KEYS, "since"
    ),
    **written("signals: [login]", "signal", "of", "events", "acts", "on"),
    **answered(
        "silence takes its points once; write one rule for each step",
        *("every", "per", "per_day", "repeat", "max_points", "half_life_days", "tiers", "min"),
    ),
}
"""Of what is not heard."""

OF_AN_EXCLUSION: KeyAnswers = {
    **{key: answer for key, answer in IN_A_TEST.items() if key not in ("signal", "within_days")},
    **answered(
        "a person who is excluded is not scored at all; leave it out",
        *("points", "disqualify", "group"),
    ),
    **answered("a signal excludes as soon as it is seen once", "days", "times", *OFTEN_KEYS),
    **answered("write an exclusion of its own for each", "any", "or", "either", "some", "tiers"),
    **written("signal: agency-login", "event", "action", "activity", "page", "form", "signals"),
    **written("within_days: 365", "window", "lookback", "within", "for_days", *EXPIRE_KEYS),
}
"""Of a person who is left out."""

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
