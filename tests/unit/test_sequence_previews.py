"""What a preview says of a sequence, and that it changes nothing (ADR 0065)."""

import json
from typing import Any

import pytest

from chalicelib.nurture.enrolment import ExitReason, with_email_on_way
from chalicelib.nurture.moves import HELD_LOOK
from chalicelib.nurture.step_emails import planned_email
from chalicelib.reading.turns import EXIT_WORDS
from tests.baton import TOKEN, InMemoryBaton
from tests.courses import (
    ANN,
    FITTING,
    baton_on_tuesday,
    become_mql,
    days_later,
    hours_later,
    mails,
    put,
    put_sequence,
)
from tests.previews import foreseen, left, not_sent, play, preview

TWO = [("a", "1d"), ("b", "2d")]
BRANCH = {"id": "b", "wait": "2d", "email": "lb", "if": {"clicked": "previous"}, "else": "lc"}
OFFICE = {"hours": ["08:30", "17:30"], "days": ["mon", "tue", "wed", "thu", "fri"]}
CAPS = {"per_7_days": 2, "per_30_days": 6, "hours_apart": 48, "holidays": ["DE"]}


def with_sending(baton: InMemoryBaton, **sending: Any) -> InMemoryBaton:
    settings = baton.get("/v1/settings")
    put(baton, "/v1/settings", {**settings, "country": "DE", "sending": sending})
    return baton


def happens_as_previewed(baton: InMemoryBaton, lead_id: str, days: int = 60) -> Any:
    """Preview, let it happen, and compare. Return the preview."""
    shown = preview(baton, lead_id)
    for _ in play(baton, days):
        pass
    assert foreseen(shown) == left(baton)
    unsent = sorted(
        (one["step"], one["reason"]) for one in shown["steps"] if one["state"] == "not_sent"
    )
    assert unsent == not_sent(baton)
    (last,) = [one for one in baton.world.enrolments.of_lead(lead_id) if one.sequence == "s"]
    assert shown["ends"]["reason"] == last.ended
    return shown


def test_it_says_what_then_happens() -> None:
    put_c = {"id": "c", "wait": "tuesday 9:00", "email": "ld"}
    baton = baton_on_tuesday([])
    put_sequence(baton, [("x", "1d"), ("c", "1d")], id="other", enter={"form": "never"})
    put_sequence(baton, [("a", "1d"), BRANCH, put_c], exit=[{"signal": "pricing-page"}])
    lead_id = become_mql(baton)
    shown = happens_as_previewed(baton, lead_id)
    assert [one["step"] for one in shown["steps"]] == ["a", "b", "c"]
    first, second, third = shown["steps"]
    assert (first["at"], first["day"], first["time"]) == (
        "2026-11-25T10:01:00.000Z",
        "2026-11-25",
        "11:01",
    )
    assert second["email"] == "lc"
    assert second["assumes"]["text"] == (
        "clicked: previous is not true so far: the email lc is sent"
    )
    assert third["time"] == "09:00"
    assert shown["lead"]["state"] == "running"
    assert shown["lead"]["step"] == "a"
    assert {"reason": "goal", "text": "the signal pricing-page is seen"} in shown["stops"]
    assert {one["reason"] for one in shown["stops"]} >= {"with_sales", "replied", "unsubscribed"}


def test_hours_caps_and_holidays_hold_as_they_will() -> None:
    steps = [("a", "1h"), ("b", "1h"), ("c", "0d"), ("d", "30d")]
    baton = baton_on_tuesday(steps)
    with_sending(baton, **OFFICE, **CAPS)
    lead_id = become_mql(baton)
    put_sequence(baton, [("x", "2h"), ("y", "3d")], id="other", enter={"form": "never"})
    baton.post(f"/v1/leads/{lead_id}/sequences/other", {"start": True}, TOKEN)
    baton.until_quiet()
    shown = happens_as_previewed(baton, lead_id, days=90)
    assert shown["steps"][1]["held"][0]["reason"] == "capped"
    assert shown["steps"][1]["held"][0]["text"] == "the person has had enough emails lately"
    assert shown["steps"][0]["window"] == {"opens": "08:30", "closes": "17:30"}


