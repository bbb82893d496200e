"""Rules on a date: on which days they match, and that a lead is looked at when they turn."""

from dataclasses import replace
from datetime import UTC, date, timedelta
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as some

from chalicelib.authoring.examples import run_examples
from chalicelib.authoring.format import load
from chalicelib.events import Rank
from chalicelib.leads.decision import first_move, next_review
from chalicelib.leads.lead import Lead
from chalicelib.leads.next_steps import find_next_steps
from chalicelib.lifecycle.decide import decide
from chalicelib.lifecycle.stages import Stage, Standing
from chalicelib.scoring.compare import Comparison
from chalicelib.scoring.compile import compile_model
from chalicelib.scoring.dated import next_turn
from chalicelib.scoring.evidence import Evidence
from chalicelib.scoring.model import Model
from chalicelib.scoring.profile import facts_on, learn
from chalicelib.scoring.score import score, worth, worth_ahead, worth_by_day
from chalicelib.scoring.touches import Touches
from tests import factories as make
from tests.baton import model_document
from tests.factories import TODAY, profile, seen
from tests.fakes import NOW
from tests.sizes import SIZES

NEXT_90 = {"field": "renewal_date", "next_days": 90, "points": 10}
LAST_30 = {"field": "renewal_date", "last_days": 30, "points": -7}


def in_days(days: int) -> str:
    return (TODAY + timedelta(days=days)).isoformat()


def model_of(*rules: Any, **parts: Any) -> Model:
    named = {f"r{n}": rule for n, rule in enumerate(rules)}
    actions = {"blog": {"points": 2, "half_life_days": 5}, "pricing-page": {"points": -3}}
    sides = {"profile": named, "actions": actions}
    return compile_model({**model_document(), "rules": sides, **parts}, 1)


def points_on(day: date, said: Any, rule: Any) -> int:
    evidence = Evidence(profile({"renewal_date": said}), Touches(), seen())
    return score(model_of(rule), evidence, day).rounded


@pytest.mark.parametrize(
    ("rule", "ahead", "points"),
    [
        *((NEXT_90, ahead, 10) for ahead in (0, 1, 90)),
        *((NEXT_90, ahead, 0) for ahead in (-1, 91)),
        *((LAST_30, ahead, -7) for ahead in (0, -1, -30)),
        *((LAST_30, ahead, 0) for ahead in (1, -31)),
        *((NEXT_90 | {"next_days": 0}, ahead, 10 * (not ahead)) for ahead in (-1, 0, 1)),
    ],
)
def test_both_ends_of_the_days_are_included(rule: Any, ahead: int, points: int) -> None:
    assert points_on(TODAY, in_days(ahead), rule) == points
    assert points_on(TODAY + timedelta(days=5), in_days(ahead + 5), rule) == points


@pytest.mark.parametrize(
    "said", ["15.01.2027", "2027-01-15", "01/15/2027", "Jan 15, 2027", "2027-01-15T23:30:00+02:00"]
)
def test_a_date_is_read_as_people_write_it(said: str) -> None:
    assert points_on(date(2027, 1, 15), said, NEXT_90) == 10
    assert points_on(date(2027, 1, 16), said, NEXT_90) == 0


@pytest.mark.parametrize(
    ("country", "rank", "day"),
    [
        (None, Rank.CONFIRMED, date(2027, 4, 3)),
        ("DE", Rank.CONFIRMED, date(2027, 4, 3)),
        ("US", Rank.CONFIRMED, date(2027, 3, 4)),
        ("US", Rank.FORM, date(2027, 4, 3)),  # a stranger's word moves nobody's date
    ],
)
def test_the_country_says_whether_days_come_first(
    country: str | None, rank: Rank, day: date
) -> None:
    ours = make.form(fields={"renewal_date": "03/04/2027"}, rank=Rank.CONFIRMED)
    theirs = make.form(n=2, fields={"country": country} if country else {}, rank=rank)
    model = model_of(NEXT_90 | {"next_days": 0})
    known = learn({}, [ours, theirs], model.fields)
    assert score(model, Evidence(known, Touches(), seen()), day).rounded == 10
    assert next_turn(model, facts_on(known, TODAY, UTC)) == day


