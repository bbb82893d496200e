"""Crowded leads: above 128 events in 48 hours only a replay can tell what is new. And that both
algorithms agree.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.events import Event, Join, Kind, lead_partition
from chalicelib.leads.caps import first_read
from chalicelib.leads.lead import Lead
from chalicelib.leads.replay import count
from chalicelib.scoring.matching import REQUESTS
from chalicelib.scoring.touches import Touch, Touches
from tests import factories as make
from tests.baton import ANN, InMemoryBaton
from tests.factories import VISITOR
from tests.fakes import NOW, ListedEvents, replay

MODEL = make.model()
JOIN = Join(VISITOR, make.LEAD_ID, NOW)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


def counted(events: Sequence[Event], now: Any = NOW) -> Lead:
    lead = make.lead()
    for position, event in enumerate(events, 1):
        seen = events[:position]
        lead = count(MODEL, lead, [event], [], now) or replay(MODEL, lead, seen, now, [JOIN])
    return lead


def derived(lead: Lead) -> tuple[Any, ...]:
    return lead.tally, lead.profile, lead.touches


# --- counting -------------------------------------------------------------------------------------


def test_an_event_that_is_counted_already_changes_nothing() -> None:
    lead = counted([make.page()])
    assert count(MODEL, lead, [make.page()], [], NOW) is lead


def test_a_join_counts_each_event_of_its_visitor_once() -> None:
    lead = counted([make.page("/pricing", n=1)])
    joined = [make.page("/pricing", n=1), make.page("/blog/a", n=2)]
    after = count(MODEL, lead, [make.form(joins=(VISITOR,))], joined, NOW)
    assert after is not None
    asked = {"demo_request": [0], REQUESTS: [0]}
    assert after.tally == make.seen(site_visit={0: 2}, pricing_page=[0], blog=[0], **asked)


def test_ids_older_than_48_hours_are_forgotten() -> None:
    lead = counted([make.page(n=1, days_ago=3), make.page(n=2, days_ago=1)])
    assert set(lead.counted) == {make.page(n=2, days_ago=1).digest}
    later = count(
        MODEL, lead, [make.page(n=3, at=NOW + timedelta(days=2))], [], NOW + timedelta(days=2)
    )
    assert later is not None
    assert len(later.counted) == 1


def test_the_129th_id_makes_the_lead_crowded() -> None:
    """The 128th is kept."""
    lead = counted([make.page(n=n) for n in range(128)])
    assert (len(lead.counted), lead.crowded) == (128, False)
    after = count(MODEL, lead, [make.page(n=128)], [], NOW)
    assert after is not None
    assert (after.counted, after.crowded) == ({}, True)
    assert after.tally == make.seen(site_visit={0: 129})


def test_a_replay_with_at_most_128_left_lifts_the_flag() -> None:
    events = [make.page(n=n, at=NOW - timedelta(hours=n / 3)) for n in range(140)]
    crowded = replay(MODEL, make.lead(crowded=True), events, NOW, [JOIN])
    assert (crowded.crowded, crowded.counted) == (True, {})
    lifted = replay(MODEL, make.lead(crowded=True), events, NOW + timedelta(hours=6), [JOIN])
    assert not lifted.crowded
    assert set(lifted.counted) == {
        event.digest for event in events[:127]
    }  # the others are over 48 hours old


# --- the caps -------------------------------------------------------------------------------------


def replayed(*events: Event, joins: Sequence[Join] = (JOIN,)) -> Lead:
    return replay(MODEL, make.lead(), events, NOW, joins)


def day(number: int) -> datetime:
    return NOW - timedelta(days=1 + number % 100)


def counted_days(lead: Lead, signal: str) -> int:
    return sum(lead.tally.days[signal].values())


def test_the_newest_500_pings_of_a_partition_and_day_count() -> None:
    pings = [make.page("/pricing", n=n, at=NOW - n * SECOND) for n in range(600)]
    oldest = [
        make.page("/blog/a", n=n, at=NOW - timedelta(hours=1), captured_at=NOW) for n in (1, 2)
    ]
    others = [make.page("/pricing", n=n, partition="VISITOR#v2") for n in range(600)]
    yesterday = [make.page("/pricing", n=n, days_ago=1) for n in range(10)]
    joins = [JOIN, Join("VISITOR#v2", make.LEAD_ID, NOW)]
    lead = replayed(*pings, *oldest, *others, *yesterday, joins=joins)
    assert counted_days(lead, "pricing-page") == 500 + 500 + 10
    assert "blog" not in lead.tally.days


def test_two_hundred_forms_of_a_day_count_and_all_feedback() -> None:
    forms = [make.form("demo", n=n, at=NOW - n * SECOND) for n in range(300)]
    clicks = [
        make.event(Kind.MAIL, "clicked", n=n, partition=lead_partition(make.LEAD_ID))
        for n in range(300)
    ]
    lead = replayed(*forms, *clicks)
    assert counted_days(lead, "demo-request") == 200
    assert counted_days(lead, "email-click") == 300


def test_a_join_counts_the_newest_thousand_before_it() -> None:
    before = [make.page(n=n, days_ago=1 + n % 100, captured_at=day(n)) for n in range(1_500)]
    after = [make.page(n=n, at=NOW + n * SECOND, captured_at=NOW + HOUR) for n in range(3)]
    lead = replay(MODEL, make.lead(), [*before, *after], NOW + HOUR, [JOIN])
    assert counted_days(lead, "site-visit") == 1_000 + 3


def test_pings_older_than_the_horizon_are_not_read() -> None:
    old = [make.page("/pricing", n=1, days_ago=403), make.page("/pricing", n=2, days_ago=399)]
    history = ListedEvents(old)
    assert len(list(history.of(VISITOR, since=first_read(NOW)))) == 1
    assert counted_days(replayed(*old), "pricing-page") == 1


def test_a_ping_too_old_when_it_came_never_counts() -> None:
    """Nor does one whose sender's clock is years behind: a replay could not find it."""
    late = make.page("/pricing", at=NOW - timedelta(days=401), captured_at=NOW)
    behind = replace(make.page("/pricing", days_ago=800), at=NOW, captured_at=NOW)
    for ping in (late, behind):
        assert count(MODEL, make.lead(), [ping], [], NOW) == make.lead()
        assert not replayed(ping).tally


