"""What a click was: published timings and behaviour of mail scanners against people (ADR 0061)."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import permutations

import pytest

from chalicelib.clicks.clicks import CLICK_HOLD, Click, ClickVerdict, Why
from chalicelib.clicks.judging import judge
from chalicelib.delivery.message_keys import MessageKey, MessageKind
from tests.fakes import NOW
from tests.sizes import SIZES

KEY = MessageKey(MessageKind.NURTURE, 1, ("learn", "day-1"))
PERSON = ClickVerdict.PERSON
MACHINE = ClickVerdict.MACHINE
MINUTE = 60.0
#: When 836 bursts of a mail tool's users began, in seconds after sending, and how many of them.
BURSTS_BEGAN = (
    ((0, 10), 0.005),
    ((10, 20), 0.022),
    ((20, 60), 0.664),
    ((60, 300), 0.283),
    ((300, 1_800), 0.019),
    ((3_600, 86_400), 0.007),
)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def click(seconds: float, link: int = 0, agent: str = "chrome", **parts: object) -> Click:
    """Return a click so many seconds after the delivery."""
    network = str(parts.pop("network", "office"))
    return Click(
        lead_id="A" * 26,
        key=KEY,
        position=link,
        url="https://acme.example/pricing",
        at=at(seconds),
        agent=agent,
        network=network,
        **parts,  # type: ignore[arg-type]
    )


def burst(begins: float, links: int = 7, agent: str = "scanner", step: float = 0.1) -> list[Click]:
    return [click(begins + step * link, link, agent, network="cloud") for link in range(links)]


def verdicts(*clicks: Click) -> list[ClickVerdict]:
    found = judge(clicks, NOW)
    return [found[one.id].verdict for one in clicks]


@pytest.mark.parametrize("begins", [3, 43, 6 * MINUTE, 2 * 60 * MINUTE])
def test_several_links_at_once_are_a_machines(begins: float) -> None:
    assert set(verdicts(*burst(begins))) == {MACHINE}


@pytest.mark.parametrize(("apart", "verdict"), [(2.0, MACHINE), (2.1, PERSON), (4.0, PERSON)])
def test_two_links_within_two_seconds_are_several(apart: float, verdict: ClickVerdict) -> None:
    assert verdicts(click(800, 0), click(800 + apart, 1)) == [verdict, verdict]


def test_a_single_early_click_is_no_proof() -> None:
    found = judge([click(3, agent="safe-links")], NOW)
    assert [one.why for one in found.values()] == [Why.NO_PAGE_VIEW]
    assert verdicts(click(25)) == [MACHINE]


def test_a_page_that_ran_the_tracker_shows_a_person() -> None:
    assert verdicts(click(25, is_viewed=True)) == [PERSON]
    assert verdicts(click(600, 2, is_viewed=True)) == [PERSON]


def test_after_five_minutes_a_click_counts_without_a_page() -> None:
    assert verdicts(click(5 * MINUTE)) == [MACHINE]
    assert verdicts(click(5 * MINUTE + 1)) == [PERSON]


def test_what_calls_itself_a_program_is_one() -> None:
    assert verdicts(click(900, is_program=True, is_viewed=True)) == [MACHINE]


def test_no_network_condemns() -> None:
    """Isolation puts people behind the network of a scanner's vendor."""
    swept = burst(40)
    person = click(20 * MINUTE, 1, "chrome", network="cloud")
    assert verdicts(*swept, person) == [*[MACHINE] * len(swept), PERSON]


@pytest.mark.parametrize("agent", ["chrome", "scanner"])
def test_a_person_after_a_machine_counts(agent: str) -> None:
    swept = burst(40, 5)
    assert verdicts(*swept, click(20 * MINUTE, 1, agent)) == [*[MACHINE] * 5, PERSON]


def test_a_later_sweep_takes_its_own_probe_back() -> None:
    first = click(50, 0, "scanner", network="cloud", is_viewed=True)
    assert verdicts(first) == [PERSON]
    assert set(verdicts(first, *burst(5 * MINUTE, 5))) == {MACHINE}


