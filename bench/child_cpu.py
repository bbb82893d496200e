"""Processor time of a handler beside a bare put_item, by turns: `child_cpu.py SOURCE ITERATIONS
BLOCKS < work`.

Runs on the unpacked package. Prints a list of pairs of ms an iteration for each piece of work.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

sys.path.insert(0, sys.argv[1])

import boto3

import app  # the package's own

ITERATIONS, BLOCKS = int(sys.argv[2]), int(sys.argv[3])
WARM_UP = 20


def block(work: Callable[[], Any]) -> float:
    """Milliseconds of this process's processor time for one iteration."""
    began = time.process_time()
    for _ in range(ITERATIONS):
        work()
    return (time.process_time() - began) * 1000 / ITERATIONS


def pairs(handler: str, event: Any, floor: Callable[[], Any]) -> list[tuple[float, float]]:
    """Blocks of the handler and of the floor, by turns."""
    handle = getattr(app, handler)
    for _ in range(WARM_UP):
        answer = handle(event, None)
        floor()
    if isinstance(answer, dict) and answer.get("statusCode", 200) >= 400:
        raise SystemExit(f"{handler}: {answer}")
    return [(block(lambda: handle(event, None)), block(floor)) for _ in range(BLOCKS)]


def main() -> None:
    """Measure each piece of work that is asked for."""
    given = json.load(sys.stdin)
    client = boto3.client("dynamodb")
    out = os.dup(1)
    os.dup2(
        os.open(os.devnull, os.O_WRONLY), 1
    )  # the handlers' logs are written, and read by nobody

    def floor() -> Any:
        return client.put_item(
            TableName="baton", Item=given["item"], ConditionExpression="attribute_not_exists(pk)"
        )

    found = {name: pairs(handler, event, floor) for name, (handler, event) in given["work"].items()}
    os.write(out, (json.dumps(found) + "\n").encode())


main()