@pytest.mark.parametrize("said", ["soon", "2027", "2027-02-30", 20270115, True, "in 30 days"])
def test_what_says_no_date_is_never_near(said: Any) -> None:
    assert points_on(date(2027, 1, 15), said, NEXT_90) == 0
    facts = facts_on(profile({"renewal_date": said}), date.min, UTC)
    assert next_turn(model_of(NEXT_90), facts) is None


def test_a_date_at_the_end_of_the_calendar_never_turns() -> None:
    facts = facts_on(profile({"renewal_date": "9999-12-31"}), date.max, UTC)
    assert next_turn(model_of(NEXT_90), facts) is None
    assert points_on(date.max, "9999-12-31", NEXT_90) == 10


def test_the_nearest_step_of_a_date_counts() -> None:
    tiers = [{"next_days": 30, "points": 20}, {"next_days": 90, "points": 10}]
    rule = {"field": "renewal_date", "tiers": [*tiers, {"else": True, "points": -1}]}
    found = [points_on(TODAY, in_days(ahead), rule) for ahead in (-1, 0, 30, 31, 90, 91)]
    assert found == [-1, 20, 20, 10, 10, -1]
    assert points_on(TODAY, "who knows", rule) == -1


def test_a_date_may_be_one_of_several_facts_and_denied() -> None:
    far = {"field": "renewal_date", "not": {"next_days": 90}}
    rule = {"all": [far, {"field": "renewal_date", "present": True}], "points": 5}
    assert [points_on(TODAY, in_days(ahead), rule) for ahead in (-1, 0, 90, 91)] == [5, 0, 0, 5]


# --- every way to a score, and the days to look ---------------------------------------------------

tests = some.sampled_from(
    [
        {"next_days": 3},
        {"next_days": 20},
        {"last_days": 2},
        {"last_days": 9},
        {"not": {"next_days": 5}},
    ]
)
rules = some.builds(
    lambda test, field, points, disqualify: {
        **test,
        "field": field,
        "points": points,
        "disqualify": disqualify,
    },
    tests,
    some.sampled_from(["a", "b"]),
    some.sampled_from([-20, 15, 40]),
    some.sampled_from([False, False, False, True]),
)
several = some.builds(
    lambda every, points: {"all": [{**one, "disqualify": None} for one in every], "points": points},
    some.lists(
        some.builds(lambda t, f: {**t, "field": f}, tests, some.sampled_from("ab")),
        min_size=2,
        max_size=2,
    ),
    some.sampled_from([-10, 10]),
)
drawn = some.lists(rules | several, min_size=1, max_size=3)
facts = some.fixed_dictionaries(
    {},
    optional={
        "a": some.integers(-15, 45).map(in_days),
        "b": some.integers(-15, 45).map(in_days) | some.just("soon"),
    },
)
tallies = some.builds(
    lambda blog, pricing: seen(blog=blog, pricing_page=pricing),
    some.lists(some.integers(0, 20), max_size=4),
    some.lists(some.integers(0, 20), max_size=1),
)
STAGES: dict[str, Any] = {
    "mql": {
        "any": [{"score": 30}],
        "cool_below": {"engagement": 2, "fit": 20},
        "stay_days": 3,
    },
    "sql": {"any": [{"score": 50, "kind": "inferred"}]},
}


def lead_of(known: Any, tally: Any, stage: Stage) -> Lead:
    standing = Standing(stage=stage, entered_on=TODAY)
    return replace(make.lead(profile=profile(known), tally=tally), standing=standing)


