"""What users of other tools ran into, from their public threads and bug reports: here each case has
its expected result.

Each model is as small as the case allows, and its people go the way of a real lead.
"""

import json
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.authoring.examples import TODAY, lead_by_day
from chalicelib.authoring.format import check, load
from chalicelib.leads.decision import score_of
from chalicelib.scoring.milli import MILLI
from chalicelib.scoring.score import Score
from tests.baton import ANN, TOKEN, InMemoryBaton, model_document
from tests.fakes import NOW

CTO = {"email": "ann@acme.example", "job_title": "CTO"}


def model_of(
    *,
    signals: Mapping[str, Any] | None = None,
    profile: Mapping[str, Any] | None = None,
    actions: Mapping[str, Any] | None = None,
    undesirables: Mapping[str, Any] | None = None,
    mql: Sequence[Mapping[str, Any]] = ({"score": 50, "engagement": 1},),
    **parts: Any,
) -> dict[str, Any]:
    """Return a model in which a demo is a request, and 50 points make an MQL."""
    demo = {"on": "form", "form": ["demo"]}
    return {
        "name": "A case",
        "signals": {"visit": {"on": "page"}, "demo": demo, **(signals or {})},
        "rules": {
            "profile": profile or {},
            "actions": actions or {},
            "undesirables": undesirables or {},
        },
        "groups": {"fit": {"max": 100, "min": -100}, "engagement": {"max": 100, "min": -100}},
        "grades": {"A": 30, "B": 20, "C": 10, "D": 0},
        "stages": {
            "mql": {"any": list(mql)},
            "sql": {"any": [{"signal": "demo", "within_days": 14, "kind": "requested"}]},
        },
        **parts,
    }


def visits(*days_ago: int, path: str = "/", times: int = 1) -> list[dict[str, Any]]:
    return [{"page": path, "days_ago": day, "times": times} for day in days_ago]


def said(
    document: Mapping[str, Any],
    *events: Mapping[str, Any],
    profile: Mapping[str, Any] | None = None,
    on_day: int = 0,
) -> tuple[Score, str]:
    """Return the score and the stage of a person on a day that is counted from today."""
    model = load(document, 1)
    given = {"profile": profile or {}, "events": list(events)}
    (lead,) = lead_by_day(model, given, [on_day])
    return score_of(model, lead, TODAY + timedelta(days=on_day)), str(lead.standing.stage)


def total(document: Mapping[str, Any], *events: Mapping[str, Any], **more: Any) -> float:
    return in_points(said(document, *events, **more)[0].total)


def in_points(milli: int) -> float:
    return milli / MILLI


def lines(score: Score) -> dict[str, float]:
    return {reason.rule: in_points(reason.milli) for reason in score.reasons}


# --- how often ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("times", "worth"), [(1, 1), (2, 1), (3, 6), (9, 6)])
def test_the_first_visit_gives_one_point_the_third_five_more(times: int, worth: int) -> None:
    """Mautic gave 1 of 6: two rules on the same address, and one of them counted."""
    document = model_of(
        actions={
            "first": {"signal": "visit", "points": 1, "max_points": 1},
            "third": {"signal": "visit", "tiers": [{"times": 3, "points": 5}]},
        },
        mql=[{"engagement": 6}],
    )
    assert total(document, *visits(0, times=times)) == worth


@pytest.mark.parametrize(
    ("each", "times", "worth", "stage"),
    [
        (10, 5, 50, "mql"),
        (9.999, 5, 49.995, "lead"),
        (10, 7, 70, "mql"),
        (0.1, 500, 50, "mql"),
        (1 / 3, 150, 50, "mql"),
        (0.3333, 150, 49.995, "lead"),
    ],
)
def test_the_threshold_is_reached_at_it_and_above(
    each: float, times: int, worth: float, stage: str
) -> None:
    """Mautic compared the number of hits with ===, and missed whoever had more. Points that are
    rounded before they are multiplied lost the last third.
    """
    document = model_of(actions={"visit": {"points": each}})
    score, reached = said(document, *visits(0, times=times))
    assert (in_points(score.total), reached) == (worth, stage)


def test_a_score_just_below_the_threshold_is_given_exactly() -> None:
    """In whole points it read "50 of 50", and the lead did not move."""
    baton = InMemoryBaton()
    baton.world.models.load(model_of(actions={"visit": {"points": 9.999}}))
    for _ in range(5):
        baton.page("/")
    baton.form("newsletter", **ANN)
    baton.until_quiet()
    assert baton.lead()["score"]["total"] == 50
    assert "; the score is exactly 49.995" in baton.lead()["next"]["text"]


