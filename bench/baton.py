"""The production code on a table of the bench: real use cases, real codecs, and a stopped clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any

from bench.meter import TABLE
from chalicelib.capture.identity import lead_id
from chalicelib.delivery.messages import Outgoing, SendResult, Sent
from chalicelib.settings import Settings
from chalicelib.store.table import Table
from chalicelib.wiring.ports import Ports
from chalicelib.wiring.world import World
from infra import defaults
from tests.baton import AT_ANY_TIME
from tests.welcome import WELCOME

SITE = "https://www.keybook.example"
API = "https://api.keybook.example"
IDENTITY = "the bench's identity secret"
SECRETS = {
    "identity": IDENTITY,
    "links": '{"current": "the bench\'s link secret"}',
    "admin": "token",
}
CHANGED: Mapping[str, Mapping[str, Any]] = {
    "settings": {"double_opt_in": "never", "sending": {"warm": True, **AT_ANY_TIME}},
    "sequence": {"active": False},
}
"""A ticked box is a consent at once, and the welcome leaves at once on any day: what follows from a
consent is measured with it.
"""
SETTINGS = Settings(
    environment="bench",
    table=TABLE,
    identity_secret="identity",
    link_secret="links",
    admin_secret="admin",
    handoff_topic="topic",
    sender="hello@baton.example",
    configuration_set="baton",
    text_identity="",
    text_configuration_set="",
    urgent_queue="",
    nurture_queue="",
    leads_queue="",
    jobs_queue="",
    nurture_per_minute=1_000_000,
    first_emails_per_hour=1_000_000,
    now_offset=timedelta(0),
)


class BenchPorts(Ports):
    """The outside world of a measurement: a given table, and senders that accept everything."""

    def __init__(self, table: Table, now: datetime) -> None:
        super().__init__(SETTINGS)
        self.table = table
        self.time = now
        self.queues = SimpleNamespace(send=lambda _queue, _texts: None)
        self.quota = lambda: None
        self.send: Callable[[Outgoing], SendResult] = lambda _message: Sent("message")
        self._ids = count(1)

    def now(self) -> datetime:
        """Return the time of the bench."""
        return self.time

    def new_id(self) -> str:
        """Return an id as long as a real one."""
        return f"00000000-0000-4000-8000-{next(self._ids):012d}"

    def secret(self, arn: str) -> str:
        """Return a secret of the bench."""
        return SECRETS[arn]


def build(table: Table, now: datetime | None = None) -> tuple[World, BenchPorts]:
    """Return a world with the demo's documents, and its ports. now: today at noon when None."""
    ports = BenchPorts(table, now or datetime.now(UTC).replace(hour=12, minute=0))
    world = World(ports)
    documents = world.documents
    world.models.load(defaults.read_yaml(defaults.DEFAULTS / "model.yaml"))
    every = {
        name: {**one, **CHANGED.get(name[0], {})}
        for name, one in defaults.every_document(SITE).items()
    }
    for (kind, one_id), one in {**every, **WELCOME}.items():
        documents.put(kind, one, one_id)
    documents.put("deployment", {"api_url": API, "site_url": SITE, "write_key": "write-key"})
    return world, ports


def lead_of(email: str) -> str:
    """Return the lead id of an address in the bench's deployment."""
    return lead_id(IDENTITY.encode(), email)
