"""The playbook's rules of practice, as far as they are scoring and lifecycle: each test has its
rule's number.

They go through all of Baton, over HTTP where a person or a browser would. What floods (rule 9)
is tested with publishing; the rules of nurture and of what follows a handoff are tested there.
"""

import json
from collections.abc import Mapping
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given

from chalicelib.authoring.format import check
from chalicelib.delivery.links import UNSUBSCRIBE
from chalicelib.delivery.messages import Email, SnsMessage
from chalicelib.events import Value
from chalicelib.lifecycle.decide import DECIDED, decide, way_in
from chalicelib.lifecycle.stages import Stage, Standing, apply
from chalicelib.scoring.conditions import is_met
from chalicelib.scoring.evidence import Evidence
from chalicelib.scoring.score import score
from chalicelib.scoring.tally import Tally
from tests import factories as make
from tests.baton import AD, ANN, TOKEN, InMemoryBaton, key_of, model_document
from tests.factories import TODAY, came_by, profile
from tests.unit.test_score import facts, mediums, tallies

MODEL = make.model()
STUDENT = {"email": "jo@gmail.com", "job_title": "Student"}
RIVAL = {"email": "pat@rival.example", "job_title": "Head of Product"}
KIM = {"id": "kim", "name": "Kim Keeper", "email": "kim@keybook.example", "phone": "+4930901822"}
SAM = {"id": "sam", "name": "Sam Seller", "email": "sam@keybook.example", "phone": "+4930901821"}


def asks(baton: InMemoryBaton, form: str = "demo", **who: Any) -> None:
    """Somebody sends a form, and it sinks in."""
    baton.form(form, **(who or ANN))
    baton.until_quiet()


def moves(
    baton: InMemoryBaton, stage: str, reason: str = "because", email: str = "ann@acme.example"
) -> None:
    """A person moves a lead."""
    path = f"/v1/leads/{baton.world.lead_id(email)}/stage"
    answer = baton.post(path, {"stage": stage, "reason": reason}, TOKEN)
    assert answer.status_code == 200, answer.body
    baton.until_quiet()


def days_later(baton: InMemoryBaton, days: int) -> None:
    """So many days go by, and the clock runs on each."""
    for _ in range(days):
        baton.minutes_later(24 * 60)


def stood(baton: InMemoryBaton, email: str = "ann@acme.example") -> tuple[str, str | None, int]:
    """A lead's stage, kind and cycle."""
    lead = baton.lead(email)
    return lead["stage"], lead["kind"], lead["cycle"]


def told(baton: InMemoryBaton, *kinds: str) -> list[str]:
    """What was planned for sales, by key: handoffs, triage, warnings, corrections; all of them, or
    of some kinds.
    """
    items = [
        item
        for item in baton.outbox()
        if item["kind"] in (kinds or ("handoff", "triage", "warning", "correction"))
    ]
    return sorted(key_of(item) for item in items)


def with_model(edit: Mapping[str, Any]) -> InMemoryBaton:
    """A Baton with the default model, some of its keys changed."""
    baton = InMemoryBaton()
    baton.world.models.load({**deepcopy(model_document()), **edit})
    return baton


def handed(cycle: int) -> list[str]:
    """The notices of a handoff of somebody who asked."""
    return [f"handoff#{cycle}#email", f"handoff#{cycle}#sms", f"handoff#{cycle}#sns"]


def looks_at(baton: InMemoryBaton, path: str) -> None:
    """Ann looks at a page."""
    baton.page(path)
    baton.until_quiet()


def looks_at_prices_on_two_days(baton: InMemoryBaton) -> None:
    """Ann comes from an ad, reads, and looks at the prices today and tomorrow: enough for an
    inferred SQL.
    """
    baton.page("/", context=AD)
    baton.page("/blog/a")
    baton.page("/blog/b")
    baton.page("/pricing")
    asks(baton, "tour", **ANN)
    baton.ports.clock.tick(timedelta(days=1))
    baton.page("/pricing")
    baton.until_quiet()


# --- 1. A request always reaches a human ----------------------------------------------------------