@settings(max_examples=SIZES.input_cases)
@given(drawn, facts, tallies, some.integers(0, 60))
def test_all_ways_to_a_score_agree_on_each_day(
    written: list[Any], known: Any, tally: Any, ahead: int
) -> None:
    model = model_of(*written)
    evidence = Evidence(profile(known), Touches(), tally)
    day = TODAY + timedelta(days=ahead)
    whole = replace(score(model, evidence, day), reasons=())
    assert worth(model, evidence, day) == whole
    assert worth_by_day(model, evidence)(day) == whole
    assert worth_ahead(model, evidence, day)(0) == whole
    assert [*Comparison(model, model).worths(evidence, day)] == [whole, whole]


@settings(max_examples=SIZES.input_cases)
@given(drawn, facts, tallies, some.sampled_from([Stage.LEAD, Stage.MQL]))
def test_a_lead_is_looked_at_on_its_first_move(
    written: list[Any], known: Any, tally: Any, stage: Stage
) -> None:
    assume(stage is Stage.LEAD or tally)  # nobody is an MQL by the model without any act
    model = model_of(*written, stages=STAGES)
    lead = lead_of(known, tally, stage)
    assume(not decide(model, lead.standing, worth(model, lead.evidence, TODAY), TODAY))
    moves = [
        day
        for day in (TODAY + timedelta(days=n) for n in range(1, 28))
        if decide(model, lead.standing, worth(model, lead.evidence, day), day)
    ]
    assert first_move(model, lead, TODAY, 27) == next(iter(moves), None)
    review = next_review(model, lead, TODAY)
    assert not moves or (review is not None and review <= moves[0])


@settings(max_examples=SIZES.input_cases)
@given(drawn, facts)
def test_between_two_turns_no_fact_counts_otherwise(written: list[Any], known: Any) -> None:
    model = model_of(*written)
    evidence = Evidence(profile(known), Touches(), seen())
    turn = next_turn(model, facts_on(evidence.profile, TODAY, UTC)) or TODAY + timedelta(days=70)
    until = {
        (one.total, one.disqualifiers)
        for n in range((turn - TODAY).days)
        for one in [worth(model, evidence, TODAY + timedelta(days=n))]
    }
    assert len(until) == 1


def test_an_idle_lead_is_looked_at_when_a_date_turns() -> None:
    model = model_of(NEXT_90, LAST_30)
    far = make.lead(profile=profile({"renewal_date": in_days(300)}))
    assert next_review(model, far, TODAY) == TODAY + timedelta(days=210)
    near = make.lead(profile=profile({"renewal_date": in_days(3)}))
    assert next_review(model, near, TODAY) == TODAY + timedelta(days=3)
    past = make.lead(profile=profile({"renewal_date": in_days(-31)}))
    assert next_review(model, past, TODAY) is None


def test_the_next_steps_tell_the_day_of_a_date() -> None:
    ended = {"field": "contract_end", "last_days": 9, "disqualify": True}
    model = model_of(ended)
    known = profile({"contract_end": in_days(12)})
    lead = make.lead(profile=known, matching=model.matching)
    steps = find_next_steps(model, lead, NOW)
    assert steps
    assert steps.turn
    assert (steps.turn.on, steps.turn.to) == (TODAY + timedelta(days=12), Stage.DISQUALIFIED)


def test_an_example_says_a_date_and_what_comes_of_it() -> None:
    profile_rules = {**model_document()["rules"]["profile"], "renewal": NEXT_90 | {"next_days": 30}}
    rules = {**model_document()["rules"], "profile": profile_rules}
    document = {**model_document(), "examples": [], "rules": rules}
    given = {"profile": {"renewal_date": {"in_days": 40}, "interests": ["crm", "erp"]}}
    ended = {"score": 0, "grade": "–", "stage": "lead"}
    near = {"profile": {"renewal_date": {"days_ago": 0}}}
    examples = [
        {"name": "far", "given": given, "expect": ended},
        {"name": "today", "given": near, "expect": ended | {"score": 10}},
    ]
    assert [result.differences() for result in run_examples(load(document, 1), examples)] == [
        [],
        [],
    ]
