"""The processor time of deliver for one email, beside a bare send_email against the same stub."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from bench import inputs, unpacked
from bench.cpu import CHILD, as_json
from bench.pairs import compare
from bench.stub import serving
from chalicelib.store.dynamo import marshal
from tests.baton import ANN, InMemoryBaton
from tests.fakes import FakeClock, FakePorts

ITERATIONS = 30
BLOCKS = 15
TARGET_RATIO = 3.0
SENT_ONLY = ("message_id", "claimed_at_ms", "counted", "list_pk", "list_sk", "due_pk", "due_sk")
MAIL = {
    "FromEmailAddress": "hello@baton.example",
    "Destination": {"ToAddresses": ["ann@acme.example"]},
    "Content": {
        "Simple": {
            "Subject": {"Data": "Three mistakes teams make"},
            "Body": {"Text": {"Data": "x" * 2_000}, "Html": {"Data": "y" * 8_000}},
        }
    },
}
"""What the floor sends: as large as an email that ships."""


def measure(iterations: int = ITERATIONS, blocks: int = BLOCKS) -> dict[str, Any]:
    """Return the processor time of an email in milliseconds, and as a multiple of the floor."""
    items, planned = _planned(datetime.now(UTC))
    work = {"deliver": ("deliver", [inputs.stream(planned)], 1)}
    source = unpacked.unpack()
    arguments = [str(source), str(iterations), str(blocks)]
    with serving() as stub:
        stub.items = items
        found, _ = unpacked.run(
            CHILD, arguments, {"item": {}, "mail": MAIL, "work": work}, stub.url
        )
    judged = compare([(value, floor) for value, floor in found["deliver"]])
    is_met = judged.ratio <= TARGET_RATIO
    return {**judged.rounded("cpu_ms"), "target_ratio": TARGET_RATIO, "met": is_met}


def _planned(now: datetime) -> tuple[dict[str, list[dict[str, Any]]], dict[str, Any]]:
    """Return the items of a lead and of its deployment by partition, and its planned email."""
    baton = InMemoryBaton(FakePorts(clock=FakeClock(now)))
    baton.page("/")
    baton.form("guide", consent=True, **ANN)
    baton.until_quiet()
    found: dict[str, list[dict[str, Any]]] = {}
    planned: dict[str, Any] = {}
    for item in baton.ports.memory.items.values():
        one = {name: as_json(value) for name, value in marshal(item).items()}
        if str(item["sk"]).startswith("OUTBOX#nurture"):
            due_at = round((now + timedelta(minutes=2)).timestamp() * 1_000)
            one = {name: value for name, value in one.items() if name not in SENT_ONLY}
            one |= {"state": {"S": "planned"}, "claims": {"N": "0"}, "version": {"N": "1"}}
            planned = one = {**one, "due_at_ms": {"N": str(due_at)}}
        found.setdefault(str(item["pk"]), []).append(one)
    return found, planned
