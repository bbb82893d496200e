"""The playbook's rules of practice, as far as they are scoring and lifecycle: each test has its rule's number.

They go through the whole house, over HTTP where a person or a browser would. What floods (rule 9) is tested with
publishing; the rules of nurture and of what follows a handoff are tested there.
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
from chalicelib.delivery.messages import Mail, Topic
from chalicelib.events import Value
from chalicelib.lifecycle.decide import DECIDED, decide, way_in
from chalicelib.lifecycle.stages import Stage, Standing, apply
from chalicelib.scoring.score import holds, score
from chalicelib.scoring.tally import Tally
from tests import factories as make
from tests.baton import AD, ANN, TOKEN, House, model_document
from tests.factories import TODAY, came_by, profile
from tests.unit.test_score import facts, mediums, tallies

MODEL = make.model()
STUDENT = {"email": "jo@gmail.com", "job_title": "Student"}
RIVAL = {"email": "pat@rival.example", "job_title": "Head of Product"}
KIM = {"id": "kim", "name": "Kim Keeper", "email": "kim@keybook.example", "phone": "+4930901822"}
SAM = {"id": "sam", "name": "Sam Seller", "email": "sam@keybook.example", "phone": "+4930901821"}


def asks(house: House, form: str = "demo", **who: Any) -> None:
    """Somebody sends a form, and it sinks in."""
    house.form(form, **(who or ANN))
    house.until_quiet()


def moves(house: House, stage: str, reason: str = "because", email: str = "ann@acme.example") -> None:
    """A person moves a lead."""
    path = f"/v1/leads/{house.world.lead_id(email)}/stage"
    answer = house.post(path, {"stage": stage, "reason": reason}, TOKEN)
    assert answer.status_code == 200, answer.body
    house.until_quiet()


def days_later(house: House, days: int) -> None:
    """So many days go by, and the clock runs on each."""
    for _ in range(days):
        house.minutes_later(24 * 60)


def stood(house: House, email: str = "ann@acme.example") -> tuple[str, str | None, int]:
    """A lead's stage, kind and cycle."""
    lead = house.lead(email)
    return lead["stage"], lead["kind"], lead["cycle"]


def told(house: House, *kinds: str) -> list[str]:
    """What was planned for sales, by key: handoffs, triage, warnings, corrections; all of them, or of some kinds."""
    items = [
        item for item in house.outbox() if item["kind"] in (kinds or ("handoff", "triage", "warning", "correction"))
    ]
    return sorted(item["id"].partition("#")[2] for item in items)


def with_model(edit: Mapping[str, Any]) -> House:
    """A house with the default model, some of its keys changed."""
    house = House()
    house.world.models.load({**deepcopy(model_document()), **edit})
    return house


def handed(cycle: int) -> list[str]:
    """The notices of a handoff of somebody who asked."""
    return [f"handoff#{cycle}#mail", f"handoff#{cycle}#text", f"handoff#{cycle}#topic"]


def looks_at_prices_on_two_days(house: House) -> None:
    """Ann comes from an ad, reads, and looks at the prices today and tomorrow: enough for an inferred SQL."""
    house.page("/", context=AD)
    house.page("/blog/a")
    house.page("/blog/b")
    house.page("/pricing")
    asks(house, "tour", **ANN)
    house.ports.clock.tick(timedelta(days=1))
    house.page("/pricing")
    house.until_quiet()


# --- 1. A request always reaches a human ----------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["demo", "trial", "contact"])
def test_rule_1_a_request_makes_an_sql_if_fit_is_not_hopeless(form: str) -> None:
    house = House()
    asks(house, form, email="jo@gmail.com")  # free mail, and nothing else is known: fit -12
    assert stood(house, "jo@gmail.com") == ("sql", "requested", 1)
    assert told(house) == handed(1)