@pytest.mark.parametrize("form", ["demo", "trial"])
def test_rule_1_a_request_makes_an_sql_unless_fit_is_hopeless(form: str) -> None:
    baton = InMemoryBaton()
    asks(baton, form, email="jo@gmail.com")  # free mail, and nothing else is known: fit -12
    assert stood(baton, "jo@gmail.com") == ("sql", "requested", 1)
    assert told(baton) == handed(1)


def test_rule_1_a_general_contact_needs_a_fit_of_0() -> None:
    """A demo asks for more than a message does: below that fit a person looks at the message."""
    baton = InMemoryBaton()
    asks(baton, "contact", email="ann@acme.example")  # nothing else is known: fit 0
    assert stood(baton) == ("sql", "requested", 1)
    asks(baton, "contact", email="jo@gmail.com")  # free mail: fit -12
    assert stood(baton, "jo@gmail.com") == ("lead", None, 1)
    assert told(baton, "triage") == ["triage#1#sns"]


def test_rule_1_a_booked_meeting_is_a_request_too() -> None:
    baton = InMemoryBaton()
    asks(baton, "tour", **ANN)
    event = {"anonymousId": "v1", "messageId": "m1", "event": "Meeting Booked"}
    assert baton.post("/v1/track", event).status_code == 200
    baton.until_quiet()
    assert stood(baton) == ("sql", "requested", 1)


def test_rule_1_hopeless_requests_notify_the_team_once_a_day() -> None:
    """And nobody gets a text. Those of later days were silent."""
    baton = InMemoryBaton()
    for _ in range(2):
        for _ in range(2):
            asks(baton, **STUDENT)
        days_later(baton, 1)
    assert stood(baton, STUDENT["email"])[0] == "lead"
    assert told(baton) == ["triage#1#sns", "triage#1#sns#again#2026-11-23"]
    for message in baton.ports.senders.sent:
        assert isinstance(message, SnsMessage)
        assert "wants a demo" in json.loads(message.body)["headline"]


def test_rule_1_a_request_breaks_a_rest_at_once() -> None:
    baton = InMemoryBaton()
    asks(baton)
    moves(baton, "recycled", "no budget")
    days_later(baton, 3)
    baton.page("/pricing")
    asks(baton, "guide", **ANN)
    assert stood(baton) == ("recycled", None, 2)  # what is no request waits for the end of the rest
    asks(baton)
    assert stood(baton) == ("sql", "requested", 2)
    assert told(baton, "handoff") == handed(1) + handed(2)


def test_rule_1_a_request_goes_to_the_leads_owner() -> None:
    baton = InMemoryBaton()
    asks(baton)
    moves(baton, "recycled", "not ready")
    baton.world.documents.put("routing", {"people": [KIM, SAM]})
    baton.ports.clock.tick(timedelta(days=1))
    asks(baton, email="new@other.example")
    asks(baton)
    assert (baton.lead("new@other.example")["owner"], baton.lead()["owner"]) == ("kim", "sam")
    (second,) = (item for item in baton.outbox() if item["id"].endswith("#handoff#2#email"))
    assert second["to"] == SAM["email"]


def test_rule_1_an_unsubscribe_silences_emails_and_no_request() -> None:
    baton = InMemoryBaton()
    asks(baton, "tour", **ANN)
    token = baton.world.links.sign(UNSUBSCRIBE, baton.world.lead_id(ANN["email"]))
    assert baton.post(f"/u/{token}", {}).status_code == 200
    asks(baton)
    assert told(baton) == handed(1)


def test_rule_1_a_disqualified_ones_request_reaches_the_team() -> None:
    baton = InMemoryBaton()
    asks(baton, **RIVAL)
    asks(baton, "contact", **RIVAL)
    assert stood(baton, RIVAL["email"])[0] == "disqualified"
    assert told(baton) == ["triage#1#sns"]


def test_rule_1_a_lead_disqualified_by_sales_is_not_announced_again() -> None:
    baton = InMemoryBaton()
    asks(baton)
    moves(baton, "disqualified", "not a buyer")
    baton.page("/pricing")
    days_later(baton, 1)
    assert told(baton) == handed(1)


# --- 2. Requested and inferred are two kinds of SQL -----------------------------------------------


