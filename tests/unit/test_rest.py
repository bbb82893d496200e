"""After a recycle: the rest, from when behaviour counts again, and what wakes a lead before its
time.
"""

from collections.abc import Iterable
from datetime import date, timedelta

import pytest

from chalicelib.events import Event, Kind
from chalicelib.lifecycle.decide import decide, is_resting
from chalicelib.lifecycle.moves import move
from chalicelib.lifecycle.stages import Stage, Standing, Transition, apply
from chalicelib.scoring.evidence import Evidence
from chalicelib.scoring.score import Score, score
from chalicelib.scoring.tally import EVER, Since, Tally, count_events
from tests import factories as make
from tests.factories import LEAD_ID, TODAY, came_by, day, profile, seen, standing
from tests.fakes import NOW

MODEL = make.model()
WAKES = ["demo-request", "trial-start", "contact-request", "meeting-booked"]
SIGNS = {  # what is seen of each request
    "demo-request": make.form("demo"),
    "trial-start": make.form("trial"),
    "contact-request": make.form("contact"),
    "meeting-booked": make.event(Kind.TRACK, "Meeting Booked"),
}
# Everything that an MQL does, and more than an SQL needs, all of it today.
BUSY = [
    make.page("/pricing"),
    make.download("a-guide"),
    make.download("b-guide"),
    make.page("/compare/x"),
]
ASKED = [*BUSY, make.form("demo", n=1)]


def recycled(did: Iterable[Event] = ASKED, reason: str = "not ready") -> tuple[Standing, Tally]:
    """An SQL that sales recycled today, after it did this; and all that it did."""
    tally = count_events(MODEL, Tally(), did)
    before = standing(Stage.SQL, 0, kind="requested", owner="sam")
    worth, from_now = _worth(tally, TODAY, before), Since.now(MODEL, tally, NOW, LEAD_ID)
    return apply(before, move(MODEL, before, worth, from_now, Stage.RECYCLED, reason)), tally


def _worth(tally: Tally, on: date, at: Standing) -> Score:
    return score(MODEL, Evidence(profile(), came_by("cpc"), tally, at.since), on)


def wanted(at: Standing, tally: Tally, on: date) -> Transition | None:
    return decide(MODEL, at, _worth(tally, on, at), on)


def target(at: Standing, tally: Tally, on: date = TODAY) -> Stage | None:
    moved = wanted(at, tally, on)
    return moved.target if moved else None


def later(did: Event, days: int) -> Event:
    """The same thing, some days later."""
    return make.event(
        did.kind, did.name, at=did.at + timedelta(days=days), properties=did.properties
    )


# --- from when behaviour counts -------------------------------------------------------------------


def test_what_a_lead_did_before_its_recycle_counts_for_nothing() -> None:
    at, tally = recycled()
    worth = _worth(tally, TODAY, at)
    assert (worth.groups["engagement"], worth.groups["intent"], worth.groups["fit"]) == (
        0,
        0,
        40_000,
    )
    assert not worth.tally
    assert [target(at, tally, day(ahead)) for ahead in range(60)] == [None] * 60


def test_what_it_does_later_that_day_counts() -> None:
    """The day's cells held one view of the prices then; the second one is new."""
    at, tally = recycled()
    again = count_events(MODEL, tally, [make.page("/pricing", n=9)])
    worth = _worth(again, TODAY, at)
    assert worth.tally.days["pricing-page"] == {TODAY.toordinal(): 1}
    assert worth.groups["intent"] == 6_000


def test_the_same_asset_that_day_is_nothing_new() -> None:
    at, tally = recycled()
    assert not _worth(count_events(MODEL, tally, [make.download("a-guide", n=9)]), TODAY, at).tally
    more = _worth(count_events(MODEL, tally, [make.download("c-guide")]), TODAY, at)
    assert len(more.tally.keys["guide-download"]) == 1
    tomorrow = _worth(count_events(MODEL, tally, [later(make.download("a-guide"), 1)]), day(1), at)
    assert len(tomorrow.tally.keys["guide-download"]) == 1


@pytest.mark.parametrize("days_ago", [1, 2, 13])
def test_a_late_event_of_an_earlier_day_never_qualifies(days_ago: int) -> None:
    """A phone that was offline sends its demo request of yesterday after sales gave the answer."""
    at, tally = recycled()
    late = [make.form("demo", n=2, days_ago=days_ago), make.download("c-guide", days_ago=days_ago)]
    after = count_events(MODEL, tally, late)
    assert [target(at, after, day(ahead)) for ahead in range(60)] == [None] * 60
    assert is_resting(MODEL, at, _worth(after, TODAY, at), TODAY)


