"""The playbook's example leads: what the default model says of each, to the point.

A tally is written down as it would be counted; the two that people walk through (Ann, the free-mail
founder) are counted from their events.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from chalicelib.events import Value
from chalicelib.lifecycle.decide import decide
from chalicelib.lifecycle.stages import Stage, Standing, apply
from chalicelib.scoring.evidence import Evidence
from chalicelib.scoring.score import Score, score
from chalicelib.scoring.tally import Tally, count_events
from chalicelib.scoring.touches import Touches
from tests import factories as make
from tests.factories import TODAY, came_by, profile, seen

MANAGER: Mapping[str, Value] = {
    "job_title": "Product Manager",
    "company_size": 300,
    "industry": "software",
    "country": "DE",
}
NO_TOUCH = Touches()


def points(worth: Score) -> tuple[float, float, float, float]:
    """Fit, channel, engagement and message, rounded to a tenth as the playbook prints them."""
    fit, channel, engagement, message = (
        round(worth.groups[name] / 1000, 1) for name in ("fit", "channel", "engagement", "intent")
    )
    return fit, channel, engagement, message


def told(worth: Score) -> tuple[int, str]:
    return worth.rounded, worth.grade


def stage(worth: Score, standing: Standing = Standing()) -> tuple[Stage, str | None]:
    moved = decide(make.model(), standing, worth, TODAY)
    after = apply(standing, moved) if moved else standing
    return after.stage, after.kind


def test_1_ann_from_an_ad_asks_for_a_demo() -> None:
    """She reads, downloads the guide and looks at the prices before."""
    ad = {"campaign": {"medium": "cpc", "source": "google"}}
    first = [
        make.page("/", **ad),
        make.page("/blog/a", n=1),
        make.page("/blog/b", n=2),
        make.download("buyers-guide"),
        make.form("guide"),
    ]
    pricing = [make.page("/pricing", n=n) for n in range(3, 7)]
    steps: list[tuple[tuple[float, ...], tuple[int, str], Stage, str | None]] = []
    tally, standing = Tally(), Standing()
    for events in (first, pricing, [make.form("demo")]):
        tally = count_events(make.model(), tally, events)
        worth = score(make.model(), Evidence(profile(), came_by("cpc"), tally), TODAY)
        where, kind = stage(worth, standing)
        standing = replace(standing, stage=where, kind=kind, entered_on=TODAY)
        steps.append((points(worth), told(worth), where, kind))
    assert steps == [
        ((40, 3, 17, 0), (60, "A"), Stage.MQL, None),
        ((40, 3, 17, 6), (66, "A"), Stage.MQL, None),
        ((40, 3, 17, 30), (90, "A"), Stage.SQL, "requested"),
    ]


def test_2_an_imported_cfo_who_did_nothing_is_a_lead() -> None:
    worth = score(
        make.model(),
        Evidence(profile({**make.BEST_FIT, "job_title": "CFO"}), NO_TOUCH, Tally()),
        TODAY,
    )
    assert (points(worth), told(worth), stage(worth)) == (
        (40, 0, 0, 0),
        (40, "A"),
        (Stage.LEAD, None),
    )


def test_3_somebody_unknown_with_one_guide_stays_a_lead() -> None:
    """They get the guide and nothing else."""
    tally = seen(site_visit=[0], keys={"guide-download": {"a": 0}})
    worth = score(
        make.model(), Evidence(profile({"email": "x@acme.example"}), NO_TOUCH, tally), TODAY
    )
    assert (points(worth), told(worth), stage(worth)) == (
        (0, 0, 13, 0),
        (13, "–"),
        (Stage.LEAD, None),
    )


def test_4_only_a_company_but_busy_is_an_mql() -> None:
    """Too little is known for a grade."""
    tally = seen(
        site_visit=[0, 2, 5, 8, 12, 15],
        product_page=[0, 2, 5],
        webinar_attended=[5],
        newsletter_signup=[15],
        pricing_page=[0],
        compare_page=[0],
        keys={"guide-download": {"a": 2, "b": 12}, "product-sheet": {"c": 0}},
    )
    worth = score(
        make.model(), Evidence(profile({"company": "Acme"}), came_by("organic"), tally), TODAY
    )
    assert (points(worth), told(worth), stage(worth)) == (
        (2, 3, 25, 17),
        (47, "–"),
        (Stage.MQL, None),
    )


def test_5_a_founder_with_free_mail_reaches_a_human() -> None:
    """The founder asks for a demo."""
    founder: Mapping[str, Value] = {
        "email": "jo@gmail.com",
        "job_title": "Founder",
        "company_size": 12,
        "country": "DE",
        "company": "Jo",
        "phone": "1",
    }
    tally = count_events(make.model(), Tally(), [make.page(), make.form("demo")])
    worth = score(make.model(), Evidence(profile(founder), NO_TOUCH, tally), TODAY)
    assert (points(worth), told(worth), stage(worth)) == (
        (12, 0, 1, 30),
        (43, "C"),
        (Stage.SQL, "requested"),
    )


def test_6_a_student_with_free_mail_stays_a_lead() -> None:
    """Although the student asks for a demo."""
    student: Mapping[str, Value] = {"email": "jo@gmail.com", "job_title": "Student"}
    worth = score(
        make.model(),
        Evidence(profile(student), NO_TOUCH, seen(site_visit=[0], demo_request=[0])),
        TODAY,
    )
    assert (points(worth), told(worth), stage(worth)) == (
        (-40, 0, 1, 30),
        (-9, "F"),
        (Stage.LEAD, None),
    )


SEVEN: dict[str, Any] = {
    "site_visit": [0, 4, 9],
    "product_page": [0, 9],
    "pricing_page": [0, 4],
    "case_study": [0],
}


def test_7_a_manager_who_studies_everything_is_inferred_ready() -> None:
    tally = seen(**SEVEN, keys={"guide-download": {"a": 9}, "product-sheet": {"b": 4}})
    worth = score(make.model(), Evidence(profile(MANAGER), came_by("organic"), tally), TODAY)
    assert (points(worth), told(worth), stage(worth)) == (
        (28, 3, 18.5, 15.8),
        (65, "B"),
        (Stage.SQL, "inferred"),
    )


def test_7_without_guide_and_sheet_the_manager_is_an_mql() -> None:
    worth = score(
        make.model(), Evidence(profile(MANAGER), came_by("organic"), seen(**SEVEN)), TODAY
    )
    assert (worth.rounded, stage(worth)) == (50, (Stage.MQL, None))


def test_8_reloading_the_prices_twenty_times_is_one_visit() -> None:
    facts: Mapping[str, Value] = {
        name: MANAGER[name] for name in ("job_title", "company_size", "industry")
    }
    worth = score(
        make.model(),
        Evidence(profile(facts), NO_TOUCH, seen(site_visit={0: 20}, pricing_page={0: 20})),
        TODAY,
    )
    assert (points(worth), told(worth), stage(worth)) == (
        (24, 0, 1, 6),
        (31, "B"),
        (Stage.LEAD, None),
    )


def test_9_an_engineer_looking_for_a_job_is_a_lead() -> None:
    tally = seen(site_visit=[0, 1], careers_page=[0, 1], keys={"guide-download": {"a": 0}})
    facts: Mapping[str, Value] = {**MANAGER, "job_title": "Engineer"}
    worth = score(make.model(), Evidence(profile(facts), came_by("organic"), tally), TODAY)
    assert (points(worth), told(worth), stage(worth)) == (
        (28, 3, -2, 0),
        (29, "B"),
        (Stage.LEAD, None),
    )


HEAD_OF_OPS: Mapping[str, Value] = {
    "job_title": "Head of Ops",
    "company_size": 80,
    "country": "PL",
    "company": "Acme",
}


@pytest.mark.parametrize(
    ("delivered", "clicked", "cools_on"),
    [([1, 5, 12, 21], [], 21), ([1, 5, 12, 21], [5], 31), ([], [], 40)],
)
def test_10_a_head_of_ops_cools_sooner_with_fewer_emails(
    delivered: list[int], clicked: list[int], cools_on: int
) -> None:
    facts, touches = profile(HEAD_OF_OPS), came_by("organic")
    tally = seen(site_visit=[0], keys={"guide-download": {"a": 0}})
    worth = score(make.model(), Evidence(facts, touches, tally), TODAY)
    assert (points(worth), told(worth), stage(worth)) == (
        (30, 3, 13, 0),
        (46, "A"),
        (Stage.MQL, None),
    )
    mql = Standing(stage=Stage.MQL, entered_on=TODAY)

    def cold(day: date) -> bool:
        happened = seen(
            site_visit=[0],
            email_delivered=[-ago for ago in delivered if make.day(ago) <= day],
            email_click=[-ago for ago in clicked if make.day(ago) <= day],
            keys={"guide-download": {"a": 0}},
        )
        moved = decide(
            make.model(), mql, score(make.model(), Evidence(facts, touches, happened), day), day
        )
        return moved is not None and moved.target is Stage.LEAD

    days = (TODAY + timedelta(days=ahead) for ahead in range(1, 60))
    assert next(day for day in days if cold(day)) == make.day(cools_on)


def test_11_a_customer_logging_in_is_never_ready_to_buy() -> None:
    facts: Mapping[str, Value] = {
        name: value for name, value in make.BEST_FIT.items() if name != "company"
    }
    tally = seen(site_visit=[0, 3, 6], login_page=[0, 3, 6], pricing_page=[0, 3])
    worth = score(make.model(), Evidence(profile(facts), NO_TOUCH, tally), TODAY)
    assert (points(worth), worth.rounded, stage(worth)) == ((38, 0, 2.6, 0), 41, (Stage.LEAD, None))


def test_12_a_director_with_webinar_and_reply_is_inferred_ready() -> None:
    facts: Mapping[str, Value] = {
        "job_title": "Director",
        "company_size": 500,
        "industry": "software",
        "country": "AT",
    }
    tally = seen(
        site_visit=[0, 3],
        webinar_attended=[10],
        webinar_signup=[16],
        pricing_page=[1, 3],
        mail_reply=[0],
    )
    worth = score(make.model(), Evidence(profile(facts), came_by("event"), tally), TODAY)
    assert (points(worth), told(worth), stage(worth)) == (
        (34, 4, 12.6, 22.5),
        (73, "A"),
        (Stage.SQL, "inferred"),
    )