def test_rule_2_an_inferred_sql_earns_no_text() -> None:
    """The lead asked for nothing, so the notice says what it allowed, and its country's rule."""
    baton = InMemoryBaton()
    looks_at_prices_on_two_days(baton)
    assert stood(baton) == ("sql", "inferred", 1)
    assert told(baton) == ["handoff#1#email", "handoff#1#sns"]
    (mail,) = (
        message
        for message in baton.ports.senders.sent
        if isinstance(message, Email) and message.to == SAM["email"]
    )
    assert "has not asked to be contacted" in mail.subject
    allowed = "greed to nothing (DE): no advertising email; a call only with a concrete reason"
    assert allowed in mail.text


def test_rule_2_requested_beats_inferred() -> None:
    baton = InMemoryBaton()
    for path in ("/", "/blog/a", "/blog/b", "/pricing"):
        baton.page(path, at=baton.ports.now() - timedelta(days=1))
    baton.page("/pricing")
    asks(baton)  # the form joins the visits, so that both ways into SQL open with it
    assert stood(baton) == ("sql", "requested", 1)
    assert (
        baton.lead()["score"]["total"] >= 70
    )  # with her fit and message an inferred way in by itself
    assert told(baton) == handed(1)


# --- 3. SQL means ready by our rules, accepted means approved by sales ----------------------------


def test_rule_3_the_notice_says_what_the_two_words_mean() -> None:
    baton = InMemoryBaton()
    asks(baton)
    (mail,) = (message for message in baton.ports.senders.sent if isinstance(message, Email))
    assert (
        "Ready for sales (SQL by our rules). It becomes accepted (SAL) when you accept it."
        in mail.text
    )


@given(facts, mediums, tallies)
def test_rule_3_only_sales_makes_a_lead_accepted(
    known: Mapping[str, Value], medium: str, tally: Tally
) -> None:
    one = score(MODEL, Evidence(profile(known), came_by(medium), tally), TODAY)
    for stage in DECIDED:
        moved = decide(MODEL, Standing(stage=stage), one, TODAY)
        assert moved is None or moved.target in (
            Stage.LEAD,
            Stage.MQL,
            Stage.SQL,
            Stage.DISQUALIFIED,
        )


# --- 5. Windows, days rather than reloads, a minimum stay, cooling by behaviour -------------------


def test_rule_5_reloading_the_prices_counts_once_a_day() -> None:
    baton = InMemoryBaton()
    baton.page("/", context=AD)
    for path in ["/blog/a", "/blog/b", *["/pricing"] * 20]:
        baton.page(path)
    asks(baton, "tour", **ANN)
    assert stood(baton)[0] != "sql"
    baton.ports.clock.tick(timedelta(days=1))
    baton.page("/pricing")
    baton.until_quiet()
    assert stood(baton) == ("sql", "inferred", 1)


@pytest.mark.parametrize(("days", "stage"), [(14, "sql"), (15, "lead")])
def test_rule_5_a_trigger_has_a_window(days: int, stage: str) -> None:
    """A student asks for a demo and says two weeks later that he is a CTO: is his request still
    one?
    """
    baton = InMemoryBaton()
    asks(baton, **STUDENT)
    days_later(baton, days)
    asks(baton, "tour", email=STUDENT["email"], job_title="CTO")
    assert stood(baton, STUDENT["email"])[0] == stage


def test_rule_5_a_minimum_stay_keeps_a_lead_from_flapping() -> None:
    baton = InMemoryBaton()
    asks(baton, "guide", **ANN)
    assert stood(baton)[0] == "mql"
    baton.page("/careers")
    baton.ports.clock.tick(timedelta(days=1))
    baton.page("/careers")
    baton.until_quiet()
    assert baton.lead()["score"]["groups"]["engagement"] < 5
    assert baton.lead()["score"]["groups"]["intent"] == 0
    days_later(baton, 12)
    assert stood(baton)[0] == "mql"  # cold since the first day, and thirteen days an MQL
    days_later(baton, 1)
    assert stood(baton)[0] == "lead"


