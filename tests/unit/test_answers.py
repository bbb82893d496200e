"""Answers in a form are acts: a request form that asks for budget and date may qualify (BANT)."""

from typing import Any

import pytest

from chalicelib.authoring.agreement import agreement
from chalicelib.authoring.examples import run_examples
from chalicelib.authoring.format import load
from chalicelib.leads.next_steps import find_next_steps
from chalicelib.lifecycle.decide import decide
from chalicelib.lifecycle.stages import Stage
from chalicelib.scoring.matching import ACTS
from chalicelib.scoring.model import Model
from chalicelib.scoring.score import worth
from chalicelib.scoring.tally import Since, Tally
from tests import factories as make
from tests.baton import model_document
from tests.factories import LEAD_ID, TODAY, profile
from tests.fakes import NOW
from tests.mistakes import refusal

YES = [True, "yes"]
#: The guidelines of a large vendor: a form on the telephone or at a fair, and nothing else.
BANT: dict[str, Any] = {
    "name": "Budget, authority, need and time",
    "signals": {"site": {"on": "page"}},
    "rules": {
        "profile": {
            "timescale": {
                "field": "timescale_months",
                "tiers": [
                    {"between": [0, 6], "points": 5},
                    {"between": [6, 12], "points": 3},
                    {"present": True, "points": 1},
                ],
            },
            "decision": {"field": "decision_maker", "equals": YES, "points": 3},
            "budget": {"field": "budget_approved", "equals": YES, "points": 4},
            "action": {
                "field": "next_action",
                "tiers": [{"equals": "meeting", "points": 5}, {"present": True, "points": 2}],
            },
        }
    },
    "groups": {"fit": {"max": 17, "min": 0}},
    "grades": {"A": 12, "B": 8, "C": 5, "D": 0},
    "stages": {"mql": {"any": [{"fit": 8}]}, "sql": {"any": [{"fit": 12}]}},
}
ANSWERS: dict[str, Any] = {
    "email": "ann@acme.example",
    "timescale_months": "3 months",
    "decision_maker": "yes",
    "budget_approved": True,
    "next_action": "Meeting",
}


def model_of(**parts: Any) -> Model:
    return load({**BANT, **parts}, 1)


def ways(*any_of: Any) -> dict[str, Any]:
    return {"mql": {"any": list(any_of)}, "sql": {"any": [{"signal": "site", "fit": 12}]}}


def profile_rules(**rules: Any) -> dict[str, Any]:
    return {"profile": {**BANT["rules"]["profile"], **rules}}


def test_a_form_of_budget_and_time_qualifies_its_sender() -> None:
    form = {"form": "bant", "days_ago": 0}
    expect = {"score": 17, "grade": "A", "stage": "sql", "kind": "inferred"}
    examples = [
        {"name": "asked", "given": {"profile": ANSWERS, "events": [form]}, "expect": expect},
        {
            "name": "a list that somebody bought",
            "given": {"profile": ANSWERS},
            "expect": {"score": 17, "grade": "A", "stage": "lead"},
        },
        {
            "name": "only opened our email",
            "given": {"profile": ANSWERS, "events": [{"mail": "delivered", "days_ago": 0}]},
            "expect": {"score": 17, "grade": "A", "stage": "lead"},
        },
    ]
    assert [result.differences() for result in run_examples(model_of(), examples)] == [[], [], []]


def test_only_what_facts_reach_requires_an_act() -> None:
    model = model_of(stages=ways({"fit": 8}, {"signal": "site", "fit": 8}))
    assert [way.needs_act for way in (*model.mql, *model.sql)] == [True, False, False]
    assert not any(way.needs_act for way in (*make.model().mql, *make.model().sql))


def test_the_default_model_counts_no_acts_for_it() -> None:
    assert ACTS not in {one.id for each in make.model().matchers.values() for one in each.signals}
    assert ACTS in {one.id for each in model_of().matchers.values() for one in each.signals}


@pytest.mark.parametrize(
    "rule",
    [
        {"field": "company_size", "at_least": 50, "points": 8},
        {"field": "email_domain", "matches": ["*.example"], "points": 8},
        {"field": "budget", "absent": True, "points": 8},
        {"field": "budget", "tiers": [{"at_least": 5, "points": 9}, {"else": True, "points": 8}]},
        {
            "all": [{"field": "country", "equals": "DE"}, {"field": "budget", "absent": True}],
            "points": 8,
        },
    ],
)
def test_what_a_bought_list_says_still_qualifies_nobody(rule: dict[str, Any]) -> None:
    document = {**BANT, "rules": {"profile": {"rule": rule}}, "stages": ways({"fit": 8})}
    document["stages"]["sql"]["any"] = [{"signal": "site"}]
    assert refusal(document).startswith("stages.mql.any.0: fit and channel alone reach it")


def test_one_answer_among_several_facts_is_enough() -> None:
    rule = {
        "all": [{"field": "country", "equals": "DE"}, {"field": "budget", "at_least": 5}],
        "points": 8,
    }
    rules = {"profile": {"rule": rule}}
    stages = {"mql": {"any": [{"fit": 8}]}, "sql": {"any": [{"signal": "site"}]}}
    assert model_of(rules=rules, stages=stages).mql[0].needs_act


def test_a_touch_is_no_answer() -> None:
    channel = {"source": {"touch": "first", "field": "source", "equals": "fair", "points": 8}}
    document = {
        **BANT,
        "rules": {"channel": channel},
        "groups": {"channel": {"max": 9, "min": 0}},
        "stages": {"mql": {"any": [{"channel": 8}]}, "sql": {"any": [{"signal": "site"}]}},
    }
    assert refusal(document).startswith("stages.mql.any.0: fit and channel alone reach it")


def test_a_returned_lead_qualifies_by_a_new_act_only() -> None:
    """Its answers are those of before; what it did then no longer counts (ADR 0020)."""
    model = model_of()
    tally = Tally({ACTS: {TODAY.toordinal() - 3: 1}})
    lead = make.lead(profile=profile(ANSWERS), tally=tally)
    evidence = lead.evidence
    met = decide(model, lead.standing, worth(model, evidence, TODAY), TODAY)
    assert met
    assert (met.target, met.why) == (Stage.SQL, "fit at least 12, and an act of their own")
    since = Since.now(model, tally, NOW, LEAD_ID)
    after = worth(model, evidence._replace(since=since), TODAY)
    assert decide(model, lead.standing, after, TODAY) is None


def test_the_next_steps_name_the_act() -> None:
    model = model_of()
    steps = find_next_steps(
        model, make.lead(profile=profile(ANSWERS), matching=model.matching), NOW
    )
    assert steps
    assert [(way.to, way.acts) for way in steps.ways] == [(Stage.SQL, ("site",))]


def test_the_page_says_that_they_did_something() -> None:
    page = agreement(BANT)
    assert "- fit at least 8, and they did something themselves, such as answer a form" in page
    assert "did something themselves" not in agreement(model_document())