def test_rule_1_a_booked_meeting_is_a_request_too() -> None:
    house = House()
    asks(house, "tour", **ANN)
    event = {"anonymousId": "v1", "messageId": "m1", "event": "Meeting Booked"}
    assert house.post("/v1/track", event).status_code == 200
    house.until_quiet()
    assert stood(house) == ("sql", "requested", 1)


def test_rule_1_below_that_the_team_gets_one_message_in_a_cycle_and_nobody_a_text() -> None:
    house = House()
    for _ in range(3):
        asks(house, **STUDENT)
        days_later(house, 1)
    assert stood(house, STUDENT["email"])[0] == "lead"
    assert told(house) == ["triage#1#topic"]
    (message,) = house.ports.senders.sent
    assert isinstance(message, Topic)
    assert "asks to be contacted" in json.loads(message.body)["headline"]


def test_rule_1_a_request_breaks_a_rest_at_once() -> None:
    house = House()
    asks(house)
    moves(house, "recycled", "no budget")
    days_later(house, 3)
    house.page("/pricing")
    asks(house, "guide", **ANN)
    assert stood(house) == ("recycled", None, 2)  # what is no request waits for the end of the rest
    asks(house)
    assert stood(house) == ("sql", "requested", 2)
    assert told(house, "handoff") == handed(1) + handed(2)


def test_rule_1_a_request_goes_to_the_leads_owner_if_there_is_one() -> None:
    house = House()
    asks(house)
    moves(house, "recycled", "not ready")
    house.world.documents.put("routing", {"people": [KIM, SAM]})
    house.ports.clock.tick(timedelta(days=1))
    asks(house, email="new@other.example")
    asks(house)
    assert (house.lead("new@other.example")["owner"], house.lead()["owner"]) == ("kim", "sam")
    (second,) = (item for item in house.outbox() if item["id"].endswith("#handoff#2#mail"))
    assert second["to"] == SAM["email"]


def test_rule_1_an_unsubscribe_silences_letters_and_no_request() -> None:
    house = House()
    asks(house, "tour", **ANN)
    token = house.world.links.sign(UNSUBSCRIBE, house.world.lead_id(ANN["email"]))
    assert house.post(f"/u/{token}", {}).status_code == 200
    asks(house)
    assert told(house) == handed(1)


def test_rule_1_a_disqualified_ones_request_reaches_the_team() -> None:
    house = House()
    asks(house, **RIVAL)
    asks(house, "contact", **RIVAL)
    assert stood(house, RIVAL["email"])[0] == "disqualified"
    assert told(house) == ["triage#1#topic"]


def test_rule_1_who_is_disqualified_by_sales_is_not_asked_for_again() -> None:
    house = House()
    asks(house)
    moves(house, "disqualified", "not a buyer")
    house.page("/pricing")
    days_later(house, 1)
    assert told(house) == handed(1)


# --- 2. Requested and inferred are two kinds of SQL -----------------------------------------------------------------


def test_rule_2_who_asked_for_nothing_is_inferred_earns_no_text_and_is_to_be_written_to_first() -> None:
    house = House()
    looks_at_prices_on_two_days(house)
    assert stood(house) == ("sql", "inferred", 1)
    assert told(house) == ["handoff#1#mail", "handoff#1#topic"]
    (mail,) = (
        message for message in house.ports.senders.sent if isinstance(message, Mail) and message.to == SAM["email"]
    )
    assert "has not asked to be contacted: write first" in mail.subject
    assert "has not asked to be contacted: write first" in mail.text


def test_rule_2_requested_beats_inferred() -> None:
    house = House()
    for path in ("/", "/blog/a", "/blog/b", "/pricing"):
        house.page(path, at=house.ports.now() - timedelta(days=1))
    house.page("/pricing")
    asks(house)  # the form joins the visits, so that both ways into SQL open with it
    assert stood(house) == ("sql", "requested", 1)
    assert house.lead()["score"]["total"] >= 70  # with her fit and intent an inferred way in by itself
    assert told(house) == handed(1)


