"""Each mistake that a marketer could make with the thresholds, and what the model says to it."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pytest

from chalicelib.errors import DocumentError
from chalicelib.scoring.contradictions import contradictions
from chalicelib.scoring.format import load
from tests import factories as make
from tests.house import model_document


def said(mql: Mapping[str, Any] | None = None, **stage: Any) -> str:
    """What is said to the default model with another first way into MQL, or another setting of the stage."""
    document = deepcopy(model_document())
    document["stages"]["mql"] |= stage
    if mql is not None:
        document["stages"]["mql"]["any"][0] = mql
    with pytest.raises(DocumentError) as refused:
        load(document, 1)
    return str(refused.value)


def test_the_default_model_does_not_contradict_itself() -> None:
    assert contradictions(make.model()) == []


def test_i_set_the_threshold_so_high_that_no_lead_ever_comes() -> None:
    assert said({"score": 120, "activity": 12}) == (
        "stages.mql.any.0.score: no lead can reach 120, because score is at most 100; "
        "lower the threshold or raise the limits in groups"
    )


def test_i_ask_for_more_engagement_than_its_group_may_hold() -> None:
    assert "stages.mql.any.0.engagement: no lead can reach 26, because engagement is at most 25" in said(
        {"fit": 20, "engagement": 26}
    )


def test_i_let_good_companies_in_although_nobody_there_did_anything() -> None:
    assert "stages.mql.any.0: fit and channel alone reach it" in said({"score": 45})
    assert "stages.mql.any.0: fit and channel alone reach it" in said({"fit": 30, "channel": 3})


def test_a_score_above_fit_and_channel_asks_for_acts_and_yet_a_cooled_lead_may_meet_it() -> None:
    message = said({"score": 50})
    assert "fit and channel alone" not in message
    assert message == (
        "stages.mql.any.0: a lead that has cooled (activity below 5) can meet it; "
        "ask for activity of at least 5, or lower stages.mql.cool_below"
    )


def test_a_download_qualifies_for_a_month_but_the_lead_cools_meanwhile() -> None:
    assert "a lead that has cooled (activity below 5) can meet it" in said({"signal": "guide-download", "fit": 20})


def test_i_raised_cool_below_above_the_thresholds() -> None:
    message = said(cool_below={"activity": 30})
    assert message.count("a lead that has cooled (activity below 30) can meet it") == 5


def test_engagement_alone_keeps_the_sum_above_what_cooling_rests_on() -> None:
    """Activity is engagement and intent, and intent is never below 0."""
    assert contradictions(make.model()) == []
    assert "activity below 15" in said(cool_below={"activity": 15})


def test_without_cooling_there_is_nothing_to_contradict() -> None:
    document = deepcopy(model_document())
    document["stages"]["mql"] = {"any": [{"score": 50, "engagement": 1}]}
    assert load(document, 1).cool_below == {}
