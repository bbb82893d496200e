"""Latency on the local stack: from a request to its effect, for a lead with 10 past events and for
one with 10,000.

The bench has a stack of its own, in .local/bench. Absolute times are those of an emulator on this
machine. What counts is the ratio between the two leads, measured alternately.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import boto3

from bench import BenchError, history, inputs
from bench.history import Past
from bench.pairs import by_turns, compare
from chalicelib.capture.identity import lead_id
from chalicelib.consent.mailbox import Mailbox, mailbox_of
from chalicelib.store.dynamo import DynamoTable
from chalicelib.store.models import Models
from infra.local import stack as stacks
from infra.local.stack import Stack
from infra.paths import ROOT

HOME = ".local/bench/stack"
SIZES = (10, 10_000)
PAIRS = 15
WARM_UP = 3
TARGET_RATIO = 1.1
PATIENCE_S = 300.0
POLL_S = 0.002
MADE_BY_A_SAMPLE = ("TRANSITION#", "OUTBOX#", "HANDOFF#")


class Lab:
    """The running stack with the two leads."""

    def __init__(self, stack: Stack) -> None:
        session = boto3.Session(region_name=stack.region)
        self._stack = stack
        self.client = session.client("dynamodb", endpoint_url=stack.aws_endpoint_url)
        self.table = DynamoTable(self.client, stack.table_name)
        model = Models(self.table, lambda: datetime.now(UTC)).active()
        secret = _identity_secret(session, stack)
        self.secret = secret
        now = datetime.now(UTC)
        emails = {number: f"past-{number}-{uuid4().hex[:8]}@acme.example" for number in SIZES}
        self.pasts = {
            number: history.past(model, lead_id(secret, email), email, number, now)
            for number, email in emails.items()
        }

    def mailbox_of(self, address: str) -> Mailbox:
        """Return the mailbox of an address."""
        return mailbox_of(self.secret, address)

    def seed(self) -> None:
        """Write both pasts.

        The events come first. Their visitors have no owner yet, so qualify leaves the records of
        the stream alone. What is derived from the events follows when the stream has passed them.
        """
        for past in self.pasts.values():
            history.put_all(self.client, self._stack.table_name, history.items(past))
        email = f"last-{uuid4().hex[:8]}@acme.example"
        self.post("/v1/forms/tour", {"fields": {"email": email}})
        last = lead_id(self.secret, email)
        self.until(lambda: self.item(last, "STANDING"), "the stream has passed the past events")

    def to_score(self, number: int) -> float:
        """Return the milliseconds from the request of a page view to the lead's new standing."""
        past = self.reset(number)
        ping = {
            "anonymousId": past.visitor_id,
            "messageId": str(uuid4()),
            "properties": {"url": "/pricing"},
        }
        began = time.monotonic()
        self.post("/v1/page", ping)
        self.until(lambda: self._version(past) > past.lead.version, "the lead is scored")
        return 1000 * (time.monotonic() - began)

    def to_handoff(self, number: int) -> float:
        """Return the milliseconds from a demo request until the salesperson's email is sent."""
        past = self.reset(number)
        began = time.monotonic()
        self.post("/v1/forms/demo", inputs.form(past.email, past.visitor_id))
        self.until(lambda: self._is_sent(past), "the handoff's email is sent")
        sent = 1000 * (time.monotonic() - began)
        self.until(lambda: self._is_quiet(past), "its other notices are settled")
        return sent

    def reset(self, number: int) -> Past:
        """Write the lead as it was seeded, and return its past."""
        past = self.pasts[number]
        pk = {"S": f"LEAD#{past.lead.lead_id}"}
        for item in self._of_lead(past):
            if item["sk"]["S"].startswith(MADE_BY_A_SAMPLE):
                self.client.delete_item(
                    TableName=self._stack.table_name, Key={"pk": pk, "sk": item["sk"]}
                )
        history.put_all(self.client, self._stack.table_name, history.derived(past))
        return past

    def post(self, path: str, data: Any) -> None:
        """Send a request to the API."""
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(
            self._stack.api_url + path, json.dumps(data).encode(), headers
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()

    def item(self, lead: str, sk: str) -> Any:
        """Return an item of a lead as it is stored now, or None."""
        key = {"pk": {"S": f"LEAD#{lead}"}, "sk": {"S": sk}}
        return self.client.get_item(
            TableName=self._stack.table_name, Key=key, ConsistentRead=True
        ).get("Item")

    def until(self, condition: Callable[[], Any], what: str) -> None:
        """Return once the condition holds. Raises BenchError after five minutes."""
        end = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > end:
                raise BenchError(f"after {PATIENCE_S:.0f} s it is still not true that {what}")
            time.sleep(POLL_S)

    def _of_lead(self, past: Past) -> Any:
        return self.client.query(
            TableName=self._stack.table_name,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"LEAD#{past.lead.lead_id}"}},
            ConsistentRead=True,
        )["Items"]

    def _version(self, past: Past) -> int:
        return int(self.item(past.lead.lead_id, "STANDING")["version"]["N"])

    def _is_sent(self, past: Past) -> bool:
        found = self.item(past.lead.lead_id, f"OUTBOX#handoff#{past.lead.standing.cycle}#email")
        return bool(found) and found["state"]["S"] == "sent"

    def _is_quiet(self, past: Past) -> bool:
        items = [item for item in self._of_lead(past) if item["sk"]["S"].startswith("OUTBOX#")]
        return all(item["state"]["S"] not in ("planned", "claimed") for item in items)


def measure(pairs: int = PAIRS) -> dict[str, Any]:
    """Return both latencies with 10,000 past events, beside those with 10."""
    with running() as stack:
        lab = Lab(stack)
        lab.seed()
        return {
            "capture to score": _compared(lab.to_score, pairs),
            "capture to handoff": _compared(lab.to_handoff, pairs),
        }


@contextmanager
def running() -> Iterator[Stack]:
    """Yield the bench's own local stack, empty, which runs while the block does."""
    stacks.use_local_account()
    _command("down")
    shutil.rmtree(ROOT / HOME, ignore_errors=True)
    _command("up")
    try:
        yield Stack(**json.loads((ROOT / HOME / "stack.json").read_text()))
    finally:
        _command("down")


def _compared(sample: Callable[[int], float], pairs: int) -> dict[str, Any]:
    few, many = SIZES
    for _ in range(WARM_UP):
        sample(few)
        sample(many)
    found = compare(by_turns(pairs, lambda: sample(many), lambda: sample(few)))
    return {**found.rounded("ms"), "target_ratio": TARGET_RATIO, "met": found.ratio <= TARGET_RATIO}


def _command(word: str) -> None:
    environment = {**os.environ, "BATON_HOME": HOME}
    command = [sys.executable, "-m", "infra.local", word]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise BenchError(f"make {word} failed:\n{done.stdout}{done.stderr}")


def _identity_secret(session: boto3.Session, stack: Stack) -> bytes:
    resources = session.client("cloudformation", endpoint_url=stack.aws_endpoint_url)
    found = resources.describe_stack_resource(
        StackName=stack.stack_name, LogicalResourceId="IdentitySecret"
    )
    arn = found["StackResourceDetail"]["PhysicalResourceId"]
    secrets = session.client("secretsmanager", endpoint_url=stack.aws_endpoint_url)
    return secrets.get_secret_value(SecretId=arn)["SecretString"].encode()
