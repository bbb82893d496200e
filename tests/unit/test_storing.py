"""Attacks: whoever sends much about one visitor or one lead, and what becomes of it."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.limits import HORIZON_DAYS
from tests.baton import ANN, InMemoryBaton

MAIL = {"email": ANN["email"]}


def stored(baton: InMemoryBaton, start: str, family: str = "EVENT#") -> int:
    keys = baton.ports.memory.items
    return sum(pk.startswith(start) and sk.startswith(family) for pk, sk in keys)


def ping(number: int, kind: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "messageId": f"m{number}", "properties": {"n": number}, **more}


def send_batches(baton: InMemoryBaton, make: Callable[[int], Any], batches: int = 8) -> None:
    for start in range(0, 100 * batches, 100):
        batch = [make(number) for number in range(start, start + 100)]
        answer = baton.post("/v1/batch", {"batch": batch})
        assert (answer.status_code, json.loads(answer.body)) == (200, {"success": True})


@pytest.mark.parametrize("one_id", [{"anonymousId": "v1"}, {"userId": "u1"}])
def test_one_visitors_batches_stop_being_stored(one_id: dict[str, str]) -> None:
    baton = InMemoryBaton()
    send_batches(baton, lambda number: ping(number, "page", **one_id))
    assert 500 <= stored(baton, "VISITOR#") + stored(baton, "USER#") <= 625


def test_one_leads_identifies_stop_being_stored() -> None:
    """Each from another browser: they share the lead's own partition."""
    baton = InMemoryBaton()
    send_batches(
        baton, lambda number: ping(number, "identify", anonymousId=f"v{number}", traits=MAIL)
    )
    assert 500 <= stored(baton, "LEAD#") <= 625
    assert baton.post("/v1/forms/demo", {"fields": ANN}).status_code == 202
    assert stored(baton, "LEAD#") <= 626


def test_single_requests_stop_being_stored_and_say_nothing() -> None:
    baton = InMemoryBaton()
    answers = set()
    for number in range(700):
        answer = baton.post("/v1/page", ping(number, "page", anonymousId="v1"))
        answers.add((answer.status_code, answer.body))
    assert answers == {(200, b'{"success": true}')}
    assert 500 <= stored(baton, "VISITOR#") <= 625


def test_other_visitors_are_stored_as_ever() -> None:
    baton = InMemoryBaton()
    send_batches(baton, lambda number: ping(number, "page", anonymousId="v1"))
    send_batches(baton, lambda number: ping(number, "page", anonymousId="v2"), batches=1)
    assert stored(baton, "VISITOR#v2") == 100


def test_the_next_day_is_stored_again() -> None:
    baton = InMemoryBaton()
    send_batches(baton, lambda number: ping(number, "page", anonymousId="v1"))
    before = stored(baton, "VISITOR#")
    baton.ports.clock.tick(timedelta(days=1))
    send_batches(baton, lambda number: ping(number, "track", event="x", anonymousId="v1"), 1)
    assert stored(baton, "VISITOR#") == before + 100


def test_repeats_of_one_event_use_nothing_up() -> None:
    baton = InMemoryBaton()
    one = ping(1, "page", anonymousId="v1", timestamp="2026-11-22T09:00:00Z")
    send_batches(baton, lambda _number: one)
    assert stored(baton, "VISITOR#") == 1
    send_batches(baton, lambda number: ping(number + 2, "page", anonymousId="v1"), batches=4)
    assert stored(baton, "VISITOR#") == 401


def test_what_is_dropped_is_counted_without_personal_data(
    capsys: pytest.CaptureFixture[str],
) -> None:
    baton = InMemoryBaton()
    send_batches(baton, lambda number: ping(number, "identify", userId=MAIL["email"], traits=MAIL))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    capped = [line for line in lines if line["event"] == "capped"]
    assert sum(line["capped"] for line in capped) == 800 - stored(baton, "LEAD#")
    assert {line["kind"] for line in capped} == {"ping"}
    assert MAIL["email"] not in json.dumps(lines)


