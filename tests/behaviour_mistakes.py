"""What a marketer may get wrong in a rule on how often and how recently a signal was seen."""

from typing import Any

from tests.mistakes import Edit, Mistake, at

ACTIONS = ("rules", "actions")


def tiers_of(rule: str, *tiers: dict[str, Any], **keys: Any) -> Edit:
    """Return an edit: an action with these tiers, and nothing of what it had but its group."""

    def edit(document: Any) -> None:
        actions = document["rules"]["actions"]
        group = actions[rule].get("group")
        actions[rule] = {
            "tiers": list(tiers),
            "half_life_days": 30,
            **({"group": group} if group else {}),
            **keys,
        }

    return edit


TEN_IN_A_WEEK = {"times": 10, "within_days": 7, "points": 5}

REFUSED = [
    Mistake(
        "I gave a rule a half-life and forgot its points",
        "gives_nothing",
        lambda document: document["rules"]["actions"]["blog"].pop("points"),
        "rules.actions.blog: is worth nothing; add points or tiers",
    ),
    Mistake(
        "I left the points of the rule beside its new tiers",
        "beside_signal_tiers",
        tiers_of("blog", TEN_IN_A_WEEK, points=1),
        "rules.actions.blog.points: cannot be combined with tiers; give each tier its points",
    ),
    Mistake(
        "I left the limit of the rule beside its new tiers",
        "beside_signal_tiers",
        tiers_of("blog", TEN_IN_A_WEEK, max_points=4),
        "rules.actions.blog.max_points: cannot be combined with tiers; a rule gives no more than"
        " its best tier; remove it",
    ),
    Mistake(
        "I want later posts to count less, and tiers",
        "beside_signal_tiers",
        tiers_of("blog", TEN_IN_A_WEEK, shares=[1, 0.5]),
        "rules.actions.blog.shares: cannot be combined with tiers; a tier gives its points once;"
        " remove it",
    ),
    Mistake(
        "I gave a tier points and did not say for how many posts",
        "tier_of_nothing",
        tiers_of("blog", {"points": 5}),
        "rules.actions.blog.tiers.0: does not say how often; add times, days, different or"
        " within_days",
    ),
    Mistake(
        "I want five posts on three days",
        "several_measures",
        tiers_of("blog", {"times": 5, "days": 3, "points": 5}),
        "rules.actions.blog.tiers.0: has times and days; keep one, or write two tiers",
    ),
    Mistake(
        "I reward three posts and punish thirty",
        "tiers_of_both_signs",
        tiers_of("blog", {"times": 3, "points": 5}, {"times": 30, "points": -5}),
        "rules.actions.blog.tiers: give points and take points; write them as two rules",
    ),
    Mistake(
        "I want five different posts, of a signal that counts views",
        "different_of_nothing",
        tiers_of("blog", {"different": 5, "points": 5}),
        "rules.actions.blog.tiers.0.different: blog does not say of what; add distinct to the"
        " signal, or write times",
    ),
    Mistake(
        "I want guides on two days, of a signal that counts guides",
        "days_of_distinct",
        tiers_of("guide-download", {"days": 2, "points": 5}),
        "rules.actions.guide-download.tiers.0.days: guide-download keeps only the latest day of"
        " each asset; write different in a tier, or use a signal without distinct",
    ),
    Mistake(
        "I want three guides in one day, of a signal that counts guides",
        "days_of_distinct",
        at(*ACTIONS, "product-sheet", in_one_day=3, per_day=None),
        "rules.actions.product-sheet.in_one_day: product-sheet keeps only the latest day of each"
        " asset; write different in a tier, or use a signal without distinct",
    ),
    Mistake(
        "I want visits on ten days of one week",
        "more_than_fits",
        tiers_of("blog", {"days": 10, "within_days": 6, "points": 5}),
        "rules.actions.blog.tiers.0.days: at most 7 fit within 6 days; lower it to that, or raise"
        " within_days",
    ),
    Mistake(
        "I want ten posts in two days, of which one a day counts",
        "more_than_fits",
        tiers_of("blog", {"times": 10, "within_days": 1, "points": 5}, per_day=1),
        "rules.actions.blog.tiers.0.times: at most 2 fit within 1 days; lower it to that, or raise"
        " within_days",
    ),
    Mistake(
        "I set a floor for points that stay",
        "floor_without_half_life",
        at(*ACTIONS, "blog", floor=0.5, half_life_days=None),
        "rules.actions.blog.floor: nothing fades without half_life_days; add it, or remove floor",
    ),
    Mistake(
        "I set a floor as high as the points",
        "floor_too_high",
        at(*ACTIONS, "blog", floor=1),
        "rules.actions.blog.floor: an occurrence is worth 1, so it would not fade at all; lower it",
    ),
    Mistake(
        "I let the second visit count more than the first",
        "shares_rise",
        at(*ACTIONS, "blog", shares=[0.5, 1]),
        "rules.actions.blog.shares: the first share is that of the newest occurrence, and none may"
        " be above the one before it; put the largest first",
    ),
    Mistake(
        "I count days with five posts, and two posts a day",
        "per_day_of_days",
        at(*ACTIONS, "blog", in_one_day=5),
        "rules.actions.blog.per_day: a day counts once already, because of in_one_day; remove it",
    ),
]

WARNED = [
    Mistake(
        "I gave ten posts fewer points than three",
        "signal_tier_hidden",
        tiers_of("blog", {"times": 3, "points": 4}, {"times": 10, "points": 3}),
        "rules.actions.blog.tiers.1: never counts, because tiers.0 asks for less and is worth as"
        " much; give the harder one more points, or remove one",
    ),
    Mistake(
        "I wrote the shorter window below the longer one, for as many points",
        "signal_tier_hidden",
        tiers_of(
            "blog",
            {"within_days": 30, "points": 4},
            {"within_days": 7, "points": 4},
        ),
        "rules.actions.blog.tiers.1: never counts, because tiers.0 asks for less and is worth as"
        " much; give the harder one more points, or remove one",
    ),
    Mistake(
        "I wrote one tier twice",
        "signal_tier_hidden",
        tiers_of("blog", {"days": 3, "points": 4}, {"days": 3, "points": 4}),
        "rules.actions.blog.tiers.1: never counts, because tiers.0 asks for less and is worth as"
        " much; give the harder one more points, or remove one",
    ),
    Mistake(
        "I gave tiers and forgot that they never fade",
        "never_fades",
        tiers_of("blog", {"times": 3, "points": 4}, half_life_days=None),
        "rules: actions.blog never fades, so it keeps a lead warm for more than a year; add"
        " half_life_days",
    ),
]
