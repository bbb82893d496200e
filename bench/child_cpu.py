"""Measure the processor time of handlers and of a bare put_item, or send_email, alternately:
`child_cpu.py SOURCE ITERATIONS BLOCKS < work`.

This runs on the unpacked package, and prints a list of pairs for each piece of work: the handler's
milliseconds an iteration, and the floor's.
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

ITERATIONS = int(sys.argv[2])
BLOCKS = int(sys.argv[3])
WARM_UP = 20


def block(work: Callable[[], Any]) -> float:
    """Return the milliseconds of processor time that one iteration takes."""
    began = time.process_time()
    for _ in range(ITERATIONS):
        work()
    return (time.process_time() - began) * 1000 / ITERATIONS


def pairs(
    handler: str, events: list[Any], count: int, put: Callable[[], Any]
) -> list[tuple[float, float]]:
    """Return blocks of the handler, given these events, and of the floor, measured alternately.

    count: the calls of put_item that are the floor.
    """
    handle = getattr(app, handler)

    def work() -> list[Any]:
        return [handle(event, None) for event in events]

    def floor() -> None:
        for _ in range(count):
            put()

    for _ in range(WARM_UP):
        answers = work()
        floor()
    for answer in answers:
        if isinstance(answer, dict) and answer.get("statusCode", 200) >= 400:
            raise SystemExit(f"{handler}: {answer}")
    return [(block(work), block(floor)) for _ in range(BLOCKS)]


def main() -> None:
    """Measure each piece of work that standard input names."""
    given = json.load(sys.stdin)
    client = boto3.client("dynamodb")
    out = os.dup(1)
    # The handlers write their log lines, as on Lambda, but nobody reads them.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)

    mail = given.get("mail")
    ses = boto3.client("sesv2") if mail else None

    def floor() -> Any:
        if ses is not None:
            return ses.send_email(**mail)
        return client.put_item(
            TableName="baton", Item=given["item"], ConditionExpression="attribute_not_exists(pk)"
        )

    found = {
        name: pairs(handler, events, count, floor)
        for name, (handler, events, count) in given["work"].items()
    }
    os.write(out, (json.dumps(found) + "\n").encode())


main()
