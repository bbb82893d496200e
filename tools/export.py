"""Export all leads of a table, for a what-if.

    python -m tools.export leads.jsonl     a line of JSON for each, behind model and routing

The table is that of the running local stack, or with `--stage prod` that of a deployment in the
environment's account.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from chalicelib.reading.serializers import serialize_consent
from chalicelib.store.keys import LEAD_SHARDS
from chalicelib.wiring.world import World
from tools.deployment import add_stage, find_world
from tools.exports import header_of, line_of

PAGE = 100  # leads read at once: one BatchGetItem


def main(arguments: Sequence[str]) -> int:
    """Export. Return the exit code."""
    given = _parse(arguments)
    world = find_world(given.stage)
    if world is None:
        return 1
    print(f"{write(export(world), given.file)} leads in {given.file}: it holds personal data")
    return 0


def export(world: World) -> Iterator[dict[str, Any]]:
    """Return the active model and the routing, then each lead, as exports.py has them."""
    active = world.models.pointer()
    document = world.models.document(active.version) if active else None
    yield header_of(document or {}, active, world.documents.get("routing"))
    for shard in range(LEAD_SHARDS):
        last = ""
        while page := world.leads.every(shard, last, PAGE):
            yield from _lines(world, page)
            last = page[-1]


def write(lines: Iterator[dict[str, Any]], path: Path) -> int:
    """Write an export into a new file that only its owner can read. Return how many leads it
    has.
    """
    number = -1  # the header is not a lead
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        for line in lines:
            file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
            number += 1
    return number


def _lines(world: World, lead_ids: Sequence[str]) -> Iterator[dict[str, Any]]:
    leads = [lead for lead in world.leads.read_many(lead_ids) if not lead.merged_into]
    consents = world.consents.read_many(leads)
    return (
        {
            **line_of(lead),
            "consent": serialize_consent(consents[lead.lead_id]),
            "suppressed": consents[lead.lead_id].suppressed,
        }
        for lead in leads
    )


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tools.export", description="Exports all leads of a table."
    )
    add_stage(parser)
    parser.add_argument("file", type=Path)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
