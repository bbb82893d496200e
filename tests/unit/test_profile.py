"""Profile and touches: the newest by (confirmed, at, event id) wins, in any order of arrival."""

import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.events import Event, Rank
from chalicelib.scoring.profile import Touches, learn, touch, values
from tests import factories as make
from tests.fakes import NOW

HOUR = timedelta(hours=1)


def said(name: str, hours: int, *, rank: Rank = Rank.FORM, n: int = 0, **more: Any) -> Event:
    return make.form(n=n, at=NOW + hours * HOUR, rank=rank, fields={"first_name": name}, **more)


@pytest.mark.parametrize(
    ("events", "name"),
    [
        ([said("Old", 1), said("New", 2)], "New"),
        ([said("New", 2), said("Old", 1)], "New"),
        ([said("Confirmed", 1, rank=Rank.CONFIRMED), said("Stranger", 2)], "Confirmed"),
        ([said("First", 1, rank=Rank.CONFIRMED), said("Second", 2, rank=Rank.CONFIRMED)], "Second"),
        ([said("Ann", 1), said("", 2)], "Ann"),
    ],
)
def test_the_newest_that_a_confirmed_person_said_wins(events: list[Event], name: str) -> None:
    assert values(learn({}, events))["first_name"] == name


def test_of_two_events_at_one_time_the_greater_id_wins() -> None:
    one, other = said("One", 0, n=1), said("Other", 0, n=2)
    wanted = max((one, other), key=lambda event: event.id).fields["first_name"]
    assert values(learn({}, [one, other]))["first_name"] == wanted
    assert values(learn({}, [other, one]))["first_name"] == wanted


def test_each_field_has_its_own_newest() -> None:
    events = [
        make.form(n=1, at=NOW, fields={"first_name": "Ann", "phone": "1"}),
        make.form(n=2, at=NOW + HOUR, fields={"first_name": "Anna"}),
    ]
    assert values(learn({}, events)) == {"first_name": "Anna", "phone": "1"}


def test_a_long_text_stays_in_its_event() -> None:
    assert learn({}, [make.form(fields={"message": "long", "company": "Acme"})]).keys() == {
        "company"
    }


def test_no_and_nought_are_facts() -> None:
    assert values(
        learn(
            {},
            [make.form(fields={"trial": False, "seats": 0, "hobby": "chess"})],
            also={"trial", "seats"},
        )
    ) == {"trial": False, "seats": 0}


@pytest.mark.parametrize(
    ("email", "local", "domain"),
    [("Ann@ACME.example", "ann", "acme.example"), ("a.b+c@x.example", "a.b+c", "x.example")],
)
def test_rules_see_the_two_parts_of_the_address(email: str, local: str, domain: str) -> None:
    known = values(make.profile({"email": email}))
    assert (known["email_local"], known["email_domain"]) == (local, domain)


def test_without_an_address_there_are_no_parts_of_it() -> None:
    assert values(make.profile({"company": "Acme"})) == {"company": "Acme"}


def came(source: str, hours: int, **campaign: str) -> Event:
    return make.page(source, at=NOW + hours * HOUR, campaign={"source": source, **campaign})


def test_the_first_and_the_last_arrival_are_kept() -> None:
    touches = touch(
        Touches(), [came("b", 2), came("a", 1, medium="cpc", name="spring"), came("c", 3)]
    )
    assert touches.first is not None
    assert touches.last is not None
    assert (touches.first.source, touches.first.medium, touches.first.campaign) == (
        "a",
        "cpc",
        "spring",
    )
    assert touches.last.source == "c"


def test_with_one_touch_the_last_equals_the_first() -> None:
    touches = touch(Touches(), [came("a", 1)])
    assert touches.first == touches.last is not None


@pytest.mark.parametrize("campaign", [{}, {"source": ""}, {"term": "x", "content": "y"}])
def test_an_event_without_a_source_is_no_touch(campaign: dict[str, str]) -> None:
    assert touch(Touches(), [make.page(campaign=campaign)]) == Touches()


arrivals = some.lists(
    some.builds(
        lambda name, hours, n, rank: said(
            name, hours, n=n, rank=rank, campaign={"source": name, "medium": "x"}
        ),
        some.sampled_from(["Ann", "Anna", "Anne", ""]),
        some.integers(0, 3),
        some.integers(0, 3),
        some.sampled_from(Rank),
    ),
    max_size=8,
    unique_by=lambda event: event.id,
)


@given(arrivals, some.integers(0, 8), some.randoms())
def test_any_order_any_grouping_and_any_repeat_give_the_same(
    events: list[Event], cut: int, order: random.Random
) -> None:
    shuffled = [*events, *events[:2]]
    order.shuffle(shuffled)
    assert learn(learn({}, shuffled[:cut]), shuffled[cut:]) == learn({}, events)
    assert touch(touch(Touches(), shuffled[:cut]), shuffled[cut:]) == touch(Touches(), events)