def test_a_sweep_takes_no_other_senders_click_back() -> None:
    person = click(50, 0, "firefox", is_viewed=True)
    neighbour = click(20 * MINUTE, 0, "scanner", network="home")
    swept = burst(30 * MINUTE)
    found = judge([person, neighbour, *swept], NOW)
    assert [found[one.id].verdict for one in (person, neighbour)] == [PERSON, PERSON]


def test_a_sweep_of_days_later_takes_nothing_back() -> None:
    person = click(900, 0, "scanner", network="cloud")
    assert verdicts(person, *burst(3 * 24 * 60 * MINUTE))[0] is PERSON


@pytest.mark.parametrize("is_scanner_first", [True, False])
def test_one_click_seen_by_a_scanner_too_is_one(*, is_scanner_first: bool) -> None:
    """A person on one network, and twelve seconds later another network with another browser."""
    times = (912, 900) if is_scanner_first else (900, 912)
    person = click(times[0], 0, "mac", network="a", is_viewed=True)
    scanner = click(times[1], 0, "windows", network="b")
    assert verdicts(person, scanner) == [PERSON, MACHINE]


def test_without_a_page_the_first_of_two_stands_for_both() -> None:
    assert verdicts(click(900, 0, "mac", network="a"), click(912, 0, "windows", network="b")) == [
        PERSON,
        MACHINE,
    ]


def test_a_repeat_a_minute_later_is_another_click() -> None:
    assert verdicts(click(900, 0, "mac"), click(961, 0, "windows")) == [PERSON, PERSON]


def test_the_order_in_which_clicks_are_given_changes_nothing() -> None:
    clicks = [click(50, 0, "scanner", is_viewed=True), *burst(300, 2), click(1_200, 1)]
    expected = judge(clicks, NOW)
    assert all(judge(order, NOW) == expected for order in permutations(clicks))


# --- published timings ----------------------------------------------------------------------------


def simulated_bursts(number: int, seed: int) -> list[list[Click]]:
    """Return bursts as they were measured: nine or ten links in less than a second."""
    drawn = random.Random(seed)
    ranges = [span for span, _ in BURSTS_BEGAN]
    weights = [part for _, part in BURSTS_BEGAN]
    found = []
    for _ in range(number):
        low, high = drawn.choices(ranges, weights)[0]
        links = drawn.choice((9, 10))
        step = drawn.uniform(0.01, 0.99 / links)
        found.append(burst(drawn.uniform(low, high), links, step=step))
    return found


def counted_after_hold(clicks: Sequence[Click]) -> bool:
    """Return whether any click counts: each is judged when its hold is over, and once more when
    all is known.
    """
    for one in clicks:
        known = [other for other in clicks if other.at <= one.at + CLICK_HOLD]
        if judge(known, NOW)[one.id].verdict is PERSON:
            return True
    return PERSON in verdicts(*clicks)


def test_of_simulated_bursts_at_most_one_in_a_hundred_counts() -> None:
    number = SIZES.clicks
    counted = [counted_after_hold(one) for one in simulated_bursts(number, seed=836)]
    assert sum(counted) <= number / 100


@pytest.mark.parametrize("has_tracker", [True, False])
def test_of_simulated_people_ninety_nine_in_a_hundred_count(*, has_tracker: bool) -> None:
    number = SIZES.clicks
    drawn = random.Random(837)
    counted = []
    for _ in range(number):
        seconds = drawn.lognormvariate(8, 2) + (0 if has_tracker else 5 * MINUTE)
        person = click(seconds, drawn.randrange(10), "mac", is_viewed=has_tracker)
        swept = drawn.choice(simulated_bursts(3, seed=drawn.randrange(999)))
        clicks = [*swept, person] if drawn.random() < 0.3 else [person]
        known = [one for one in clicks if one.at <= person.at + CLICK_HOLD]
        counted.append(judge(known, NOW)[person.id].verdict is PERSON)
    assert sum(counted) >= number * 0.99
