"""What a lead is worth without the words, today and on the days ahead, is exactly what the score
says.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.limits import HORIZON_DAYS, REVIEW_MAX_DAYS
from chalicelib.scoring.compile import compile_model
from chalicelib.scoring.evidence import Evidence
from chalicelib.scoring.score import score, worth, worth_by_day
from chalicelib.scoring.tally import Since, Tally
from chalicelib.scoring.touches import Touches
from tests import factories as make
from tests.baton import model_document
from tests.factories import LEAD_ID, TODAY, came_by, profile, seen
from tests.fakes import NOW

MODEL = make.model()
DAILY = [signal for signal in MODEL.signals if not MODEL.signals[signal].distinct]
DISTINCT = [signal for signal in MODEL.signals if MODEL.signals[signal].distinct]

days = some.integers(-2, HORIZON_DAYS + 10).map(lambda ago: TODAY.toordinal() - ago)
cells = some.dictionaries(days, some.integers(1, 30), min_size=1, max_size=8)
keys = some.dictionaries(
    some.text("abcdef0123456789", min_size=8, max_size=8), days, min_size=1, max_size=8
)
tallies = some.builds(
    Tally,
    some.dictionaries(some.sampled_from(DAILY), cells, max_size=6),
    some.dictionaries(some.sampled_from(DISTINCT), keys, max_size=2),
)
sinces = (
    some.none()
    | tallies.map(lambda tally: Since.now(MODEL, tally, NOW, LEAD_ID))
    | days.map(lambda day: Since(day, Tally()))
)
facts = some.fixed_dictionaries(
    {},
    optional={
        "email": some.sampled_from(["ann@acme.example", "jo@gmail.com", "info@acme.example"]),
        "job_title": some.sampled_from(["CTO", "Student", "Baker", ""]),
        "company_size": some.integers(-5, 10_000),
        "country": some.sampled_from(["DE", "FR"]),
    },
)
mediums = some.sampled_from(["", "cpc", "list"])


@given(facts, mediums, tallies, sinces)
def test_worth_is_the_score_without_its_reasons(
    known: Mapping[str, Any], medium: str, tally: Tally, since: Since | None
) -> None:
    whole = score(MODEL, Evidence(profile(known), came_by(medium), tally, since), TODAY)
    assert worth(MODEL, Evidence(profile(known), came_by(medium), tally, since), TODAY) == replace(
        whole, reasons=()
    )


@pytest.mark.parametrize("email", ["ann@rival.example", "ann@ours.example"])
def test_disqualified_and_own_people_are_known_without_words(email: str) -> None:
    document = dict(model_document())
    document["internal"] = {"email_domain": ["ours.*"]}
    document["rules"] = {**document["rules"], "undesirables": {"competitor": BARRED}}
    model = compile_model(document, 1)
    whole = score(model, Evidence(profile({"email": email}), Touches(), seen(blog=[0])), TODAY)
    assert whole.disqualifiers or whole.internal
    assert worth(
        model, Evidence(profile({"email": email}), Touches(), seen(blog=[0])), TODAY
    ) == replace(whole, reasons=())


BARRED = {"field": "email_domain", "equals": "rival.example", "disqualify": True}


@given(facts, tallies, sinces, some.integers(0, REVIEW_MAX_DAYS))
def test_a_day_ahead_is_exactly_the_score_of_that_day(
    known: Mapping[str, Any], tally: Tally, since: Since | None, ahead: int
) -> None:
    """Also of behaviour that leaves the horizon on the way: what is 400 days old ends rather than
    decays.
    """
    whole = score(
        MODEL, Evidence(profile(known), Touches(), tally, since), TODAY + timedelta(days=ahead)
    )
    on = worth_by_day(MODEL, Evidence(profile(known), Touches(), tally, since))
    assert on(TODAY + timedelta(days=ahead)) == replace(whole, reasons=())
