"""The capacity units of what Baton does, measured on the production code.

Single operations are as Amazon's DynamoDB Local reports them. Transactions are by AWS's rule
(bench/sizes.py), with which the report of the local AWS must agree.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from datetime import timedelta
from functools import partial
from typing import Any

from bench import baton, history, inputs, meter
from bench.baton import BenchPorts
from bench.meter import TABLE, Meter, Units
from bench.sizes import item_bytes
from chalicelib.capture.items import Call
from chalicelib.capture.posted import posted_of_json
from chalicelib.delivery.message_keys import MessageKey
from chalicelib.events import Event
from chalicelib.store.dynamo import DynamoTable, marshal
from chalicelib.store.events import event_of
from chalicelib.store.outbox_items import message_of
from chalicelib.store.table import Put, Write
from chalicelib.wiring.world import World
from tests import engines
from tests.fakes import count_captured
from tests.moto_table import create_table

SIZES = (10, 10_000)
JOINED = 10
PINGS = 40  # of one visitor; each eighth writes their counter
TARGETS: dict[str, dict[str, float]] = {
    "counted event": {"read": 2, "write": 6},
    "transition": {"write": 32},
    "ping": {"write": 1.15, "bytes": 1024},
}


class NotingTable(DynamoTable):
    """The table on DynamoDB that collects the events and messages it stores, as a stream would."""

    def __init__(self, client: Any, name: str) -> None:
        super().__init__(client, name)
        self.events: list[Event] = []
        self.outbox: list[tuple[str, MessageKey]] = []
        self.ping_bytes = 0

    def write(self, *writes: Write) -> None:
        """Write, then collect what was written."""
        super().write(*writes)
        for put in writes:
            sk = str(put.item["sk"]) if isinstance(put, Put) else ""
            if isinstance(put, Put) and sk.startswith("EVENT#"):
                self.events.append(event_of(put.item))
                self.ping_bytes = item_bytes(marshal(put.item))
            elif (
                isinstance(put, Put) and sk.startswith("OUTBOX#") and put.item["state"] == "planned"
            ):
                message = message_of(put.item)
                self.outbox.append((message.lead_id, message.key))


class Lab:
    """A Baton whose table is metered."""

    def __init__(self, url: str) -> None:
        look = engines.connect(url)  # one of its own: what the meter looks up is not metered
        client = engines.connect(url)
        create_table(look, TABLE)
        self.table = NotingTable(client, TABLE)
        self.world: World
        self.ports: BenchPorts
        self.world, self.ports = baton.build(self.table)
        self.client = look
        self._meter = Meter(client, look)

    def measure(self, action: Callable[[], object]) -> dict[str, Any]:
        """Return the units of an action and the bytes that it logs.

        Documents are read first, so that they are in the cache, as in a warm container.
        """
        self.world.models.active()
        for kind in ("routing", "settings", "deployment"):
            self.world.documents.get(kind)
        self.world.documents.all("sequence")
        for form_id in ("guide", "demo", "tour"):
            self.world.documents.get("form", form_id)
        self._meter.take()
        said = io.StringIO()
        with redirect_stdout(said):
            action()
        return _shape(self._meter.take(), len(said.getvalue()))

    def drain(self) -> list[Event]:
        """Return the events that were stored since the last call."""
        found = self.table.events
        self.table.events = []
        return found


def measure() -> dict[str, Any]:
    """Return the units of each thing, for a lead with 10 events and for one with 10,000.

    Raise BenchError when an engine is not installed.
    """
    with meter.started(engines.dynamodb_local()) as url:
        found = measure_at(url)
    with meter.started(engines.emulator()) as url:
        said = list(_transactions(measure_at(url)))
    ours = list(_transactions(found))
    for one, other in zip(ours, said, strict=True):
        one["transaction_reported"] = other["transaction_reported"]
    agreed = all(one["transaction"] == one["transaction_reported"] for one in ours)
    return {**found, "targets": TARGETS, "met": _met(found), "rule_agrees_with_local_aws": agreed}


def measure_at(url: str) -> dict[str, Any]:
    """Return the same, measured on one engine."""
    lab = Lab(url)
    found: dict[str, Any] = {"ping": _ping(lab), "visit": _visit(lab)}
    return found | {f"lead of {number:,} events": _lead(lab, number) for number in SIZES}


def _transactions(found: Any) -> Iterator[dict[str, Any]]:
    """Yield everything measured that has a transaction, in order."""
    if isinstance(found, dict) and "transaction" in found:
        yield found
    elif isinstance(found, dict | list):
        for one in found.values() if isinstance(found, dict) else found:
            yield from _transactions(one)


def _ping(lab: Lab) -> dict[str, Any]:
    """Measure the reference ping of an unknown visitor."""
    pings = [{**inputs.PING, "messageId": str(number)} for number in range(PINGS)]
    stored = [lab.measure(partial(lab.world.tracking.one, ping, Call.PAGE)) for ping in pings]
    event, *_ = lab.drain()
    looked = lab.measure(lambda: count_captured(lab.world, event))
    return {"stored": _average(stored), "looked at": looked, "bytes": lab.table.ping_bytes}


def _visit(lab: Lab) -> dict[str, Any]:
    """Measure an event of an ordinary visit in the tracker's requests: the average of all."""
    stored = [lab.measure(partial(lab.world.tracking.batch, dict(one))) for one in inputs.VISIT]
    lab.drain()
    total = _sum(*stored)
    return {"stored": {name: value / inputs.VISIT_EVENTS for name, value in total.items()}}


