"""A meter of capacity units, and the engines that report them.

Amazon's DynamoDB Local reports single operations as AWS does, but only one item of a transaction.
The local AWS reports whole transactions. So a transaction is weighed by AWS's rule, and the local
AWS must agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bench import BenchError
from bench.sizes import TRANSACTION_FACTOR, transaction_units
from tests import engines

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

TABLE = "bench"
METERED = ("GetItem", "PutItem", "Query", "TransactWriteItems", "BatchGetItem")


@dataclass
class Units:
    """The units and calls of one action."""

    read: float = 0.0
    write: float = 0.0
    transacted: float = 0.0
    """The write units of transactions, which `write` includes."""
    reported: float = 0.0
    """The write units that the engine reports for transactions."""
    calls: int = 0
    parts: dict[str, float] = field(default_factory=dict)
    """Units by kind and part, for example `read table` or `write list`."""

    def add(self, kind: str, part: str, units: float) -> None:
        """Add units to a part. kind: read or write."""
        if kind == "read":
            self.read += units
        else:
            self.write += units
        self.parts[f"{kind} {part}"] = self.parts.get(f"{kind} {part}", 0.0) + units


class Meter:
    """Measures the capacity of every operation of a client.

    It uses botocore's own events, so that the code under measurement stays as it is. look: another
    client of the same table, by which the meter sees what a transaction replaces.
    """

    def __init__(self, client: DynamoDBClient, look: DynamoDBClient) -> None:
        self._look = look
        self._units = Units()
        for operation in METERED:
            client.meta.events.register(f"provide-client-params.dynamodb.{operation}", _ask)
            client.meta.events.register(f"after-call.dynamodb.{operation}", self._note)
        client.meta.events.register(
            "provide-client-params.dynamodb.TransactWriteItems", self._weigh
        )

    def take(self) -> Units:
        """Return what was used since the last call."""
        taken = self._units
        self._units = Units()
        return taken

    def _weigh(self, params: dict[str, Any], **_: Any) -> None:
        """Add the units of a transaction by AWS's rule, before it is sent."""
        writes = [
            (self._old(one["Put"]["Item"]), one["Put"]["Item"])
            for one in params["TransactItems"]
            if "Put" in one
        ]
        checks = [one for one in params["TransactItems"] if "Put" not in one]
        parts = transaction_units(writes)
        parts["table"] += TRANSACTION_FACTOR * len(checks)
        for part, units in parts.items():
            self._units.add("write", part, units)
        self._units.transacted += sum(parts.values())

    def _old(self, item: Any) -> Any:
        key = {name: item[name] for name in ("pk", "sk")}
        return self._look.get_item(TableName=TABLE, Key=key, ConsistentRead=True).get("Item")

    def _note(self, model: Any, parsed: dict[str, Any], **_: Any) -> None:
        self._units.calls += 1
        consumed = parsed.get("ConsumedCapacity", [])
        every = consumed if isinstance(consumed, list) else [consumed]
        if model.name == "TransactWriteItems":
            self._units.reported += sum(float(one["CapacityUnits"]) for one in every)
            return
        for one in every:
            for part, units in _parts(one):
                self._units.add("write" if model.name == "PutItem" else "read", part, units)


@contextmanager
def started(engine: AbstractContextManager[str]) -> Iterator[str]:
    """Yield the URL of one of the tests' engines, which runs while the block does.

    Raise BenchError when the engine is not installed.
    """
    with ExitStack() as stack:
        try:
            url = stack.enter_context(engine)
        except engines.MissingError as error:
            raise BenchError(str(error)) from None
        yield url


def _ask(params: dict[str, Any], **_: Any) -> None:
    params["ReturnConsumedCapacity"] = "INDEXES"


def _parts(consumed: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    if "Table" in consumed:
        yield "table", float(consumed["Table"]["CapacityUnits"])
    for name, index in (consumed.get("GlobalSecondaryIndexes") or {}).items():
        yield name, float(index["CapacityUnits"])
