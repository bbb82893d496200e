"""What-if over a hundred thousand leads on one core: leads per second, including the decoding of
what is stored, and the peak of memory.

The leads are made as they are read, from a pool of stored items, so that the memory is that of the
simulation alone. The pool is mixed: most leads did little, a few did a lot, and each stands where
the model puts it.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice, product
from typing import Any, cast

from chalicelib.publishing.counting import count_changes, found_so_far
from chalicelib.publishing.simulate import WhatIf
from chalicelib.publishing.state import CountState
from chalicelib.publishing.versions import Active
from chalicelib.scoring.compile import compile_model
from chalicelib.store import keys
from chalicelib.store.leads import Leads
from chalicelib.store.table import Item, Table
from infra import defaults
from infra.paths import ROOT
from tests import crowd
from tests import factories as make

LEADS = 100_000
HEAVY_LEADS = 10_000
CELLS = {5: 600, 20: 300, 100: 100}  # day cells -> leads in the pool
HEAVY_CELLS = {100: 500}
LETTERS = "234567ABCDEFGHIJKLMNOPQRSTUVWXYZ"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TARGETS = {"leads_per_s": 8_000, "peak_mb": 300}


class PoolTable:
    """A table of any number of leads that has only the items of a few."""

    def __init__(self, leads: int, pool: Sequence[Mapping[str, Item]]) -> None:
        self._pool = pool
        ids = ("".join(letters).ljust(26, "A") for letters in product(LETTERS, repeat=4))
        every = list(islice(ids, leads))
        self._ids = [every[shard :: keys.LEAD_SHARDS] for shard in range(keys.LEAD_SHARDS)]
        self._places = [{lead_id: place for place, lead_id in enumerate(ids)} for ids in self._ids]

    def query(
        self, pk: str, *, first: str = "", limit: int | None = None, **_: Any
    ) -> Iterator[Item]:
        """Return a page of the index of all leads."""
        shard = int(pk.rpartition("#")[2])
        start = self._places[shard][first] if first else 0
        return ({"list_sk": one} for one in self._ids[shard][start : start + (limit or 0)])

    def get_many(self, wanted: Sequence[tuple[str, str]]) -> list[Item]:
        """Return each lead's items: those of a lead in the pool."""
        return [
            {**self._pool[int.from_bytes(pk[5:9].encode()) % len(self._pool)][sk], "pk": pk}
            for pk, sk in wanted
        ]


def measure() -> dict[str, Any]:
    """Return the leads per second and the peak of memory in MB, of a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.simulate"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


def simulated(leads: int, cells: Mapping[int, int]) -> dict[str, Any]:
    """Simulate in this process. Return the rate and the number of leads that change.

    cells: day cells -> leads in the pool.
    """
    document = defaults.read_yaml(defaults.DEFAULTS / "model.yaml")
    active = compile_model(document, 1)
    draft = compile_model(_changed(document), 2)
    pool = [
        {str(item["sk"]): item for item in crowd.stored(lead)}
        for lead in crowd.people(active, cells, NOW)
    ]
    store = Leads(cast(Table, PoolTable(leads, pool)), mailbox_of=make.mailbox, spread_reviews=True)
    what_if = WhatIf(
        active=active, draft=draft, day=NOW.date(), counted_as=lambda lead, _model: lead
    )
    state = CountState(digest="", version=None, base=Active(1, 1), day=NOW.toordinal())
    over = False
    began = time.process_time()
    while not over:
        stretch = count_changes(store, keys.LEAD_SHARDS, what_if, state, lambda: True, lambda _: 0)
        state = stretch.state
        over = stretch.over
    seconds = time.process_time() - began
    found = found_so_far(state)
    assert found.leads == leads, "each lead is judged once"
    return {"leads": leads, "leads_per_s": round(leads / seconds), "changed": found.changed}


def _changed(document: Any) -> Any:
    """Return the default model with another weight, another threshold and another tier."""
    draft = json.loads(json.dumps(document))
    draft["rules"]["actions"]["product-page"]["points"] = 3
    draft["rules"]["profile"]["seniority"]["tiers"][1]["points"] = 12
    draft["stages"]["mql"]["any"][0]["score"] = 47
    return draft


def main() -> int:
    """Print the measurement as one JSON document."""
    found = simulated(LEADS, CELLS)
    peak_mb = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    heavy = simulated(HEAVY_LEADS, HEAVY_CELLS)
    met = found["leads_per_s"] >= TARGETS["leads_per_s"] and peak_mb <= TARGETS["peak_mb"]
    whole = {**found, "peak_mb": peak_mb, "leads_per_s_of_100_cells_each": heavy["leads_per_s"]}
    print(json.dumps({**whole, "targets": TARGETS, "met": met}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
