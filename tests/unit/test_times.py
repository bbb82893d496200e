"""The rule of times: what clients send for a time, and when the event happened (ADR 0040)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.events import event_id
from chalicelib.inputs.repairs import Cleaned, Repair
from chalicelib.inputs.times import EARLIEST, event_time, read_time
from tests.unit.test_readers import anything

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)
SECONDS = int(AT.timestamp())
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
AGO = NOW - timedelta(days=3)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    "sent",
    [
        "2026-11-22T09:00:00Z",
        "2026-11-22T09:00:00.000Z",
        "2026-11-22T10:00:00+0100",
        "2026-11-22T10:00:00.000+01:00",
        "2026-11-22T10:00:00+01",
        "2026-11-22T09:00:00.000000000Z",
        "2026-11-22T09:00:00",
        "2026-11-22 09:00:00",
        "2026-11-22 10:00:00 +0100 CET",
        "20261122T090000Z",
        " 2026-11-22T09:00:00Z\n",
        SECONDS,
        SECONDS * 10**3,
        SECONDS * 10**6,
        SECONDS * 10**9,
        float(SECONDS),
        str(SECONDS),
        str(SECONDS * 1_000),
        f"{SECONDS}.000",
    ],
)
def test_a_time_is_read_as_clients_write_it(sent: Any) -> None:
    assert read_time(sent) == Cleaned(AT)


@pytest.mark.parametrize(
    ("sent", "at"),
    [
        ("2015-2-02T09:00:00Z", datetime(2015, 2, 2, 9, tzinfo=UTC)),
        ("2026-11-22T09:00:00.123456789Z", AT + timedelta(microseconds=123_456)),
        (SECONDS + 0.5, AT + timedelta(milliseconds=500)),
        ("2026-11-22", datetime(2026, 11, 22, tzinfo=UTC)),
        ("1970-01-01T00:00:00Z", EARLIEST),
    ],
)
def test_every_digit_of_a_time_counts(sent: Any, at: datetime) -> None:
    assert read_time(sent) == Cleaned(at)


@pytest.mark.parametrize(
    "sent",
    [
        "Fri, 27 Nov",
        "now",
        "0001-01-01T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00+10:00",
        "2026-13-01",
        0,
        -1,
        4_711,
        10**30,
        float("inf"),
        float("nan"),
        True,
        [SECONDS],
        {},
    ],
)
def test_what_is_no_time_is_said(sent: Any) -> None:
    assert read_time(sent) == Cleaned(None, (Repair.ARRIVAL,))


@pytest.mark.parametrize("sent", [None, ""])
def test_no_time_needs_no_word(sent: Any) -> None:
    assert read_time(sent) == Cleaned(None)


@pytest.mark.parametrize(
    ("timestamp", "sent_at", "at"),
    [
        # the client's clock is right
        (AGO, None, AGO),
        (AGO, NOW, AGO),
        # it is wrong: by an hour behind, by years behind, by an hour ahead
        (NOW - 61 * MINUTE, NOW - 60 * MINUTE, NOW - MINUTE),
        (NOW - 3_000 * DAY - MINUTE, NOW - 3_000 * DAY, NOW - MINUTE),
        (NOW + 59 * MINUTE, NOW + 60 * MINUTE, NOW - MINUTE),
        # what lies ahead happened on arrival
        (NOW + MINUTE / 2, None, NOW),
        (NOW + 14 * DAY, NOW, NOW),
        (NOW + 14 * DAY, None, NOW),
        # a senseless sentAt corrects nothing
        (AGO, "soon", AGO),
        (AGO, 0, AGO),
        (AGO, "0001-01-01T00:00:00Z", AGO),
        (AGO, "1970-01-01T00:00:00Z", AGO),
        (AGO, AGO - DAY, AGO),
        (AGO, NOW + 400 * DAY, AGO),
        # clients round differently
        (NOW - 60 * MINUTE, NOW - 60 * MINUTE - timedelta(milliseconds=5), NOW),
        # what cannot be read is the arrival
        ("Fri, 27 Nov", None, NOW),
        ("Fri, 27 Nov", NOW - 5 * DAY, NOW),
        (None, NOW - 5 * DAY, NOW),
        (None, None, NOW),
    ],
)
def test_when_an_event_happened(timestamp: Any, sent_at: Any, at: datetime) -> None:
    found = event_time(said(timestamp), said(sent_at), NOW)
    assert found.at == at
    is_read = isinstance(timestamp, datetime)
    assert found.stamped == (timestamp if is_read else NOW)
    assert [one.field for one in found.warnings] == (
        [] if is_read or not timestamp else ["timestamp"]
    )


def said(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def test_the_original_timestamp_stands_in() -> None:
    assert event_time(None, None, NOW, original=AGO.isoformat()).stamped == AGO
    assert event_time(AGO.isoformat(), None, NOW, original=NOW.isoformat()).stamped == AGO
    unreadable = event_time("", None, NOW, original="soon")
    assert [one.field for one in unreadable.warnings] == ["originalTimestamp"]


def test_a_repeat_is_the_same_event_however_it_was_sent() -> None:
    first = event_time(AGO.isoformat(), AGO.isoformat(), NOW)
    again = event_time(AGO.isoformat(), NOW.isoformat(), NOW + DAY)
    assert first.stamped == again.stamped


moments = some.one_of(
    anything, some.datetimes().map(str), some.integers(0, 10**19), some.floats(0, 10**19)
)


@given(moments, moments, moments)
def test_any_time_lies_between_1970_and_its_arrival(
    timestamp: Any, sent_at: Any, original: Any
) -> None:
    found = event_time(timestamp, sent_at, NOW, original=original)
    assert EARLIEST <= found.at <= NOW
    assert event_id("VISITOR#v", found.stamped, "m")
