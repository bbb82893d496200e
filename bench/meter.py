"""A meter of capacity units, and the engines that report them.

Amazon's DynamoDB Local reports single operations as AWS does, and one item only of a transaction;
the local AWS reports transactions. So a transaction is weighed by AWS's rule, and the local AWS has
to agree.
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
    """Units and calls of one action. parts: for example `read table`, `write list`.

    transacted: the write units of transactions, which are in `write` too; reported: what the engine
    says of them.
    """

    read: float = 0.0
    write: float = 0.0
    transacted: float = 0.0
    reported: float = 0.0
    calls: int = 0
    parts: dict[str, float] = field(default_factory=dict)

    def add(self, kind: str, part: str, units: float) -> None:
        """Add units, of the kind read or write, to a part."""
        if kind == "read":
            self.read += units
        else:
            self.write += units
        self.parts[f"{kind} {part}"] = self.parts.get(f"{kind} {part}", 0.0) + units


class Meter:
    """Asks for the capacity of every operation of a client by botocore's own events: the code under
    it is as it is.

    look: another client of the same table, to see what a transaction replaces.
    """

    def __init__(self, client: DynamoDBClient, look: DynamoDBClient) -> None:
        self._look, self._units = look, Units()
        for operation in METERED:
            client.meta.events.register(f"provide-client-params.dynamodb.{operation}", _ask)
            client.meta.events.register(f"after-call.dynamodb.{operation}", self._note)
        client.meta.events.register(
            "provide-client-params.dynamodb.TransactWriteItems", self._weigh
        )

    def take(self) -> Units:
        """What was used since the last time."""
        taken, self._units = self._units, Units()
        return taken

    def _weigh(self, params: dict[str, Any], **_: Any) -> None:
        """The units of a transaction by AWS's rule, before it is sent."""
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
    """The address of one of the tests' engines while the block runs. Raises BenchError when it is
    not installed.
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