def test_more_than_the_caps_allow_is_left_to_a_replay() -> None:
    forms = [make.form("demo", n=n) for n in range(201)]
    assert count(MODEL, make.lead(), forms, [], NOW) is None
    assert count(MODEL, make.lead(), forms[:200], [], NOW) is not None


def test_the_first_touch_outlives_its_event() -> None:
    then = NOW - timedelta(days=500)
    touch = Touch(then, make.page(at=then).id, "google", "cpc", "spring")
    lead = make.lead(touches=Touches(touch, touch))
    assert replay(MODEL, lead, [], NOW).touches == lead.touches


# --- the two algorithms agree ---------------------------------------------------------------------

some_events = some.lists(
    some.one_of(
        some.builds(
            lambda n, ago: make.page("/pricing", n=n, days_ago=ago),
            some.integers(0, 30),
            some.integers(0, 3),
        ),
        some.builds(lambda n: make.download(f"{n}-guide"), some.integers(0, 40)),
        some.builds(
            lambda n, name: make.form(
                "demo", n=n, days_ago=n, fields={"first_name": name}, campaign={"source": name}
            ),
            some.integers(0, 5),
            some.sampled_from(["Ann", "Anna"]),
        ),
    ),
    max_size=20,
    unique_by=lambda event: event.id,
)


@given(some_events, some.randoms())
def test_counting_one_by_one_is_folding_all_at_once(events: list[Event], order: Any) -> None:
    shuffled = list(events)
    order.shuffle(shuffled)
    replayed = replay(MODEL, make.lead(), events, NOW, [JOIN])
    assert derived(counted(shuffled)) == derived(replayed)
    assert counted(shuffled).counted == replayed.counted


