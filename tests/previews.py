"""Previews of sequences, and what then happens, in the same words."""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from chalicelib.delivery.messages import Email
from chalicelib.events import rfc3339
from tests.baton import TOKEN, InMemoryBaton

TOKENS = re.compile(r"(/[uac]/)[A-Za-z0-9_.-]+")
A_MINUTE = timedelta(minutes=1)


def preview(baton: InMemoryBaton, lead_id: str, sequence: str = "s", status: int = 200) -> Any:
    """Return the answer of a preview."""
    path = f"/v1/sequences/{sequence}/preview?lead_id={lead_id}"
    answer = baton.http("POST", path, None, TOKEN)
    assert answer.status_code == status, answer.body
    return json.loads(answer.body)


def untokened(text: str | None) -> str:
    """Return a text without the tokens of its links."""
    return TOKENS.sub(r"\1token", text or "")


def foreseen(shown: Any) -> list[tuple[str, ...]]:
    """Return the emails of a preview that leave: when, under which subject, with which words."""
    return [
        (one["at"], one["subject"], untokened(one["text"]), untokened(one["html"]))
        for one in shown["steps"]
        if one["state"] == "sent"
    ]


def play(baton: InMemoryBaton, days: int) -> Iterator[None]:
    """Let days pass: the clock looks at each whole minute at which something is due."""
    end = baton.ports.now() + timedelta(days=days)
    while (due := _next_due(baton)) is not None and due <= end:
        baton.ports.clock.tick(max(due, baton.ports.now()) - baton.ports.now())
        baton.tick()
        baton.until_quiet()
        yield


def left(baton: InMemoryBaton, sequence: str = "s") -> list[tuple[str, ...]]:
    """Return what has left of a sequence, in the words of a preview."""
    sent = {one.reference: one for one in baton.ports.senders.sent if isinstance(one, Email)}
    found = []
    for _, message in sorted(baton.world.outbox.of_lead(_lead(baton)), key=lambda one: one[0]):
        if message.sequence == sequence and message.claimed_at and message.id in sent:
            email = sent[message.id]
            words = (email.subject, untokened(email.text), untokened(email.html))
            found.append((rfc3339(message.claimed_at), *words))
    return sorted(found)


def not_sent(baton: InMemoryBaton, sequence: str = "s") -> list[tuple[str, str]]:
    """Return the steps whose emails did not leave, each with why."""
    every = (message for _, message in baton.world.outbox.of_lead(_lead(baton)))
    return sorted(
        (message.key.parts[1], str(message.reason))
        for message in every
        if message.sequence == sequence and message.claimed_at is None and not message.due_at
    )


def _lead(baton: InMemoryBaton) -> str:
    return baton.world.lead_id("ann@acme.example")


def _next_due(baton: InMemoryBaton) -> datetime | None:
    dues = [str(item["due_sk"]) for item in baton.ports.memory.items.values() if "due_sk" in item]
    if not dues:
        return None
    at = datetime.fromisoformat(min(dues).partition("#")[0])
    whole = at.replace(second=0, microsecond=0)
    return whole if whole == at else whole + A_MINUTE
