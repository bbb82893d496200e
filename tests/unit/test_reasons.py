"""The lines of a score in plain words, and those whom the model does not want: our own, and who is
disqualified.
"""

import re
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.scoring.compile import compile_model
from chalicelib.scoring.compile_behaviour import compile_behaviour_rule, compile_signal
from chalicelib.scoring.evidence import Evidence
from chalicelib.scoring.interests import interest
from chalicelib.scoring.model import Model
from chalicelib.scoring.reasons import behaviour_reasons
from chalicelib.scoring.score import Score, score
from chalicelib.scoring.tally import Tally, within_horizon
from chalicelib.scoring.touches import Touches
from tests import factories as make
from tests.baton import model_document
from tests.factories import TODAY, came_by, profile, seen
from tests.unit.test_score import MODEL, line, of, tallies

# --- words ----------------------------------------------------------------------------------------


def test_reasons_read_as_sentences() -> None:
    tally = seen(pricing_page=[0, 1], demo_request=[2], keys={"guide-download": {"a": 3, "b": 4}})
    worth = score(
        MODEL, Evidence(profile({"job_title": "CTO", "phone": "1"}), came_by("cpc"), tally), TODAY
    )
    assert {
        reason.rule: reason.text for reason in worth.reasons if not reason.rule.startswith("limit")
    } == {
        "seniority": "job title is CTO",
        "phone": "phone is given",
        "source": "first came by cpc",
        "pricing-page": "visited the pricing page on 2 days, 0.402 of 12 points gone with time",
        "guide-download": "guide download: 2, 1.863 of 24 points gone with time",
        "demo-request": "demo request on 1 day, 0.91 of 30 points gone with time",
    }
    assert line(worth, "pricing-page").last == TODAY
    assert line(worth, "demo-request").last == TODAY - timedelta(days=2)


@pytest.mark.parametrize(
    ("tally", "rule", "text"),
    [
        (seen(pricing_page=[0]), "pricing-page", "visited the pricing page on 1 day"),
        (
            seen(pricing_page={0: 20}),
            "pricing-page",
            "visited the pricing page on 1 day, 19 more not counted: at most 1 a day",
        ),
        (
            seen(blog={0: 3, 1: 2}),
            "blog",
            "visited the blog on 2 days, 1 more not counted: at most 2 a day, "
            "0.097 of 4 points gone with time",
        ),
        (
            seen(pricing_page=[10]),
            "pricing-page",
            "visited the pricing page on 1 day, 3 of 6 points gone with time",
        ),
        (
            seen(careers_page=[60]),
            "careers-page",
            "visited the careers page on 1 day, 4 of 8 points gone with time",
        ),
        (seen(mail_reply=[0]), "mail-reply", "mail reply on 1 day"),
        (seen(keys={"guide-download": {"a": 0}}), "guide-download", "guide download"),
        (seen(keys={"guide-download": {"a": 0, "b": 0}}), "guide-download", "guide download: 2"),
        (
            seen(keys={"product-sheet": {"a": 21}}),
            "product-sheet",
            "product sheet, 3 of 6 points gone with time",
        ),
    ],
)
def test_a_line_says_how_often_and_what_was_lost(tally: Tally, rule: str, text: str) -> None:
    """What a day's limit left out, and what time took."""
    assert line(of(tally), rule).text == text


@given(tallies)
def test_what_faded_and_what_is_left_make_the_whole(
    tally: Tally,
) -> None:
    for reason in of(tally).reasons:
        if found := re.search(r"([0-9.e+-]+) of ([0-9.e+-]+) points gone with time", reason.text):
            gone, fresh = (float(one) for one in found.groups())
            assert abs(reason.milli) / 1000 + gone == pytest.approx(fresh, rel=1e-3)


@pytest.mark.parametrize(
    ("tally", "topic"),
    [
        (Tally(), None),
        (seen(site_visit=[0]), None),
        (seen(blog=[0]), "learn"),
        (seen(blog=[0], pricing_page=[0]), "pricing"),
        (seen(compare_page=[0], case_study=[0], pricing_page=[0]), "proof"),
        (seen(careers_page=[0]), None),
    ],
)
def test_the_interest_is_the_topic_that_weighs_most(tally: Tally, topic: str | None) -> None:
    assert interest(MODEL, of(tally)) == topic


@pytest.mark.parametrize(
    ("value", "text"), [(True, "yes"), (False, "no"), (0, "0"), (("a", "b"), "a, b")]
)
def test_a_line_says_a_value_as_people_do(value: Any, text: str) -> None:
    """An answer of no, and a size of 0, were lines that ended in "is"."""
    rule = {"field": "answer", "tiers": [{"equals": [True, False, 0, "a"], "points": 1}]}
    model = compile_model({**model_document(), "rules": {"profile": {"answer": rule}}}, 1)
    known = Evidence(profile({"answer": value}), Touches(), Tally())
    assert line(score(model, known, TODAY), "answer").text == f"answer is {text}"