def test_a_rule_far_above_its_limit_fades_from_the_limit() -> None:
    """Marketo: an old negative score keeps a lead that comes back below the threshold for ever.
    Somebody looked at vacancies on 21 days, five months ago.
    """
    careers = {"careers": {"on": "page", "where": {"path": ["/careers*"]}}}
    document = model_of(
        signals=careers,
        actions={"visit": {"points": 60, "max_points": 60, "half_life_days": 30}},
        undesirables={"careers": {"points": -8, "half_life_days": 60, "max_points": 16}},
    )
    past = visits(*range(150, 171), path="/careers")
    with_past, stage = said(document, *past, *visits(0))
    assert stage == said(document, *visits(0))[1] == "mql"
    found = lines(with_past)
    assert -3 < found["careers"] + found["limit:careers"] < -2.5
    today = visits(*range(21), path="/careers")
    assert lines(said(document, *today)[0])["limit:careers"] > 0


# --- numbers --------------------------------------------------------------------------------------

FROM_50000 = {"budget": {"field": "budget", "at_least": 50_000, "points": 10}}


@pytest.mark.parametrize(
    "budget",
    [50_000, "50000", "50,000", "50.000", "50 000", "€50k", "$1,000,000.00", "50,000 - 100,000"],
)
def test_a_budget_counts_as_people_and_systems_write_it(budget: Any) -> None:
    """Scoring on a field's value gave silently nothing for a comma."""
    assert (
        total(
            model_of(profile=FROM_50000, actions={"visit": {"points": 60}}),
            profile={"budget": budget},
        )
        == 10
    )


@pytest.mark.parametrize("budget", [49_999, "49,999", "€5k", "nan", "inf", "none yet", ""])
def test_what_is_below_or_is_no_number_gives_nothing(budget: Any) -> None:
    assert (
        total(
            model_of(profile=FROM_50000, actions={"visit": {"points": 60}}),
            profile={"budget": budget},
        )
        == 0
    )


def test_an_order_counts_by_its_value() -> None:
    """Recency, frequency, money: sums of a property and steps of recency."""
    document = model_of(
        signals={
            "order": {"on": "track", "event": "Order Completed"},
            "big-order": {
                "on": "track",
                "event": "Order Completed",
                "where": {"value": {"at_least": 500}},
            },
        },
        actions={
            "recency": {
                "signal": "order",
                "tiers": [
                    {"times": 1, "within_days": 30, "points": 20},
                    {"times": 1, "within_days": 90, "points": 10},
                ],
            },
            "frequency": {"signal": "order", "tiers": [{"times": 5, "points": 10}]},
            "money": {"signal": "order", "sum": "value", "points": 0.01, "max_points": 20},
            "big-order": {"points": 5, "max_points": 5},
        },
    )
    small = {"track": "Order Completed", "value": "49.90", "days_ago": 40}
    big = {"track": "Order Completed", "value": 1_000, "days_ago": 3}
    assert lines(said(document, small)[0]) == {"recency": 10, "money": 0.499}
    assert lines(said(document, small, big)[0]) == {"recency": 20, "money": 10.499, "big-order": 5}
    assert lines(said(document, *[small] * 5)[0])["frequency"] == 10


# --- what people type -----------------------------------------------------------------------------

TITLES = {
    "title": {
        "field": "job_title",
        "matches": ["geschäftsführer*", "directeur général", "cto"],
        "points": 7,
    }
}


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize(
    "title",
    ["Geschäftsführer", "GESCHÄFTSFÜHRER", "Directeur général", "\uff23\uff34\uff2f", "cto"],
)
def test_how_a_title_is_encoded_does_not_matter(title: str, form: Any) -> None:
    """What a Mac sends is decomposed, and what a Japanese form sends may be full width."""
    document = model_of(profile=TITLES, actions={"visit": {"points": 60}})
    assert total(document, profile={"job_title": unicodedata.normalize(form, title)}) == 7


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("written", ["STRASSBURG", "Straßburg", "straßburg"])
def test_sharp_s_is_ss(written: str, form: Any) -> None:
    document = model_of(
        profile={"city": {"field": "city", "equals": "Straßburg", "points": 4}},
        actions={"visit": {"points": 60}},
    )
    assert total(document, profile={"city": unicodedata.normalize(form, written)}) == 4


def test_the_dotted_i_of_istanbul_is_an_i() -> None:
    document = model_of(
        profile={"city": {"field": "city", "equals": "istanbul", "points": 4}},
        actions={"visit": {"points": 60}},
    )
    for written in ("İstanbul", "ISTANBUL", "istanbul"):
        assert total(document, profile={"city": written}) == 4


