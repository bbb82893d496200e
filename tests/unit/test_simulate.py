"""What-if: what a draft would make of every lead, and why."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.jobs.walk import Place, estimate_total
from chalicelib.leads.decision import score_of
from chalicelib.leads.lead import Lead
from chalicelib.lifecycle.stages import Outcome, Stage, Standing
from chalicelib.publishing.counting import in_parts
from chalicelib.publishing.differences import compare_lines
from chalicelib.publishing.simulate import Found, LeadMove, WhatIf, found_of, report
from chalicelib.scoring.compile import compile_model
from chalicelib.scoring.model import Model
from chalicelib.scoring.tally import Since, Tally
from tests import factories as make
from tests.baton import model_document
from tests.factories import LEAD_ID, TODAY
from tests.fakes import NOW

FIT_30 = {"job_title": "CTO", "company_size": 120, "industry": "software"}  # 14 + 10 + 6


def changed(**parts: Any) -> Model:
    """The default model with other ways into mql and sql, another floor, another rule."""
    document = deepcopy(model_document())
    stages, rules = document["stages"], document["rules"]
    stages["mql"]["any"] = parts.get("mql", stages["mql"]["any"])
    stages["sql"]["any"] = parts.get("sql", stages["sql"]["any"])
    stages["mql"]["cool_below"] = parts.get("cool_below", stages["mql"]["cool_below"])
    for rule, points in parts.get("points", {}).items():
        rules["actions"][rule]["points"] = points
    document["signals"] |= parts.get("signals", {})
    return compile_model(document, 2)


def counted(lead: Lead, _model: Model) -> Lead:
    raise AssertionError(f"{lead.lead_id} need not be counted anew")


def lead(
    stage: Stage = Stage.LEAD,
    facts: Mapping[str, Any] = FIT_30,
    tally: Tally = Tally(),
    **parts: Any,
) -> Lead:
    standing = make.standing(stage, **parts)
    return make.lead(
        version=1,
        profile=make.profile(facts),
        tally=tally,
        standing=standing,
        matching=make.model().matching,
    )


def judge(
    draft: Model, *leads: Lead, counted_as: Any = counted
) -> tuple[Found, list[LeadMove | None]]:
    found = Found()
    what_if = WhatIf(active=make.model(), draft=draft, day=TODAY, counted_as=counted_as)
    return found, [what_if.add(found, one) for one in leads]


def shapes(draft: Model, *leads: Lead) -> list[dict[str, Any]]:
    return [change.shape() for change in judge(draft, *leads)[1] if change]


# --- who changes ----------------------------------------------------------------------------------

WARM = make.seen(blog=[0, 1, 2, 3])  # engagement of nearly 4
EASY_MQL = [{"fit": 10, "engagement": 3}]


def test_a_draft_that_says_the_same_changes_nobody() -> None:
    found, changes = judge(changed(), lead(tally=WARM), lead(Stage.MQL), lead(Stage.CUSTOMER))
    assert (found.leads, found.changes, changes) == (3, {}, [None, None, None])


def test_a_lower_threshold_makes_mqls_and_says_by_which_way() -> None:
    (shape,) = shapes(changed(mql=EASY_MQL), lead(tally=WARM))
    assert (shape["from"], shape["to"]) == ("lead", "mql")
    (reason,) = shape["reasons"]
    assert reason["rule"] == "stage:mql"
    assert reason["text"] == "fit at least 10, engagement at least 3"
    assert reason["points_before"] == reason["points_after"]


def test_a_changed_rule_is_named_with_both_its_points() -> None:
    (shape,) = shapes(
        changed(points={"blog": 3}, mql=[{"engagement": 2}]), lead(tally=make.seen(blog=[0]))
    )
    decision, blog = shape["reasons"][:2]
    assert decision["text"] == "engagement at least 2"
    assert (blog["rule"], blog["points_before"]) == ("blog", 1)
    assert blog["points_after"] == 3


def test_a_review_that_is_overdue_is_not_the_drafts_doing() -> None:
    cold = lead(Stage.MQL)
    found, changes = judge(changed(points={"blog": 2}), cold)
    assert (found.changes, changes) == ({}, [None])


def test_a_draft_that_keeps_a_lead_warm_shows_that() -> None:
    (shape,) = shapes(changed(cool_below={"fit": -40}), lead(Stage.MQL))
    assert (shape["from"], shape["to"]) == ("lead", "mql")
    assert shape["reasons"][0]["text"] == "no longer: cooled: activity below 5"


def test_a_draft_that_cools_is_told() -> None:
    warm = lead(Stage.MQL, tally=make.seen(blog=[0, 1], pricing_page=[0]))
    (shape,) = shapes(changed(cool_below={"activity": 20}, mql=[{"score": 90}]), warm)
    assert (shape["from"], shape["to"]) == ("mql", "lead")


def test_what_sales_has_is_not_moved_by_a_draft() -> None:
    easy = changed(mql=EASY_MQL, sql=[{"fit": 5, "engagement": 1}])
    with_sales = [
        lead(stage, tally=WARM)
        for stage in (Stage.SQL, Stage.ACCEPTED, Stage.OPPORTUNITY, Stage.CUSTOMER)
    ]
    assert judge(easy, *with_sales)[0].changes == {}


def test_a_resting_lead_rests_under_the_draft_too() -> None:
    easy = changed(sql=[{"fit": 5, "engagement": 1, "kind": "inferred"}], mql=EASY_MQL)
    resting = lead(Stage.RECYCLED, tally=WARM, rest_until=make.day(9))
    found, _ = judge(
        easy, resting, replace(resting, standing=replace(resting.standing, rest_until=TODAY))
    )
    assert found.changes == {"recycled->sql": 1}


def test_what_preceded_a_recycle_counts_under_no_draft() -> None:
    again = lead(Stage.RECYCLED, tally=WARM, since=Since.now(make.model(), WARM, NOW, LEAD_ID))
    assert judge(changed(mql=EASY_MQL), again)[0].changes == {}


def test_one_that_turned_out_to_be_another_is_no_lead() -> None:
    found, changes = judge(changed(mql=EASY_MQL), replace(lead(tally=WARM), merged_into="ANOTHER"))
    assert (found.leads, changes) == (0, [None])


def test_a_lead_is_counted_as_each_model_counts() -> None:
    """A new signal has no history in the tallies: it is counted anew of the events, for the
    simulation alone.
    """
    signals = {"imprint": {"on": "page", "where": {"path": ["/imprint"]}}}
    draft = changed(signals=signals, mql=[{"signal": "imprint", "fit": 5}])
    asked: list[str] = []

    def counted_as(one: Lead, model: Model) -> Lead:
        asked.append(model.matching)
        return replace(one, tally=make.seen(imprint=[1]), matching=model.matching)

    found, _ = judge(draft, lead(), counted_as=counted_as)
    assert found.changes == {"lead->mql": 1}
    assert asked == [draft.matching]
    judge(draft, replace(lead(), matching="an older one"), counted_as=counted_as)
    assert asked[1:] == [make.model().matching, draft.matching]


# --- handoffs a week ------------------------------------------------------------------------------

BY_BLOG = [{"signal": "blog", "within_days": 30, "fit": 5, "kind": "inferred"}]


def handoffs(draft: Model, *leads: Lead) -> tuple[int, int]:
    found, _ = judge(draft, *leads)
    return found.handoffs_before, found.handoffs_after


def test_a_way_into_sql_this_week_is_a_handoff() -> None:
    asked = make.seen(demo_request=[2])
    assert handoffs(changed(sql=BY_BLOG), lead(tally=asked)) == (1, 0)
    assert handoffs(changed(sql=BY_BLOG), lead(tally=make.seen(blog=[2]))) == (0, 1)


def test_one_that_was_open_a_week_ago_is_none() -> None:
    assert handoffs(changed(), lead(tally=make.seen(demo_request=[7]))) == (0, 0)
    assert handoffs(changed(), lead(tally=make.seen(demo_request=[6]))) == (1, 1)


@pytest.mark.parametrize("stage", [Stage.SQL, Stage.ACCEPTED, Stage.OPPORTUNITY])
def test_one_that_sales_already_got_this_week_counts(stage: Stage) -> None:
    assert handoffs(changed(), lead(stage, tally=make.seen(demo_request=[2]))) == (1, 1)


def test_customers_disqualified_own_and_resting_are_handed_to_nobody() -> None:
    asked = make.seen(demo_request=[2])
    ours = compile_model({**model_document(), "internal": {"email_domain": ["acme.example"]}}, 2)
    assert handoffs(
        changed(), lead(Stage.CUSTOMER, tally=asked), lead(Stage.DISQUALIFIED, tally=asked)
    ) == (0, 0)
    assert handoffs(ours, lead(tally=asked, facts={**FIT_30, "email": "ann@acme.example"})) == (
        1,
        0,
    )
    resting = lead(Stage.RECYCLED, tally=make.seen(blog=[2]), rest_until=make.day(9))
    assert handoffs(changed(sql=BY_BLOG), resting) == (0, 0)


# --- against won and lost -------------------------------------------------------------------------


def closed(
    outcome: Outcome, tally: Tally, days_ago: int = 20, stage: Stage = Stage.CUSTOMER
) -> Lead:
    return lead(stage, tally=tally, outcome=outcome, handed_on=make.day(-days_ago))


def test_precision_and_recall_are_told_before_and_after() -> None:
    demo, blog = make.seen(demo_request=[20]), make.seen(blog=[20])
    leads = [
        closed(Outcome.WON, demo),
        closed(Outcome.WON, blog),
        closed(Outcome.LOST, demo, stage=Stage.RECYCLED),
    ]
    found, _ = judge(changed(sql=BY_BLOG), *leads)
    assert found.outcomes() == {
        "won": 2,
        "lost": 1,
        "precision_before": 0.5,
        "recall_before": 0.5,
        "precision_after": 1.0,
        "recall_after": 0.5,
    }


def test_a_lead_is_judged_as_sales_got_it() -> None:
    later = make.seen(demo_request=[5])
    found, _ = judge(
        changed(), closed(Outcome.WON, later), closed(Outcome.WON, make.seen(demo_request=[20]))
    )
    assert (found.won.known, found.won.before) == (2, 1)


def test_a_lead_without_a_verdict_is_not_judged() -> None:
    open_again = closed(Outcome.LOST, make.seen(demo_request=[20]), stage=Stage.ACCEPTED)
    imported = lead(Stage.CUSTOMER, outcome=Outcome.WON)
    assert judge(changed(), open_again, imported)[0].outcomes() is None


def test_a_share_of_nothing_is_null() -> None:
    found, _ = judge(changed(), closed(Outcome.LOST, Tally(), stage=Stage.RECYCLED))
    outcomes = found.outcomes()
    assert outcomes is not None
    assert [outcomes[key] for key in ("precision_before", "recall_before")] == [None, None]


# --- what is told ---------------------------------------------------------------------------------


def test_the_report_is_what_the_api_promises() -> None:
    found, _ = judge(changed(mql=EASY_MQL), lead(tally=WARM))
    assert report(found, [], 50, truncated=False) == {
        "changes": {"lead->mql": 1},
        "leads": [],
        "handoffs_per_week": {"before": 0, "after": 0, "capacity": 50},
        "outcomes": None,
    }
    assert report(found, [], 50, truncated=True)["truncated"] is True


def test_what_was_counted_survives_being_kept() -> None:
    found, _ = judge(changed(mql=EASY_MQL), lead(tally=WARM), closed(Outcome.WON, Tally()))
    assert found_of(found.to_json()) == found


def test_a_line_missing_in_one_model_counts_as_nothing() -> None:
    before = score_of(make.model(), lead(), TODAY)
    after = score_of(make.model(), lead(tally=make.seen(blog=[0])), TODAY)
    gained = {one.rule: (one.before, one.after) for one in compare_lines(before, after)}
    assert gained == {"blog": (0, 1000)}
    lost = {one.rule: (one.before, one.after) for one in compare_lines(after, before)}
    assert lost == {"blog": (1000, 0)}


def test_the_weightiest_differences_come_first_and_are_bounded() -> None:
    draft = changed(points=dict.fromkeys(model_document()["rules"]["actions"], 9))
    every = Tally({signal: {TODAY.toordinal(): 1} for signal in model_document()["signals"]})
    found = compare_lines(
        *(score_of(model, lead(tally=every), TODAY) for model in (make.model(), draft))
    )
    sizes = [abs(one.after - one.before) for one in found]
    assert sizes == sorted(sizes, reverse=True)
    assert len(found) == 20


def test_a_list_is_cut_into_parts_that_fit() -> None:
    listed = [{"lead_id": str(number), "reasons": "x" * 30_000} for number in range(10)]
    parts = in_parts(listed)
    assert [one for part in parts for one in part] == listed
    assert [len(part) for part in parts] == [3, 3, 3, 1]
    assert in_parts([]) == []


@pytest.mark.parametrize(
    ("done", "shard", "after", "about"),
    [(0, 0, "", 0), (100, 1, "", 1_600), (50, 0, "KAAA", 1_600), (1_000, 16, "", 1_000)],
)
def test_the_number_of_leads_follows_from_the_walks_progress(
    done: int, shard: int, after: str, about: int
) -> None:
    assert 0.9 * about <= estimate_total(done, Place(shard, after), 16) <= 1.1 * about


def test_a_standing_is_never_changed_by_a_simulation() -> None:
    one = lead(tally=WARM)
    judge(changed(mql=EASY_MQL), one)
    assert one.standing == Standing(stage=Stage.LEAD, entered_on=TODAY - timedelta(days=30))
