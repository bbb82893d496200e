"""The numbers of a sequence over HTTP: equal to a recount of its messages and events."""

import json
import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.delivery.links import UNSUBSCRIBE
from chalicelib.delivery.references import tag_of
from chalicelib.reading.numbers import serialize_numbers
from infra.local.walk import PERSON as WALKER
from tests import sizes
from tests.baton import TOKEN, InMemoryBaton

SEQUENCE = "/v1/sequences/welcome/numbers"
PERSON = {name: value for name, value in WALKER.items() if name != "email"}


def numbers(baton: InMemoryBaton, path: str = SEQUENCE) -> dict[str, Any]:
    answer = baton.http("GET", path, headers=TOKEN)
    assert answer.status_code == 200, answer.body
    found: dict[str, Any] = json.loads(answer.body)
    return found


def recounted(baton: InMemoryBaton) -> dict[str, Any]:
    """What the messages and the events of all leads come to, of the one step."""
    states: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for item in baton.get("/v1/outbox?limit=200")["items"]:
        if item["kind"] != "nurture":
            continue
        if item["state"] in ("refused", "suppressed", "cancelled", "lost"):
            reasons[item["reason"]] += 1
        else:
            is_open = item["state"] in ("held", "planned", "claimed", "unknown")
            states["waiting" if is_open else "sent"] += 1
    heard = {
        (str(item["pk"]), str(item["name"]), json.loads(str(item["properties"])).get("kind"))
        for item in baton.ports.memory.items.values()
        if item.get("kind") == "mail"
        and json.loads(str(item.get("properties", "{}"))).get("sequence") == "welcome"
    }
    events = Counter(f"soft_{name}" if kind == "soft" else name for _, name, kind in heard)
    return {
        "planned": sum(states.values()) + sum(reasons.values()),
        "sent": states["sent"],
        "waiting": states["waiting"],
        "not_sent": dict(reasons),
        "delivered": events["delivered"],
        "bounced": events["bounced"],
        "soft_bounced": events["soft_bounced"],
        "complained": events["complained"],
        "unsubscribed": events["unsubscribed"],
    }


def notice(baton: InMemoryBaton, lead_id: str, kind: str, **detail: Any) -> None:
    tag = tag_of(f"{lead_id}#nurture#1#welcome#1")
    mail = {"messageId": f"m-{lead_id}", "tags": {"message": [tag]}}
    text = {"eventType": kind, "mail": mail, kind.lower(): detail}
    baton.world.mail_event(json.dumps(text))


def live(baton: InMemoryBaton, seed: int, *, erases: bool) -> None:
    """Let a dozen people get an email, or not, and answer as they like, in an order of chance."""
    draw = random.Random(seed)
    possible = [one for one in ACTS if erases or one != "erase"]
    acts: list[tuple[str, str]] = []
    for number in range(12):
        email = f"p{number}@company-{number}.example"
        baton.form(
            "guide", visitor=f"v{number}", consent=draw.random() < 0.8, **PERSON, email=email
        )
        lead_id = baton.world.lead_id(email)
        if draw.random() < 0.7:
            baton.until_quiet()
        acts += [(lead_id, what) for what in draw.sample(possible, 3)]
    draw.shuffle(acts)
    for lead_id, what in acts:
        act(baton, lead_id, what)
        act(baton, lead_id, what)  # whatever comes twice counts once
    baton.until_quiet()


ACTS = ("deliver", "Delivery", "soft", "hard", "Complaint", "unsubscribe", "erase")


def act(baton: InMemoryBaton, lead_id: str, what: str) -> None:
    match what:
        case "deliver":
            baton.until_quiet()
        case "unsubscribe":
            token = baton.world.links.sign(UNSUBSCRIBE, lead_id)
            baton.http("POST", f"/u/{token}")
        case "erase":
            baton.http("DELETE", f"/v1/leads/{lead_id}", headers=TOKEN)
        case "soft" | "hard":
            kind = "Permanent" if what == "hard" else "Transient"
            notice(baton, lead_id, "Bounce", bounceType=kind, feedbackId=what)
        case _:
            notice(baton, lead_id, what)


@pytest.mark.parametrize("seed", sizes.seeds(sizes.SIZES.lives // 3))
def test_the_numbers_are_those_of_a_recount(seed: int) -> None:
    baton = InMemoryBaton()
    erases = seed % 2 == 0  # what was erased is deleted, and stays counted
    live(baton, seed, erases=erases)
    (step,) = numbers(baton)["steps"]
    found = recounted(baton)
    if not erases:
        assert {name: step[name] for name in found} == found
    assert step["planned"] == step["sent"] + step["waiting"] + sum(step["not_sent"].values())
    baton.ports.clock.tick(timedelta(days=8))
    for _ in range(10):
        baton.tick()
        baton.until_quiet()
    (step,) = numbers(baton)["steps"]
    assert step["waiting"] == 0
    assert step["planned"] == step["sent"] + sum(step["not_sent"].values())


def test_a_step_that_is_gone_keeps_its_numbers() -> None:
    counted = {"planned:old": 3, "sent:old": 2, "not_sent:old:stale": 1, "waiting:1": 2}
    shown = serialize_numbers("s", {"steps": [{"id": "1", "email": "la"}]}, counted)
    first, old = shown["steps"]
    assert (first["id"], first["planned"], first["waiting"]) == ("1", 2, 2)
    assert (old["id"], old["removed"], old["not_sent"]) == ("old", True, {"stale": 1})
    assert (shown["total"]["planned"], shown["total"]["sent"]) == (5, 2)


def test_who_is_in_a_sequence_and_who_left_it_why() -> None:
    counted = {"entered": 5, "exited:reply": 1, "exited:goal": 1, "exited:sql": 0}
    shown = serialize_numbers("s", {}, counted)
    assert (shown["entered"], shown["running"], shown["steps"]) == (5, 3, [])
    assert shown["exited"] == {"reply": 1, "goal": 1}


def test_a_sequence_that_never_was_has_no_numbers() -> None:
    answer = InMemoryBaton().http("GET", "/v1/sequences/nobody/numbers", headers=TOKEN)
    assert answer.status_code == 404


def test_a_lead_that_waits_is_planned_and_waiting() -> None:
    baton = InMemoryBaton()
    waits = {"a": "0d", "b": "2d"}
    steps = [{"id": step, "wait": wait, "email": "welcome"} for step, wait in waits.items()]
    two = {"id": "two", "enter": {"stage": "mql"}, "priority": 99, "steps": steps}
    baton.world.documents.put("sequence", two, "two")
    baton.form("guide", visitor="v1", consent=True, **PERSON, email="ann@acme.example")
    baton.until_quiet()
    baton.minutes_later(6)  # the course has seen that the first email left
    shown = numbers(baton, "/v1/sequences/two/numbers")
    assert (shown["entered"], shown["running"], shown["exited"]) == (1, 1, {})
    seen = [(one["planned"], one["sent"], one["waiting"]) for one in shown["steps"]]
    assert seen == [(1, 1, 0), (1, 0, 1)]
    token = baton.world.links.sign(UNSUBSCRIBE, baton.world.lead_id("ann@acme.example"))
    baton.http("POST", f"/u/{token}")
    baton.until_quiet()
    shown = numbers(baton, "/v1/sequences/two/numbers")
    assert (shown["running"], sum(shown["exited"].values())) == (0, 1)
    assert [(one["planned"], one["waiting"]) for one in shown["steps"]] == [(1, 0), (0, 0)]
