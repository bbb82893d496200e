"""How often marketing writes to one mailbox."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.company import read_company
from chalicelib.nurture.spacing import SHIPPED, SendLimits, limits_of, next_allowed
from tests.fakes import NOW

NONE = SendLimits(per_7_days=0, per_30_days=0, hours_apart=0)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def days_ago(*days: float) -> list[datetime]:
    return [NOW - number * DAY for number in days]


@pytest.mark.parametrize(
    ("sends", "ahead"),
    [
        ([], 0),
        (days_ago(1), 1),  # 48 hours apart
        (days_ago(2), 0),
        (days_ago(3, 5), 2),  # a third one seven days after the first
        (days_ago(3, 7), 0),
        (days_ago(7, 10, 14, 18, 22, 26), 4),  # a seventh one thirty days after the first
        (days_ago(7, 10, 14, 18, 22, 30), 0),
    ],
)
def test_emails_keep_their_distance(sends: list[datetime], ahead: int) -> None:
    assert next_allowed(sends, NOW, SHIPPED) == NOW + ahead * DAY


def test_a_cap_of_nothing_caps_nothing() -> None:
    assert next_allowed([NOW] * 50, NOW, NONE) == NOW


def test_whoever_wants_fewer_gets_half() -> None:
    assert SHIPPED.fewer() == SendLimits(per_7_days=1, per_30_days=3, hours_apart=48)
    assert NONE.fewer() == SendLimits(per_7_days=1, per_30_days=3, hours_apart=0)


def test_settings_say_how_often() -> None:
    assert limits_of(read_company(None)) == SHIPPED
    sending = {"per_7_days": 0, "per_30_days": 4, "hours_apart": 24}
    assert limits_of(read_company({"sending": sending})) == SendLimits(
        per_7_days=0, per_30_days=4, hours_apart=24
    )


LIMITS = st.builds(
    SendLimits,
    per_7_days=st.integers(0, 4),
    per_30_days=st.integers(0, 9),
    hours_apart=st.integers(0, 100),
)


@given(LIMITS, st.lists(st.integers(0, 90), max_size=40))
def test_whenever_it_is_asked_the_caps_hold(limits: SendLimits, waits: list[int]) -> None:
    """Each email leaves as soon as it may, some hours after the one before at the earliest."""
    sends: list[datetime] = []
    now = NOW
    for hours in waits:
        now = next_allowed(sends, now + hours * HOUR, limits)
        assert next_allowed(sends, now, limits) == now
        sends.append(now)
    for most, days in ((limits.per_7_days, 7), (limits.per_30_days, 30)):
        for one in sends:
            window = [other for other in sends if one - days * DAY < other <= one]
            assert not most or len(window) <= most
    for one, other in pairwise(sends):
        assert other - one >= limits.hours_apart * HOUR


@given(LIMITS, st.lists(st.integers(0, 900), max_size=12))
def test_no_email_waits_longer_than_it_must(limits: SendLimits, ago: list[int]) -> None:
    sends = [NOW - hours * HOUR for hours in ago]
    found = next_allowed(sends, NOW, limits)
    if found > NOW:
        earlier = found - timedelta(seconds=1)
        assert next_allowed(sends, earlier, limits) == found
