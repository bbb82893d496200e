"""Who gets a lead, and why (playbook, "Routing and SLA defaults", rules 10 and 11)."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.days import zone_of
from chalicelib.document import parse_document
from chalicelib.handoff.choosing import Chosen, LeadFacts, choose
from chalicelib.handoff.desk import Desk
from chalicelib.handoff.load import Load, PersonLoad
from chalicelib.handoff.routing import RoutingDocument

BERLIN = "Europe/Berlin"
MONDAY = datetime(2026, 11, 23, 12, tzinfo=zone_of(BERLIN))
SATURDAY = datetime(2026, 11, 28, 12, tzinfo=zone_of(BERLIN))
NIGHT = datetime(2026, 11, 23, 2, tzinfo=zone_of(BERLIN))
CHRISTMAS = datetime(2026, 12, 25, 12, tzinfo=zone_of(BERLIN))
LEAVE = [{"from": "2026-11-20", "to": "2026-12-04"}]
ASKED = LeadFacts(kind="requested")
INFERRED = LeadFacts(kind="inferred")


def person(name: str, **keys: Any) -> dict[str, Any]:
    return {"id": name, "name": name.title(), "email": f"{name}@keybook.example", **keys}


def desk(*people: dict[str, Any], now: datetime = MONDAY, **keys: Any) -> Desk:
    document = parse_document(RoutingDocument, {"people": list(people), **keys})
    return Desk(routing=document, now=now, zone=BERLIN, country="DE")


def chosen(*people: dict[str, Any], facts: LeadFacts = ASKED, **keys: Any) -> Chosen:
    return choose(desk(*people, **keys), facts, Load())


SAM, KIM, UMA = (person(name) for name in ("sam", "kim", "uma"))


# --- whose lead it is -----------------------------------------------------------------------------


def test_a_leads_owner_comes_first() -> None:
    mine = LeadFacts(kind="requested", owner="kim", company_owner="sam", domain="acme.example")
    found = chosen(SAM, KIM, facts=mine)
    assert (found.owner, found.holder, found.is_dealt) == ("kim", None, False)
    assert found.why == "Kim owns this lead."


def test_rule_11_colleagues_stay_together() -> None:
    theirs = LeadFacts(kind="inferred", company_owner="kim", domain="acme.example", country="DE")
    found = chosen({**SAM, "territory": {"country": ["DE"]}}, KIM, facts=theirs)
    assert (found.owner, found.is_dealt) == ("kim", False)
    assert found.why == "Kim owns acme.example, and colleagues stay together."


def test_a_lead_of_somebody_who_left_is_dealt_anew() -> None:
    mine = LeadFacts(kind="requested", owner="kim", company_owner="ida")
    found = chosen(SAM, {**KIM, "active": False}, facts=mine)
    assert (found.owner, found.is_dealt) == ("sam", True)


@pytest.mark.parametrize(
    ("country", "industry", "size", "owner"),
    [
        ("DE", None, None, "kim"),
        ("AT", None, 10, "kim"),
        ("DE", "Enterprise Software", 10, "kim"),
        ("DE", "Banking", 5_000, "uma"),  # fits two lists of hers
        ("DE", "Banking", 999, "kim"),
        ("US", "Banking", 5_000, "sam"),  # is in nobody's territory, so the first is due
        (None, None, None, "sam"),
    ],
)
def test_a_lead_goes_to_the_closest_territory(
    country: str | None, industry: str | None, size: float | None, owner: str
) -> None:
    facts = LeadFacts(kind="requested", country=country, industry=industry, company_size=size)
    people = (
        SAM,
        {**KIM, "territory": {"country": ["DE", "AT"]}},
        {**UMA, "territory": {"country": ["DE"], "size": [1_000, None]}},
    )
    found = chosen(*people, facts=facts)
    assert (found.owner, found.is_dealt) == (owner, True)


def test_a_territory_by_industry_matches_words() -> None:
    banks = {**KIM, "territory": {"industry": ["*bank*", "insurance"]}}
    for said, owner in (("Private Banking", "kim"), ("Reinsurance", "sam")):
        facts = LeadFacts(kind="requested", industry=said)
        assert chosen(SAM, banks, facts=facts).owner == owner


def test_a_team_shares_its_territory() -> None:
    team = {"id": "dach", "name": "DACH", "members": ["kim", "uma"]}
    teams = [{**team, "territory": {"country": ["DE"]}}]
    found = chosen(SAM, KIM, UMA, teams=teams, facts=LeadFacts(kind="requested", country="DE"))
    assert found.owner == "kim"
    assert found.why == "Kim is due next of 2 people of this territory."


def test_a_territory_without_anybody_at_work_stands_open() -> None:
    here = {**KIM, "territory": {"country": ["DE"]}, "days_off": LEAVE}
    assert chosen(SAM, here, facts=LeadFacts(kind="requested", country="DE")).owner == "sam"


# --- who is there ---------------------------------------------------------------------------------


def test_an_absent_owner_keeps_the_lead_and_the_deputy_hears() -> None:
    away = {**KIM, "days_off": LEAVE, "deputy": "uma"}
    found = chosen(SAM, away, UMA, facts=LeadFacts(kind="requested", owner="kim"))
    assert (found.owner, found.holder, found.is_dealt) == ("kim", "uma", False)
    assert found.why == "Kim owns this lead. Kim is away; Uma stands in."


def test_the_deputys_deputy_stands_in() -> None:
    kim = {**KIM, "days_off": LEAVE, "deputy": "uma"}
    uma = {**UMA, "days_off": LEAVE, "deputy": "sam"}
    mine = LeadFacts(kind="requested", owner="kim")
    assert chosen(SAM, kim, uma, facts=mine).holder == "sam"
    assert chosen({**SAM, "active": False}, kim, uma, manager="sam", facts=mine).holder == "sam"


def test_deputies_of_one_another_end_at_the_manager() -> None:
    kim = {**KIM, "days_off": LEAVE, "deputy": "uma"}
    uma = {**UMA, "days_off": LEAVE, "deputy": "kim"}
    mine = LeadFacts(kind="requested", owner="kim")
    assert chosen(SAM, kim, uma, manager="sam", facts=mine).holder == "sam"
    assert chosen(SAM, kim, uma, facts=mine).holder is None
    assert chosen(SAM, kim, uma, manager="kim", facts=mine).holder is None


def test_on_a_holiday_the_owner_is_away_like_everybody() -> None:
    mine = LeadFacts(kind="requested", owner="kim")
    kim = {**KIM, "deputy": "uma"}
    both = chosen(SAM, kim, UMA, manager="sam", facts=mine, now=CHRISTMAS)
    assert (both.owner, both.holder) == ("kim", None)
    abroad = {**UMA, "holidays": "IL"}
    assert chosen(SAM, kim, abroad, facts=mine, now=CHRISTMAS).holder == "uma"


@pytest.mark.parametrize("now", [MONDAY, SATURDAY, NIGHT, CHRISTMAS])
def test_nobody_on_leave_is_dealt_a_lead(now: datetime) -> None:
    always = [{"from": "2026-11-01", "to": "2026-12-31"}]
    assert chosen({**SAM, "days_off": always}, KIM, now=now).owner == "kim"


def test_whoever_is_at_work_comes_first() -> None:
    late = {**KIM, "hours": {"mon": ["12:00", "20:00"], "tue": ["12:00", "20:00"]}}
    evening = MONDAY.replace(hour=19)
    assert chosen(SAM, late, now=evening).owner == "kim"
    assert chosen(SAM, late, now=evening).why == "Only Kim is at work."
    # At night both are equal: each begins on the next day.
    assert chosen(SAM, late, now=NIGHT).why == "Sam is due next of 2 people at work."


def test_with_nobody_at_work_somebody_stands_in() -> None:
    everybody = [{**one, "days_off": LEAVE} for one in (SAM, KIM)]
    cases: list[tuple[dict[str, Any], str | None, str]] = [
        ({"fallback": "kim", "manager": "sam"}, "kim", "Kim stands in"),
        ({"manager": "sam"}, "sam", "Sam stands in"),
        ({}, None, "it goes to the team"),
    ]
    for keys, holder, who in cases:
        found = chosen(*everybody, **keys)
        assert (found.owner, found.holder) == (None, holder)
        assert found.why == f"Nobody is at work, so {who}."
    assert chosen().owner is None


# --- fair -----------------------------------------------------------------------------------------


def dealt(number: int, *people: dict[str, Any], facts: LeadFacts = ASKED) -> list[str | None]:
    load = Load()
    owners = []
    for _ in range(number):
        found = choose(desk(*people), facts, load)
        load = found.load
        owners.append(found.owner)
    return owners


def test_equal_weights_take_turns() -> None:
    assert dealt(10, SAM, KIM, {**UMA, "days_off": LEAVE}) == ["sam", "kim"] * 5


def test_weights_divide_the_leads() -> None:
    people = ({**SAM, "weight": 3}, {**KIM, "weight": 1}, {**UMA, "weight": 0.5})
    assert Counter(dealt(90, *people)) == {"sam": 60, "kim": 20, "uma": 10}


def test_a_newcomer_has_nothing_to_catch_up() -> None:
    load = Load()
    for people in ([SAM, KIM],) * 50 + ([SAM, KIM, UMA],) * 9:
        load = choose(desk(*people), ASKED, load).load
    assert load.by_person["uma"].handed == 3


def test_own_leads_cost_nobody_a_turn() -> None:
    mine = LeadFacts(kind="requested", owner="sam")
    load = Load()
    for _ in range(5):
        load = choose(desk(SAM, KIM), mine, load).load
    assert choose(desk(SAM, KIM), ASKED, load).owner == "sam"


def test_chance_goes_by_weight_and_by_the_lead() -> None:
    people = ({**SAM, "weight": 3}, KIM)
    drawn = [choose(desk(*people), ASKED, Load(), seed=f"lead-{number}") for number in range(400)]
    assert 260 < Counter(one.owner for one in drawn)["sam"] < 340
    assert drawn[0].why.endswith(" was drawn from 2 people at work: many leads came at once.")
    again = choose(desk(*people), ASKED, Load(), seed="lead-7")
    assert again.owner == drawn[7].owner


def test_whoever_left_is_forgotten() -> None:
    load = Load(by_person={"ida": PersonLoad(owed=500), "sam": PersonLoad(owed=1)}, version=3)
    assert choose(desk(SAM), ASKED, load).load.by_person.keys() == {"sam"}


# --- capacity -------------------------------------------------------------------------------------


def test_above_capacity_inferred_leads_wait_for_the_next_day() -> None:
    load = Load()
    found = []
    for _ in range(5):
        found.append(choose(desk({**SAM, "capacity": 1}, {**KIM, "capacity": 2}), INFERRED, load))
        load = found[-1].load
    assert [one.owner for one in found] == ["sam", "kim", "kim", "kim", "sam"]
    assert [one.waits_until is not None for one in found] == [False] * 3 + [True] * 2
    assert found[-1].waits_until == MONDAY + timedelta(hours=21)
    assert found[-1].why.endswith("no room left on that day, so it waits until Tue 24 Nov, 09:00.")


def test_requested_leads_never_wait() -> None:
    load = Load()
    for _ in range(3):
        found = choose(desk({**SAM, "capacity": 1}), ASKED, load)
        load = found.load
        assert found.waits_until is None
    assert load.by_person["sam"].handed == 3


def test_on_saturday_mondays_room_is_used_up() -> None:
    load = Load()
    for expected in (None, datetime(2026, 12, 1, 9, tzinfo=zone_of(BERLIN))):
        found = choose(desk({**SAM, "capacity": 1}, now=SATURDAY), INFERRED, load)
        load = found.load
        assert found.waits_until == expected


def test_a_new_day_has_room_again() -> None:
    one = {**SAM, "capacity": 1}
    load = choose(desk(one), INFERRED, Load()).load
    tomorrow = desk(one, now=MONDAY + timedelta(days=1))
    assert choose(tomorrow, INFERRED, load).waits_until is None


def test_a_held_handoff_uses_up_nobodys_day() -> None:
    found = choose(desk({**SAM, "capacity": 0}), INFERRED, Load(), is_held=True)
    assert (found.owner, found.waits_until) == ("sam", None)
    assert not found.load.by_person["sam"].handed