# --- 3. SQL means ready by our rules, accepted means approved by sales ----------------------------------------------


def test_rule_3_the_notice_says_what_the_two_words_mean() -> None:
    house = House()
    asks(house)
    (mail,) = (message for message in house.ports.senders.sent if isinstance(message, Mail))
    assert "This lead is an SQL: ready by our rules. It becomes accepted when you approve it." in mail.text


@given(facts, mediums, tallies)
def test_rule_3_only_sales_makes_a_lead_accepted(known: Mapping[str, Value], medium: str, tally: Tally) -> None:
    one = score(MODEL, profile(known), came_by(medium), tally, TODAY)
    for stage in DECIDED:
        moved = decide(MODEL, Standing(stage=stage), one, TODAY)
        assert moved is None or moved.target in (Stage.LEAD, Stage.MQL, Stage.SQL, Stage.DISQUALIFIED)


# --- 5. Windows, days rather than reloads, a minimum stay, cooling by behaviour -------------------------------------


def test_rule_5_reloading_the_prices_is_one_day_and_two_days_are_two() -> None:
    house = House()
    house.page("/", context=AD)
    for path in ["/blog/a", "/blog/b", *["/pricing"] * 20]:
        house.page(path)
    asks(house, "tour", **ANN)
    assert stood(house)[0] != "sql"
    house.ports.clock.tick(timedelta(days=1))
    house.page("/pricing")
    house.until_quiet()
    assert stood(house) == ("sql", "inferred", 1)


@pytest.mark.parametrize(("days", "stage"), [(14, "sql"), (15, "lead")])
def test_rule_5_a_trigger_has_a_window(days: int, stage: str) -> None:
    """A student asks for a demo and says two weeks later that he is a CTO: is his request still one?"""
    house = House()
    asks(house, **STUDENT)
    days_later(house, days)
    asks(house, "tour", email=STUDENT["email"], job_title="CTO")
    assert stood(house, STUDENT["email"])[0] == stage


def test_rule_5_a_minimum_stay_keeps_a_lead_from_flapping() -> None:
    house = House()
    asks(house, "guide", **ANN)
    assert stood(house)[0] == "mql"
    house.page("/careers")
    house.ports.clock.tick(timedelta(days=1))
    house.page("/careers")
    house.until_quiet()
    assert house.lead()["score"]["groups"]["engagement"] < 5
    assert house.lead()["score"]["groups"]["intent"] == 0
    days_later(house, 12)
    assert stood(house)[0] == "mql"  # cold since the first day, and thirteen days an MQL
    days_later(house, 1)
    assert stood(house)[0] == "lead"


def test_rule_5_cooling_rests_on_behaviour_and_the_best_fit_does_not_hold_it_up() -> None:
    house = House()
    house.page("/")
    asks(house, "guide", **ANN)
    assert stood(house)[0] == "mql"
    days_later(house, 40)
    lead = house.lead()
    assert (lead["stage"], lead["score"]["groups"]["fit"], lead["score"]["grade"]) == ("lead", 40, "A")


@given(facts, mediums, tallies)
def test_rule_5_every_way_in_implies_that_the_lead_is_not_cooled(
    known: Mapping[str, Value], medium: str, tally: Tally
) -> None:
    """But a request, which makes an SQL of the coldest, and an SQL does not cool."""
    one = score(MODEL, profile(known), came_by(medium), tally, TODAY)
    for way in (*MODEL.mql, *(way for way in MODEL.sql if way.kind == "inferred")):
        if holds(way, one):
            assert any(one.value(name) >= bound for name, bound in MODEL.cool_below.items())