def test_else_is_everything_else() -> None:
    """Geckoboard's model takes two points off whoever is in no tier."""
    document = model_of(
        profile={
            "size": {
                "field": "company_size",
                "tiers": [{"at_least": 500, "points": 50}, {"else": True, "points": -2}],
            }
        },
        actions={"visit": {"points": 60}},
    )
    assert [
        total(document, profile=one) for one in ({"company_size": 800}, {"company_size": 9}, {})
    ] == [50, -2, -2]


def test_two_facts_at_once_give_points_together() -> None:
    """Geckoboard: is_edu and not is_student."""
    school = [
        {"field": "email_domain", "matches": ["*.edu"]},
        {"field": "job_title", "not": {"matches": ["*student*"]}},
    ]
    document = model_of(
        profile={"school": {"all": school, "points": 12}}, actions={"visit": {"points": 60}}
    )
    teacher = {"email": "a@mit.edu", "job_title": "Teacher"}
    student = {"email": "a@mit.edu", "job_title": "Student"}
    assert [total(document, profile=one) for one in (teacher, student)] == [12, 0]


# --- silence and time -----------------------------------------------------------------------------


def test_silence_costs_points_from_its_first_day() -> None:
    """A product-led model: no login in 14 days is -15."""
    document = model_of(
        signals={"login": {"on": "track", "event": "Signed In"}},
        actions={"login": {"points": 60, "max_points": 60}},
        undesirables={"quiet": {"silence": {"days": 14, "points": -15, "signals": ["login"]}}},
    )
    login = {"track": "Signed In", "days_ago": 0}
    assert [total(document, login, on_day=day) for day in (0, 13, 14, 30)] == [60, 60, 45, 45]


def test_points_change_by_time_alone_and_the_stage_follows() -> None:
    """A fault that fades lifts a lead over the threshold on a day on which it does nothing."""
    careers = {"careers": {"on": "page", "where": {"path": ["/careers*"]}}}
    document = model_of(
        signals=careers,
        actions={"visit": {"points": 55, "max_points": 55}},
        undesirables={"careers": {"points": -20, "half_life_days": 5}},
    )
    events = visits(0, path="/careers")
    stages = [said(document, *events, on_day=day)[1] for day in range(15)]
    scores = [total(document, *events, on_day=day) for day in range(15)]
    assert stages == ["mql" if one >= 50 else "lead" for one in scores]
    assert stages[0] == "lead"
    assert stages[-1] == "mql"


# --- facts that a form asks for -------------------------------------------------------------------

BANT = {
    "timescale": {
        "field": "timescale_months",
        "tiers": [
            {"below": 6, "points": 5},
            {"below": 12, "points": 3},
            {"present": True, "points": 1},
        ],
    },
    "decision": {"field": "decision_maker", "equals": [True, "yes"], "points": 3},
    "budget": {"field": "budget_approved", "equals": [True, "yes"], "points": 4},
    "action": {"field": "next_action", "equals": "meeting", "points": 5},
}
ANSWERS = {
    "timescale_months": 3,
    "decision_maker": True,
    "budget_approved": "yes",
    "next_action": "meeting",
}


def test_the_answers_on_a_form_qualify() -> None:
    """Oracle's guideline: budget, authority, need and time are facts, and there are no others."""
    document = model_of(profile=BANT, mql=[{"fit": 8}])
    form = {"form": "qualification", "days_ago": 0}
    assert said(document, form, profile=ANSWERS)[1] == "mql"


def test_the_same_answers_in_an_imported_list_qualify_nobody() -> None:
    assert said(model_of(profile=BANT, mql=[{"fit": 8}]), profile=ANSWERS)[1] == "lead"


# --- what is never recorded -----------------------------------------------------------------------


def test_an_opened_email_is_warned_of_and_counts_nowhere() -> None:
    """Eight of twenty-six published models score opens; an example with one used to hold."""
    opened = {"mail": "opened", "days_ago": 0}
    document = model_of(
        signals={"opens": {"on": "mail", "event": "opened"}},
        actions={"visit": {"points": 5}, "opens": {"points": 60}},
    )
    said_of_it = [one.message for one in check(document) if one.field == "signals.opens.event"]
    assert len(said_of_it) == 1
    assert "opens are not measured" in said_of_it[0]
    assert total(document, opened, *visits(0)) == 5


# --- several products -----------------------------------------------------------------------------


