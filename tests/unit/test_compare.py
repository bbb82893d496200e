"""Two models' scores side by side are the scores of each, exactly."""

from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.scoring.compare import Comparison
from chalicelib.scoring.compile import compile_model
from chalicelib.scoring.evidence import Evidence
from chalicelib.scoring.score import worth
from chalicelib.scoring.tally import Since
from tests import crowd
from tests.baton import model_document
from tests.factories import LEAD_ID, TODAY
from tests.fakes import NOW


def weights(document: Any) -> None:
    document["rules"]["actions"]["blog"]["points"] = 3
    document["rules"]["profile"]["seniority"]["tiers"][1]["points"] = 1


def nothing(_document: Any) -> None:
    pass


def everything(document: Any) -> None:
    for rule in document["rules"]["actions"].values():
        rule["half_life_days"] = 5
    for rule in document["rules"]["profile"].values():
        rule["group"] = "engagement"


def rules_less(document: Any) -> None:
    del (
        document["rules"]["actions"]["blog"],
        document["rules"]["profile"]["size"],
        document["rules"]["undesirables"],
    )


def another_group(document: Any) -> None:
    document["groups"]["reading"] = {"min": 0, "max": 9}
    document["rules"]["actions"]["blog"]["group"] = "reading"


def limits(document: Any) -> None:
    document["groups"]["fit"] = {"min": -5, "max": 5}
    document["grade_needs"] = 4


def ours(document: Any) -> None:
    document["internal"] = {"email_domain": ["acme.*"]}


def competitor(document: Any) -> None:
    document["rules"]["undesirables"]["competitor"]["matches"] = ["gmail.*"]


@pytest.mark.parametrize(
    "change", [nothing, weights, everything, rules_less, another_group, limits, ours, competitor]
)
def test_both_scores_are_what_each_model_says_alone(change: Any) -> None:
    document = deepcopy(model_document())
    change(document)
    first, second = compile_model(model_document(), 1), compile_model(document, 2)
    for lead in crowd.people(first, {0: 20, 3: 30, 40: 30}, NOW):
        for since in (None, Since.now(first, lead.tally, NOW - timedelta(days=20), LEAD_ID)):
            evidence = Evidence(lead.profile, lead.touches, lead.tally, since)
            for one, other in ((first, second), (second, first)):
                assert Comparison(one, other).worths(evidence, TODAY) == [
                    worth(one, evidence, TODAY),
                    worth(other, evidence, TODAY),
                ]
