"""Who is left out besides our own people: partners, agencies, by a field or a signal (ADR 0050)."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from chalicelib.authoring.agreement import agreement
from chalicelib.authoring.examples import run_examples
from chalicelib.authoring.format import check, load
from chalicelib.events import Rank
from chalicelib.leads.decision import decide_lead, next_review
from chalicelib.leads.lead import Lead
from chalicelib.leads.next_steps import find_next_steps
from chalicelib.lifecycle.decide import held_back_request
from chalicelib.lifecycle.stages import Stage, Standing
from chalicelib.scoring.compare import Comparison
from chalicelib.scoring.compile import compile_model
from chalicelib.scoring.evidence import Evidence
from chalicelib.scoring.score import Score, score, worth, worth_ahead, worth_by_day
from chalicelib.scoring.tally import Since, Tally
from chalicelib.scoring.touches import Touches
from tests.baton import ANN, InMemoryBaton, ask, key_of, model_document
from tests.factories import BEST_FIT, LEAD_ID, TODAY, came_by, day, profile, seen
from tests.fakes import NOW
from tests.sizes import SIZES

PARTNER: Mapping[str, Any] = {**BEST_FIT, "relation": "Partner"}


def with_partners(**more: Any) -> Any:
    """Return the default model of a company with partners and agencies."""
    document = deepcopy(model_document())
    document["signals"]["agency-login"] = {"on": "track", "event": "Agency Login"}
    document["excluded"] = {
        "partners": {"field": "relation", "equals": "partner"},
        "agencies": {"signal": "agency-login", "within_days": 30},
        **more,
    }
    return document


MODEL = load(with_partners(), 1)
PLAIN = compile_model(model_document(), 2)


def of(known: Mapping[str, Any] = BEST_FIT, tally: Tally = Tally(), ahead: int = 0) -> Score:
    return score(MODEL, Evidence(profile(known), Touches(), tally), day(ahead))


def test_a_partner_is_not_scored_and_the_line_says_why() -> None:
    found = of(PARTNER, seen(pricing_page=[0]))
    assert (found.total, found.grade, found.left_out, found.internal) == (0, "–", True, False)
    assert [(line.rule, line.milli, line.text) for line in found.reasons] == [
        ("excluded:partners", 0, "excluded as partners: not scored")
    ]


def test_anybody_else_is_scored_as_ever() -> None:
    other = {**BEST_FIT, "relation": "customer"}
    assert of(other) == replace(
        score(PLAIN, Evidence(profile(other), Touches(), Tally()), TODAY), model_version=1
    )


@pytest.mark.parametrize(("ago", "is_out"), [(0, True), (30, True), (31, False)])
def test_a_signal_excludes_within_its_days(ago: int, *, is_out: bool) -> None:
    assert of(tally=seen(agency_login=[ago])).left_out == is_out


def test_a_signal_without_days_excludes_while_it_is_known() -> None:
    document = with_partners(agencies={"signal": "agency-login"})
    known = Evidence(profile(), Touches(), seen(agency_login=[399]))
    model = load(document, 1)
    assert score(model, known, TODAY).left_out
    assert not score(model, known, day(1)).left_out


def test_a_recycle_does_not_make_an_agency_a_customer() -> None:
    since = Since(TODAY.toordinal() + 1, Tally())
    known = Evidence(profile(), Touches(), seen(agency_login=[3]), since)
    assert score(MODEL, known, TODAY).left_out


def test_what_a_stranger_typed_excludes_nobody() -> None:
    typed = profile({"relation": "partner"}, Rank.FORM)
    known = {**profile(BEST_FIT, Rank.CONFIRMED), **typed}
    assert not score(MODEL, Evidence(known, Touches(), Tally()), TODAY).left_out


def test_several_facts_exclude_only_together() -> None:
    both = [{"field": "relation", "equals": "partner"}, {"field": "country", "equals": "DE"}]
    model = load(with_partners(partners={"all": both}), 1)
    for country, is_out in (("DE", True), ("AT", False)):
        known = profile({**PARTNER, "country": country})
        assert score(model, Evidence(known, Touches(), Tally()), TODAY).left_out == is_out


def test_how_somebody_came_can_exclude() -> None:
    by_partner = {"touch": "first", "field": "medium", "equals": "partner"}
    model = load(with_partners(partners=by_partner), 1)
    for medium, is_out in (("partner", True), ("cpc", False)):
        known = Evidence(profile(), came_by(medium), Tally())
        assert score(model, known, TODAY).left_out == is_out
    assert model.fields == PLAIN.fields


def test_a_model_that_excludes_by_a_field_keeps_it() -> None:
    assert MODEL.fields == PLAIN.fields | {"relation"}


def test_an_excluded_lead_does_not_move() -> None:
    warm = seen(keys={"guide-download": {"aabbccdd": 0, "ddccbbaa": 0}})
    lead = Lead(lead_id=LEAD_ID, profile=profile(PARTNER), tally=warm)
    for stage in (Stage.LEAD, Stage.MQL, Stage.SQL):
        standing = Standing(stage=stage, entered_on=day(-60) if stage is not Stage.LEAD else None)
        assert decide_lead(MODEL, replace(lead, standing=standing), NOW).transitions == ()
    assert decide_lead(PLAIN, lead, NOW).transitions != ()
    counted = replace(lead, matching=MODEL.matching)
    assert find_next_steps(MODEL, counted, NOW) is None


@given(some.integers(0, 40), some.integers(0, 40))
def test_every_way_to_a_score_leaves_out_alike(ago: int, ahead: int) -> None:
    known = Evidence(profile(), Touches(), seen(agency_login=[ago], pricing_page=[0]))
    whole = replace(score(MODEL, known, day(ahead)), reasons=())
    assert whole.left_out == (ago + ahead <= 30)
    assert worth(MODEL, known, day(ahead)) == whole
    assert worth_by_day(MODEL, known)(day(ahead)) == whole
    assert Comparison(MODEL, PLAIN).worths(known, day(ahead))[0] == whole
    estimated = worth_ahead(MODEL, known, TODAY)(ahead)
    assert estimated.left_out == whole.left_out
    assert abs(estimated.total - whole.total) <= 3


def test_the_clock_comes_on_the_day_that_an_exclusion_ends() -> None:
    warm = seen(keys={"guide-download": {"aabbccdd": 0, "ddccbbaa": 0}}, agency_login=[10])
    lead = Lead(lead_id=LEAD_ID, profile=profile(), tally=warm)
    assert decide_lead(MODEL, lead, NOW).lead.standing.stage is Stage.LEAD
    assert next_review(MODEL, lead, TODAY) == day(21)
    assert decide_lead(MODEL, lead, NOW + timedelta(days=21)).lead.standing.stage is Stage.MQL


@settings(max_examples=SIZES.cases // 10)  # each is decided on four weeks of days
@given(
    some.integers(0, 40),
    some.lists(some.integers(0, 20), min_size=1, max_size=4, unique=True),
    some.sampled_from([Stage.LEAD, Stage.MQL]),
)
def test_the_first_review_is_the_first_day_that_decides(
    ago: int, guides: list[int], stage: Stage
) -> None:
    keys = {"guide-download": {f"{number:08x}": one for number, one in enumerate(guides)}}
    lead = Lead(
        lead_id=LEAD_ID,
        profile=profile(),
        tally=seen(keys=keys, agency_login=[ago], careers_page=[1]),
        standing=Standing(stage=stage, entered_on=None if stage is Stage.LEAD else day(-20)),
    )
    lead = decide_lead(MODEL, lead, NOW).lead
    if lead.standing.stage not in (Stage.LEAD, Stage.MQL):
        return
    moves = (
        ahead
        for ahead in range(1, 28)
        if decide_lead(MODEL, lead, NOW + timedelta(days=ahead)).transitions
    )
    assert next_review(MODEL, lead, TODAY) == day(next(moves, 28))


def test_an_example_may_be_about_somebody_excluded() -> None:
    example = {
        "name": "A partner who asks for a demo is not a lead of ours.",
        "given": {"profile": {"relation": "partner"}, "events": [{"form": "demo", "days_ago": 0}]},
        "expect": {"score": 0, "grade": "–", "stage": "lead"},
    }
    (outcome,) = run_examples(load({**with_partners(), "examples": [example]}, 1), [example])
    assert outcome.differences() == []


def test_a_date_can_exclude_until_it_is_over() -> None:
    on_trial = {"field": "contract_until", "next_days": 365}
    model = load(with_partners(partners=on_trial), 1)
    known = profile({**BEST_FIT, "contract_until": day(5).isoformat()})
    warm = seen(keys={"guide-download": {"aabbccdd": 0, "ddccbbaa": 0}})
    lead = Lead(lead_id=LEAD_ID, profile=known, tally=warm)
    assert decide_lead(model, lead, NOW).lead.standing.stage is Stage.LEAD
    assert next_review(model, lead, TODAY) == day(6)
    assert score(model, lead.evidence, day(5)).left_out
    assert not worth_by_day(model, lead.evidence)(day(6)).left_out


def test_a_request_of_somebody_excluded_is_heard() -> None:
    found = of(PARTNER, seen(demo_request=[0]))
    assert held_back_request(MODEL, Standing(), found) == "demo-request"


# --- from outside ---------------------------------------------------------------------------------


def test_a_partner_asks_and_the_team_looks_at_it() -> None:
    baton = InMemoryBaton()
    baton.world.models.load(with_partners(), "UTC")
    baton.form("demo", **ANN, relation="Partner")
    baton.until_quiet()
    lead = baton.lead()
    assert (lead["stage"], lead["score"]["total"], lead["next"]) == ("lead", 0, None)
    assert [line["rule"] for line in lead["score"]["reasons"]] == ["excluded:partners"]
    assert [key_of(item) for item in baton.outbox()] == ["triage#1#sns"]


def test_points_by_hand_do_not_bring_an_excluded_person_in() -> None:
    baton = InMemoryBaton()
    baton.world.models.load(with_partners(), "UTC")
    baton.form("tour", **ANN, relation="Partner")
    baton.until_quiet()
    lead = ask(baton, "points", {"points": 90, "reason": "a friend"})
    assert (lead["stage"], lead["score"]["total"]) == ("lead", 0)


def test_the_page_says_who_is_left_out() -> None:
    page = agreement(with_partners())
    assert "**partners** are left out in the same way if relation is `partner`" in page
    assert (
        "**agencies** are left out in the same way if agency login was seen within 30 days"
    ) in page
    assert "A request of somebody who is left out like that reaches the team all the same" in page


def test_a_model_with_exclusions_has_nothing_to_warn_of() -> None:
    assert check(with_partners()) == []
