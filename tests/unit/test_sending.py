"""Pausing marketing's emails: strictly, visibly, and without anything lost."""

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.nurture.sending import EVERYTHING, total
from chalicelib.wiring.world import World
from tests.baton import ANN, TOKEN, InMemoryBaton
from tests.fakes import NOW

PATH = "/v1/sending"
DAY = timedelta(days=1)


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
    other = {**dict(baton.world.documents.get("sequence", "welcome") or {}), "id": "other"}
    baton.world.documents.put("sequence", other, "other")
    turn(baton, pause=True, sequence="other", reason="a wrong link")
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
    assert seen == baton.get(PATH)


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


def test_a_wait_is_longer_by_every_pause_since() -> None:
    baton = InMemoryBaton()
    sending = baton.world.sending
    turn(baton, pause=True, sequence="welcome", reason="one")
    baton.ports.clock.tick(2 * DAY)
    turn(baton, pause=True, reason="all")  # both, for a day
    baton.ports.clock.tick(DAY)
    turn(baton, pause=False, sequence="welcome")
    baton.ports.clock.tick(DAY)
    assert sending.paused_for("welcome", NOW) == 4 * DAY
    assert sending.paused_for("other", NOW) == 2 * DAY
    assert sending.paused_for("welcome", NOW + 3 * DAY) == DAY
    turn(baton, pause=False)
    baton.ports.clock.tick(DAY)
    assert sending.paused_for("welcome", NOW) == 4 * DAY
    assert sending.resumed_at("welcome") == NOW + 4 * DAY
    assert sending.paused_for("welcome", NOW + 4 * DAY) == timedelta(0)


@pytest.mark.parametrize(
    ("days", "covered"),
    [
        ([], 0),
        ([(1, 2)], 1),
        ([(-5, 1)], 1),
        ([(9, 20)], 1),
        ([(11, 12)], 0),
        ([(1, 5), (2, 3)], 4),
        ([(1, 3), (2, 5)], 4),
        ([(3, 4), (1, 2)], 2),
        ([(-9, 20), (1, 2)], 10),
    ],
)
def test_spans_are_covered_once(days: Iterable[tuple[int, int]], covered: int) -> None:
    spans = [(NOW + start * DAY, NOW + end * DAY) for start, end in days]
    assert total(spans, NOW, NOW + 10 * DAY) == covered * DAY


def test_no_sequence_is_called_everything() -> None:
    baton = InMemoryBaton()
    document = {**dict(baton.world.documents.get("sequence", "welcome") or {}), "id": EVERYTHING}
    answer = baton.http("PUT", "/v1/sequences/*", json.dumps(document), TOKEN)
    assert answer.status_code >= 400
