"""Baton in memory: the real handlers on the in-memory ports, with the documents of the demo.

Streams are drained by hand: `until_quiet` hands every new record to the real handler, as Lambda
would.
"""

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from chalice.test import Client, HTTPResponse

import app
from chalicelib.clock.tasks import QueueName
from chalicelib.delivery.message_keys import parse_outbox_id
from chalicelib.handoff.due import HANDOFF_TASK
from chalicelib.qualify.due import REPLAY_TASK
from chalicelib.store import keys
from chalicelib.store.due import DueList
from chalicelib.store.dynamo import marshal
from chalicelib.store.keys import family_of
from chalicelib.store.table import Item
from chalicelib.wiring import world as wiring
from chalicelib.wiring.world import World
from infra import defaults
from infra.defaults import confirm_phones
from infra.local.walk import PERSON
from tests.fakes import FakePorts, QueuedMessage
from tests.welcome import WELCOME

SITE = "https://keybook.example"
API = "https://api.keybook.example"
TOKEN = {"Authorization": "Bearer admin-token"}
AT_ANY_TIME: Mapping[str, Any] = {
    "hours": ["00:00", "24:00"],
    "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
    "holidays": [],
    "per_7_days": 0,
    "per_30_days": 0,
    "hours_apart": 0,
}
CHANGED: Mapping[str, Mapping[str, Any]] = {
    "settings": {"double_opt_in": "never", "sending": AT_ANY_TIME},
    "sequence": {"active": False},
}
"""Most tests are about what follows from a consent, so that a ticked box is one at once, and an
email leaves whenever it is planned. The only sequence is that of WELCOME.
"""
MOST_ROUNDS = 50  # a run that is not quiet by then never will be


@cache
def documents() -> list[tuple[str, str, Mapping[str, Any]]]:
    """Return the documents of the demo, and the welcome: kind, id and document."""
    every = defaults.every_document(SITE)
    changed = {name: {**one, **CHANGED.get(name[0], {})} for name, one in every.items()}
    return [(*name, one) for name, one in {**changed, **WELCOME}.items()]


@cache
def model_document() -> Any:
    return defaults.read_yaml(defaults.DEFAULTS / "model.yaml")


