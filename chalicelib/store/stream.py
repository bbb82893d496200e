"""Records of the table's stream, and the quarantine of records that can never be processed."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from chalicelib.store import keys
from chalicelib.store.dynamo import unmarshal
from chalicelib.store.table import GUARDED, Item, Put, Table
from chalicelib.telemetry import log, tracing, where

UNREADABLE = (KeyError, ValueError, TypeError)  # what decoders raise for an item they cannot read
Decoded = TypeVar("Decoded")


class Quarantine:
    """Keeps the keys of records that can never be processed, where an operator finds them."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def put(self, item: Item, reason: str) -> None:
        """Write a record's key and the reason."""
        pk = str(item["pk"])
        sk = str(item["sk"])
        log("quarantined", sk=sk, reason=reason)  # never the pk: it may hold a client's user id
        kept: Item = {
            "pk": keys.QUARANTINE,
            "sk": f"{pk}#{sk}",
            "schema": keys.SCHEMA,
            "reason": reason,
        }
        # Without a condition: a batch that comes again writes the same item over itself.
        self._table.write(Put(kept, GUARDED))


def each_record(
    event: Mapping[str, Any],
    decode: Callable[[Item], Decoded],
    work: Callable[[Decoded], None],
    quarantine: Callable[[Item, str], None],
) -> dict[str, list[dict[str, str]]]:
    """Process a batch of INSERT records in order. Return Lambda's partial batch response.

    The first record that fails ends the batch. Lambda sends that record and all after it again, so
    naming only the failed one and going on would process the others twice, and out of order.

    A record that cannot be decoded never will be: it is quarantined and counts as done, or it would
    hold up its shard for hours. Any other failure may pass, so the record is left to come again;
    after the last retry the stream mapping puts it into its failure queue (infra/resources.yaml).
    """
    for record in event.get("Records", []):
        change = record["dynamodb"]
        with tracing(_trace_in(change)):
            try:
                if record["eventName"] == "INSERT":
                    _work_one(change, decode, work, quarantine)
            # Whatever went wrong, the record must come again.
            except Exception as error:  # noqa: BLE001
                log("record_failed", error=type(error).__name__, where=where(error))
                return {"batchItemFailures": [{"itemIdentifier": change["SequenceNumber"]}]}
    return {"batchItemFailures": []}


def _trace_in(change: Mapping[str, Any]) -> str | None:
    """Return the trace of a record's item, None for one that was written without (ADR 0031)."""
    trace = change.get("NewImage", {}).get("trace", {}).get("S")
    return str(trace) if trace else None


def _work_one(
    change: Mapping[str, Any],
    decode: Callable[[Item], Decoded],
    work: Callable[[Decoded], None],
    quarantine: Callable[[Item, str], None],
) -> None:
    """Decode and process one record. Quarantine one that cannot be decoded."""
    try:
        decoded = decode(unmarshal(change["NewImage"]))
    except UNREADABLE as error:
        quarantine(unmarshal(change["Keys"]), type(error).__name__)
        return
    work(decoded)  # outside the try: the same errors in here are bugs, not an unreadable record