def test_a_preview_writes_sends_and_logs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    baton = baton_on_tuesday(TWO)
    lead_id = become_mql(baton)
    before = baton.kept()
    sent = list(baton.ports.senders.sent)
    capsys.readouterr()
    shown = preview(baton, lead_id)
    assert len(shown["steps"]) == 2
    assert baton.kept() == before
    assert baton.ports.senders.sent == sent
    assert not any(baton.ports.queued.waiting.values())
    assert capsys.readouterr().out == ""


def test_its_links_lead_nowhere() -> None:
    baton = baton_on_tuesday(TWO)
    lead_id = become_mql(baton)
    text = preview(baton, lead_id)["steps"][0]["text"]
    token = text.partition("/u/")[2].partition("?")[0]
    assert baton.http("POST", f"/u/{token}").status_code == 404
    assert baton.http("GET", f"/u/{token}").status_code == 404


# --- whether the lead is in it --------------------------------------------------------------------


def test_a_lead_that_fits_would_enter() -> None:
    baton = baton_on_tuesday()
    lead_id = become_mql(baton)
    put_sequence(baton, TWO)
    shown = preview(baton, lead_id)
    assert shown["lead"]["state"] == "would_enter"
    assert [one["state"] for one in shown["steps"]] == ["sent", "sent"]
    assert not baton.world.enrolments.of_lead(lead_id)


def test_an_inactive_sequence_is_shown_as_if_it_were_active() -> None:
    baton = baton_on_tuesday()
    lead_id = become_mql(baton)
    put_sequence(baton, TWO, active=False)
    shown = preview(baton, lead_id)
    assert shown["active"] is False
    assert shown["lead"]["text"] == "it would enter once the sequence is active"
    assert len(shown["steps"]) == 2


def test_a_lead_and_its_timeline_say_which_sequences() -> None:
    baton = baton_on_tuesday(TWO)
    lead_id = become_mql(baton)
    hours_later(baton, 25)
    assert baton.get(f"/v1/leads/{lead_id}")["sequences"] == [
        {
            "sequence": "s",
            "step": "b",
            "due_at": "2026-11-27T10:01:00.000Z",
            "since": "2026-11-24T10:01:00.000Z",
        }
    ]
    baton.form("demo", f"v-{ANN}", consent=True, **FITTING)
    baton.until_quiet()
    assert baton.get(f"/v1/leads/{lead_id}")["sequences"] == []
    items = baton.get(f"/v1/leads/{lead_id}/timeline?limit=200")["items"]
    (email,) = [
        one["detail"] for one in items if one["name"] == "nurture" and one["detail"]["step"] == "a"
    ]
    assert (email["subject"], email["left_at"]) == ("la", "2026-11-25T10:01:00.000Z")
    said = [one["detail"]["text"] for one in items if one["kind"] == "sequence"]
    assert said == [
        "left the sequence s: sales has the lead",
        "entered the sequence s (stage: mql)",
    ]


def test_each_exit_has_words() -> None:
    assert EXIT_WORDS.keys() == set(ExitReason)


def test_whoever_left_it_is_told_why() -> None:
    baton = baton_on_tuesday(TWO)
    lead_id = become_mql(baton)
    days_later(baton, 1)
    baton.form("demo", f"v-{ANN}", consent=True, **FITTING)
    baton.until_quiet()
    shown = preview(baton, lead_id)
    assert (shown["lead"]["state"], shown["lead"]["reason"]) == ("ended", "with_sales")
    assert shown["lead"]["text"] == "the lead is sql; marketing does not write to it"
    assert shown["steps"] == []


def test_a_goal_that_came_first_is_an_exit() -> None:
    baton = baton_on_tuesday(TWO, exit=[{"signal": "pricing-page"}])
    lead_id = become_mql(baton)
    baton.page("/pricing", f"v-{ANN}")
    baton.until_quiet()
    shown = preview(baton, lead_id)["lead"]
    assert (shown["state"], shown["reason"], shown["goal"]) == ("ended", "goal", "pricing-page")
    assert shown["text"] == "the lead left it: its goal was reached (pricing-page)"


