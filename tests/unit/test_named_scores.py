"""Several scores: named ones beside the main one, each with its own bands, and groups that are in
no total but theirs (ADR 0050).
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.authoring.agreement import agreement
from chalicelib.authoring.examples import run_examples
from chalicelib.authoring.format import check, load
from chalicelib.leads.decision import decide_lead
from chalicelib.leads.lead import Lead
from chalicelib.lifecycle.stages import Stage
from chalicelib.scoring.compare import Comparison
from chalicelib.scoring.compile import compile_model
from chalicelib.scoring.evidence import Evidence
from chalicelib.scoring.interests import interest
from chalicelib.scoring.score import Score, score, worth
from chalicelib.scoring.tally import Tally
from chalicelib.scoring.touches import Touches
from tests.baton import ANN, InMemoryBaton, model_document
from tests.factories import BEST_FIT, LEAD_ID, TODAY, profile, seen
from tests.fakes import NOW
from tests.unit.test_score import facts, tallies


def two_products() -> Any:
    """Return the default model of a company that also sells keyboards."""
    document = deepcopy(model_document())
    document["signals"]["keyboards"] = {
        "on": "page",
        "where": {"path": ["/keyboards*"]},
        "topic": "keyboards",
    }
    document["rules"]["actions"]["keyboards"] = {
        "points": 12,
        "per_day": 1,
        "half_life_days": 30,
        "max_points": 36,
        "group": "keyboards",
    }
    document["groups"]["keyboards"] = {"max": 30, "min": 0, "in_total": False}
    document["sums"]["activity"].append("keyboards")
    document["bands"] = {"hot": 50, "warm": 25, "cold": 0}
    document["scores"] = {
        "keyboard-buyers": {
            "groups": ["fit", "keyboards"],
            "bands": {"ready": 60, "interested": 40},
        },
        "readers": {"groups": ["engagement"]},
    }
    document["stages"]["sql"]["any"].append({"keyboard-buyers": 60, "keyboards": 20})
    return document


MODEL = load(two_products(), 1)
FITS = profile(BEST_FIT)


def of(tally: Tally, known: Mapping[str, Any] = BEST_FIT) -> Score:
    return score(MODEL, Evidence(profile(known), Touches(), tally), TODAY)


def test_a_named_score_is_the_sum_of_its_groups() -> None:
    named = of(seen(keyboards=[0, 1])).scores["keyboard-buyers"]
    assert (named.rounded, named.band) == (64, "ready")
    assert named.groups == {"fit": 40_000, "keyboards": 23_726}


def test_a_group_apart_is_not_in_the_total() -> None:
    found = of(seen(keyboards=[0, 1]))
    assert found.total == sum(found.groups.values()) == 40_000
    assert "keyboards" not in found.groups
    assert found.apart == {"keyboards": 23_726}
    assert all(line.group != "keyboards" for line in found.reasons)


def test_a_model_without_named_scores_has_none() -> None:
    plain = score(compile_model(model_document(), 1), Evidence(FITS, Touches(), Tally()), TODAY)
    assert (plain.band, plain.scores, plain.apart, plain.apart_reasons) == (None, {}, {}, ())


@pytest.mark.parametrize(
    ("days", "band"),
    [([], "interested"), ([0], "interested"), ([0, 1], "ready")],
)
def test_the_highest_band_that_is_reached_is_the_band(days: list[int], band: str) -> None:
    assert of(seen(keyboards=days)).scores["keyboard-buyers"].band == band


def test_below_all_bands_there_is_none() -> None:
    found = of(Tally(), {"email": "jo@gmail.com"})
    assert found.total < 0
    assert found.band is None
    assert found.scores["keyboard-buyers"].band is None


def test_a_score_without_bands_has_no_band() -> None:
    assert of(seen(blog=[0])).scores["readers"].band is None


def test_a_limit_of_a_group_apart_is_a_line() -> None:
    found = of(seen(keyboards=[0, 1, 2]))
    assert found.scores["keyboard-buyers"].total == 70_000
    rules = [line.rule for line in found.reasons_of("keyboard-buyers")]
    assert "limit:keyboards" in rules
    assert sum(line.milli for line in found.reasons_of("keyboard-buyers")) == 70_000


@given(facts, tallies, some.lists(some.integers(0, 90), max_size=8))
def test_the_lines_of_each_score_sum_to_it_exactly(
    known: Mapping[str, Any], tally: Tally, days: list[int]
) -> None:
    product = seen(keyboards=sorted(set(days)))
    found = of(Tally({**tally.days, **product.days}, tally.keys), known)
    assert sum(line.milli for line in found.reasons) == found.total == sum(found.groups.values())
    for name, named in found.scores.items():
        assert sum(line.milli for line in found.reasons_of(name)) == named.total
        assert sum(named.groups.values()) == named.total == found.value(name)


@given(facts, tallies)
def test_a_score_without_words_has_the_same_named_scores(
    known: Mapping[str, Any], tally: Tally
) -> None:
    evidence = Evidence(profile(known), Touches(), tally)
    whole = replace(score(MODEL, evidence, TODAY), reasons=(), apart_reasons=())
    assert worth(MODEL, evidence, TODAY) == whole
    other = compile_model(model_document(), 2)
    assert Comparison(MODEL, other).worths(evidence, TODAY) == [
        whole,
        worth(other, evidence, TODAY),
    ]


def test_our_own_people_have_nothing_of_a_product_either() -> None:
    document = two_products()
    document["internal"] = {"email_domain": ["acme.example"]}
    found = score(compile_model(document, 1), Evidence(FITS, Touches(), seen(keyboards=[0])), TODAY)
    assert found.internal
    assert {(one.total, one.band) for one in found.scores.values()} == {(0, None)}
    assert (found.value("keyboards"), found.value("keyboard-buyers")) == (0, 0)


def test_a_name_of_group_and_score_means_the_score() -> None:
    document = two_products()
    document["scores"]["keyboards"] = document["scores"].pop("keyboard-buyers")
    document["stages"]["sql"]["any"][-1] = {"keyboards": 60, "activity": 20}
    found = score(load(document, 1), Evidence(FITS, Touches(), seen(keyboards=[0])), TODAY)
    assert found.value("keyboards") == found.scores["keyboards"].total == 52_000
    assert found.apart["keyboards"] == 12_000


def test_a_product_can_be_what_a_lead_is_interested_in() -> None:
    assert interest(MODEL, of(seen(keyboards=[0], blog=[30]))) == "keyboards"


def test_a_named_score_opens_a_way_in() -> None:
    lead = Lead(lead_id=LEAD_ID, profile=FITS, tally=seen(keyboards=[0]))
    assert decide_lead(MODEL, lead, NOW).lead.standing.stage is Stage.LEAD
    ready = decide_lead(MODEL, replace(lead, tally=seen(keyboards=[0, 1])), NOW)
    assert ready.lead.standing.stage is Stage.SQL
    assert ready.transitions[0].why == "keyboard-buyers at least 60, keyboards at least 20"


def test_a_band_and_a_named_score_can_be_expected() -> None:
    example: dict[str, Any] = {
        "name": "A fitting person who looks at keyboards on two days is ready for one.",
        "given": {
            "profile": {key: one for key, one in BEST_FIT.items() if key != "email"},
            "events": [{"page": "/keyboards", "days_ago": ago} for ago in (0, 1)],
        },
        "expect": {
            "score": 42,
            "grade": "A",
            "stage": "sql",
            "band": "warm",
            "scores": {"keyboard-buyers": {"total": 64, "band": "ready"}, "readers": {"total": 2}},
        },
    }
    document = {**two_products(), "examples": [example]}
    assert check(document) == []
    (outcome,) = run_examples(load(document, 1), [example])
    assert outcome.differences() == []
    wrong = {"band": "none", "scores": {"keyboard-buyers": {"band": "interested"}}}
    example = {**example, "expect": {**example["expect"], **wrong}}
    document["examples"] = [example]
    (outcome,) = run_examples(load(document, 1), [example])
    assert outcome.differences() == [
        "band is warm, not none",
        "keyboard-buyers band is ready, not interested",
    ]
    assert "*Score 42, none, grade A, sql; keyboard buyers interested.*" in agreement(document)


def test_the_page_says_what_each_score_consists_of() -> None:
    page = agreement(two_products())
    for line in (
        "**keyboards** is at least 0 points and at most 30 points, and is not in the score",
        "The score is fit, channel, engagement and intent together: at most 100 points",
        "The score **keyboard buyers** is fit and keyboards together",
        "Band **ready**: keyboard buyers of at least 60 points",
        "The score **readers** is engagement",
        "Band **hot**: score of at least 50 points",
    ):
        assert f"- {line}\n" in page


def test_a_page_without_any_total_says_so() -> None:
    document = two_products()
    for limit in document["groups"].values():
        limit["in_total"] = False
    assert "- The score is nothing: at most 0 points\n" in agreement(document)


def test_a_transition_explains_itself_by_all_lines() -> None:
    baton = InMemoryBaton()
    baton.world.models.load(two_products(), "UTC")
    for _ in range(2):
        baton.page("/keyboards")
        baton.ports.clock.tick(timedelta(days=1))
    baton.form("tour", **ANN)
    baton.until_quiet()
    (moved,) = (
        one["detail"]
        for one in baton.get(f"/v1/leads/{baton.world.lead_id(ANN['email'])}/timeline")["items"]
        if one["kind"] == "transition" and one["detail"]["to"] == "sql"
    )
    lines = {line["rule"]: line["text"] for line in moved["reasons"]}
    assert lines["keyboards"].startswith("visited the keyboards on 2 days")
    assert lines["keyboards"].endswith(" (not in the score)")
    in_total = [one for one in moved["reasons"] if not one["text"].endswith("(not in the score)")]
    assert moved["score"] == round(sum(one["points"] for one in in_total))


def test_a_lead_shows_its_band_and_its_named_scores() -> None:
    baton = InMemoryBaton()
    baton.world.models.load(two_products(), "UTC")
    baton.page("/keyboards")
    baton.form("tour", **ANN)
    baton.until_quiet()
    shown = baton.lead()["score"]
    assert (shown["total"], shown["band"]) == (41, "warm")
    named = shown["scores"]["keyboard-buyers"]
    assert (named["total"], named["band"]) == (52, "interested")
    assert named["groups"] == {"fit": 40, "keyboards": 12}
    assert sum(round(line["points"] * 1000) for line in named["reasons"]) == 52_000
    assert [line["rule"] for line in named["reasons"]][-1] == "keyboards"
    assert "keyboards" not in {line["rule"] for line in shown["reasons"]}
    (listed,) = baton.get("/v1/leads?stage=lead")["leads"]
    assert listed["score"]["band"] == "warm"
    assert listed["score"]["scores"]["readers"].keys() == {"total", "band", "groups"}
