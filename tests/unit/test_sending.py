"""Pausing marketing's emails: strictly, visibly, and without anything lost."""

import json
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.limits import PAUSES_KEPT
from chalicelib.nurture.sending import EVERYTHING
from chalicelib.wiring.world import World
from tests.baton import ANN, TOKEN, InMemoryBaton
from tests.fakes import NOW

PATH = "/v1/sending"
DAY = timedelta(days=1)
ASSET = {"id": "guide", "title": "The guide", "url": "https://keybook.example/guide.pdf"}


def turn(baton: InMemoryBaton, *, status: int = 200, **body: Any) -> Any:
    """Send a request to pause or to resume, and return the answer."""
    answer = baton.post(PATH, body, TOKEN)
    assert answer.status_code == status, answer.body
    return json.loads(answer.body)


def reasons(baton: InMemoryBaton, kind: str = "nurture") -> set[tuple[str, str | None]]:
    return {(one["state"], one["reason"]) for one in baton.outbox() if one["kind"] == kind}


def with_mql(email: str = "ann@acme.example") -> InMemoryBaton:
    """Return a Baton with one lead whose first email is planned."""
    baton = InMemoryBaton()
    become_mql(baton, email)
    return baton


def become_mql(baton: InMemoryBaton, email: str = "ann@acme.example") -> None:
    baton.form("guide", None, consent=True, **{**ANN, "email": email})


@pytest.mark.parametrize("sequence", [{}, {"sequence": "welcome"}])
def test_what_is_paused_waits_and_leaves_once(sequence: dict[str, Any]) -> None:
    baton = with_mql()
    turn(baton, pause=True, reason="a wrong link", **sequence)
    baton.until_quiet()
    baton.minutes_later(60 * 24)
    assert reasons(baton) == {("planned", "paused")}
    turn(baton, pause=False, **sequence)
    baton.minutes_later(31)
    assert reasons(baton) == {("sent", None)}
    assert len(baton.ports.senders.sent) == 1


def test_a_pause_leaves_other_sequences_alone() -> None:
    baton = with_mql()
    later = {**dict(baton.world.documents.get("sequence", "welcome") or {}), "id": "zebra"}
    baton.world.documents.put("sequence", later, "zebra")
    turn(baton, pause=True, sequence="zebra", reason="a wrong link")
    baton.until_quiet()
    assert ("sent", None) in reasons(baton)


def test_handoffs_go_on_while_everything_is_paused() -> None:
    baton = InMemoryBaton()
    turn(baton, pause=True, reason="a test")
    baton.form("demo", **ANN)
    baton.until_quiet()
    assert reasons(baton, "handoff") == {("sent", None)}


def test_a_pause_is_seen_wherever_one_looks() -> None:
    baton = InMemoryBaton()
    assert json.loads(baton.http("GET", "/v1/health").body) == {"status": "ok", "sending": "on"}
    assert baton.get("/v1/outbox")["sending"]["paused"] is False
    turn(baton, pause=True, reason="Ann asked")
    restarted = World(baton.ports)  # it is kept in the table
    baton.world = restarted
    assert json.loads(baton.http("GET", "/v1/health").body)["sending"] == "paused"
    seen = baton.get("/v1/outbox")["sending"]
    assert (seen["paused"], seen["cause"], seen["reason"]) == (True, "person", "Ann asked")
    whole = baton.get(PATH)
    assert whole.pop("allowance")["left"] is None
    assert seen == whole


def test_a_sequence_is_listed_only_while_it_is_paused() -> None:
    baton = InMemoryBaton()
    paused = turn(baton, pause=True, sequence="welcome", reason="a wrong link")
    assert paused["sequences"]["welcome"]["reason"] == "a wrong link"
    assert paused["paused"] is False
    assert turn(baton, pause=False, sequence="welcome")["sequences"] == {}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "pause"),
        ({"pause": "yes", "reason": "x"}, "pause"),
        ({"pause": True}, "reason"),
        ({"pause": True, "reason": " "}, "reason"),
        ({"pause": True, "reason": 7}, "reason"),
        ({"pause": True, "reason": "x", "sequence": "unheard-of"}, "sequence"),
        ({"pause": False, "sequence": "unheard-of"}, "sequence"),
        ({"pause": True, "reason": "x", "sequence": None}, "sequence"),
        ({"pause": True, "reason": "x", "sequences": []}, "sequences"),
    ],
)
def test_a_wrong_request_is_refused_by_name(body: dict[str, Any], field: str) -> None:
    baton = InMemoryBaton()
    refused = turn(baton, status=400, **body)
    assert {one["field"] for one in refused["errors"]} == {field}
    assert baton.get(PATH)["version"] == 0