def _lead(lab: Lab, number: int) -> dict[str, Any]:
    email = f"lead{number}@acme.example"
    past = history.past(
        lab.world.models.active(), baton.lead_of(email), email, number, lab.ports.time
    )
    history.put_all(lab.client, TABLE, [*history.items(past), *history.derived(past)])
    # The first event of a day is the dearest: it moves both the score and the next review.
    lab.ports.time += timedelta(days=1)
    first = _counted(lab, past.visitor_id, "first")
    again = _counted(lab, past.visitor_id, "again")
    return {
        "counted event": first["counted"],
        "counted event, again": again["counted"],
        "joined ping": _sum(first["stored"], first["counted"]),
        **_form(lab, "guide", email, past.visitor_id, "lead to mql"),
        **_form(lab, "demo", email, past.visitor_id, "mql to sql"),
        "deliver": [
            lab.measure(partial(lab.world.deliver.message, *one)) for one in _messages(lab)
        ],
        "joins": _joins(lab, number),
    }


def _counted(lab: Lab, visitor_id: str, message_id: str) -> dict[str, Any]:
    lab.ports.time += timedelta(minutes=1)
    ping = {
        "anonymousId": visitor_id,
        "messageId": message_id,
        "properties": {"url": f"{baton.SITE}/pricing"},
    }
    stored = lab.measure(lambda: lab.world.tracking.one(ping, Call.PAGE))
    (event,) = lab.drain()
    return {"stored": stored, "counted": lab.measure(lambda: count_captured(lab.world, event))}


def _form(lab: Lab, form_id: str, email: str, visitor_id: str, name: str) -> dict[str, Any]:
    """Measure a form, and the transition that it causes."""
    lab.ports.time += timedelta(minutes=1)
    said = posted_of_json(inputs.form(email, visitor_id))
    stored = lab.measure(lambda: lab.world.forms.submit(form_id, said))
    counted = [lab.measure(partial(count_captured, lab.world, event)) for event in lab.drain()]
    moved = max(counted, key=lambda one: float(one["write"]))
    parts = moved["parts"]
    moved["write_if_indexes_count_twice"] = (
        moved["write"] + parts["write list"] + parts["write due"]
    )
    return {f"form {form_id}": stored, f"transition {name}": moved}


def _messages(lab: Lab) -> list[tuple[str, MessageKey]]:
    found = lab.table.outbox
    lab.table.outbox = []
    return found


def _joins(lab: Lab, number: int) -> dict[str, Any]:
    """Measure a form that claims a visitor with ten pings, for an unknown person."""
    visitor_id = f"joins-{number}"
    for position in range(JOINED):
        lab.ports.time += timedelta(seconds=1)
        lab.world.tracking.one(
            {**inputs.PING, "anonymousId": visitor_id, "messageId": str(position)}, Call.PAGE
        )
    lab.drain()
    said = posted_of_json(inputs.form(f"new{number}@acme.example", visitor_id))
    stored = lab.measure(lambda: lab.world.forms.submit("tour", said))
    (event,) = lab.drain()
    return {
        "form": stored,
        "counted": lab.measure(lambda: count_captured(lab.world, event)),
        "pings": JOINED,
    }


def _met(found: dict[str, Any]) -> dict[str, bool]:
    leads = [found[f"lead of {number:,} events"] for number in SIZES]
    counted = [one[name] for one in leads for name in ("counted event", "counted event, again")]
    moves = [one[f"transition {name}"] for one in leads for name in ("lead to mql", "mql to sql")]
    ping = found["ping"]
    return {
        "ping": ping["stored"]["write"] <= TARGETS["ping"]["write"]
        and ping["bytes"] <= TARGETS["ping"]["bytes"],
        "counted event": all(one["read"] <= 2 and one["write"] <= 6 for one in counted),
        "transition": all(one["write"] <= TARGETS["transition"]["write"] for one in moves),
    }


def _shape(units: Units, logged: int) -> dict[str, Any]:
    return {
        "read": units.read,
        "write": units.write,
        "parts": dict(sorted(units.parts.items())),
        "calls": units.calls,
        "log_bytes": logged,
    } | (
        {"transaction": units.transacted, "transaction_reported": units.reported}
        if units.transacted
        else {}
    )


def _average(shapes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the average of what was measured: the counter of arrivals is not written each time."""
    total = _sum(*shapes)
    return {name: value / len(shapes) for name, value in total.items()}


def _sum(*shapes: dict[str, Any]) -> dict[str, Any]:
    names = ("read", "write", "calls", "log_bytes")
    return {name: sum(one[name] for one in shapes) for name in names}
