"""The processor time of warm handlers, beside a bare boto3 put_item against the same stub."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import baton, history, inputs, unpacked
from bench.history import KeptTable
from bench.pairs import compare
from bench.stub import serving
from chalicelib.capture.items import Call, event_from_item, read_item
from chalicelib.events import visitor_partition
from chalicelib.store.dynamo import marshal
from chalicelib.store.events import event_item

ITERATIONS = 100
BLOCKS = 15
PAST_EVENTS = 10_000
TARGETS = {"ping": 1.5, "form": 7.0}
"""Times the floor, at most."""
CHILD = Path(__file__).with_name("child_cpu.py")


def measure(iterations: int = ITERATIONS, blocks: int = BLOCKS) -> dict[str, Any]:
    """Return the processor time of an invocation in milliseconds, and as a multiple of the floor.

    Measured are a ping, an ordinary visit in the tracker's requests, a form, an event that qualify
    looks at and leaves, and an event that it counts for a lead with 10,000 events. The floor is one
    put_item for each event: a visit's is several.
    """
    source = unpacked.unpack()
    with serving() as stub:
        owned, stub.items = _table()
        work = {
            "ping": ("public_handler", [inputs.ping_request()], 1),
            "visit": (
                "public_handler",
                [inputs.batch_request(one) for one in inputs.VISIT],
                inputs.VISIT_EVENTS,
            ),
            "form": ("public_handler", [inputs.form_request("tour", inputs.form())], 1),
            "looked at": ("qualify", [inputs.captured()], 1),
            "counted": ("qualify", [inputs.captured(owned)], 1),
        }
        arguments = [str(source), str(iterations), str(blocks)]
        found, _ = unpacked.run(CHILD, arguments, {"item": _item(), "work": work}, stub.url)
    return {name: _judged(name, pairs) for name, pairs in found.items()}


def _judged(name: str, pairs: list[tuple[float, float]]) -> dict[str, Any]:
    found = compare([(value, floor) for value, floor in pairs])
    target = TARGETS.get(name)
    judgement = {"target_ratio": target, "met": found.ratio <= target} if target else {}
    return {**found.rounded("cpu_ms"), **judgement}


def _table() -> tuple[str, dict[str, list[dict[str, Any]]]]:
    """Return the visitor id of a lead with a long past, and the items that the stub's reads find.

    These are the lead's and the documents, by partition.
    """
    kept = KeptTable()
    world, ports = baton.build(kept)
    past = history.past(
        world.models.active(), inputs.LEAD_ID, inputs.EMAIL, PAST_EVENTS, ports.time
    )
    items = [*kept.items.values(), *history.derived(past)]
    found: dict[str, list[dict[str, Any]]] = {}
    for item in items:
        found.setdefault(str(item["pk"]), []).append(
            {name: as_json(value) for name, value in marshal(item).items()}
        )
    return past.visitor_id, found


def as_json(value: dict[str, Any]) -> dict[str, Any]:
    """Return a value as it is sent: bytes as base64."""
    return {"B": b64encode(value["B"]).decode()} if "B" in value else value


def _item() -> dict[str, Any]:
    """Return the reference ping as it is stored: the floor writes the same item."""
    item = read_item(inputs.PING, Call.PAGE)
    partition = visitor_partition(inputs.VISITOR_ID)
    now = datetime.now(UTC)
    return marshal(event_item(event_from_item(item, partition, item.message_id, now, tuple)))
