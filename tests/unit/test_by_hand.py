"""Points that one of our people gives a lead by hand: a line like any other (ADR 0050)."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from chalicelib.authoring.examples import run_examples
from chalicelib.authoring.format import load
from chalicelib.events import Act, Event, Kind, lead_partition
from chalicelib.leads.decision import decide_lead, first_move, next_review
from chalicelib.leads.lead import Lead
from chalicelib.leads.replay import with_events
from chalicelib.lifecycle.stages import Stage, Standing
from chalicelib.limits import HAND_POINTS_MAX_LIVE
from chalicelib.scoring.by_hand import GivenPoints
from chalicelib.scoring.compare import Comparison
from chalicelib.scoring.evidence import Evidence
from chalicelib.scoring.score import score, worth, worth_ahead, worth_by_day
from chalicelib.scoring.tally import Tally
from chalicelib.scoring.touches import Touches
from tests import factories as make
from tests.baton import ANN, TOKEN, InMemoryBaton, ask, key_of, model_document
from tests.factories import LEAD_ID, TODAY, day, profile, seen
from tests.fakes import NOW
from tests.held import erased
from tests.sizes import SIZES

MODEL = make.model()
FAIR = {"points": 25, "reason": "met her at the fair"}


def points(milli: int, n: int = 1, **parts: Any) -> GivenPoints:
    return GivenPoints(NOW, f"e{n}", milli, "met her at the fair", **parts)


def given_points(n: int, **properties: Any) -> Event:
    return make.event(
        Kind.PERSON,
        Act.POINTS.value,
        partition=lead_partition(LEAD_ID),
        n=n,
        properties={"points": 10, "reason": "a call", **properties},
    )


def evidence(*given: GivenPoints, tally: Tally = Tally()) -> Evidence:
    return Evidence(profile(), Touches(), tally, given=given)


ends = some.none() | some.integers(-3, 40).map(day)
groups = some.sampled_from([None, "fit", "intent", "gone"])
gifts = some.lists(
    some.builds(
        GivenPoints,
        at=some.integers(0, 30).map(lambda ago: NOW - timedelta(days=ago)),
        event_id=some.text("abc", min_size=1, max_size=3),
        milli=some.integers(-60_000, 60_000),
        reason=some.just("a call"),
        until=ends,
        group=groups,
    ),
    max_size=5,
)


# --- in the score ---------------------------------------------------------------------------------


def test_points_by_hand_are_a_line_with_the_reason() -> None:
    line = score(MODEL, evidence(points(-7_500, until=day(30))), TODAY).reasons[-1]
    assert (line.rule, line.group, line.milli, line.last) == ("hand:1", "fit", -7_500, TODAY)
    assert line.text == "by hand: met her at the fair (until 2026-12-22)"


def test_they_count_on_their_last_day_and_no_longer() -> None:
    known = evidence(points(10_000, group="intent", until=day(3)))
    found = [score(MODEL, known, day(ahead)).groups["intent"] for ahead in (2, 3, 4)]
    assert found == [10_000, 10_000, 0]


@pytest.mark.parametrize(
    ("named", "gets"), [(None, "fit"), ("intent", "intent"), ("a group of before", "fit")]
)
def test_a_group_that_is_gone_does_not_lose_them(named: str | None, gets: str) -> None:
    without = score(MODEL, evidence(), TODAY).groups[gets]
    found = score(MODEL, evidence(points(-9_000, group=named)), TODAY).groups[gets]
    assert found == without - 9_000 if gets == "fit" else found == without


def test_a_model_without_fit_gives_them_to_its_first_group() -> None:
    document = deepcopy(model_document())
    document["groups"] = {"all": {"max": 100, "min": -100}}
    for side in document["rules"].values():
        for rule in side.values():
            rule["group"] = "all"
    document |= {"sums": {}, "grades": {}, "examples": []}
    document["stages"] = {
        "mql": {"any": [{"signal": "pricing-page"}]},
        "sql": {"any": [{"signal": "demo-request", "kind": "requested"}]},
    }
    found = score(load(document, 1), evidence(points(9_000, group="fit")), TODAY)
    assert [line.group for line in found.reasons if line.rule == "hand:1"] == ["all"]


@given(gifts, some.integers(0, 60))
def test_every_way_to_a_score_counts_them_alike(gift: list[GivenPoints], ahead: int) -> None:
    known = evidence(*gift, tally=seen(blog=[0, 3], pricing_page=[1]))
    whole = score(MODEL, known, day(ahead))
    assert sum(line.milli for line in whole.reasons) == whole.total
    bare = replace(whole, reasons=())
    assert worth(MODEL, known, day(ahead)) == bare
    assert worth_by_day(MODEL, known)(day(ahead)) == bare
    assert Comparison(MODEL, MODEL).worths(known, day(ahead)) == [bare, bare]
    assert abs(worth_ahead(MODEL, known, TODAY)(ahead).total - whole.total) <= 3


@given(some.permutations(range(6)))
def test_the_order_of_their_events_does_not_matter(order: Sequence[int]) -> None:
    events = [given_points(n, points=n - 2.5, group="intent" if n % 2 else "") for n in range(6)]
    at_once = with_events(MODEL, Lead(lead_id=LEAD_ID), events)
    one_by_one = Lead(lead_id=LEAD_ID)
    for position in (*order, *order[:3]):
        one_by_one = with_events(MODEL, one_by_one, [events[position]])
    assert one_by_one.given == at_once.given
    assert len(at_once.given) == 6


# --- and time -------------------------------------------------------------------------------------


def decided(*given: GivenPoints, standing: Standing = Standing(), tally: Tally = Tally()) -> Lead:
    lead = Lead(lead_id=LEAD_ID, profile=profile(), tally=tally, given=given, standing=standing)
    return decide_lead(MODEL, lead, NOW).lead


def test_the_clock_comes_when_bad_points_end() -> None:
    warm = seen(keys={"guide-download": {"aabbccdd": 0, "ddccbbaa": 0}})
    without = decided(tally=warm)
    assert without.standing.stage is Stage.MQL
    lead = decided(points(-100_000, until=day(4)), tally=warm)
    assert lead.standing.stage is Stage.LEAD
    assert lead.review_on == day(5)


def test_the_clock_comes_when_good_points_end() -> None:
    """Also for a lead that did nothing."""
    lead = decided(points(15_000, group="intent", until=day(9)))
    assert lead.standing.stage is Stage.MQL
    assert lead.review_on == first_move(MODEL, lead, TODAY, 27) == max(day(10), day(14))


def test_points_for_good_need_no_clock() -> None:
    lead = decided(points(1_000))
    assert (lead.tally, lead.review_on) == (Tally(), None)


@settings(max_examples=SIZES.cases // 10)  # each is decided on four weeks of days
@given(gifts, some.sampled_from([Stage.LEAD, Stage.MQL]))
def test_the_first_move_is_the_first_day_that_decides(
    gift: list[GivenPoints], stage: Stage
) -> None:
    standing = Standing(stage=stage, entered_on=None if stage is Stage.LEAD else day(-20))
    tally = seen(blog=[0, 3], pricing_page=[1], careers_page=[0, 1])
    lead = decided(*gift, standing=standing, tally=tally)
    found = next_review(MODEL, lead, TODAY)
    moves = [
        ahead
        for ahead in range(1, 28)
        if decide_lead(MODEL, lead, NOW + timedelta(days=ahead)).transitions
    ]
    in_review = lead.standing.stage in (Stage.LEAD, Stage.MQL)
    assert found == (day(moves[0] if moves else 28) if in_review else None)


def test_what_has_ended_is_kept_no_longer() -> None:
    assert decided(points(1_000, until=day(-1)), points(2_000, 2, until=TODAY)).given == (
        points(2_000, 2, until=TODAY),
    )


# --- over HTTP ------------------------------------------------------------------------------------


def ann(**fields: Any) -> InMemoryBaton:
    """A Baton in which Ann looked at the home page and at a guide."""
    baton = InMemoryBaton()
    baton.page("/")
    baton.form("tour", consent=True, **{**ANN, **fields})
    baton.until_quiet()
    return baton


def hands(lead: Any) -> list[tuple[str, str, float]]:
    return [
        (line["rule"], line["group"], line["points"])
        for line in lead["score"]["reasons"]
        if line["rule"].startswith("hand:")
    ]


def given_ids(baton: InMemoryBaton) -> list[str]:
    timeline = baton.get(f"/v1/leads/{baton.world.lead_id(ANN['email'])}/timeline")["items"]
    return [one["id"] for one in timeline if one["name"] == "points"]


def test_a_person_gives_points_and_the_lead_answers_with_them() -> None:
    baton = ann()
    before = baton.lead()["score"]
    lead = ask(baton, "points", {**FAIR, "group": "intent", "until": "2026-12-31"})
    assert hands(lead) == [("hand:1", "intent", 25)]
    assert lead["score"]["reasons"][-1]["text"] == (
        "by hand: met her at the fair (until 2026-12-31)"
    )
    assert lead["score"]["groups"]["intent"] == before["groups"]["intent"] + 25
    assert baton.lead()["score"] == lead["score"]


def test_points_can_make_a_lead_an_mql_like_any_others() -> None:
    baton = ann()
    lead = ask(baton, "points", {**FAIR, "group": "intent"})
    assert lead["stage"] == "mql"
    assert "nurture#1#welcome#1" in {key_of(item) for item in baton.outbox()}


def test_the_timeline_says_what_was_given_and_why() -> None:
    baton = ann()
    ask(baton, "points", {"points": -2.5, "reason": "left the company", "until": "2027-01-31"})
    (item,) = (
        one
        for one in baton.get(f"/v1/leads/{baton.world.lead_id(ANN['email'])}/timeline")["items"]
        if one["kind"] == "person"
    )
    assert (item["name"], item["detail"]["properties"]) == (
        "points",
        {"points": -2.5, "reason": "left the company", "until": "2027-01-31", "by": "admin"},
    )


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"points": 5}, "reason"),
        ({"reason": "x"}, "points"),
        ({"points": 1001, "reason": "x"}, "points"),
        ({"points": -1000.5, "reason": "x"}, "points"),
        ({"points": 0, "reason": "x"}, "points"),
        ({"points": "5", "reason": "x"}, "points"),
        ({"points": True, "reason": "x"}, "points"),
        ({"points": 5, "reason": " "}, "reason"),
        ({"points": 5, "reason": "x" * 501}, "reason"),
        ({"points": 5, "reason": "x", "until": "soon"}, "until"),
        ({"points": 5, "reason": "x", "until": "20261231"}, "until"),
        ({"points": 5, "reason": "x", "until": "2026-02-30"}, "until"),
        ({"points": 5, "reason": "x", "until": 20261231}, "until"),
        ({"points": 5, "reason": "x", "until": "2026-11-21"}, "until"),
        ({"points": 5, "reason": "x", "group": "fitness"}, "group"),
        ({"points": 5, "reason": "x", "days": 3}, "days"),
        ([], "body"),
    ],
)
def test_a_wrong_request_is_400_and_changes_nothing(data: Any, field: str) -> None:
    baton = ann()
    before = baton.kept()
    errors = ask(baton, "points", data, status=400)["errors"]
    assert [error["field"] for error in errors] == [field]
    assert baton.kept() == before


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({**FAIR, "points": 1_001}, "must be at most 1,000"),
        ({**FAIR, "points": "25"}, "must be a number"),
        ({**FAIR, "note": "x"}, "there is no such field here; leave it out"),
        ({"points": 25}, "is missing; add it"),
        ([FAIR], "must be an object with named fields"),
    ],
)
def test_a_wrong_request_is_answered_in_words(data: Any, says: str) -> None:
    (error,) = ask(ann(), "points", data, status=400)["errors"]
    assert error["message"] == says


def test_the_message_names_the_groups_that_there_are() -> None:
    (error,) = ask(ann(), "points", {**FAIR, "group": "fitness"}, status=400)["errors"]
    assert error["message"] == (
        "is not a group of the model, which has fit, channel, engagement, intent"
    )


def test_a_lead_has_no_more_than_twenty_at_a_time() -> None:
    baton = ann()
    for _ in range(HAND_POINTS_MAX_LIVE):
        ask(baton, "points", {"points": 1, "reason": "a call", "until": "2026-11-23"})
    assert "take some back" in ask(baton, "points", FAIR, status=409)["detail"]
    baton.ports.clock.tick(timedelta(days=2))
    assert hands(ask(baton, "points", FAIR)) == [("hand:1", "fit", 25)]


def test_points_are_taken_back_like_any_event() -> None:
    baton = ann()
    ask(baton, "points", {**FAIR, "group": "intent"})
    baton.minutes_later(1)
    ask(baton, "points", {"points": 3, "reason": "a call"})
    assert baton.lead()["stage"] == "mql"
    (_, first) = given_ids(baton)
    lead = ask(baton, "retract", {"event_ids": [first], "reason": "it was her sister"})
    assert hands(lead) == [("hand:1", "fit", 3)]
    assert lead["stage"] == "lead"
    assert (
        ask(baton, "retract", {"event_ids": [first], "reason": "again"})["score"] == lead["score"]
    )


def test_other_writers_make_them_count_once_all_the_same() -> None:
    baton = ann()
    baton.ports.memory.be_busy(7)
    assert hands(ask(baton, "points", FAIR)) == [("hand:1", "fit", 25)]
    assert hands(baton.lead()) == [("hand:1", "fit", 25)]
    assert ask(baton, "rebuild", {})["differences"] == []


def test_two_requests_are_two_gifts() -> None:
    baton = ann()
    ask(baton, "points", FAIR)
    assert len(hands(ask(baton, "points", FAIR))) == 2


def test_merged_leads_have_the_points_of_both() -> None:
    baton = ann()
    baton.form("tour", visitor="v2", email="bob@acme.example")
    baton.until_quiet()
    ask(baton, "points", {"points": 2, "reason": "a call"})
    ask(baton, "points", {"points": 3, "reason": "a call"}, email="bob@acme.example")
    merged = ask(baton, "merge", {"other_lead_id": baton.world.lead_id("bob@acme.example")})
    assert sorted(one[2] for one in hands(merged)) == [2, 3]
    assert ask(baton, "rebuild", {})["differences"] == []


def test_a_past_day_shows_what_was_given_by_then() -> None:
    baton = ann()
    ask(baton, "points", {"points": 2, "reason": "a call", "until": "2026-11-24"})
    baton.ports.clock.tick(timedelta(days=4))
    ask(baton, "points", {"points": 3, "reason": "a talk"})
    path = f"/v1/leads/{baton.world.lead_id(ANN['email'])}"
    assert hands(baton.get(f"{path}?as_of=2026-11-23")) == [("hand:1", "fit", 2)]
    assert hands(baton.get(path)) == [("hand:1", "fit", 3)]


def test_the_points_of_an_erased_person_are_gone() -> None:
    baton = ann()
    ask(baton, "points", FAIR)
    lead_id = baton.world.lead_id(ANN["email"])
    export = baton.http("GET", f"/v1/leads/{lead_id}/export", headers=TOKEN)
    assert "met her at the fair" in export.body.decode()
    assert erased(baton, ANN["email"])["state"] == "done"
    baton.form("tour", visitor="v9", **ANN)
    baton.until_quiet()
    assert hands(baton.lead()) == []
    assert "met her at the fair" not in str(baton.ports.memory.items)


def test_points_outlive_a_recycle_as_facts_do() -> None:
    baton = ann()
    ask(baton, "points", FAIR)
    baton.form("demo", **ANN)
    baton.until_quiet()
    assert hands(ask(baton, "stage", {"stage": "recycled", "reason": "other"})) != []


def test_an_example_may_have_points_by_hand() -> None:
    example = {
        "name": "Somebody whom we met at the fair, for a month.",
        "given": {
            "profile": {"job_title": "CTO", "company_size": 120, "country": "DE"},
            "points": [
                {"points": 30, "group": "intent", "days_ago": 3, "until_in_days": 20},
                {"points": -4, "reason": "no budget"},
            ],
        },
        "expect": {
            "score": 54,
            "grade": "B",
            "stage": "mql",
            "groups": {"intent": 30},
            "later": [{"in_days": 20, "stage": "mql"}, {"in_days": 21, "stage": "lead"}],
        },
    }
    (outcome,) = run_examples(load({**model_document(), "examples": [example]}, 1), [example])
    assert outcome.differences() == []


def test_a_day_has_no_year_too_far() -> None:
    assert decided(points(1_000, until=date.max)).given != ()