@pytest.mark.parametrize("days_ago", [0, 3])
def test_a_join_above_the_cap_is_left_to_a_replay(days_ago: int) -> None:
    """A visitor with 600 views of one day, some days ago: the count took all 600."""
    pings = [make.page(n=n, days_ago=days_ago) for n in range(600)]
    form = make.form(joins=(VISITOR,))
    assert count(MODEL, make.lead(), [form], pings, NOW) is None
    assert counted_days(replayed(form, *pings), "site-visit") == 500


# --- through the whole of Baton -------------------------------------------------------------------


def crowded_baton(pages: int = 130) -> InMemoryBaton:
    baton = InMemoryBaton()
    baton.form("newsletter", **ANN)
    for _ in range(pages):
        baton.page("/blog/a")
    baton.until_quiet()
    return baton


def crowding(baton: InMemoryBaton) -> Lead:
    return baton.world.leads.read(baton.world.lead_id(ANN["email"]))


def test_a_crowded_lead_counts_everything_at_the_clocks_replay() -> None:
    baton = crowded_baton()
    assert crowding(baton).crowded
    before = crowding(baton).tally
    baton.page("/pricing")
    baton.until_quiet()
    assert crowding(baton).tally == before
    baton.minutes_later(
        15
    )  # the join was a replay itself, and one is enough in a quarter of an hour
    assert crowding(baton).tally.days_of("pricing-page")
    assert crowding(baton).requests.due_at is None


def test_a_crowded_lead_is_replayed_at_most_every_fifteen_minutes() -> None:
    baton = crowded_baton()
    baton.page("/pricing")
    baton.until_quiet()
    baton.minutes_later(0)
    first = crowding(baton).version
    baton.page("/compare/x")
    baton.until_quiet()
    baton.minutes_later(14)
    assert crowding(baton).version == first
    baton.minutes_later(1)
    assert crowding(baton).version == first + 1
    assert crowding(baton).tally.days_of("compare-page")


def test_a_crowded_leads_request_reaches_a_human_at_once() -> None:
    baton = crowded_baton()
    baton.form("demo", **ANN)
    baton.until_quiet()
    assert baton.lead()["stage"] == "sql"
    assert {item["via"] for item in baton.outbox() if item["state"] == "sent"} >= {
        "email",
        "sns",
        "sms",
    }


def test_an_identify_of_a_crowded_lead_waits_for_the_clock() -> None:
    """It is as cheap to send as a page view, though it stands in the lead's partition."""
    baton = crowded_baton()
    version = crowding(baton).version
    traits = {"email": ANN["email"], "industry": "mining"}
    assert baton.post("/v1/identify", {"anonymousId": "v2", "traits": traits}).status_code == 200
    baton.until_quiet()
    assert crowding(baton).version == version
    baton.minutes_later(15)
    assert crowding(baton).version > version


def test_two_quiet_days_and_a_replay_end_the_crowd() -> None:
    baton = crowded_baton()
    baton.ports.clock.tick(timedelta(days=3))
    baton.page("/pricing")
    baton.until_quiet()
    baton.minutes_later(0)
    lead = crowding(baton)
    assert not lead.crowded
    assert len(lead.counted) == 1
    baton.page("/compare/x")
    baton.until_quiet()
    assert crowding(baton).tally.days_of("compare-page")


def test_a_crowded_lead_counts_a_repeated_record_once() -> None:
    baton = crowded_baton()
    records = [item for item in baton.ports.memory.inserted if str(item["sk"]).startswith("EVENT#")]
    for item in records:
        assert baton.handle(item)
    baton.minutes_later(0)
    (blog,) = crowding(baton).tally.days["blog"].values()
    assert blog == 130


def test_a_replay_of_a_lead_changes_nothing_that_was_counted() -> None:
    baton = InMemoryBaton()
    baton.page("/pricing")
    baton.form("guide", **ANN)
    baton.page("/blog/a")
    baton.until_quiet()
    before = crowding(baton)
    baton.world.qualify.replay(before.lead_id)
    after = crowding(baton)
    assert (derived(after), after.counted, after.total) == (
        derived(before),
        before.counted,
        before.total,
    )
    assert after.standing == before.standing
