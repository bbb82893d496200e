"""Poison in a stream: what always fails is alone in the end, and takes nothing else with it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.clock.tasks import QueueName
from chalicelib.events import Event
from chalicelib.limits import COUNTED_MAX_IDS
from chalicelib.store.table import Item
from tests.baton import ANN, InMemoryBaton, qualify_only, received, stream_event, work
from tests.fakes import FakeStream

GOOD = 99


def captured(baton: InMemoryBaton) -> list[Item]:
    """Return the events that wait for Qualify."""
    items = baton.ports.memory.inserted[baton.drained :]
    baton.drained = len(baton.ports.memory.inserted)
    return [one for one in items if str(one["sk"]).startswith("EVENT#")]


def failing_for(baton: InMemoryBaton, email: str, error: type[BaseException]) -> None:
    """Let everything that is counted for a lead fail."""
    poisoned = baton.world.lead_id(email)
    count: Callable[..., None] = baton.world.qualify.captured

    def captured(lead_id: str, events: list[Event]) -> None:
        if lead_id == poisoned:
            raise error
        count(lead_id, events)

    baton.world.qualify.captured = captured  # type: ignore[method-assign, assignment]


@pytest.mark.parametrize("position", [0, 50, GOOD])
def test_a_poison_record_takes_no_other_with_it(position: int) -> None:
    baton = InMemoryBaton()
    emails = [f"lead{number}@acme.example" for number in range(GOOD)]
    for email in emails:
        baton.form("newsletter", None, email=email)
    good = captured(baton)
    baton.form("newsletter", None, email="poison@acme.example")
    (poison,) = captured(baton)
    failing_for(baton, "poison@acme.example", ValueError)
    stream = FakeStream(baton.world.qualify_records, retries=20)
    records = stream_event([*good[:position], poison, *good[position:]])["Records"]
    stream.read(records)
    assert stream.given_up == [[records[position]]]
    assert {baton.lead(email)["stage"] for email in emails} == {"lead"}


def test_a_batch_that_always_fails_is_given_up() -> None:
    """The fake does as AWS: it halves, tries so often, and goes on."""
    tried: list[list[int]] = []

    def handler(event: Any) -> Any:
        tried.append([record["number"] for record in event["Records"]])
        raise OSError

    stream = FakeStream(handler, retries=1)
    records = [
        {"number": number, "dynamodb": {"SequenceNumber": str(number)}} for number in range(2)
    ]
    stream.read(records)
    assert tried == [[0, 1], [0], [0], [1], [1]]
    assert stream.given_up == [[records[0]], [records[1]]]


def test_a_form_on_a_crowded_lead_waits_for_no_clock() -> None:
    """Its replay is handed over at once; and however many ask for it, it is in the queue once."""
    baton = InMemoryBaton()
    baton.form("guide", consent=True, **ANN)
    for number in range(COUNTED_MAX_IDS + 2):
        baton.page(f"/blog/{number}")
    baton.until_quiet()
    assert baton.world.leads.read(baton.world.lead_id(ANN["email"])).crowded
    for _ in range(3):
        baton.form("demo", **ANN)
        qualify_only(baton)
    messages = list(received(baton.ports))
    assert [(queue, json.loads(one.text)["task"]) for queue, one in messages] == [
        (QueueName.LEADS, "replay")
    ]
    for queue, message in messages:
        assert work(baton.world, queue, message)
    assert baton.lead()["stage"] == "sql"


def test_a_queue_that_fails_leaves_the_replay_to_the_clock(
    capsys: pytest.CaptureFixture[str],
) -> None:
    baton = InMemoryBaton()
    baton.form("guide", consent=True, **ANN)
    for number in range(COUNTED_MAX_IDS + 2):
        baton.page(f"/blog/{number}")
    baton.until_quiet()
    baton.minutes_later(15)  # until the sequence has seen that its email left

    class Broken:
        def send(self, *_: object) -> None:
            raise OSError

    baton.ports.queues = Broken()
    baton.form("demo", **ANN)
    qualify_only(baton)
    assert '"event":"hand_over_failed"' in capsys.readouterr().out
    baton.ports.queues = baton.ports.queued
    assert baton.tick() == 1, "it was given back"
    assert baton.lead()["stage"] == "sql"
