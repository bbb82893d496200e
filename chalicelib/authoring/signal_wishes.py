"""What authors who come from other tools write in a rule on a signal or on silence (ADR 0051)."""

from chalicelib.authoring.wish_words import (
    CAP_KEYS,
    COMMENTS,
    EXPIRE_KEYS,
    FADE_KEYS,
    GROUP,
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
        "belongs in the silence: {days: 30, points: -10, signals: [login]}",
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
