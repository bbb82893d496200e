"""What one hostile request of 8 KB costs beside an honest one of its kind, whatever came before.

In process, on a table in memory that reckons the units of each call by AWS's rules.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from datetime import timedelta
from io import StringIO
from math import ceil
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from bench.sizes import item_bytes, transaction_units, units
from chalicelib.events import lead_partition, visitor_partition
from chalicelib.store import keys
from chalicelib.store.dynamo import marshal
from chalicelib.store.table import Item, Put, Write
from tests.baton import ANN, InMemoryBaton
from tests.fakes import FakePorts, MemoryTable

KB = 1024
HOSTILE_BYTES = 8 * KB
RATIO = 10
ROUNDS = 5  # the fastest counts
WIDE = "😀"
LONG_ID = WIDE * 200
JSON = {"Content-Type": "application/json"}
FLAT = {"Content-Type": "application/x-www-form-urlencoded"}


class MeteredTable(MemoryTable):
    """A table that adds up the units of its calls."""

    def __init__(self) -> None:
        super().__init__()
        self.read = 0.0
        self.written = 0.0

    def get(self, pk: str, sk: str, *, lagging: bool = False) -> Item | None:
        """Return an item: half a unit for each 4 KB, a whole one if it is consistent."""
        found = super().get(pk, sk)
        self.read += _read_units([found] if found else [], lagging=lagging)
        return found

    def query(self, pk: str, **parts: Any) -> Iterator[Item]:
        """Return items, all of whose bytes are paid for together."""
        found = list(super().query(pk, **parts))
        self.read += _read_units(found, lagging=parts.get("index") is not None)
        return iter(found)

    def write(self, *writes: Write) -> None:
        """Write; a condition that does not hold costs what the write would have cost."""
        puts = [write for write in writes if isinstance(write, Put)]
        pairs = [
            (self.items.get((str(put.item["pk"]), str(put.item["sk"]))), put.item) for put in puts
        ]
        stored = [(marshal(old) if old else None, marshal(new)) for old, new in pairs]
        if len(writes) == 1:
            self.written += sum(
                units(max(item_bytes(old or {}), item_bytes(new))) for old, new in stored
            )
        else:
            self.written += sum(transaction_units(stored).values())
        super().write(*writes)


class RandomIdPorts(FakePorts):
    """Ports whose ids are new ones, also beside items that another Baton has stored."""

    def new_id(self) -> str:
        """Return a new random id."""
        return str(uuid4())


@dataclass(frozen=True)
class Request:
    """A request as it is sent."""

    path: str
    body: str = ""
    headers: Mapping[str, str] | None = None
    method: str = "POST"


@dataclass(frozen=True)
class Cost:
    """What a request cost."""

    cpu_ms: float
    read: float
    write: float

    def beside(self, honest: Cost) -> float:
        """Return how many times the honest request it costs: in what it is dearest in."""
        return max(
            self.cpu_ms / honest.cpu_ms,
            self.read / max(1.0, honest.read),
            self.write / max(1.0, honest.write),
        )


def measure(rounds: int = ROUNDS) -> dict[str, Any]:
    """Return, for each kind of request, the honest one and each hostile one with its ratio."""
    with redirect_stdout(StringIO()):
        full = _full()
        # The worker that derives a lead from what is captured may be late.
        underived = [item for item in full if item["sk"] != keys.PROFILE]
        before = {
            "": [],
            ", after many": full,
            ", a day after many": full,
            ", before many are counted": underived,
        }
        return {kind: _compare(kind, before, rounds) for kind in HONEST}


def _compare(kind: str, before: Mapping[str, list[Item]], rounds: int) -> dict[str, Any]:
    honest = _cost(HONEST[kind], [], 0, rounds)
    found: dict[str, Any] = {"honest": _shape(honest), "target_ratio": RATIO}
    for name, request in HOSTILE[kind].items():
        for state, items in before.items():
            cost = _cost(request, items, int("day" in state), rounds)
            ratio = cost.beside(honest)
            found[name + state] = _shape(cost) | {"ratio": round(ratio, 2), "met": ratio <= RATIO}
    return found


def _cost(
    request: Callable[[InMemoryBaton], Request], items: list[Item], days: int, rounds: int
) -> Cost:
    """Return the cost of a request: the units of the first one, the time of the fastest.

    items: what was stored before; days: how long ago.
    """
    baton = fresh()
    _metered(baton).items.update({(str(item["pk"]), str(item["sk"])): item for item in items})
    baton.ports.clock.tick(timedelta(days=days))
    for kind, warm in HONEST.items():  # documents and imports are there, as in a warm container
        if kind != "unsubscribe":  # a second one writes nothing
            _send(baton, warm(fresh()), as_somebody_else=True)
    costs = [_send(baton, request(baton)) for _ in range(rounds)]
    return replace(costs[0], cpu_ms=min(cost.cpu_ms for cost in costs))


def _send(baton: InMemoryBaton, sent: Request, *, as_somebody_else: bool = False) -> Cost:
    path = sent.path
    body = sent.body
    if as_somebody_else:
        path = path.replace("v1&", "w1&")
        for ours, theirs in (("ann@", "eve@"), ('"v1"', '"w1"'), ("user-", "seen-")):
            body = body.replace(ours, theirs)
    table = _metered(baton)
    read = table.read
    written = table.written
    started = time.process_time()
    answer = baton.http(sent.method, path, body, sent.headers)
    spent = 1000 * (time.process_time() - started)
    assert answer.status_code < 500, answer.body
    return Cost(spent, table.read - read, table.written - written)


def fresh() -> InMemoryBaton:
    """Return a Baton to which nothing was sent yet."""
    return InMemoryBaton(RandomIdPorts(MeteredTable()))


def _full() -> list[Item]:
    """Return the items of a Baton in which a lead and a visitor have all that can be sent."""
    baton = fresh()
    baton.form("newsletter", **ANN)
    baton.until_quiet()  # from here on the lead is one that is known
    for _ in range(6):
        event = {"type": "track", "event": "x", "properties": {"a": "a" * 3_000}}
        assert _batch(baton, [{**event, "anonymousId": LONG_ID}] * 100) == 200
    for start in range(0, 250, 50):
        ids = [f"{start + number:03d}{LONG_ID}"[:200] for number in range(50)]
        batch = [{"type": "identify", "userId": one, "traits": ANN_TRAITS} for one in ids]
        assert _batch(baton, batch) == 200
    long = {"message": WIDE * 5_000, **{f"f{n}": WIDE * 60 for n in range(40)}}
    form = _form(long, consent={"marketing": True})(baton)
    baton.ports.clock.tick(timedelta(minutes=1))  # from here on the newest
    for _ in range(205):
        assert baton.http("POST", form.path, form.body, JSON).status_code == 202
    # Many more of both came, and were dropped.
    for partition in (
        visitor_partition(LONG_ID),
        lead_partition(baton.world.lead_id(ANN["email"])),
    ):
        baton.world.captured.admit(partition, 2_000, baton.ports.now())
    return list(_metered(baton).items.values())


def _batch(baton: InMemoryBaton, batch: Sequence[Any]) -> int:
    body = json.dumps({"batch": batch}, ensure_ascii=False)
    return int(baton.http("POST", "/v1/batch", body, JSON).status_code)


def _metered(baton: InMemoryBaton) -> MeteredTable:
    table = baton.ports.memory
    assert isinstance(table, MeteredTable)
    return table


def _read_units(items: Sequence[Item], *, lagging: bool) -> float:
    size = sum(item_bytes(marshal(item)) for item in items)
    return max(1, ceil(size / (4 * KB))) * (0.5 if lagging else 1.0)


def _shape(cost: Cost) -> dict[str, Any]:
    return {"cpu_ms": round(cost.cpu_ms, 2), "read": cost.read, "write": cost.write}


# --- the requests ---------------------------------------------------------------------------------

ANN_TRAITS = {"email": ANN["email"], "firstName": "Ann", "company": "Acme"}
PAGE = {"url": "https://keybook.example/pricing?utm_source=google&utm_medium=cpc"}


def _json(path: str, data: Any) -> Callable[[InMemoryBaton], Request]:
    body = json.dumps(data, ensure_ascii=False)
    return lambda _baton: Request(path, body, JSON)


def _token(baton: InMemoryBaton) -> str:
    return str(baton.world.links.sign("unsubscribe", baton.world.lead_id(ANN["email"])))


def _filled(pad: Callable[[int], Any]) -> str:
    """Return the longest JSON of at most 8 KB that a padding of some length makes."""
    low, high = 0, HOSTILE_BYTES
    while low < high:
        middle = (low + high + 1) // 2
        if len(json.dumps(pad(middle), ensure_ascii=False).encode()) <= HOSTILE_BYTES:
            low = middle
        else:
            high = middle - 1
    return json.dumps(pad(low), ensure_ascii=False)


def _padded(path: str, pad: Callable[[int], Any]) -> Callable[[InMemoryBaton], Request]:
    body = _filled(pad)
    return lambda _baton: Request(path, body, JSON)


def _items(make: Callable[[int], Any], **more: Any) -> Callable[[InMemoryBaton], Request]:
    """Return a batch of as many items as 8 KB and the limit of a batch hold."""
    return _padded(
        "/v1/batch", lambda most: {"batch": [make(n) for n in range(min(most, 100))], **more}
    )


def _server_batch(number: int) -> dict[str, Any]:
    """Return an item of what a server's client collects: who signed in, and what they did."""
    one_id = f"user-{number // 2:04d}"
    more = {"messageId": f"{number:036d}", "timestamp": "2026-11-22T09:30:00.000Z"}
    if number % 2:
        properties = {"product": "team", "path": "/app/projects/new", "plan": "trial"}
        return {
            "type": "track",
            "event": "Used",
            "userId": one_id,
            "properties": properties,
            **more,
        }
    traits = {"email": f"{one_id}@acme.example", "firstName": "Ann", "company": "Acme"}
    return {"type": "identify", "userId": one_id, "traits": traits, **more}