@given(facts, mediums, tallies)
def test_rule_5_a_lead_that_moved_stays_where_it_is_that_day(
    known: Mapping[str, Value], medium: str, tally: Tally
) -> None:
    one = score(MODEL, profile(known), came_by(medium), tally, TODAY)
    long_ago = TODAY - timedelta(days=100)
    for stage in (Stage.LEAD, Stage.MQL, Stage.RECYCLED):
        standing = Standing(stage=stage, entered_on=long_ago)
        if moved := decide(MODEL, standing, one, TODAY):
            assert decide(MODEL, apply(standing, moved), one, TODAY) is None


def test_rule_5_the_validator_refuses_a_way_in_for_the_cold_and_has_nothing_to_say_of_the_default() -> None:
    assert check(model_document()) == []
    document = deepcopy(model_document())
    document["stages"]["mql"]["any"][3] = {"fit": 20, "engagement": 3}
    with pytest.raises(Exception, match=r"stages\.mql\.any\.3: a lead that has cooled .* can meet it"):
        check(document)


# --- 6. Fit alone qualifies nobody ----------------------------------------------------------------------------------


@given(facts, mediums)
def test_rule_6_fit_and_channel_alone_qualify_nobody(known: Mapping[str, Value], medium: str) -> None:
    one = score(MODEL, profile(known), came_by(medium), Tally(), TODAY)
    assert way_in(MODEL.mql, one) is None
    assert way_in(MODEL.sql, one) is None


def test_rule_6_the_best_fit_by_the_best_channel_who_did_nothing_is_a_lead() -> None:
    house = House()
    assert house.post("/v1/forms/tour", {"fields": ANN, "campaign": {"medium": "partner"}}).status_code == 202
    house.until_quiet()
    lead = house.lead()
    assert lead["score"]["groups"] == {"fit": 40, "channel": 5, "engagement": 0, "intent": 0}
    assert (lead["stage"], lead["score"]["grade"]) == ("lead", "A")


def test_rule_6_too_little_known_is_no_grade_and_not_a_bad_one() -> None:
    house = House()
    asks(house, "guide", email="x@acme.example")
    assert house.lead("x@acme.example")["score"]["grade"] == "–"
    asks(house, "guide", email="x@acme.example", company="Acme", country="FR", job_title="Baker")
    assert house.lead("x@acme.example")["score"]["grade"] == "–"  # two of these say nothing: one rule has a line
    asks(house, "guide", email="x@acme.example", phone="+49 30 901820")
    assert house.lead("x@acme.example")["score"]["grade"] == "D"


# --- 10. Own staff and customers ------------------------------------------------------------------------------------


def test_rule_10_our_own_people_are_neither_scored_nor_decided() -> None:
    house = with_model({"internal": {"email_domain": ["keybook.example", "*.keybook.example"]}})
    for email in (SAM["email"], "kim@berlin.keybook.example"):
        asks(house, "guide", **{**ANN, "email": email})
        asks(house, **{**ANN, "email": email})
        days_later(house, 1)
        lead = house.lead(email)
        assert (lead["stage"], lead["score"]["total"], lead["score"]["grade"]) == ("lead", 0, "–")
        assert [reason["points"] for reason in lead["score"]["reasons"]] == [0]
    assert house.outbox() == []


def test_rule_10_a_customers_request_goes_to_the_account_owner_and_is_never_a_new_sql() -> None:
    house = House()
    asks(house, "tour", **ANN)
    moves(house, "customer", "has bought")
    for _ in range(2):
        asks(house)
    assert stood(house) == ("customer", None, 1)
    today = f"{house.ports.now():%Y-%m-%d}"
    assert told(house) == [f"triage#1#mail#{today}", f"triage#1#topic#{today}"]
    assert {item["to"] for item in house.outbox() if item["channel"] == "mail"} == {SAM["email"]}
    assert {item["state"] for item in house.outbox()} == {"sent"}