def emails_stopped(baton: InMemoryBaton, lead_id: str) -> None:
    baton.post(f"/v1/leads/{lead_id}/emails", {"stop": True}, TOKEN)


def demo(baton: InMemoryBaton, _lead_id: str) -> None:
    baton.form("demo", f"v-{ANN}", consent=True, **FITTING)


def unsubscribes(baton: InMemoryBaton, lead_id: str) -> None:
    token = baton.world.links.sign("unsubscribe", lead_id)
    assert baton.http("POST", f"/u/{token}").status_code == 200


@pytest.mark.parametrize(
    ("happen", "reason"),
    [
        (emails_stopped, "stopped_by_owner"),
        (demo, "with_sales"),
        (unsubscribes, "unsubscribed"),
    ],
)
def test_whoever_may_not_enter_is_told_why(happen: Any, reason: str) -> None:
    baton = baton_on_tuesday()
    put_sequence(baton, TWO, enter={"form": "never"})
    lead_id = become_mql(baton)
    happen(baton, lead_id)
    baton.until_quiet()
    shown = preview(baton, lead_id)
    assert (shown["lead"]["state"], shown["lead"]["reason"]) == ("not_in", reason)
    assert shown["lead"]["text"]
    assert shown["steps"] == []


def test_whoever_does_not_fit_sees_what_would_come() -> None:
    baton = baton_on_tuesday()
    put_sequence(baton, TWO, enter={"stage": "mql", "topic": ["pricing", "proof"]})
    lead_id = become_mql(baton)
    shown = preview(baton, lead_id)
    assert shown["lead"]["reason"] == "does_not_fit"
    assert "the stage mql with the topic pricing or proof" in shown["lead"]["text"]
    assert len(shown["steps"]) == 2


def test_the_dates_are_as_if_a_pause_ended_now() -> None:
    baton = baton_on_tuesday(TWO)
    lead_id = become_mql(baton)
    pause = {"pause": True, "reason": "a wrong link"}
    baton.http("POST", "/v1/sending", json.dumps(pause), TOKEN)
    shown = preview(baton, lead_id)
    assert shown["paused"] == {"of": "*", "cause": "person", "reason": "a wrong link"}
    assert [one["state"] for one in shown["steps"]] == ["sent", "sent"]
    days_later(baton, 3)
    assert mails(baton) == []


def test_what_a_publish_holds_is_shown_as_if_released() -> None:
    baton = baton_on_tuesday(TWO)
    lead_id = become_mql(baton)
    (one,) = baton.world.enrolments.of_lead(lead_id)
    lead = baton.world.leads.read(lead_id)
    now = baton.ports.now()
    key = one.message_key("a")
    email = planned_email(lead, key, "la", about=1, now=now, held_by="job-1")
    on_way = with_email_on_way(one, "a", key, now + HELD_LOOK)
    baton.world.enrolments.move(one, on_way, planned=[email])
    shown = preview(baton, lead_id)
    assert (shown["paused"]["cause"], shown["paused"]["of"]) == ("publish", "job-1")
    assert [one["step"] for one in shown["steps"]] == ["a", "b"]
    assert [one["state"] for one in shown["steps"]] == ["sent", "sent"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/sequences/none/preview?lead_id={lead_id}", 404),
        ("/v1/sequences/s/preview?lead_id=2UOQJQ2YP6WV25QFBHT2FXVIHX", 404),
        ("/v1/sequences/s/preview", 400),
        ("/v1/sequences/s/preview?lead_id={lead_id}&when=now", 400),
    ],
)
def test_what_cannot_be_previewed_is_refused(path: str, status: int) -> None:
    baton = baton_on_tuesday(TWO)
    lead_id = become_mql(baton)
    answer = baton.http("POST", path.format(lead_id=lead_id), None, TOKEN)
    assert answer.status_code == status, answer.body