def _form(fields: Mapping[str, Any], **more: Any) -> Callable[[InMemoryBaton], Request]:
    return _json("/v1/forms/guide", {"fields": {**ANN, **fields}, **more})


def _deep(most: int) -> Any:
    return json.loads("[" * (most % 900) + "]" * (most % 900)) if most % 900 else []


HONEST: Mapping[str, Callable[[InMemoryBaton], Request]] = {
    "form": _form({}, visitor_id="v1", page=PAGE, consent={"marketing": True, "text": "Yes."}),
    "batch": _items(_server_batch),
    "ping": _json("/v1/page", {"anonymousId": "v1", "properties": PAGE}),
    "identify": _json("/v1/identify", {"anonymousId": "v1", "traits": ANN_TRAITS}),
    "pixel": lambda _baton: Request(
        f"/v1/pixel?{urlencode({'anonymousId': 'v1', **PAGE})}", method="GET"
    ),
    "unsubscribe": lambda baton: Request(f"/u/{_token(baton)}", "", FLAT),
}
HOSTILE: Mapping[str, Mapping[str, Callable[[InMemoryBaton], Request]]] = {
    "form": {
        "a long message": _form({"message": "m" * 5_000}, visitor_id=LONG_ID),
        "fifty fields": _form(
            {f"f{n}": '"' * 60 for n in range(40)}, consent={"marketing": True, "text": "t" * 900}
        ),
        "fifty wrong fields": _json("/v1/forms/demo", {"fields": {f"F{n}": [] for n in range(50)}}),
        "a hundred pairs": lambda _baton: Request(
            "/v1/forms/demo",
            urlencode({"email": ANN["email"], **{f"f{n}": "%" * 20 for n in range(99)}}),
            FLAT,
        ),
        "a strange address": _form({"email": "ü" * 60 + "@" + ".".join(["ü" * 9] * 12)}),
        "a strange url": _form(
            {}, page={"url": "https://x/?" + "a=b&" * 500, "referrer": "?" * 2_000}
        ),
    },
    "batch": {
        "pings of a hundred visitors": _items(lambda n: {"type": "page", "userId": f"{n}"}),
        "identifies of a hundred people": _items(
            lambda n: {
                "type": "identify",
                "userId": f"{n}",
                "anonymousId": f"{n}",
                "traits": {"email": f"{n}@b.cc"},
            }
        ),
        "identifies of one person": _items(
            lambda n: {"type": "identify", "userId": f"{n}", "traits": {"email": ANN["email"]}}
        ),
        "a context for all": _items(
            lambda n: {"type": "page", "userId": f"{n}"},
            context={
                "page": {"url": "https://x/" + "a" * 2_000},
                "campaign": {"source": "s" * 300, "name": "n" * 300, "term": "t" * 300},
            },
        ),
        "nothing right": _items(lambda _n: {"properties": []}),
        "one long item": _padded(
            "/v1/batch",
            lambda most: {
                "batch": [{"type": "track", "userId": "u", "properties": {"a": "a" * most}}]
            },
        ),
    },
    "ping": {
        "long properties": _padded(
            "/v1/track",
            lambda most: {
                "anonymousId": LONG_ID,
                "event": "x",
                "properties": {f"p{n}": '"' * (most // 50) for n in range(50)},
            },
        ),
        "a deep context": _padded(
            "/v1/page", lambda most: {"anonymousId": "v", "context": {"deep": [_deep(most)] * 4}}
        ),
    },
    "identify": {
        "long traits": _json(
            "/v1/identify",
            {
                "anonymousId": LONG_ID,
                "userId": LONG_ID,
                "traits": {**ANN_TRAITS, "company": WIDE * 300, "title": WIDE * 300},
            },
        ),
        "long properties": _padded(
            "/v1/identify",
            lambda most: {
                "userId": "u",
                "traits": ANN_TRAITS,
                "properties": {"a": "a" * (most // 2)},
            },
        ),
    },
    "pixel": {
        "a long query": lambda _baton: Request(
            f"/v1/pixel?anonymousId=v1&url={'a' * 2_000}&"
            + "&".join(f"x{n}=1" for n in range(800)),
            method="GET",
        ),
    },
    "unsubscribe": {
        "a long body": lambda baton: Request(f"/u/{_token(baton)}", "a=b&" * 2_000, FLAT),
        "a long token": lambda _baton: Request(f"/u/{'a' * 8_000}", "", FLAT),
    },
}
