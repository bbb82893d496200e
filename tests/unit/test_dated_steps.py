"""Steps that wait for the date of what the lead signed up for: reminders of a webinar."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chalicelib.nurture.waits import ends_at, is_before_date, is_dated
from tests.baton import InMemoryBaton
from tests.courses import ANN, baton_on_tuesday, days_later, hours_later, mails, put, put_email

AT = "2026-11-27T15:00:00+01:00"
"""On the Friday of the week in which these tests begin, on its Tuesday at ten in UTC."""
WEBINAR = {"id": "webinar", "title": "Webinar", "event": {"title": "Keys", "starts_at": AT}}
STEPS = [
    {"id": "day", "wait": "{date} - 1d", "email": "tomorrow"},
    {"id": "hour", "wait": "{date} - 1h", "email": "soon"},
    {"id": "after", "wait": "{date} + 2h", "email": "recording"},
]
SEQUENCE = {"id": "w", "enter": {"form": "webinar"}, "steps": STEPS}
AFTERWARDS = ["tomorrow", "soon", "recording"]


def with_webinar(**form: Any) -> InMemoryBaton:
    """Return a Baton with a webinar and the emails around it."""
    baton = baton_on_tuesday()
    for email in AFTERWARDS:
        put_email(baton, email)
    put(baton, "/v1/forms/webinar", {**WEBINAR, **form})
    put(baton, "/v1/sequences/w", SEQUENCE)
    baton.minutes_later(1)
    return baton


def sign_up(baton: InMemoryBaton) -> None:
    baton.form("webinar", "v-ann", consent=True, email=ANN)
    baton.until_quiet()


def not_sent(baton: InMemoryBaton) -> dict[str, dict[str, int]]:
    steps = baton.get("/v1/sequences/w/numbers")["steps"]
    return {one["id"]: one["not_sent"] for one in steps if one["not_sent"]}


def test_each_reminder_leaves_at_its_time_around_the_date() -> None:
    baton = with_webinar()
    sign_up(baton)
    days_later(baton, 2)
    assert mails(baton) == []
    hours_later(baton, 5)  # Thursday, 15:00 UTC: it was 14:00
    assert mails(baton) == AFTERWARDS[:1]
    hours_later(baton, 21)
    assert mails(baton) == AFTERWARDS[:1]
    hours_later(baton, 2)
    assert mails(baton) == AFTERWARDS[:2]
    hours_later(baton, 3)
    assert mails(baton) == AFTERWARDS
    days_later(baton, 5)
    assert mails(baton) == AFTERWARDS


def test_who_signs_up_late_gets_no_reminder_of_tomorrow() -> None:
    baton = with_webinar()
    hours_later(baton, 24 * 3)  # Friday at ten, four hours before it begins
    sign_up(baton)
    hours_later(baton, 8)
    assert mails(baton) == AFTERWARDS[1:]
    assert not_sent(baton) == {"day": {"stale": 1}}


def test_who_signs_up_afterwards_gets_what_follows_alone() -> None:
    baton = with_webinar()
    days_later(baton, 4)
    sign_up(baton)
    hours_later(baton, 2)
    assert mails(baton) == AFTERWARDS[2:]
    assert not_sent(baton) == {"day": {"stale": 1}, "hour": {"stale": 1}}


def test_a_reminder_that_was_held_up_does_not_come_afterwards() -> None:
    baton = with_webinar()
    sign_up(baton)
    days_later(baton, 3)
    assert mails(baton) == AFTERWARDS[:1]
    settings = baton.get("/v1/settings")
    closed = {**settings["sending"], "hours": ["08:00", "09:00"]}
    hours_later(baton, 2)
    put(baton, "/v1/settings", {**settings, "sending": closed})
    days_later(baton, 2)
    assert mails(baton) == ["tomorrow", "recording"]
    assert not_sent(baton) == {"hour": {"stale": 1}}


@pytest.mark.parametrize("at", ["2026-11-26T15:00:00+01:00", "2026-12-03T15:00:00+01:00"])
def test_reminders_follow_a_date_that_is_put_off(at: str) -> None:
    baton = with_webinar()
    sign_up(baton)
    hours_later(baton, 1)
    put(baton, "/v1/forms/webinar", {**WEBINAR, "event": {"starts_at": at}})
    days_later(baton, 1)
    hours_later(baton, 4)  # Wednesday, 15:00
    assert mails(baton) == (AFTERWARDS[:1] if at < AT else [])
    days_later(baton, 1)
    assert mails(baton)[:2] == (AFTERWARDS[:2] if at < AT else [])
    days_later(baton, 8)
    assert mails(baton) == AFTERWARDS


def test_a_form_that_lost_its_date_skips_the_steps() -> None:
    baton = with_webinar()
    sign_up(baton)
    put(baton, "/v1/forms/webinar", {"id": "webinar"})
    days_later(baton, 2)
    assert mails(baton) == []
    assert not_sent(baton) == {one["id"]: {"condition_not_met": 1} for one in STEPS}


@pytest.mark.parametrize(
    ("enter", "form"),
    [
        ({"stage": "mql"}, "otherwise"),
        ({"form": ["webinar", "guide"]}, "guide"),
        ([{"form": "webinar"}, {"signal": "pricing-page"}], "otherwise"),
    ],
)
def test_a_date_that_nobody_knows_is_refused(enter: Any, form: str) -> None:
    baton = with_webinar()
    refused = put(baton, "/v1/sequences/w", {**SEQUENCE, "enter": enter}, status=422)
    assert [one["field"] for one in refused["errors"]] == ["steps.0.wait"]
    assert form in refused["errors"][0]["message"]


@pytest.mark.parametrize("starts_at", ["2026-11-27T15:00", "tomorrow", "", None])
def test_a_date_without_its_offset_is_refused(starts_at: Any) -> None:
    event = {**WEBINAR, "event": {"starts_at": starts_at}}
    refused = put(baton_on_tuesday(), "/v1/forms/webinar", event, status=422)
    assert [one["field"] for one in refused["errors"]] == ["event.starts_at"]


@pytest.mark.parametrize(
    ("wait", "over"),
    [
        ("{date}", "2026-10-25T09:00+01:00"),
        ("{date} - 1d", "2026-10-24T09:00+02:00"),  # the clocks change in between
        ("{date} - 24h", "2026-10-24T10:00+02:00"),
        ("{date} + 2h", "2026-10-25T11:00+01:00"),
        ("{date} - 30m", "2026-10-25T08:30+01:00"),
    ],
)
def test_days_keep_the_hour_of_the_day(wait: str, over: str) -> None:
    date = datetime(2026, 10, 25, 8, tzinfo=UTC)
    assert is_dated(wait)
    assert is_before_date(wait) == ("-" in wait)
    assert ends_at(wait, date, ZoneInfo("Europe/Berlin")) == datetime.fromisoformat(over)


@pytest.mark.parametrize("wait", ["{date}-1d", "{date} - 0d", "{day} - 1d", "{date} - 1w", "date"])
def test_other_words_are_no_wait(wait: str) -> None:
    baton = with_webinar()
    steps = [{**STEPS[0], "wait": wait}]
    refused = put(baton, "/v1/sequences/w", {**SEQUENCE, "steps": steps}, status=422)
    assert [one["field"] for one in refused["errors"]] == ["steps.0.wait"]
