"""The laws of the score: its lines sum to it, order does not matter, decay only takes, limits are
lines.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.scoring.compile import compile_model
from chalicelib.scoring.evidence import Evidence
from chalicelib.scoring.model import Model
from chalicelib.scoring.reasons import ScoreReason
from chalicelib.scoring.score import Score, score
from chalicelib.scoring.score import worth as worth_of
from chalicelib.scoring.tally import Since, Tally
from chalicelib.scoring.touches import Touches
from tests import factories as make
from tests.baton import model_document
from tests.factories import LEAD_ID, TODAY, came_by, profile, seen
from tests.fakes import NOW

NOBODY: Mapping[str, Any] = {}
MODEL = make.model()
PLAIN = [signal.id for signal in MODEL.signals.values() if not signal.distinct]
DISTINCT = [signal.id for signal in MODEL.signals.values() if signal.distinct]

facts = some.fixed_dictionaries(
    {},
    optional={
        "email": some.sampled_from(["ann@acme.example", "jo@gmail.com", "info@acme.example"]),
        "job_title": some.sampled_from(["CTO", "Student", "procurement manager", "Baker", ""]),
        "company_size": some.one_of(
            some.integers(-5, 10_000), some.floats(0, 2_000), some.just("12")
        ),
        "industry": some.sampled_from(["software", "IT services", "bakery"]),
        "country": some.sampled_from(["DE", "FR"]),
        "phone": some.just("1"),
        "company": some.just("Acme"),
    },
)
mediums = some.sampled_from(["", "cpc", "referral", "list", "social"])
ordinals = some.integers(TODAY.toordinal() - 450, TODAY.toordinal() + 2)
tallies = some.builds(
    Tally,
    some.dictionaries(
        some.sampled_from(PLAIN),
        some.dictionaries(ordinals, some.integers(1, 600), min_size=1, max_size=6),
    ),
    some.dictionaries(
        some.sampled_from(DISTINCT),
        some.dictionaries(
            some.text("0123456789abcdef", min_size=8, max_size=8), ordinals, min_size=1, max_size=6
        ),
    ),
)


def of(
    tally: Tally,
    known: Mapping[str, Any] = NOBODY,
    today: date = TODAY,
    since: Since | None = None,
) -> Score:
    return score(MODEL, Evidence(profile(known), Touches(), tally, since), today)


def line(worth: Score, rule: str) -> ScoreReason:
    (found,) = (reason for reason in worth.reasons if reason.rule == rule)
    return found


def model_with(**rule: Any) -> Model:
    """The default model with one behaviour rule only, on site visits. No lead can reach its stages,
    so it is not one that could be published.
    """
    return compile_model({**model_document(), "rules": {"actions": {"site-visit": rule}}}, 1)


# --- laws -----------------------------------------------------------------------------------------


@given(facts, mediums, tallies, some.integers(-1, 420))
def test_the_lines_sum_to_the_score_exactly(
    known: Mapping[str, Any], medium: str, tally: Tally, days_ahead: int
) -> None:
    worth = score(MODEL, Evidence(profile(known), came_by(medium), tally), make.day(days_ahead))
    assert sum(reason.milli for reason in worth.reasons) == worth.total
    for group, (low, high) in MODEL.groups.items():
        assert (
            sum(reason.milli for reason in worth.reasons if reason.group == group)
            == worth.groups[group]
        )
        assert low <= worth.groups[group] <= high
    assert sum(worth.groups.values()) == worth.total
    assert worth.sums["activity"] == worth.groups["engagement"] + worth.groups["intent"]


@given(tallies, some.randoms())
def test_the_order_in_which_days_were_counted_does_not_matter(tally: Tally, random: Any) -> None:
    def shuffled(cells: Mapping[Any, Any]) -> dict[Any, Any]:
        pairs = list(cells.items())
        random.shuffle(pairs)
        return {key: shuffled(value) if isinstance(value, dict) else value for key, value in pairs}

    other = Tally(shuffled(tally.days), shuffled(tally.keys))
    assert of(other).reasons == of(tally).reasons


@given(tallies, some.integers(0, 100), some.integers(1, 100))
def test_decay_only_brings_a_rule_nearer_to_nothing(tally: Tally, first: int, more: int) -> None:
    def lines(today: date) -> dict[str, int]:
        found: dict[str, int] = {}
        for reason in of(tally, today=today).reasons:
            rule = reason.rule.removeprefix("limit:")
            found[rule] = found.get(rule, 0) + reason.milli
        return {rule.id: found.get(rule.id, 0) for rule in MODEL.behaviour_rules}

    start = 2 + first  # from then on every day of the tally is in the past
    before, after = lines(make.day(start)), lines(make.day(start + more))
    for rule in MODEL.behaviour_rules:
        sign = 1 if rule.points > 0 else -1
        assert sign * after[rule.id] <= sign * before[rule.id]


@given(tallies)
def test_a_rule_never_exceeds_its_own_limit(tally: Tally) -> None:
    worth = of(tally)
    for rule in MODEL.behaviour_rules:
        both = sum(
            reason.milli for reason in worth.reasons if reason.rule in (rule.id, f"limit:{rule.id}")
        )
        assert abs(both) <= rule.most


@given(facts, tallies)
def test_a_score_is_the_same_every_time(known: Mapping[str, Any], tally: Tally) -> None:
    assert of(tally, known) == of(tally, known)


# --- the formula, by hand -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days_ago", "milli"),
    [(0, 6_000), (1, 5_598), (4, 4_547), (10, 3_000), (20, 1_500), (100, 6), (200, 0)],
)
def test_half_is_left_after_each_half_life(days_ago: int, milli: int) -> None:
    """Six points with a half-life of ten days; a line that rounds to nothing is left out."""
    worth = of(seen(pricing_page=[days_ago]))
    assert sum(reason.milli for reason in worth.reasons if reason.rule == "pricing-page") == milli
    assert any(reason.rule == "pricing-page" for reason in worth.reasons) == bool(milli)


def test_a_day_counts_at_most_so_often() -> None:
    assert line(of(seen(blog={0: 9, 14: 1})), "blog").milli == 2_000 + 500


def test_per_day_does_not_apply_to_distinct_keys() -> None:
    worth = of(seen(keys={"guide-download": {"a": 0, "b": 0, "c": 0}}))
    assert (line(worth, "guide-download").milli, line(worth, "limit:guide-download").milli) == (
        36_000,
        -18_000,
    )
    assert line(worth, "guide-download").count == 3


def test_a_rule_without_a_half_life_does_not_fade() -> None:
    model = model_with(points=2)
    worth = score(model, Evidence({}, Touches(), seen(site_visit={0: 1, 300: 4})), TODAY)
    assert line(worth, "site-visit").milli == 10_000


def test_a_day_of_tomorrow_counts_as_today() -> None:
    """Two clocks differ: an event may be a day ahead of the reader's day, and is worth no more for
    it.
    """
    assert line(of(seen(pricing_page=[-1])), "pricing-page").milli == 6_000


def test_what_is_older_than_the_horizon_is_ignored() -> None:
    model = model_with(points=1)
    assert score(model, Evidence({}, Touches(), seen(site_visit=[399])), TODAY).total == 1_000
    assert score(model, Evidence({}, Touches(), seen(site_visit=[400])), TODAY).total == 0


def test_behaviour_before_since_does_not_count_for_points_or_conditions() -> None:
    then = Since(TODAY.toordinal() - 3, Tally())
    worth = of(seen(pricing_page=[0, 3, 5]), since=then)
    assert line(worth, "pricing-page").count == 2
    assert worth.tally.days_of("pricing-page") == {TODAY.toordinal(), TODAY.toordinal() - 3}


def test_what_the_day_held_then_does_not_count_either() -> None:
    """Two posts were read before the recycle of three days ago, one after it: per day two may
    count.
    """
    then = Since(TODAY.toordinal() - 3, seen(blog={3: 2}, keys={"guide-download": {"a": 3}}))
    worth = of(seen(blog={3: 3}, keys={"guide-download": {"a": 3, "b": 3}}), since=then)
    assert worth.tally == seen(blog={3: 1}, keys={"guide-download": {"b": 3}})
    assert (line(worth, "blog").count, line(worth, "guide-download").count) == (1, 1)


@given(facts, mediums, tallies, some.integers(0, 450), some.integers(-1, 420))
def test_the_score_without_its_reasons_is_the_same(
    known: Mapping[str, Any], medium: str, tally: Tally, since_ago: int, days_ahead: int
) -> None:
    for since in (None, Since.now(MODEL, tally, NOW - timedelta(days=since_ago), LEAD_ID)):
        evidence = Evidence(profile(known), came_by(medium), tally, since)
        whole = score(MODEL, evidence, make.day(days_ahead))
        assert worth_of(MODEL, evidence, make.day(days_ahead)) == replace(whole, reasons=())


# --- limits are lines -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tally", "limit", "group", "taken"),
    [
        (seen(blog={0: 2, 1: 2, 2: 2}), "blog", "engagement", -1_812),
        (seen(careers_page=[0, 1, 2]), "careers-page", "engagement", 7_817),
        (
            seen(keys={"guide-download": {"a": 0}}, webinar_attended=[0], newsletter_signup=[0]),
            "engagement",
            None,
            -2_000,
        ),
        (seen(careers_page=[0], unsubscribed=[0]), "engagement", None, 6_000),
        (seen(demo_request=[0], trial_start=[0]), "intent", None, -30_000),
        (seen(login_page=[0]), "intent", None, 10_000),
    ],
)
def test_what_a_limit_takes_is_a_line_of_its_own(
    tally: Tally, limit: str, group: str | None, taken: int
) -> None:
    found = line(of(tally), f"limit:{limit}")
    assert (found.group, found.milli) == (group or limit, taken)
    assert "counts at most" in found.text if taken < 0 else "counts at least" in found.text


def test_fit_is_limited_on_both_sides() -> None:
    worst = {"email": "info@gmail.com", "job_title": "Student", "company_size": 2}
    assert line(of(Tally(), worst), "limit:fit").milli == 16_000
    assert of(Tally(), worst).groups["fit"] == -40_000


# --- rounding and grades --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("total", "rounded"), [(499, 0), (500, 1), (1_499, 1), (1_500, 2), (-500, 0), (-501, -1)]
)
def test_the_total_is_rounded_half_up(total: int, rounded: int) -> None:
    assert Score(TODAY, 1, total, {}, {}, "A", (), Tally()).rounded == rounded


@pytest.mark.parametrize(
    ("known", "grade"),
    [
        (make.BEST_FIT, "A"),
        ({"job_title": "Manager", "company_size": 100, "company": "x"}, "B"),
        ({"job_title": "Manager", "company": "x"}, "C"),
        ({"phone": "1", "company": "x"}, "D"),
        ({"email": "jo@gmail.com", "company": "x"}, "F"),
        ({"job_title": "CTO"}, "–"),
        (NOBODY, "–"),
    ],
)
def test_a_grade_says_fit_and_needs_two_facts(known: Mapping[str, Any], grade: str) -> None:
    assert of(Tally(), known).grade == grade
