"""Steps that wait for the date of what the lead signed up for: reminders of a webinar."""

import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chalicelib.capture.form_document import FormEvent
from chalicelib.delivery.links import CALENDAR
from chalicelib.delivery.messages import Email
from chalicelib.nurture.calendar_file import calendar_file, signed_up_for
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


# --- what emails say of it, and the calendar file -------------------------------------------------

WORDS = "{{ event.title }} on {{ event.day }} at {{ event.time }}: {{ event.calendar_url }}"


def calendar_in(text: str) -> str:
    """Return the path of the calendar file that an email links."""
    found = re.search(r"https://api[.]keybook[.]example(/e/[^\s?]+[.]ics)", text)
    assert found, text
    return found[1]


def with_words() -> InMemoryBaton:
    baton = with_webinar(acknowledge="seat")
    seat = {"id": "seat", "kind": "answer", "subject": "You are in", "text": WORDS}
    put(baton, "/v1/emails/seat", seat)
    words = f"{WORDS} {{{{ unsubscribe_url }}}}"
    put(baton, "/v1/emails/tomorrow", {"id": "tomorrow", "subject": "tomorrow", "text": words})
    baton.minutes_later(1)
    return baton


def test_the_answer_and_the_reminder_link_the_calendar_file() -> None:
    baton = with_words()
    sign_up(baton)
    baton.form("guide", "v-ann", email=ANN)  # another form since changes nothing
    days_later(baton, 3)
    sent = [one for one in baton.ports.senders.sent if isinstance(one, Email)]
    texts = [one.text for one in sent if one.subject in ("You are in", "tomorrow")]
    assert len(texts) == 2
    for text in texts:
        assert "Keys on" in text
        assert "at 15:00 (UTC+01:00)" in text
        answer = baton.http("GET", calendar_in(text))
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
        assert b"\r\nDTSTART:20261127T140000Z\r\nDTEND:20261127T150000Z\r\n" in answer.body


def test_a_link_that_is_not_ours_is_a_page() -> None:
    baton = with_webinar()
    token = baton.world.links.sign(CALENDAR, "webinar")
    assert baton.http("GET", f"/e/{token}").status_code == 200
    assert baton.http("GET", f"/e/{token[:-1]}.ics").status_code == 404
    assert (
        baton.http("GET", f"/e/{baton.world.links.sign(CALENDAR, 'guide')}.ics").status_code == 404
    )


def test_a_calendar_file_is_escaped_folded_and_of_one_event() -> None:
    title = "Keys; locks, and\\doors: " + "Schlüssel " * 20
    event = FormEvent(
        title=title, starts_at=AT, ends_at="2026-11-27T16:30:00+01:00", url="https://a.example/x,y"
    )
    text = calendar_file(
        signed_up_for(event, ""), "webinar@baton", datetime(2026, 11, 24, tzinfo=UTC)
    )
    assert text.endswith("END:VCALENDAR\r\n")
    lines = text.split("\r\n")
    assert all(len(line.encode()) <= 75 for line in lines)
    assert not any("\n" in line or "\r" in line for line in lines)
    whole = text.replace("\r\n ", "").split("\r\n")
    assert f"SUMMARY:Keys\\; locks\\, and\\\\doors: {'Schlüssel ' * 20}" in whole
    assert "DTEND:20261127T153000Z" in whole
    assert "URL:https://a.example/x,y" in whole
    assert whole.count("BEGIN:VEVENT") == 1


@pytest.mark.parametrize(
    ("event", "field"),
    [
        ({"starts_at": AT, "ends_at": "2026-11-27T14:00:00+01:00"}, "event"),
        ({"starts_at": AT, "url": "javascript:alert(1)"}, "event.url"),
        ({"starts_at": AT, "host": "x"}, "event.host"),
    ],
)
def test_an_event_that_makes_no_sense_is_refused(event: Any, field: str) -> None:
    refused = put(baton_on_tuesday(), "/v1/forms/webinar", {**WEBINAR, "event": event}, status=422)
    assert [one["field"] for one in refused["errors"]] == [field]
