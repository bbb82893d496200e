"""Words that authors of models bring from other tools, and how they are answered (ADR 0051)."""

from collections.abc import Mapping

KeyAnswers = Mapping[str, str]
"""Unknown key -> what to write instead."""


def written(example: str, *keys: str) -> KeyAnswers:
    """Return the answers to keys that have another name here."""
    return {key: f"`{key}` is written `{example}`" for key in keys}


def answered(words: str, *keys: str) -> KeyAnswers:
    """Return the answers to keys by one sentence."""
    return dict.fromkeys(keys, words)


COMMENTS = answered(
    "what is only for readers is a comment, written after #",
    *("comment", "comments", "description", "label", "title", "note", "notes", "why", "id"),
)
NO_REGEX = answered(
    "a regular expression cannot be written, because one of them can take hours on a long text;"
    " use `matches` with *, or `words`",
    *("regex", "regexp", "re", "regular_expression", "matches_regex"),
)
NO_FIELD_COMPARED = answered(
    "two fields cannot be compared with each other; have the form or the import say in a field of"
    " its own whether they are alike",
    *("equals_field", "not_equals_field", "same_as", "same_as_field", "other_field", "field2"),
    *("compare_to", "compare_field", "compared_with", "matches_field", "equal_to_field"),
)
POINTS = written(
    "points: 5",
    *("score", "weight", "worth", "point", "pts", "add", "plus", "subtract", "minus", "deduct"),
    *("rating", "score_change", "delta"),
)
GROUP = written("group: intent", "category", "dimension", "score_group", "bucket", "attribute_to")
OFTEN = "tiers: [{times: 3, within_days: 7, points: 10}]"
OFTEN_KEYS = (
    *("count", "counts", "frequency", "min_count", "occurrences", "min_times", "how_often"),
    *("repeat", "repeats", "number", "n", "times"),
)
WINDOW_KEYS = (
    *("window", "lookback", "lookback_days", "timeframe", "time_frame", "period", "last_days"),
    *("in_last_days", "within", "time_window", "since_days", "recency", "recency_days", "max_age"),
    *("last", "duration", "in_days"),
)
SILENCE_KEYS = (
    *("absent_days", "absent", "inactive", "inactive_days", "inactivity", "inactivity_days"),
    *("days_inactive", "idle", "idle_days", "no_activity", "no_activity_days", "not_seen"),
    *("not_seen_days", "not_in_days", "without", "dormant", "inactive_for"),
)
FADE_KEYS = (
    *("decay", "decays", "decay_days", "decay_after", "decay_rate", "degrade", "depreciation"),
    *("fade", "fades", "fade_days", "half_life", "halflife", "half_life_in_days"),
)
EXPIRE_KEYS = (
    *("expires", "expire", "expiry", "expires_after", "expires_in", "expiration", "ttl"),
    *("valid_days", "valid_for", "valid_until"),
)
VISIT_KEYS = (
    *("session", "per_session", "in_session", "in_one_session", "visit", "per_visit"),
    *("in_one_visit", "pages", "pages_per_session", "pageviews", "page_views"),
)
CAP_KEYS = ("cap", "limit", "max_score", "maximum_points", "max_total", "ceiling", "up_to")
