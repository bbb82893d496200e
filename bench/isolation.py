"""Isolation on the local stack: another person's request while one visitor of one lead floods it.

The flood is 20 batches of 100 events of the largest size, a third each of identifies, pings and
tracks, again and again for two minutes; then the flood is over, whatever was measured. Absolute
times are those of an emulator on this machine, which shares its cores with the flood. What counts
is the ratio to the same request before it.
"""

from __future__ import annotations

import json
import threading
import time
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any
from uuid import uuid4

from bench import inputs
from bench.latency import Lab, running
from chalicelib.capture.identity import lead_id
from chalicelib.limits import BATCH_BODY_MAX_BYTES
from chalicelib.store.leads import Leads

FLOOD_S = 120.0
BATCHES = 20
EVENTS = 100
UNDISTURBED = 10
TARGET_RATIO = 3.0
EVENT_BYTES = BATCH_BODY_MAX_BYTES // EVENTS - 700
"""Of the filling of one event, so that a batch has the largest size."""


class Flood:
    """One visitor of one lead who sends as much as a batch holds, as fast as it is answered."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._email = f"flood-{uuid4().hex[:8]}@acme.example"
        self._visitor = str(uuid4())
        self._is_over = threading.Event()
        self.answered = 0
        self.refused = 0

    def begin(self) -> None:
        """Give the lead its visitor."""
        self._lab.post("/v1/forms/guide", inputs.form(self._email, self._visitor))

    @contextmanager
    def running(self) -> Iterator[None]:
        """Flood while the block runs, for two minutes at most."""
        thread = threading.Thread(target=self._send, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._is_over.set()
            thread.join()

    def _send(self) -> None:
        end = time.monotonic() + FLOOD_S
        bodies = [self._batch() for _ in range(BATCHES)]
        while not self._is_over.is_set() and time.monotonic() < end:
            for body in bodies:
                try:
                    self._lab.post("/v1/batch", body)
                    self.answered += 1
                except urllib.error.HTTPError:
                    self.refused += 1  # shed under load, which is an answer as well
                if self._is_over.is_set():
                    return

    def _batch(self) -> dict[str, Any]:
        return {"batch": [self._event(number) for number in range(EVENTS)]}

    def _event(self, number: int) -> dict[str, Any]:
        filling = "x" * EVENT_BYTES
        event = {"anonymousId": self._visitor, "messageId": str(uuid4())}
        kinds: list[dict[str, Any]] = [
            {"type": "identify", "traits": {"email": self._email, "company": filling}},
            {"type": "page", "properties": {"url": "/pricing", "title": filling}},
            {"type": "track", "event": "Product Viewed", "properties": {"name": filling}},
        ]
        return {**event, **kinds[number % len(kinds)]}


def measure() -> dict[str, Any]:
    """Return how long a request takes to reach SQL before the flood and in it, and whether what
    the clock owes another lead was done meanwhile.
    """
    with running() as stack:
        lab = Lab(stack)
        flood = Flood(lab)
        flood.begin()
        other = _known_lead(lab)
        for _ in range(3):
            _to_sql(lab)
        before = [_to_sql(lab) for _ in range(UNDISTURBED)]
        during: list[float] = []
        with flood.running():
            end = time.monotonic() + FLOOD_S
            store = Leads(lab.table, mailbox_of=lab.mailbox_of, spread_reviews=False)
            asked = time.monotonic()
            store.request_replay(store.read(other), datetime.now(UTC) - timedelta(seconds=1))
            done_after: float | None = None
            while time.monotonic() < end:
                during.append(_to_sql(lab))
                if done_after is None and "due_pk" not in (lab.item(other, "REPLAY") or {}):
                    done_after = time.monotonic() - asked
    ratio = median(during) / median(before)
    return {
        "undisturbed_ms": round(median(before)),
        "ms": round(median(during)),
        "worst_ms": round(max(during)),
        "ratio": round(ratio, 2),
        "target_ratio": TARGET_RATIO,
        "met": ratio <= TARGET_RATIO,
        "requests": len(during),
        "batches": flood.answered,
        "refused": flood.refused,
        "clock_s": round(done_after, 1) if done_after is not None else None,
    }


def _known_lead(lab: Lab) -> str:
    email = f"other-{uuid4().hex[:8]}@acme.example"
    lab.post("/v1/forms/guide", inputs.form(email, str(uuid4())))
    other = lead_id(lab.secret, email)
    lab.until(lambda: lab.item(other, "STANDING"), "the other lead stands")
    return other


def _to_sql(lab: Lab) -> float:
    """Return the milliseconds from a stranger's demo request until its lead is an SQL."""
    email = f"demo-{uuid4().hex[:8]}@acme.example"
    wanted = lead_id(lab.secret, email)
    began = time.monotonic()
    lab.post("/v1/forms/demo", inputs.form(email, str(uuid4())))
    lab.until(lambda: _stage(lab, wanted) == "sql", "the request is an SQL")
    return 1000 * (time.monotonic() - began)


def _stage(lab: Lab, wanted: str) -> str | None:
    item = lab.item(wanted, "STANDING")
    return str(item["stage"]["S"]) if item else None


if __name__ == "__main__":
    print(json.dumps(measure()))