class InMemoryBaton:
    """A whole Baton in memory, of a company in a time zone."""

    def __init__(self, ports: FakePorts | None = None, zone: str = "UTC") -> None:
        self.ports = ports or FakePorts()
        self.world = wiring.World(self.ports)
        self.drained = 0
        self._load(zone)

    def _load(self, zone: str) -> None:
        store = type(self.world)(self.ports).documents
        type(self.world)(self.ports).models.load(model_document(), zone)
        for kind, one_id, one in documents():
            store.put(kind, one, one_id)
        confirm_phones(type(self.world)(self.ports))
        store.put("deployment", {"api_url": API, "site_url": SITE, "write_key": "write-key"})
        self.drained = len(self.ports.memory.inserted)

    # --- over HTTP, through the real routes -------------------------------------------------------

    def http(
        self,
        method: str,
        path: str,
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> HTTPResponse:
        wiring.use(self.world)
        try:
            with Client(app.app) as client:
                raw = body.encode(errors="surrogatepass") if isinstance(body, str) else body or b""
                return client.http.request(method, path, headers=dict(headers or {}), body=raw)
        finally:
            wiring.use(None)

    def post(self, path: str, data: Any, headers: Mapping[str, str] | None = None) -> HTTPResponse:
        return self.http(
            "POST", path, json.dumps(data), {"Content-Type": "application/json", **(headers or {})}
        )

    def get(self, path: str) -> Any:
        answer = self.http("GET", path, headers=TOKEN)
        assert answer.status_code == 200, answer.body
        return json.loads(answer.body)

    def page(self, path: str, visitor: str = "v1", at: datetime | None = None, **more: Any) -> None:
        stamp = (at or self.ports.now()).isoformat()
        event = {
            "anonymousId": visitor,
            "messageId": self.ports.new_id(),
            "timestamp": stamp,
            "properties": {"url": SITE + path},
            **more,
        }
        assert self.post("/v1/page", event).status_code == 200

    def form(
        self, form_id: str, visitor: str | None = "v1", *, consent: bool = False, **fields: Any
    ) -> Any:
        data = {
            "fields": fields,
            "visitor_id": visitor,
            "consent": {"marketing": consent, "text": "Write to me."},
        }
        answer = self.post(f"/v1/forms/{form_id}", data)
        assert answer.status_code == 202, answer.body
        return json.loads(answer.body)

    # --- the streams and the clock ----------------------------------------------------------------

    def until_quiet(self) -> None:
        """Hand every new record to its handler until none is left, with the replays that are due.

        Those the clock does within a minute.
        """
        for _ in range(MOST_ROUNDS):
            fresh = self.ports.memory.inserted[self.drained :]
            self.drained = len(self.ports.memory.inserted)
            if not fresh and not self._replayed():
                return
            for item in fresh:
                assert self.handle(item)
        raise AssertionError("the streams do not come to rest")

    def _replayed(self) -> bool:
        """Let the workers do the replays that are due, and what else waits in their queues.

        Return whether there was anything.
        """
        places = DueList(self.ports.table, [REPLAY_TASK]).places(self.ports.now())
        with redirect_stdout(io.StringIO()):  # of other tasks, which this list does not know
            due = [one for place in places for one in place]
        for one in due:
            self.world.dispatcher.hand_over(one)
        return work_off(self.world, self.ports) > 0

    def handle(self, item: Item) -> bool:
        """Hand one inserted item to its handler, as Lambda would.

        Return False when the handler wants it again.
        """
        sk = str(item["sk"])
        streams = {"EVENT": self.world.qualify_records, "OUTBOX": self.world.deliver_records}
        handler = streams.get(family_of(sk))
        if handler is None:
            return True
        try:
            return handler(stream_event([item])) == {"batchItemFailures": []}
        except Exception:  # noqa: BLE001 # of the first record of a batch: Lambda sends it again
            return False

    def tick(self) -> int:
        """Let the clock hand over what is due, and the workers do it. Return how much that was."""
        return tick(self.world, self.ports)

    def forget_deadlines(self) -> None:
        """Let nobody be reminded of a handoff: for tests that count what a lead itself causes while
        nobody answers.
        """
        self.world.due_tasks[HANDOFF_TASK] = lambda _due, _until: None

    def minutes_later(self, minutes: float) -> None:
        self.ports.clock.tick(timedelta(minutes=minutes))
        self.tick()
        self.until_quiet()

    # --- what came of it --------------------------------------------------------------------------

    def kept(self) -> dict[tuple[str, str], Item]:
        """Return what is stored, but for the journal: who asked for something is always noted."""
        items = self.ports.memory.items
        return {key: item for key, item in items.items() if not key[0].startswith(keys.AUDIT)}

    def lead(self, email: str = "ann@acme.example") -> Any:
        return self.get(f"/v1/leads/{self.world.lead_id(email)}")

    def outbox(self) -> list[Any]:
        return list(self.get("/v1/outbox")["items"])


def tick(world: World, ports: FakePorts) -> int:
    """Let a clock hand over what is due, and the workers do it. Return how much that was."""
    handed = world.clock.tick()
    work_off(world, ports)
    return handed


def work_off(world: World, ports: FakePorts) -> int:
    """Let the workers do what waits in their queues. Return how many messages that were.

    Raise AssertionError for a message that must come again.
    """
    number = 0
    for queue, message in received(ports):
        assert work(world, queue, message)
        number += 1
    return number


def received(ports: FakePorts) -> Iterator[tuple[QueueName, QueuedMessage]]:
    """Receive each message that waits, queue by queue."""
    for queue in QueueName:
        while message := ports.queued.receive(queue, ports.now()):
            yield queue, message


def work(world: World, queue: QueueName, message: QueuedMessage) -> bool:
    """Hand a message to its worker, as Lambda would. Return False when it must come again.

    A kill leaves it in the queue, hidden for a while.
    """
    if world.work_messages(queue_event([message])) != {"batchItemFailures": []}:
        return False
    assert isinstance(world.ports, FakePorts)
    world.ports.queued.delete(queue, message)
    return True


def key_of(item: Mapping[str, Any]) -> str:
    """The key, as text, of a message in the outbox."""
    _, key = parse_outbox_id(item["id"])
    return str(key)


def queue_event(messages: list[QueuedMessage]) -> dict[str, Any]:
    """Return the event that Lambda gets for messages of a queue, in the shape of AWS."""
    return {
        "Records": [
            {
                "messageId": str(one.number),
                "receiptHandle": f"receipt-{one.number}",
                "body": one.text,
                "attributes": {"ApproximateReceiveCount": str(one.received)},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:baton-Queue",
                "awsRegion": "eu-central-1",
            }
            for one in messages
        ]
    }


def stream_event(items: list[Item]) -> dict[str, Any]:
    """Return the event that Lambda gets for newly inserted items, in the shape of AWS."""
    return {
        "Records": [
            {
                "eventID": str(number),
                "eventName": "INSERT",
                "eventSource": "aws:dynamodb",
                "awsRegion": "eu-central-1",
                "dynamodb": {
                    "Keys": marshal({"pk": item["pk"], "sk": item["sk"]}),
                    "NewImage": marshal(item),
                    "SequenceNumber": str(number),
                    "SizeBytes": 100,
                    "StreamViewType": "NEW_IMAGE",
                },
            }
            for number, item in enumerate(items, 1)
        ]
    }


def unscreened(ports: FakePorts | None = None) -> InMemoryBaton:
    """Return a Baton that takes names with links in them for names."""
    baton = InMemoryBaton(ports)
    settings = {"screening": {"off": ["links"]}, "sending": AT_ANY_TIME}
    baton.world.documents.put("settings", settings)
    return baton


ANN: dict[str, Any] = {"email": "ann@acme.example", **PERSON}
AD = {"campaign": {"source": "google", "medium": "cpc", "name": "spring"}}


def ask(
    baton: InMemoryBaton, what: str, data: Any, email: str = "ann@acme.example", status: int = 200
) -> Any:
    """Send a command about a lead, and process what follows. Return the answer."""
    answer = baton.post(f"/v1/leads/{baton.world.lead_id(email)}/{what}", data, TOKEN)
    assert answer.status_code == status, answer.body
    baton.until_quiet()
    return json.loads(answer.body)


def qualify_only(baton: InMemoryBaton) -> None:
    """Let every new event be qualified, but no message be delivered."""
    inserted = baton.ports.memory.inserted
    while baton.drained < len(inserted):
        item = inserted[baton.drained]
        baton.drained += 1
        if str(item["sk"]).startswith("EVENT#"):
            assert baton.handle(item)