def test_a_lead_without_a_tally_starts_with_that_day() -> None:
    at = standing(Stage.RECYCLED, 0, since=Since.now(MODEL, Tally(), NOW, LEAD_ID))
    assert _worth(count_events(MODEL, Tally(), BUSY), TODAY, at).tally == count_events(
        MODEL, Tally(), BUSY
    )


def test_a_cell_that_shrank_since_is_nothing_and_not_less() -> None:
    """An event of that day was taken back after the recycle."""
    since = Since(TODAY.toordinal(), seen(blog={0: 3}))
    assert since.left_of(seen(blog={0: 1}, case_study=[0])) == seen(case_study=[0])
    assert since.left_of(Tally()) == Tally()


def test_ever_lets_everything_count() -> None:
    old = seen(blog=[399], keys={"guide-download": {"a": 399}})
    assert EVER.left_of(old) == old


# --- the rest -------------------------------------------------------------------------------------


def qualified_while_resting() -> tuple[Standing, Tally]:
    """A recycled lead that did everything again that makes an MQL, the day after; no request."""
    at, tally = recycled()
    return at, count_events(MODEL, tally, [later(one, 30) for one in BUSY])


def test_what_happened_during_a_rest_counts_afterwards() -> None:
    at, tally = qualified_while_resting()
    assert at.rest_until == day(45)
    assert [target(at, tally, day(ahead)) for ahead in (30, 31, 44)] == [None] * 3
    assert target(at, tally, day(45)) is Stage.MQL


def test_a_rested_lead_may_be_an_sql_at_once() -> None:
    at, _ = recycled()
    hot = seen(
        pricing_page=[-44, -45], compare_page=[-45], product_page=[-45, -44], case_study=[-45, -44]
    )
    assert target(at, hot, day(44)) is None
    moved = wanted(at, hot, day(45))
    assert moved is not None
    assert (moved.target, moved.kind, moved.cycle) == (Stage.SQL, "inferred", 2)


def test_a_recycled_lead_without_a_rest_is_decided_at_once() -> None:
    at, tally = recycled()
    at = standing(Stage.RECYCLED, 0, since=at.since)
    assert target(at, count_events(MODEL, tally, [make.download("c-guide")])) is Stage.MQL


def test_only_a_recycled_lead_rests() -> None:
    for stage in set(Stage) - {Stage.RECYCLED}:
        assert not is_resting(MODEL, standing(stage, rest_until=day(9)), make.worth(), TODAY)


# --- a request wakes ------------------------------------------------------------------------------


def test_the_default_model_wakes_by_requests_only() -> None:
    assert sorted(MODEL.wakes) == sorted(WAKES) == sorted(SIGNS)
    requests = {way.signal for way in MODEL.sql if way.kind == "requested"}
    assert requests == set(WAKES)


@pytest.mark.parametrize("signal", WAKES)
@pytest.mark.parametrize("days_later", [0, 1, 40])
def test_rule_1_a_request_ends_a_rest_at_once(signal: str, days_later: int) -> None:
    at, tally = recycled(BUSY)
    after = count_events(MODEL, tally, [later(SIGNS[signal], days_later)])
    moved = wanted(at, after, day(days_later))
    assert moved is not None
    assert (moved.target, moved.kind, moved.cycle) == (Stage.SQL, "requested", 2)
    assert apply(at, moved).owner == "sam"


def test_rule_1_an_answered_request_wakes_nobody_the_next_does() -> None:
    at, tally = recycled(ASKED)
    assert target(at, tally) is None
    assert target(at, count_events(MODEL, tally, [make.form("demo", n=2)])) is Stage.SQL


@pytest.mark.parametrize(
    "did", [make.page("/pricing", n=9), make.download("c-guide"), make.form("newsletter")]
)
def test_what_is_no_request_wakes_nobody(did: Event) -> None:
    at, tally = recycled()
    assert is_resting(MODEL, at, _worth(count_events(MODEL, tally, [did]), TODAY, at), TODAY)


def test_a_request_ends_the_rest_despite_poor_fit() -> None:
    """What the lead does is judged again from then on, whether or not the request itself is
    enough.
    """
    at, tally = recycled()
    after = count_events(MODEL, tally, [make.form("demo", n=2), make.page("/blog/a", n=9)])
    hopeless = score(
        MODEL,
        Evidence(
            profile({"email": "x@gmail.com", "job_title": "Student"}), came_by(""), after, at.since
        ),
        TODAY,
    )
    assert not is_resting(MODEL, at, hopeless, TODAY)
    assert decide(MODEL, at, hopeless, TODAY) is None
