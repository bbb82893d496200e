"""A replay of the worst lead that can be stored: how much memory it takes, and its longest step.

The lead has three years of 200 forms and 500 identifies a day, of the largest size, and 200
visitors of 625 pings a day. Its items are made as they are read: there are 50 million. So each part
of the replay is measured for some steps, in a process of its own, from the bytes of the table's
answer to the saved step. Run by itself it prints one line of JSON.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, cast

from bench import BenchError, load
from chalicelib.events import Event, Join, Kind, epoch_ms, visitor_partition
from chalicelib.leads.lead import Lead
from chalicelib.leads.progress import begin
from chalicelib.leads.replaying import Replaying
from chalicelib.limits import JOINS_MAX_PER_LEAD, REPLAY_STEP_EVENTS
from chalicelib.store import keys
from chalicelib.store.dynamo import DynamoTable, marshal
from chalicelib.store.events import Events, event_item
from chalicelib.store.joins import put_join
from chalicelib.store.lead_items import profile_item
from chalicelib.store.replays import saved_item

LEAD_ID = "A" * 26
NOW_MS = epoch_ms(load.NOW)
PAGE_BYTES = 1024 * 1024  # of a query's answer
PING_BYTES = 4 * 1024
FORM_BYTES = 32 * 1024
OWN_A_DAY = 700  # 200 forms and 500 identifies
PINGS_A_DAY = 625
DAY_MS = 24 * 60 * 60 * 1000
STEPS = 12  # of each part
TARGETS = {"peak_mb": 150, "step_s": 5.0}


def measure() -> dict[str, Any]:
    """Return what a process of its own measured."""
    ran = subprocess.run(
        [sys.executable, "-m", "bench.worst"], capture_output=True, text=True, check=False
    )
    if ran.returncode:
        raise BenchError(ran.stderr.strip().splitlines()[-1])
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


class WorstTable:
    """The DynamoDB of that lead: answers queries with pages of a megabyte."""

    def query(self, **request: Any) -> dict[str, Any]:
        """Return the next page of a partition."""
        values = request["ExpressionAttributeValues"]
        partition = values[":pk"]["S"]
        if values[":first"]["S"].startswith(keys.JOIN):
            return {"Items": [marshal(put_join(join).item) for join in joins()]}
        after = request.get("ExclusiveStartKey")
        before = after["sk"]["S"] if after else values[":last"]["S"]
        page: list[dict[str, Any]] = []
        size = 0
        for event, length in events(partition, before):
            page.append(marshal(event_item(event)))
            size += length
            if size >= PAGE_BYTES:
                return {"Items": page, "LastEvaluatedKey": {"sk": page[-1]["sk"]}}
        return {"Items": page}


def joins() -> list[Join]:
    """Return as many joins as a lead can have."""
    names = (visitor_partition(f"{number:03d}" + "v" * 190) for number in range(JOINS_MAX_PER_LEAD))
    return [Join(name, LEAD_ID, load.NOW) for name in names]


def events(partition: str, before: str) -> Iterator[tuple[Event, int]]:
    """Yield a partition's events behind a sort key, newest first, each with its bytes."""
    is_own = partition.startswith(keys.LEAD)
    a_day = OWN_A_DAY if is_own else PINGS_A_DAY
    every = DAY_MS // a_day
    text = before.removeprefix(keys.EVENT)[:13]
    position = (NOW_MS - int(text)) // every + 1 if text.isdigit() else 0
    for number in range(position, a_day * (3 * 365 if is_own else 400)):
        at = load.NOW - timedelta(milliseconds=number * every)
        is_form = is_own and number % OWN_A_DAY % 7 < 2
        kind = Kind.FORM if is_form else Kind.IDENTIFY if is_own else Kind.PAGE
        length = FORM_BYTES if is_form else PING_BYTES
        padding = f"{number:09d}" + "x" * (length - 400)
        yield (
            Event(
                partition=partition,
                id=f"{epoch_ms(at):013d}-{number:016x}",
                kind=kind,
                name="demo" if is_form else "",
                at=at,
                captured_at=at,
                properties={"path": "/pricing", "padding": "" if is_own else padding},
                campaign={"source": f"s{number}"},
                fields={"job_title": f"CTO {number}", "message": padding} if is_own else {},
            ),
            length,
        )


def run() -> dict[str, Any]:
    """Do steps of each part of the replay, and return what they took."""
    lead = Lead(lead_id=LEAD_ID, version=1)
    history = Events(DynamoTable(cast(Any, WorstTable()), "bench"))
    model = load.scoring_model()
    progress = begin(lead, model, load.NOW)
    took: dict[str, list[float]] = {"survey": [], "own events": [], "a visitor": []}
    saved_bytes = 0
    for part, times in took.items():
        if part == "own events":
            progress.is_counting, progress.partition, progress.before = True, "", ""
        elif part == "a visitor":
            progress.partition, progress.before = joins()[0].visitor, ""
        for _ in range(STEPS):
            began = time.perf_counter()
            Replaying(events=history, model=model, lead=lead, progress=progress).step(
                REPLAY_STEP_EVENTS
            )
            item = marshal(saved_item(lead, progress, profile_item(progress.derived)))
            times.append(time.perf_counter() - began)
            saved_bytes = max(saved_bytes, len(json.dumps(item, default=str)))
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    longest = {part: round(max(times), 2) for part, times in took.items()}
    return {
        "events_a_step": REPLAY_STEP_EVENTS,
        "longest_step_s": longest,
        "saved_kb": round(saved_bytes / 1024),
        "peak_mb": round(peak_mb),
        "targets": TARGETS,
        "met": {
            "peak_mb": peak_mb <= TARGETS["peak_mb"],
            "step_s": max(longest.values()) <= TARGETS["step_s"],
        },
    }


if __name__ == "__main__":
    print(json.dumps(run()))
