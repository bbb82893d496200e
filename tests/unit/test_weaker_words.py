"""What was said at a lower rank than the rest neither lowers a score nor disqualifies."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.events import Rank, Value
from chalicelib.leads.decision import decide_lead, next_review
from chalicelib.leads.rebuild import compare_leads
from chalicelib.limits import HORIZON_DAYS, REVIEW_MAX_DAYS
from chalicelib.scoring.compare import Comparison
from chalicelib.scoring.evidence import Evidence
from chalicelib.scoring.profile import Profile, learn
from chalicelib.scoring.score import Score, score, worth, worth_by_day
from chalicelib.scoring.tally import Tally
from chalicelib.scoring.touches import Touches
from tests import factories as make
from tests.factories import BEST_FIT, TODAY, came_by
from tests.fakes import NOW

MODEL = make.model()
ADDRESS = {"email": "ann@acme.example"}
IMPORTED = make.form(n=1, fields={**ADDRESS, "company": "Acme"}, rank=Rank.CONFIRMED)
LOWERING: list[dict[str, Value]] = [
    {"job_title": "Student"},
    {"company_size": 1},
    {"company_size": 0, "industry": "none", "country": "XX"},
]


def scored(*events: Any, touches: Touches = Touches()) -> Score:
    return score(MODEL, Evidence(learn({}, events, MODEL.fields), touches, Tally()), TODAY)


def stranger(fields: dict[str, Value], rank: Rank = Rank.FORM) -> Any:
    return make.form(n=2, fields={**ADDRESS, **fields}, rank=rank)


@pytest.mark.parametrize("rank", [Rank.IDENTIFY, Rank.FORM, Rank.OWN_BROWSER])
@pytest.mark.parametrize("fields", LOWERING)
def test_a_stranger_lowers_nothing_that_we_know(fields: dict[str, Value], rank: Rank) -> None:
    before = scored(IMPORTED)
    after = scored(IMPORTED, stranger(fields, rank))
    assert after.total >= before.total
    assert after.disqualifiers == before.disqualifiers == ()


def test_the_same_words_count_when_nobody_said_more() -> None:
    assert scored(stranger({"job_title": "Student"})).disqualifiers or (
        scored(stranger({"job_title": "Student"})).total < scored(stranger({})).total
    )


def test_a_stranger_may_still_add_what_nobody_said() -> None:
    assert scored(IMPORTED, stranger({"job_title": "CTO"})).total > scored(IMPORTED).total


def test_a_worse_campaign_of_a_stranger_lowers_nothing() -> None:
    lists = came_by("list")
    assert lists.first
    weak = replace(lists.first, rank=Rank.IDENTIFY)
    assert scored(IMPORTED, touches=Touches(weak, weak)).total == scored(IMPORTED).total
    assert scored(stranger({}), touches=lists).total < scored(stranger({})).total


values_of = some.fixed_dictionaries(
    {},
    optional={
        "job_title": some.sampled_from(["CTO", "Student", "Baker"]),
        "company_size": some.integers(0, 2_000),
        "country": some.sampled_from(["DE", "XX"]),
        "industry": some.sampled_from(["software", "education"]),
        "phone": some.just("1"),
        "company": some.just("Acme"),
    },
)


@given(values_of, values_of, some.sampled_from(Rank), some.sampled_from(Rank))
def test_no_lower_rank_ever_lowers_a_score(
    ours: dict[str, Value], theirs: dict[str, Value], one: Rank, other: Rank
) -> None:
    higher, lower = max(one, other), min(one, other)
    if higher == lower:
        return
    known = make.form(n=1, fields={**ADDRESS, **ours}, rank=higher)
    said = make.form(n=2, at=NOW + timedelta(hours=1), fields={**ADDRESS, **theirs}, rank=lower)
    before, after = scored(known), scored(known, said)
    assert after.total >= before.total
    assert set(after.disqualifiers) <= set(before.disqualifiers)


# --- the day on which what an identify said leaves ------------------------------------------------


def identified(days_ago: int, fields: dict[str, Value] = dict(BEST_FIT)) -> Profile:  # noqa: B006
    event = make.form(days_ago=days_ago, fields=fields, rank=Rank.IDENTIFY)
    return learn({}, [event], MODEL.fields)


@pytest.mark.parametrize("ahead", range(-2, 4))
def test_all_ways_to_a_score_forget_on_the_same_day(ahead: int) -> None:
    profile = identified(HORIZON_DAYS - ahead)
    evidence = Evidence(profile, Touches(), make.seen(blog=[1]))
    for days in range(5):
        day = TODAY + timedelta(days=days)
        whole = score(MODEL, evidence, day)
        assert worth(MODEL, evidence, day) == replace(whole, reasons=())
        assert worth_by_day(MODEL, evidence)(day) == replace(whole, reasons=())
        assert [*Comparison(MODEL, MODEL).worths(evidence, day)] == 2 * [replace(whole, reasons=())]
        is_known = days < ahead
        assert (whole.grade != "–") is is_known


def test_a_lead_is_reviewed_when_something_leaves() -> None:
    soon = make.lead(profile=identified(HORIZON_DAYS - 5), tally=make.seen(blog=[1]))
    assert next_review(MODEL, soon, TODAY) == TODAY + timedelta(days=5)
    later = replace(soon, profile=identified(100))
    assert next_review(MODEL, later, TODAY) == TODAY + timedelta(days=REVIEW_MAX_DAYS)


def test_a_lead_that_did_nothing_is_reviewed_when_something_leaves() -> None:
    lead = make.lead(profile=identified(100))
    assert next_review(MODEL, lead, TODAY) == TODAY + timedelta(days=HORIZON_DAYS - 100)
    assert next_review(MODEL, make.lead(profile=make.profile()), TODAY) is None


def test_that_review_takes_it_out_of_the_lead() -> None:
    lead = make.lead(profile=identified(HORIZON_DAYS), version=1)
    after = decide_lead(MODEL, lead, NOW).lead
    assert after.profile == {}
    assert after.review_on is None
    assert compare_leads(lead, after, TODAY) == []
