"""All leads of a table, one after the other: rebuilt from their events, or exported for a what-if.

    python -m tools.leads rebuild                     derives each lead anew; tells what differed
    python -m tools.leads export leads.jsonl          each lead as a line of JSON, behind the model and the routing

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

import boto3

from chalicelib.errors import NotFoundError
from chalicelib.settings import read_settings
from chalicelib.store.keys import LEAD_SHARDS
from chalicelib.wiring.ports import Ports
from chalicelib.wiring.world import World
from infra.deploy import Cloud, DeployError, outputs, stack_name_of
from infra.local.stack import STACK_JSON
from tools.exports import header_of, line_of

PAGE = 100  # leads read at once: one BatchGetItem


def main(arguments: Sequence[str]) -> int:
    """Rebuilds or exports. Returns the exit code."""
    given = _parse(arguments)
    try:
        world = world_of(given.stage)
    except (DeployError, OSError) as error:
        print(f"no table: {error}; `make up` starts the local stack", file=sys.stderr)
        return 1
    if given.command == "rebuild":
        print(rebuild(world))
        return 0
    print(f"{write(export(world), given.file)} leads in {given.file}: it holds personal data")
    return 0


def rebuild(world: World) -> str:
    """Derive every lead anew from its events. Returns what differed, a line a lead without anything
    personal, and how many did: on a healthy table none.
    """
    told, leads = [], 0
    for lead_id in every_lead(world):
        try:
            lead, found = world.corrections.rebuild(lead_id)
        except NotFoundError:  # erased meanwhile
            continue
        leads += lead.lead_id == lead_id  # an absorbed lead is the one that absorbed it
        if found:
            told.append(f"{lead_id}: {', '.join(one.part for one in found)}")
    return "\n".join([*told, f"{leads} leads rebuilt, {len(told)} differed."])


def export(world: World) -> Iterator[dict[str, Any]]:
    """The active model and the routing, then each lead, as exports.py has them."""
    active = world.models.pointer()
    document = world.models.document(active.version) if active else None
    yield header_of(document or {}, active, world.documents.get("routing"))
    page: list[str] = []
    for lead_id in every_lead(world):
        page.append(lead_id)
        if len(page) == PAGE:
            yield from _lines(world, page)
            page = []
    yield from _lines(world, page)


def every_lead(world: World) -> Iterator[str]:
    """The id of every lead, of absorbed ones too."""
    for shard in range(LEAD_SHARDS):
        last = ""
        while page := world.leads.every(shard, last, PAGE):
            yield from page
            last = page[-1]


def world_of(stage: str | None) -> World:
    """Baton on the table of the local stack, or of a stage's deployment. Raises DeployError,
    OSError.
    """
    if stage is None:
        local = json.loads(STACK_JSON.read_text())
        os.environ["AWS_ENDPOINT_URL"] = local["aws_endpoint_url"]
        os.environ.setdefault("AWS_DEFAULT_REGION", local["region"])
        os.environ.setdefault("AWS_ACCESS_KEY_ID", "local")
        os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "local")
        table = local["table_name"]
    else:
        cloud = Cloud(boto3.Session())
        table = outputs(cloud.cloudformation(), stack_name_of(stage))["TableName"]
    return World(Ports(read_settings({"BATON_ENVIRONMENT": stage or "dev", "BATON_TABLE": table})))


def _lines(world: World, lead_ids: Sequence[str]) -> Iterator[dict[str, Any]]:
    return (line_of(lead) for lead in world.leads.read_many(lead_ids) if not lead.merged_into)


def write(lines: Iterator[dict[str, Any]], path: Path) -> int:
    """Write an export into a new file that only its owner can read. Returns how many leads it
    holds.
    """
    number = -1  # the header is no lead
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
    ) as file:
        for line in lines:
            file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
            number += 1
    return number


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tools.leads", description="Works on all leads of a table."
    )
    parser.add_argument("--stage", help="a deployment's stage; the running local stack without")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("rebuild")
    commands.add_parser("export").add_argument("file", type=Path)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