def test_an_identify_in_the_leads_partition_expires() -> None:
    baton = InMemoryBaton()
    baton.post("/v1/identify", {"anonymousId": "v1", "traits": MAIL})
    (event,) = (
        item
        for (pk, sk), item in baton.ports.memory.items.items()
        if pk.startswith("LEAD#") and sk.startswith("EVENT#")
    )
    horizon = baton.ports.now() + timedelta(days=HORIZON_DAYS)
    assert event["expires_at_epoch_s"] == int(horizon.timestamp())


# --- forms ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def flooded() -> InMemoryBaton:
    """A lead of whom 203 forms came on a day; the last one with a visitor and with consent."""
    baton = InMemoryBaton()
    for number in range(202):
        data = {"fields": {**MAIL, "message": f"number {number}"}}
        assert baton.post("/v1/forms/newsletter", data).status_code == 202
    baton.form("guide", visitor="late", consent=True, **ANN)
    baton.until_quiet()
    return baton


def test_of_a_leads_forms_two_hundred_count_on_a_day(flooded: InMemoryBaton) -> None:
    assert stored(flooded, "LEAD#") == 200
    assert stored(flooded, "LEAD#", "SURPLUS#") == 4, "three forms, and one's download"
    lead = flooded.lead()
    tally = flooded.world.leads.read(lead["lead_id"]).tally
    assert sum(tally.days["newsletter-signup"].values()) == 200
    assert not tally.days_of("guide-download")
    assert "company" not in lead["profile"]


def test_a_replay_does_not_find_the_others(flooded: InMemoryBaton) -> None:
    before = flooded.lead()["score"]
    flooded.world.qualify.replay(flooded.lead()["lead_id"])
    assert flooded.lead()["score"] == before


def test_the_others_are_listed_in_the_timeline(flooded: InMemoryBaton) -> None:
    path = f"/v1/leads/{flooded.lead()['lead_id']}/timeline?limit=200"
    items: list[Any] = []
    page = flooded.get(path)
    while page["next_cursor"]:
        items += page["items"]
        page = flooded.get(f"{path}&cursor={page['next_cursor']}")
    items += page["items"]
    forms = [item for item in items if item["kind"] == "form"]
    assert len(forms) == 203
    assert sum(item["detail"].get("counts") is False for item in forms) == 3


def test_the_consent_of_a_form_that_does_not_count_stands(flooded: InMemoryBaton) -> None:
    assert flooded.lead()["consent"]["marketing"] is True


def test_a_form_that_does_not_count_claims_nobody(flooded: InMemoryBaton) -> None:
    assert not stored(flooded, "VISITOR#late", "OWNER")


def test_a_repeated_submission_is_counted_once() -> None:
    baton = InMemoryBaton()
    data = {"fields": MAIL, "submission_id": "once"}
    for _ in range(250):
        assert baton.post("/v1/forms/newsletter", data).status_code == 202
    baton.form("demo", **ANN)
    assert stored(baton, "LEAD#") == 2


def test_strangers_forms_do_not_hide_the_leads_own_request() -> None:
    """As many forms as count on a day have come from others; hers is one of the newest."""
    baton = InMemoryBaton()
    baton.form("newsletter", "v1", **ANN)
    baton.minutes_later(24 * 60)
    for _ in range(205):
        baton.form("newsletter", None, **MAIL)
    baton.form("demo", "v1", **ANN)
    for _ in range(4):
        baton.minutes_later(15)
    assert baton.lead()["stage"] == "sql"


def test_a_leads_own_forms_of_a_day_are_capped_too() -> None:
    baton = InMemoryBaton()
    for _ in range(230):
        baton.form("newsletter", "v1", **ANN)
    assert stored(baton, "LEAD#") == 200
    for _ in range(10):
        baton.form("newsletter", None, **MAIL)
    assert stored(baton, "LEAD#") == 200