def test_two_products_have_a_score_each() -> None:
    """Somebody is ready for product A, and nobody for B."""
    document = model_of(
        signals={
            "a-page": {"on": "page", "where": {"path": ["/a/*"]}},
            "b-page": {"on": "page", "where": {"path": ["/b/*"]}},
        },
        actions={
            "a-page": {"points": 30, "group": "product-a"},
            "b-page": {"points": 30, "group": "product-b"},
        },
        groups={
            "engagement": {"max": 10, "min": 0},
            "product-a": {"max": 60, "min": 0},
            "product-b": {"max": 60, "min": 0, "in_total": False},
        },
        scores={
            "a": {"groups": ["product-a"], "bands": {"ready": 50, "cold": 0}},
            "b": {"groups": ["product-b"], "bands": {"ready": 50, "cold": 0}},
        },
        grades={},
        mql=[{"a": 50}, {"b": 50}],
    )
    score, stage = said(document, *visits(0, 1, path="/a/tour"))
    assert (score.value("a"), score.value("b"), stage) == (60_000, 0, "mql")
    score, stage = said(document, *visits(0, 1, path="/b/tour"))
    assert (score.value("a"), score.value("b"), stage) == (0, 60_000, "mql")
    assert score.total == 0


# --- as a whole -----------------------------------------------------------------------------------


def test_a_recycled_lead_is_worth_its_facts_whatever_is_published() -> None:
    """Pardot stored a reset as a correction; after the rules changed, scores were -1,000 and
    worse.
    """
    baton = InMemoryBaton()
    baton.page("/pricing")
    baton.form("demo", **ANN)
    baton.until_quiet()
    lead_id = baton.lead()["lead_id"]
    for stage in ("accepted", "recycled"):
        moved = baton.post(
            f"/v1/leads/{lead_id}/stage", {"stage": stage, "reason": "not ready"}, TOKEN
        )
        assert moved.status_code == 200, moved.body
        baton.until_quiet()
    facts = baton.lead()["score"]
    assert facts["groups"]["engagement"] == facts["groups"]["intent"] == 0
    for factor in (2, 1, 2, 1):
        document = json.loads(json.dumps(model_document()))
        for rule in document["rules"]["actions"].values():
            rule["points"] *= factor
        baton.world.models.load(document)
        baton.world.qualify.published(lead_id)
        baton.until_quiet()
        after = baton.lead()
        assert after["stage"] == "recycled"
        assert after["score"]["groups"] == facts["groups"]


def test_traits_that_rules_read_reach_the_profile() -> None:
    """Segment's identify carries what the product knows; a size in words must not lose the rest."""
    baton = InMemoryBaton()
    document = json.loads(json.dumps(model_document()))
    document["rules"]["profile"] |= {
        "plan": {"field": "plan", "equals": "pro", "points": 5},
        "budget": {"field": "budget", "between": [50_000, 10**9], "points": 5},
    }
    baton.world.models.load(document)
    traits = {
        "email": "ann@acme.example",
        "plan": "pro",
        "budget": 60_000,
        "company": {"name": "Acme", "employees": "51-200"},
    }
    baton.form("newsletter", email="ann@acme.example")
    body = {"anonymousId": "v1", "traits": traits, "timestamp": NOW.isoformat()}
    assert baton.post("/v1/identify", body).status_code == 200
    baton.until_quiet()
    lead = baton.lead()
    assert lead["profile"]["plan"] == "pro"
    assert lead["profile"]["budget"] == 60_000
    rules = {one["rule"]: one["points"] for one in lead["score"]["reasons"]}
    assert rules["plan"] == rules["budget"] == 5
    assert rules["size"] > 0


def test_a_rule_asks_for_one_of_several_boxes() -> None:
    """Of interest=crm&interest=erp the last was kept, silently, and a list was refused."""
    document = model_of(
        profile={"crm": {"field": "interest", "contains": "crm", "points": 5}},
        actions={"visit": {"points": 50}},
    )
    url_encoded = {"Content-Type": "application/x-www-form-urlencoded"}
    body = "email=ann%40acme.example&interest=crm&interest=erp&interest=hr"
    as_json = {"fields": {"email": "ann@acme.example", "interest": ["crm", "erp", "hr"]}}
    for kind, sent in (("url-encoded", body), ("JSON", json.dumps(as_json))):
        baton = InMemoryBaton()
        baton.world.models.load(document)
        headers = url_encoded if kind == "url-encoded" else {"Content-Type": "application/json"}
        assert baton.http("POST", "/v1/forms/newsletter", sent, headers).status_code == 202
        baton.until_quiet()
        lead = baton.lead()
        assert lead["profile"]["interest"] == ["crm", "erp", "hr"], kind
        assert {one["rule"]: one["points"] for one in lead["score"]["reasons"]} == {"crm": 5}
