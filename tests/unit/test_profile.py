"""Profile and touches: the newest of the highest rank is shown, in any order of arrival."""

import random
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.days import day_of, zone_of
from chalicelib.events import Event, FieldValue, Kind, Rank
from chalicelib.limits import LINE_MAX_CHARS, OWN_FIELDS_MAX
from chalicelib.scoring.profile import facts_on, learn, next_leave, remembered, values
from chalicelib.scoring.touches import Touches, touch
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
        ([said("Script", 2, rank=Rank.IDENTIFY), said("Form", 1)], "Form"),
        ([said("Own", 1, rank=Rank.OWN_BROWSER), said("Stranger", 2)], "Own"),
    ],
)
def test_the_newest_of_the_highest_rank_wins(events: list[Event], name: str) -> None:
    assert values(learn({}, events))["first_name"] == name


def test_of_each_rank_the_newest_is_kept_and_no_more() -> None:
    events = [said(f"{rank}", hours, n=hours, rank=rank) for rank in Rank for hours in range(9)]
    random.Random(7).shuffle(events)
    known = learn({}, events)["first_name"]
    assert [(one.rank, one.at) for one in known] == [
        (rank, NOW + 8 * HOUR) for rank in sorted(Rank, reverse=True)
    ]


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
        learn({}, [make.form(fields={"trial": False, "seats": 0, "note": "", "tags": ()})])
    ) == {"trial": False, "seats": 0}


def test_a_profile_keeps_the_newest_of_a_companys_own_fields() -> None:
    every = [
        make.form(n=n, at=NOW + n * HOUR, fields={f"own_{n}": "x", "company": "Acme"})
        for n in range(OWN_FIELDS_MAX + 3)
    ]
    kept = learn({}, every, also={"own_0"})
    newest = {f"own_{n}" for n in range(3, OWN_FIELDS_MAX + 3)}
    assert kept.keys() == {"company", "own_0", *newest}


def test_a_stranger_displaces_no_field_that_the_person_said() -> None:
    own = make.form(fields={"budget": "40k"}, rank=Rank.OWN_BROWSER)
    others = {f"own_{n}": "x" for n in range(OWN_FIELDS_MAX * 2)}
    strangers = make.form(n=1, at=NOW + HOUR, fields=others)
    kept = learn({}, [own, strangers])
    assert len(kept) == OWN_FIELDS_MAX + 1
    assert values(kept)["budget"] == "40k"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("x" * 5_000, "x" * LINE_MAX_CHARS),
        (("a", "b"), ("a", "b")),
        (("a" * 200, "b" * 100, "c"), ("a" * 200, "b" * 100)),
        (("a" * 400, "b"), "a" * LINE_MAX_CHARS),
        (5, 5),
    ],
)
def test_a_profile_keeps_a_line_of_each_value(said: FieldValue, kept: FieldValue) -> None:
    assert values(learn({}, [make.form(fields={"details": said})])) == {"details": kept}


@given(some.randoms(), some.integers(0, 60))
def test_any_order_keeps_the_same_of_a_companys_own_fields(order: random.Random, cut: int) -> None:
    events = [
        make.form(
            n=n,
            at=NOW + (n * 7 % 11) * HOUR,
            rank=Rank(n % 3),
            fields={f"own_{n % 37}": n, f"own_{n % 29}": n},
        )
        for n in range(60)
    ]
    shuffled = list(events)
    order.shuffle(shuffled)
    assert learn(learn({}, shuffled[:cut]), shuffled[cut:]) == learn({}, events)


def test_nobody_sends_the_parts_of_an_address() -> None:
    assert learn({}, [make.form(fields={"email_domain": "gmail.com"})]) == {}


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


# --- what an identify said leaves at the horizon --------------------------------------------------

SAID_ON = NOW.date()
LEAVES_ON = SAID_ON + timedelta(days=400)


def identified(name: str = "Ann", **more: Any) -> Event:
    return said(name, 0, rank=Rank.IDENTIFY, **more)


@pytest.mark.parametrize(("day", "known"), [(-1, {"first_name": "Ann"}), (0, {}), (1, {})])
def test_what_an_identify_said_is_known_for_400_days(day: int, known: dict[str, str]) -> None:
    today = LEAVES_ON + timedelta(days=day)
    profile = learn({}, [identified()])
    assert values(remembered(profile, today, UTC)) == known
    assert facts_on(profile, today, UTC).values == known


def test_when_an_identify_leaves_the_form_stays() -> None:
    profile = learn({}, [identified("Script"), said("Form", 0)])
    left = remembered(profile, LEAVES_ON, UTC)
    assert left == learn({}, [said("Form", 0)])
    assert next_leave(profile, SAID_ON, UTC) == LEAVES_ON
    assert next_leave(profile, LEAVES_ON, UTC) is None
    assert next_leave(left, SAID_ON, UTC) is None


def test_it_leaves_on_a_day_of_the_time_zone() -> None:
    profile = learn({}, [said("Ann", -9, rank=Rank.IDENTIFY)])  # the evening before, in Los Angeles
    zone = zone_of("America/Los_Angeles")
    assert next_leave(profile, SAID_ON, zone) == day_of(NOW - 9 * HOUR, zone) + timedelta(days=400)


# --- touches --------------------------------------------------------------------------------------


def test_an_identify_is_not_an_arrival() -> None:
    campaign = {"source": "evil"}
    assert touch(Touches(), [make.event(Kind.IDENTIFY, campaign=campaign)]) == Touches()


def test_touches_of_a_lower_rank_give_way() -> None:
    strangers = [
        replace(came(source, hours), browser_rank=rank)
        for rank in (Rank.IDENTIFY, Rank.FORM)
        for source, hours in (("before", -9), ("after", 9))
    ]
    own = replace(came("own", 1), browser_rank=Rank.OWN_BROWSER)
    assert touch(Touches(), [*strangers, own]) == touch(Touches(), [own])


arrivals = some.lists(
    some.builds(
        lambda name, hours, n, rank: said(
            name,
            hours,
            n=n,
            rank=rank,
            browser_rank=rank,
            campaign={"source": name, "medium": "x"},
            zone=f"Europe/{name}" if name else "",
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
