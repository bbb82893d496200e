"""The tally's laws: it commutes, packs small, and keeps the newest of what it may keep."""

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.events import Event, Kind
from chalicelib.scoring.tally import (
    Tally,
    count_events,
    pack,
    signals_of,
    since,
    unpack,
    within_horizon,
)
from tests import factories as make
from tests.factories import TODAY, seen

MODEL = make.model()

visits = some.lists(
    some.builds(
        lambda path, n, ago: make.page(path, n=n, days_ago=ago),
        some.sampled_from(["/", "/blog/a", "/pricing", "/careers"]),
        some.integers(0, 3),
        some.integers(0, 60),
    ),
    max_size=12,
)
downloads = some.lists(
    some.builds(
        lambda key, ago: make.download(f"{key}-guide", days_ago=ago),
        some.integers(0, 60),
        some.integers(0, 60),
    ),
    max_size=80,
)


@given(visits, downloads, some.integers(0, 20), some.randoms())
def test_counting_commutes(
    pages: list[Event], assets: list[Event], cut: int, order: random.Random
) -> None:
    events = [*pages, *assets]
    at_once = count_events(MODEL, Tally(), events)
    shuffled = list(events)
    order.shuffle(shuffled)
    in_parts = count_events(MODEL, count_events(MODEL, Tally(), shuffled[:cut]), shuffled[cut:])
    assert in_parts == at_once


def test_an_event_counts_once_for_each_signal_that_it_matches() -> None:
    tally = count_events(MODEL, Tally(), [make.page("/blog/a", campaign={"medium": "cpc"})])
    assert tally == seen(site_visit=[0], blog=[0], ad_click=[0])


@pytest.mark.parametrize(
    ("event", "signals"),
    [
        (make.page("/"), ["site-visit"]),
        (make.page("/pricing"), ["site-visit", "pricing-page"]),
        (make.page("/pricing/teams"), ["site-visit", "pricing-page"]),
        (make.page("/pricing-old"), ["site-visit"]),
        (make.event(Kind.PAGE), ["site-visit"]),
        (make.event(Kind.TRACK, "Meeting Booked"), ["meeting-booked"]),
        (make.event(Kind.TRACK, "meeting booked"), ["meeting-booked"]),
        (make.event(Kind.TRACK, "Product Added to Wishlist"), []),
        (make.download("buyers-guide"), ["guide-download"]),
        (make.event(Kind.TRACK, "Asset Downloaded"), []),
        (make.form("callback"), ["contact-request"]),
        (make.form("other", fields={"message": "We need it ASAP please"}), ["urgent-need"]),
        (make.form("demo", fields={"message": "no hurry"}), ["demo-request"]),
        (make.event(Kind.MAIL, "bounced", properties={"kind": "hard"}), ["hard-bounce"]),
        (make.event(Kind.MAIL, "bounced", properties={"kind": "soft"}), []),
        (make.event(Kind.MAIL, "delivered"), ["email-delivered"]),
        (make.event(Kind.IDENTIFY), []),
    ],
)
def test_an_event_matches_its_signals(event: Event, signals: Sequence[str]) -> None:
    assert [signal.id for signal in signals_of(MODEL, event)] == signals


# --- distinct keys --------------------------------------------------------------------------------


def test_one_asset_counts_once_on_its_latest_day() -> None:
    events = [make.download("a-guide", days_ago=ago) for ago in (5, 2, 9)] + [
        make.download("A-Guide", days_ago=3)
    ]
    tally = count_events(MODEL, Tally(), events)
    assert tally.days_of("guide-download") == {TODAY.toordinal() - 2}
    assert len(tally.keys["guide-download"]) == 1


def test_the_newest_thirty_two_keys_are_kept() -> None:
    events = [make.download(f"{number}-guide", days_ago=number) for number in range(40)]
    tally = count_events(MODEL, Tally(), events)
    assert sorted(tally.keys["guide-download"].values(), reverse=True) == [
        TODAY.toordinal() - n for n in range(32)
    ]


# --- the horizon ----------------------------------------------------------------------------------


def test_what_is_older_than_four_hundred_days_is_dropped() -> None:
    tally = seen(
        blog=[0, 399, 400], pricing_page=[500], keys={"guide-download": {"a": 399, "b": 400}}
    )
    assert within_horizon(tally, TODAY.toordinal()) == seen(
        blog=[0, 399], keys={"guide-download": {"a": 399}}
    )


def test_nothing_is_left_of_an_old_tally() -> None:
    assert not since(seen(blog=[3], keys={"guide-download": {"a": 3}}), TODAY.toordinal() - 2)


# --- packing --------------------------------------------------------------------------------------

cells = some.dictionaries(some.integers(1, 800_000), some.integers(1, 10**6), min_size=1)
packable = some.builds(
    Tally,
    some.dictionaries(some.sampled_from(list(MODEL.signals)), cells),
    some.dictionaries(
        some.sampled_from(["guide-download", "product-sheet"]),
        some.dictionaries(
            some.text("0123456789abcdef", min_size=8, max_size=8),
            some.integers(1, 800_000),
            min_size=1,
        ),
    ),
)


@given(packable)
def test_what_is_packed_is_unpacked_as_it_was(tally: Tally) -> None:
    assert unpack(pack(tally)) == tally


@given(packable)
def test_one_tally_has_one_packed_form(tally: Tally) -> None:
    reversed_days = {
        signal: dict(reversed(list(days.items())))
        for signal, days in reversed(list(tally.days.items()))
    }
    assert pack(Tally(reversed_days, tally.keys)) == pack(tally)


def test_ten_thousand_events_take_below_a_kilobyte_and_a_half() -> None:
    """Over sixty days, of eight signals."""
    chance = random.Random(7)
    days: dict[str, dict[int, int]] = {signal: {} for signal in list(MODEL.signals)[:8]}
    for _ in range(10_000):
        signal, day = chance.choice(list(days)), TODAY.toordinal() - chance.randrange(60)
        days[signal][day] = days[signal].get(day, 0) + 1
    assert len(pack(Tally(days))) < 1_500


def test_the_fullest_tally_fits_a_standing_of_a_few_kilobytes() -> None:
    chance = random.Random(7)
    days = {
        signal: {TODAY.toordinal() - ago: chance.randint(1, 500) for ago in range(400)}
        for signal in MODEL.signals
    }
    keys = {
        "guide-download": {
            f"{chance.getrandbits(32):08x}": TODAY.toordinal() - ago for ago in range(32)
        }
    }
    assert len(pack(Tally(days, keys))) < 20_000