def test_rule_5_cooling_rests_on_behaviour_and_not_on_fit() -> None:
    baton = InMemoryBaton()
    baton.page("/")
    asks(baton, "guide", **ANN)
    assert stood(baton)[0] == "mql"
    days_later(baton, 40)
    lead = baton.lead()
    assert (lead["stage"], lead["score"]["groups"]["fit"], lead["score"]["grade"]) == (
        "lead",
        40,
        "A",
    )


@given(facts, mediums, tallies)
def test_rule_5_every_way_in_implies_a_warm_lead(
    known: Mapping[str, Value], medium: str, tally: Tally
) -> None:
    """But a request, which makes an SQL of the coldest, and an SQL does not cool."""
    one = score(MODEL, Evidence(profile(known), came_by(medium), tally), TODAY)
    for way in (*MODEL.mql, *(way for way in MODEL.sql if way.kind == "inferred")):
        if is_met(way, one):
            assert any(one.value(name) >= bound for name, bound in MODEL.cool_below.items())


@given(facts, mediums, tallies)
def test_rule_5_a_moved_lead_stays_there_that_day(
    known: Mapping[str, Value], medium: str, tally: Tally
) -> None:
    one = score(MODEL, Evidence(profile(known), came_by(medium), tally), TODAY)
    long_ago = TODAY - timedelta(days=100)
    for stage in (Stage.LEAD, Stage.MQL, Stage.RECYCLED):
        standing = Standing(stage=stage, entered_on=long_ago)
        if moved := decide(MODEL, standing, one, TODAY):
            assert decide(MODEL, apply(standing, moved), one, TODAY) is None


def test_rule_5_the_validator_refuses_a_way_in_for_the_cold() -> None:
    """It has nothing to say about the default model."""
    assert check(model_document()) == []
    document = deepcopy(model_document())
    document["stages"]["mql"]["any"][3] = {"fit": 20, "engagement": 3}
    with pytest.raises(Exception, match=r"activity: 5 is above the 3 .* lower it to 3"):
        check(document)


# --- 6. Fit alone qualifies nobody ----------------------------------------------------------------


@given(facts, mediums)
def test_rule_6_fit_and_channel_alone_qualify_nobody(
    known: Mapping[str, Value], medium: str
) -> None:
    one = score(MODEL, Evidence(profile(known), came_by(medium), Tally()), TODAY)
    assert way_in(MODEL.mql, one) is None
    assert way_in(MODEL.sql, one) is None


def test_rule_6_the_best_fit_without_any_act_is_a_lead() -> None:
    baton = InMemoryBaton()
    assert (
        baton.post("/v1/forms/tour", {"fields": ANN, "campaign": {"medium": "partner"}}).status_code
        == 202
    )
    baton.until_quiet()
    lead = baton.lead()
    assert lead["score"]["groups"] == {"fit": 40, "channel": 5, "engagement": 0, "intent": 0}
    assert (lead["stage"], lead["score"]["grade"]) == ("lead", "A")


def test_rule_6_too_little_known_gives_no_grade() -> None:
    baton = InMemoryBaton()
    asks(baton, "guide", email="x@acme.example")
    assert baton.lead("x@acme.example")["score"]["grade"] == "–"
    asks(baton, "guide", email="x@acme.example", company="Acme", country="FR", job_title="Baker")
    assert (
        baton.lead("x@acme.example")["score"]["grade"] == "–"
    )  # two of these say nothing: one rule has a line
    asks(baton, "guide", email="x@acme.example", phone="+49 30 901820")
    assert baton.lead("x@acme.example")["score"]["grade"] == "D"


# --- 7. After the handoff the owner keeps hearing -------------------------------------------------


@pytest.mark.parametrize("stage", ["sql", "accepted"])
def test_rule_7_telling_activity_is_heard_once_a_day(stage: str) -> None:
    baton = InMemoryBaton()
    asks(baton)
    if stage != "sql":
        moves(baton, stage, "we talked")
    for path in ("/", "/blog/a", "/pricing", "/compare/us"):
        looks_at(baton, path)
    today = f"{baton.ports.now():%Y-%m-%d}"
    heard = [f"triage#1#email#active#{today}", f"triage#1#sns#active#{today}"]
    assert told(baton, "triage") == heard
    days_later(baton, 1)
    looks_at(baton, "/pricing")
    assert len(told(baton, "triage")) == 4
    (email, *_) = (one for one in baton.ports.senders.sent[::-1] if isinstance(one, Email))
    assert "asks to be contacted" not in email.subject