# --- our own people, and those whom we do not want ------------------------------------------------

OURS = replace(MODEL, internal_domains=["keybook.example", "*.keybook.example"])
BUSY = seen(demo_request=[0], pricing_page=[0, 1], keys={"guide-download": {"a": 0}})


def with_address(model: Model, address: str) -> Score:
    return score(
        model,
        Evidence(
            profile({**make.BEST_FIT, "email": address, **domain_of(address)}), came_by("cpc"), BUSY
        ),
        TODAY,
    )


def domain_of(address: str) -> dict[str, str]:
    return {"email_domain": address.rpartition("@")[2]}


@pytest.mark.parametrize(
    "address", ["sam@keybook.example", "sam@KEYBOOK.example", "kim@sales.keybook.example"]
)
def test_rule_10_our_own_people_are_not_scored(address: str) -> None:
    worth = with_address(OURS, address)
    assert worth.internal
    assert (worth.total, worth.grade, set(worth.groups.values()), set(worth.sums.values())) == (
        0,
        "–",
        {0},
        {0},
    )
    assert [(one.rule, one.milli, one.text) for one in worth.reasons] == [
        ("internal", 0, "internal address: not scored")
    ]
    assert not worth.tally
    assert interest(OURS, worth) is None


@pytest.mark.parametrize(
    "address", ["ann@acme.example", "sam@notkeybook.example", "sam@keybook.example.org"]
)
def test_rule_10_others_are_scored(address: str) -> None:
    worth = with_address(OURS, address)
    assert not worth.internal
    assert worth.total == with_address(MODEL, address).total > 60_000


def test_a_model_without_internal_domains_has_no_staff() -> None:
    assert not of(Tally(), {"job_title": "CTO"}).internal
    assert not score(OURS, Evidence({}, Touches(), Tally()), TODAY).internal


def rivals(**more: Any) -> Model:
    """The default model with the domain of a competitor in it."""
    document = deepcopy(model_document())
    document["rules"]["undesirables"]["competitor"] = {
        "field": "email_domain",
        "matches": ["*rival.example"],
        "disqualify": True,
        **more,
    }
    return compile_model(document, 1)


def test_a_disqualifying_rule_is_a_line_without_points() -> None:
    worth = with_address(rivals(), "joe@rival.example")
    assert worth.disqualifiers == ("competitor",)
    found = line(worth, "competitor")
    assert (found.milli, found.group, found.text) == (
        0,
        "fit",
        "email domain is rival.example: disqualifies",
    )
    assert (
        sum(reason.milli for reason in worth.reasons)
        == worth.total
        == with_address(MODEL, "a@b.example").total
    )


def test_a_disqualifying_rule_may_take_points_too() -> None:
    """One that does not hold says nothing."""
    assert line(with_address(rivals(points=-7), "joe@rival.example"), "competitor").milli == -7_000
    other = with_address(rivals(), "ann@acme.example")
    assert other.disqualifiers == ()
    assert all(reason.rule != "competitor" for reason in other.reasons)


def test_every_disqualifying_rule_that_holds_is_named() -> None:
    document = deepcopy(model_document())
    document["rules"]["undesirables"] |= {
        name: {"field": "job_title", "matches": ["cto"], "disqualify": True}
        for name in ("one", "two")
    }
    worth = score(compile_model(document, 1), Evidence(profile(), Touches(), Tally()), TODAY)
    assert worth.disqualifiers == ("one", "two")


def test_a_line_without_points_does_not_help_a_grade() -> None:
    """Two facts are needed, and that somebody is a competitor says nothing of how well they fit."""
    known = {"email_domain": "rival.example", "job_title": "CTO"}
    assert score(rivals(), Evidence(profile(known), Touches(), Tally()), TODAY).grade == "–"


@given(
    some.dictionaries(some.integers(-1, 500), some.integers(1, 9), min_size=1, max_size=9),
    some.fixed_dictionaries(
        {"points": some.floats(-9, 9).filter(bool)},
        optional={
            "half_life_days": some.integers(1, 90),
            "per_day": some.integers(1, 4),
            "max_points": some.integers(1, 40),
        },
    ),
    some.sampled_from([{}, {"distinct": "path"}]),
)
def test_a_plain_rule_is_told_as_any_other(
    ago: dict[int, int], written: dict[str, Any], more: dict[str, Any]
) -> None:
    """One pass over the days finds what the general way does (ADR 0054)."""
    signal = compile_signal("visit", {"on": "page", **more})
    rule = compile_behaviour_rule("visit", written, {"visit": signal})
    other = replace(rule)
    object.__setattr__(other, "is_plain", False)
    tally = Tally({"visit": {TODAY.toordinal() - days: number for days, number in ago.items()}})
    seen = within_horizon(tally, TODAY.toordinal())
    plainly, generally = (
        behaviour_reasons(replace(MODEL, behaviour_rules=[one]), seen, TODAY.toordinal())
        for one in (rule, other)
    )
    assert rule.is_plain
    assert plainly == generally