def test_to_pause_again_keeps_the_time_and_takes_the_reason() -> None:
    baton = InMemoryBaton()
    first = turn(baton, pause=True, reason="one")
    baton.ports.clock.tick(DAY)
    second = turn(baton, pause=True, reason="two")
    assert (second["at"], second["reason"]) == (first["at"], "two")
    assert second["version"] == 2


def test_to_resume_what_runs_changes_nothing() -> None:
    baton = InMemoryBaton()
    assert turn(baton, pause=False, reason="why not")["version"] == 0


def test_a_pause_that_is_over_is_remembered() -> None:
    baton = InMemoryBaton()
    for day in range(PAUSES_KEPT + 1):
        turn(baton, pause=True, sequence="welcome", reason=f"{day}")
        baton.ports.clock.tick(DAY)
        turn(baton, pause=False, sequence="welcome")
    (state,) = [one for one in baton.world.sending.states().values() if one.of == "welcome"]
    assert state.pauses == tuple(
        (NOW + day * DAY, NOW + (day + 1) * DAY) for day in range(1, PAUSES_KEPT + 1)
    )


def test_no_sequence_is_called_everything() -> None:
    baton = InMemoryBaton()
    document = {**dict(baton.world.documents.get("sequence", "welcome") or {}), "id": EVERYTHING}
    answer = baton.http("PUT", "/v1/sequences/*", json.dumps(document), TOKEN)
    assert answer.status_code >= 400


# --- a sequence that is paused for days -----------------------------------------------------------


def in_a_sequence() -> InMemoryBaton:
    """Return a Baton with a lead that enters a sequence of three emails, two days apart."""
    baton = InMemoryBaton()
    documents = baton.world.documents
    steps = []
    for step in ("a", "b", "c"):
        documents.put("email", {"id": step, "subject": step, "text": "{{ unsubscribe_url }}"}, step)
        steps.append({"id": step, "wait": "0d" if step == "a" else "2d", "email": step})
    enter = {"stage": ["mql"]}
    documents.put(
        "sequence", {"id": "three", "enter": enter, "priority": 9, "steps": steps}, "three"
    )
    become_mql(baton)
    baton.until_quiet()
    return baton


def live(baton: InMemoryBaton, days: int) -> None:
    """Let some days pass, with the clock's work in each hour."""
    for _ in range(24 * days):
        baton.minutes_later(60)


def left(baton: InMemoryBaton) -> dict[str, float]:
    """Return which emails of the sequence left, and on which day of the test."""
    messages = baton.world.leads.messages(baton.world.lead_id("ann@acme.example"))
    return {
        str(one.email): round((one.claimed_at - NOW) / DAY)
        for one in messages
        if one.sequence == "three" and one.claimed_at is not None
    }


def test_after_a_pause_of_days_waits_go_on() -> None:
    baton = in_a_sequence()
    live(baton, 1)
    turn(baton, pause=True, sequence="three", reason="a wrong link")
    live(baton, 10)  # meanwhile the second and the third would have been due
    assert left(baton) == {"a": 0}
    turn(baton, pause=False, sequence="three")
    live(baton, 6)
    assert left(baton) == {"a": 0, "b": 12, "c": 14}


def test_an_email_that_was_paused_for_too_long_is_stale() -> None:
    baton = InMemoryBaton()
    turn(baton, pause=True, reason="a wrong link")
    become_mql(baton)
    baton.until_quiet()
    live(baton, 8)
    assert reasons(baton) == {("lost", "stale")}


def test_a_pause_of_everything_leaves_answers_and_triage_alone() -> None:
    baton = InMemoryBaton()
    form = {"id": "guide", "acknowledge": "answer-download", "asset": ASSET}
    baton.world.documents.put("form", form, "guide")
    turn(baton, pause=True, reason="a test")
    become_mql(baton)
    baton.form("demo", None, email="student@gmail.com", job_title="Student")
    baton.until_quiet()
    found = {(one["kind"], one["state"]) for one in baton.outbox()}
    assert {("acknowledgement", "sent"), ("triage", "sent")} <= found
    assert ("nurture", "sent") not in found
