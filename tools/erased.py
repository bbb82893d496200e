"""List who was erased, and erase them again after a restore (docs/how-to/deploy.md).

    python -m tools.erased --since 2026-01-31 > erased.txt
    python -m tools.erased --stage again --again erased.txt

The list names times and lead ids, and nothing personal: keep a copy outside of the account. The
table is that of the running local stack, or with `--stage prod` that of a deployment.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from chalicelib.errors import NotFoundError
from chalicelib.events import parse_time
from chalicelib.store.table import Table
from chalicelib.store.tombstones import erased_since
from chalicelib.wiring.world import World
from tools.deployment import add_stage, find_world

EVER = "1970-01-01"


def main(arguments: Sequence[str]) -> int:
    """List, or erase again. Return the exit code."""
    given = _parse(arguments)
    world = find_world(given.stage)
    if world is None:
        return 1
    if given.again is None:
        lines = list_erased(world.ports.table, parse_time(given.since))
    else:
        lines = erase_again(world, Path(given.again).read_text().splitlines())
    for line in lines:
        print(line)
    return 0


def list_erased(table: Table, since: datetime) -> Iterator[str]:
    """Yield a line for each erasure from a moment on: its time and the lead's id."""
    return (f"{at} {lead_id}" for at, lead_id in erased_since(table, since))


def erase_again(world: World, lines: Iterable[str]) -> Iterator[str]:
    """Erase each lead of a list that is there. Yield what became of it; the clock does the jobs."""
    for lead_id in dict.fromkeys(line.split()[-1] for line in lines if line.strip()):
        try:
            job = world.privacy.erasures.erase(lead_id)
        except NotFoundError:
            yield f"{lead_id} is not there"
        else:
            yield f"{lead_id} is erased by the job {job['id']}"


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tools.erased", description="Lists who was erased, or erases them again."
    )
    parser.add_argument("--since", default=EVER, help="a day or a time; without: all")
    parser.add_argument("--again", help="the file of an earlier list: erase each lead of it")
    add_stage(parser)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