def test_rule_7_a_request_is_heard_beside_other_activity() -> None:
    baton = InMemoryBaton()
    asks(baton)
    looks_at(baton, "/pricing")
    asks(baton, "contact", **ANN)
    asks(baton, "contact", **ANN)
    assert len(told(baton, "triage")) == 2 + 2 * 2


def test_rule_7_the_deputy_hears_while_the_owner_is_away() -> None:
    baton = InMemoryBaton()
    asks(baton)
    moves(baton, "accepted", "we talked")
    away = {"from": "2026-11-01", "to": "2026-12-31"}
    people = [{**SAM, "deputy": "kim", "days_off": [away]}, KIM]
    baton.world.documents.put("routing", {"people": people})
    baton.ports.clock.tick(timedelta(minutes=1))
    asks(baton, "contact", **ANN)
    looks_at(baton, "/pricing")
    heard = [one for one in baton.outbox() if one["kind"] == "triage" and one["via"] == "email"]
    assert {one["to"] for one in heard} == {KIM["email"]}
    assert len(heard) == 2
    assert baton.lead()["owner"] == "sam"


@pytest.mark.parametrize("path", ["/", "/blog/a"])
def test_rule_7_what_tells_little_is_heard_by_nobody(path: str) -> None:
    baton = InMemoryBaton()
    asks(baton)
    looks_at(baton, path)
    assert told(baton) == handed(1)


def test_rule_7_nobody_hears_what_a_customer_looks_at() -> None:
    baton = InMemoryBaton()
    asks(baton)
    moves(baton, "customer", "has bought")
    looks_at(baton, "/pricing")
    assert told(baton, "triage") == []


def test_rule_9_of_a_held_handoff_nobody_hears_activity() -> None:
    baton = InMemoryBaton()
    for days in (3, 1):
        baton.page("/pricing", at=baton.ports.now() - timedelta(days=days))
    baton.page("/compare/us")
    asks(baton, "guide", email=ANN["email"])
    lines = {**TOKEN, "Content-Type": "application/x-ndjson"}
    assert baton.http("POST", "/v1/leads/import", json.dumps(ANN), lines).status_code == 200
    baton.until_quiet()
    assert stood(baton)[0] == "sql"
    looks_at(baton, "/pricing")
    assert told(baton) == []


# --- 10. Own staff and customers ------------------------------------------------------------------


def test_rule_10_our_own_people_are_neither_scored_nor_decided() -> None:
    baton = with_model({"internal": {"email_domain": ["keybook.example", "*.keybook.example"]}})
    for email in (SAM["email"], "kim@berlin.keybook.example"):
        asks(baton, "guide", **{**ANN, "email": email})
        asks(baton, **{**ANN, "email": email})
        days_later(baton, 1)
        lead = baton.lead(email)
        assert (lead["stage"], lead["score"]["total"], lead["score"]["grade"]) == ("lead", 0, "–")
        assert [reason["points"] for reason in lead["score"]["reasons"]] == [0]
    assert baton.outbox() == []


def test_rule_10_a_customers_request_goes_to_the_account_owner() -> None:
    """It is never a new SQL."""
    baton = InMemoryBaton()
    asks(baton, "tour", **ANN)
    moves(baton, "customer", "has bought")
    for _ in range(2):
        asks(baton)
    assert stood(baton) == ("customer", None, 1)
    assert [item["via"] for item in baton.outbox()].count("email") == 2  # each request
    assert {item["kind"] for item in baton.outbox()} == {"triage"}
    assert {item["to"] for item in baton.outbox() if item["via"] == "email"} == {SAM["email"]}
    assert {item["state"] for item in baton.outbox()} == {"sent"}