def test_rule_10_a_customers_next_request_is_heard_as_well_and_a_day_without_one_is_quiet() -> None:
    house = House()
    asks(house, "tour", **ANN)
    moves(house, "customer", "has bought")
    asks(house)
    days_later(house, 3)
    house.page("/pricing")
    house.until_quiet()
    assert len(told(house)) == 2
    asks(house, "contact", **ANN)
    assert len(told(house)) == 4


@pytest.mark.parametrize(("days_ago", "messages"), [(2, 2), (15, 0)])
def test_rule_10_a_customers_request_that_arrives_late_is_heard_while_it_is_one(days_ago: int, messages: int) -> None:
    house = House()
    asks(house, "tour", **ANN)
    moves(house, "customer", "has bought")
    at = house.ports.now() - timedelta(days=days_ago)
    booked = {"anonymousId": "v1", "messageId": "m1", "event": "Meeting Booked", "timestamp": at.isoformat()}
    assert house.post("/v1/track", booked).status_code == 200
    house.until_quiet()
    assert len(told(house)) == messages


def test_rule_10_the_request_that_won_a_customer_is_not_told_again() -> None:
    house = House()
    asks(house)
    moves(house, "accepted")
    moves(house, "customer", "signed")
    house.page("/login")
    house.until_quiet()
    assert stood(house)[0] == "customer"
    assert told(house) == handed(1)


def test_rule_10_nothing_that_a_customer_does_makes_an_mql_or_an_sql() -> None:
    house = House()
    asks(house, "tour", **ANN)
    moves(house, "customer", "has bought")
    looks_at_prices_on_two_days(house)
    asks(house, "guide", **ANN)
    assert stood(house) == ("customer", None, 1)
    assert house.outbox() == []


# --- 13. Cooling and returning counts once per cycle ----------------------------------------------------------------


def test_rule_13_who_cools_and_returns_is_in_the_same_cycle_and_is_not_sent_a_letter_twice() -> None:
    house = House()
    house.page("/")
    house.form("guide", consent=True, **ANN)
    house.until_quiet()
    days_later(house, 40)
    assert stood(house) == ("lead", None, 1)
    for form in ("webinar", "guide"):
        house.form(form, consent=True, **ANN)
    house.page("/blog/b")
    house.until_quiet()
    assert stood(house) == ("mql", None, 1)
    timeline = house.get(f"/v1/leads/{house.world.lead_id(ANN['email'])}/timeline?limit=200")["items"]
    into_mql = [item["detail"]["cycle"] for item in timeline if item["name"] == "lead -> mql"]
    assert into_mql == [1, 1]
    assert told(house, "letter") == ["letter#welcome#1#1"]


def test_rule_13_who_comes_back_from_sales_is_in_a_cycle_of_its_own() -> None:
    house = House()
    asks(house, "guide", **ANN)
    asks(house)
    moves(house, "recycled", "not ready")
    days_later(house, 46)
    asks(house, "guide", **ANN)
    assert stood(house) == ("mql", None, 2)
    assert told(house, "letter") == ["letter#welcome#1#1", "letter#welcome#2#1"]


# --- 14. Best first is true now -------------------------------------------------------------------------------------


def test_rule_14_the_list_of_a_stage_is_ordered_by_todays_score_also_when_nothing_happened_for_weeks() -> None:
    house = House()
    asks(house, "guide", email="slow@acme.example")  # 12 points, halved in 30 days
    for path in ("/pricing", "/compare/us", "/product"):  # 14 points, halved in 10 to 14
        house.page(path, "v2")
    house.form("tour", "v2", email="fast@other.example")
    house.until_quiet()

    def best_first() -> list[str]:
        return [lead["email"] for lead in house.get("/v1/leads?stage=lead")["leads"]]

    assert best_first() == ["fast@other.example", "slow@acme.example"]
    before = dict(house.ports.memory.items)
    house.ports.clock.tick(timedelta(days=20))
    assert best_first() == ["slow@acme.example", "fast@other.example"]
    assert house.ports.memory.items == before  # nothing was written: not even the clock ran
