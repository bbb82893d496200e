"""Derive all leads of a table anew from their events; say how far it is, and what differed.

    python -m tools.rebuild

The table is that of the running local stack, or with `--stage prod` that of a deployment in the
environment's account. The work is a job of that deployment: when this command is stopped, its clock
goes on with it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from chalicelib.commands.rebuild import start_rebuild
from chalicelib.jobs.job import JobStatus
from chalicelib.store.keys import SCHEMA
from chalicelib.wiring.basics import DEPLOYMENT
from chalicelib.wiring.world import World
from tools.deployment import add_stage, find_world

SLICE = timedelta(seconds=5)  # of work, between two lines of progress
POLL_S = 2.0


def main(arguments: Sequence[str]) -> int:
    """Rebuild. Return the exit code: 1 when a lead could not be rebuilt."""
    given = _parse(arguments)
    world = find_world(given.stage)
    if world is None:
        return 1
    job = rebuild(world, print, lambda: time.sleep(POLL_S))
    print("\n".join(report_lines(job)))
    if job["state"] != JobStatus.DONE or job["report"]["failed"]:
        return 1
    note_schema(world)
    return 0


def rebuild(world: World, say: Callable[[str], object], wait: Callable[[], object]) -> Any:
    """Start a rebuild, work on it until it is over, and say how far it is. Return the job.

    wait: for the clock of the deployment, while that has the job.
    """
    job = start_rebuild(world.job_runner)
    while job["state"] == JobStatus.RUNNING:
        before = job
        world.job_runner.run(job["id"], world.runtime.now() + SLICE)
        job = world.job_runner.show(job["id"])
        say(f"{job['done']} of about {job['total']} leads")
        if job == before:
            wait()
    return job


def note_schema(world: World) -> None:
    """Write down that every lead is stored in today's schema: no rebuild is owed (ADR 0027)."""
    world.documents.put(DEPLOYMENT, {**world.deployment(), "schema": SCHEMA})


def report_lines(job: Mapping[str, Any]) -> Iterator[str]:
    """Return what came of a rebuild, a line for each lead that is named, and nothing personal."""
    report = job["report"]
    for one in report["differences"]:
        yield f"{one['lead_id']}: {', '.join(one['parts'])}"
    if job["state"] != JobStatus.DONE:
        yield f"job {job['id']} is {job['state']}: {report['reason']}"
    if report["failed"]:
        yield f"{report['failed']} leads failed: {', '.join(report['failed_ids'])}"
    yield f"{report['rebuilt']} leads rebuilt, {report['differed']} differed."


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tools.rebuild",
        description="Derives all leads of a table anew from their events.",
    )
    add_stage(parser)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
