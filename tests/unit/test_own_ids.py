"""Attacks: a client chooses message ids and times so that its events stand where ours will be."""

import json
from typing import Any

import pytest

from chalicelib.events import event_id, own_event_id, parse_time, visitor_partition
from tests.baton import ANN, InMemoryBaton
from tests.factories import VISITOR
from tests.fakes import NOW
from tests.unit.test_feedback import notice


def identify(baton: InMemoryBaton, message_id: str, at: str | None = None) -> None:
    """Store an identify for Ann's lead under a chosen message id, at a chosen time or now."""
    event = {
        "anonymousId": "attacker",
        "messageId": message_id,
        "timestamp": at or baton.ports.now().isoformat(),
        "traits": {"email": ANN["email"]},
    }
    assert baton.post("/v1/identify", event).status_code == 200


def events_of(baton: InMemoryBaton, kind: str) -> list[Any]:
    items = baton.ports.memory.items.items()
    return [one for (_, sk), one in items if sk.startswith("EVENT#") and one["kind"] == kind]


def test_an_identify_cannot_take_the_place_of_a_form() -> None:
    baton = InMemoryBaton()
    for message_id in ("demo/once", "demo/once/asset", "\x20demo/once"):
        identify(baton, message_id)
    data = {"fields": ANN, "submission_id": "once"}
    assert baton.post("/v1/forms/demo", data).status_code == 202
    (form,) = events_of(baton, "form")
    assert json.loads(form["fields"])["job_title"] == ANN["job_title"]
    baton.until_quiet()
    assert baton.lead()["stage"] == "sql"


def test_an_identify_cannot_take_the_place_of_an_unsubscribe() -> None:
    baton = InMemoryBaton()
    baton.form("newsletter", consent=True, **ANN)
    baton.until_quiet()
    for version in range(4):
        identify(baton, f"unsubscribed/{version}")
    token = baton.world.links.sign("unsubscribe", baton.world.lead_id(ANN["email"]))
    assert baton.http("POST", f"/u/{token}").status_code == 200
    assert [one["name"] for one in events_of(baton, "mail")] == ["unsubscribed"]
    assert baton.lead()["suppressed"] == "unsubscribed"


def test_an_identify_cannot_take_the_place_of_a_notice() -> None:
    """SES reports a hard bounce of Ann's email; the attacker knows what we make its id of."""
    baton = InMemoryBaton()
    baton.form("guide", consent=True, **ANN)
    baton.page("/blog/a")
    baton.until_quiet()
    (email,) = (item for item in baton.outbox() if item["kind"] == "nurture")
    bounce = notice(email["id"], "Bounce", bounceType="Permanent")
    for stamp in (email["created_at"], "2026-11-22T10:00:05.000Z", baton.ports.now().isoformat()):
        identify(baton, "message-1/hard_bounce/f-0", stamp)
    baton.world.mail_event(bounce)
    baton.until_quiet()
    assert "bounced" in [one["name"] for one in events_of(baton, "mail")]
    assert baton.lead()["suppressed"] == "bounced"


NOON = "2026-11-22T09:00:00.000Z"


@pytest.mark.parametrize("message_id", ["\x00demo/once", "a\x00b", "\x1f", "\x7f"])
def test_no_client_can_send_a_control_character_as_id(message_id: str) -> None:
    """It is taken out, so that no id of a client's is one of ours."""
    baton = InMemoryBaton()
    event = {"anonymousId": "v1", "messageId": message_id, "timestamp": NOON, "properties": {}}
    assert baton.post("/v1/page", event).status_code == 200
    (stored,) = baton.world.events.of(visitor_partition("v1"))
    at = parse_time(NOON)
    assert stored.id != event_id(visitor_partition("v1"), at, message_id)
    data = {"fields": ANN, "submission_id": message_id}
    answer = baton.post("/v1/forms/demo", data)
    assert answer.status_code == 202
    assert json.loads(answer.body)["submission_id"].isprintable()


def test_the_ids_of_clients_events_are_what_they_always_were() -> None:
    """A repeat that comes after an upgrade is recognised by its id."""
    assert event_id(VISITOR, NOW, "m") == "1795341600000-25ed31a54350ef31"
    assert own_event_id(VISITOR, NOW, "m") != event_id(VISITOR, NOW, "m")