def test_rule_10_a_customers_next_request_is_heard_as_well() -> None:
    """A day without one is quiet."""
    baton = InMemoryBaton()
    asks(baton, "tour", **ANN)
    moves(baton, "customer", "has bought")
    asks(baton)
    days_later(baton, 3)
    baton.page("/pricing")
    baton.until_quiet()
    assert len(told(baton)) == 2
    asks(baton, "contact", **ANN)
    assert len(told(baton)) == 4


@pytest.mark.parametrize(("days_ago", "messages"), [(2, 2), (15, 0)])
def test_rule_10_a_customers_late_request_is_heard(days_ago: int, messages: int) -> None:
    baton = InMemoryBaton()
    asks(baton, "tour", **ANN)
    moves(baton, "customer", "has bought")
    at = baton.ports.now() - timedelta(days=days_ago)
    booked = {
        "anonymousId": "v1",
        "messageId": "m1",
        "event": "Meeting Booked",
        "timestamp": at.isoformat(),
    }
    assert baton.post("/v1/track", booked).status_code == 200
    baton.until_quiet()
    assert len(told(baton)) == messages


def test_rule_10_the_request_that_won_a_customer_is_not_repeated() -> None:
    baton = InMemoryBaton()
    asks(baton)
    moves(baton, "accepted")
    moves(baton, "customer", "signed")
    baton.page("/login")
    baton.until_quiet()
    assert stood(baton)[0] == "customer"
    assert told(baton) == handed(1)


def test_rule_10_nothing_makes_a_customer_an_mql_or_sql() -> None:
    baton = InMemoryBaton()
    asks(baton, "tour", **ANN)
    moves(baton, "customer", "has bought")
    looks_at_prices_on_two_days(baton)
    asks(baton, "guide", **ANN)
    assert stood(baton) == ("customer", None, 1)
    assert baton.outbox() == []


# --- 13. Cooling and returning counts once per cycle ----------------------------------------------


def test_rule_13_a_lead_that_returns_gets_no_second_email() -> None:
    """Having cooled, it returns in the same cycle."""
    baton = InMemoryBaton()
    baton.page("/")
    baton.form("guide", consent=True, **ANN)
    baton.until_quiet()
    days_later(baton, 40)
    assert stood(baton) == ("lead", None, 1)
    for form in ("webinar", "guide"):
        baton.form(form, consent=True, **ANN)
    baton.page("/blog/b")
    baton.until_quiet()
    assert stood(baton) == ("mql", None, 1)
    timeline = baton.get(f"/v1/leads/{baton.world.lead_id(ANN['email'])}/timeline?limit=200")[
        "items"
    ]
    into_mql = [item["detail"]["cycle"] for item in timeline if item["name"] == "lead -> mql"]
    assert into_mql == [1, 1]
    assert told(baton, "nurture") == ["nurture#1#welcome#1"]


def test_rule_13_a_lead_back_from_sales_begins_another_cycle() -> None:
    baton = InMemoryBaton()
    asks(baton, "guide", **ANN)
    asks(baton)
    moves(baton, "recycled", "not ready")
    days_later(baton, 46)
    asks(baton, "guide", **ANN)
    assert stood(baton) == ("mql", None, 2)
    assert told(baton, "nurture") == ["nurture#1#welcome#1", "nurture#2#welcome#1"]


# --- 14. Best first is true now -------------------------------------------------------------------


def test_rule_14_a_list_is_ordered_by_todays_score() -> None:
    """Also when nothing happened for weeks."""
    baton = InMemoryBaton()
    asks(baton, "guide", email="slow@acme.example")  # 12 points, halved in 30 days
    for path in ("/pricing", "/compare/us", "/product"):  # 14 points, halved in 10 to 14
        baton.page(path, "v2")
    baton.form("tour", "v2", email="fast@other.example")
    baton.until_quiet()

    def best_first() -> list[str]:
        return [lead["email"] for lead in baton.get("/v1/leads?stage=lead")["leads"]]

    assert best_first() == ["fast@other.example", "slow@acme.example"]
    before = baton.kept()
    baton.ports.clock.tick(timedelta(days=20))
    assert best_first() == ["slow@acme.example", "fast@other.example"]
    assert baton.kept() == before  # nothing was written: not even the clock ran
