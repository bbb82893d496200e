"""Records of the table's stream, and where a record ends that can never be worked off."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from chalicelib.store import keys
from chalicelib.store.dynamo import unmarshal
from chalicelib.store.table import GUARDED, Item, Put, Table
from chalicelib.telemetry import log, where

UNREADABLE = (KeyError, ValueError, TypeError)  # what a decoder raises for an item that is not ours
Decoded = TypeVar("Decoded")


class Quarantine:
    """Keeps what can never be worked off, with its reason, where an operator finds it."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def put(self, item: Item, reason: str) -> None:
        """Write the record's key and the reason."""
        pk, sk = str(item["pk"]), str(item["sk"])
        log("quarantined", sk=sk, reason=reason)
        kept: Item = {
            "pk": keys.QUARANTINE,
            "sk": f"{pk}#{sk}",
            "schema": keys.SCHEMA,
            "reason": reason,
        }
        self._table.write(Put(kept, GUARDED))


def each_record(
    event: Mapping[str, Any],
    decode: Callable[[Item], Decoded],
    work: Callable[[Decoded], None],
    quarantine: Callable[[Item, str], None],
) -> dict[str, list[dict[str, str]]]:
    """Work off a batch of INSERT records in order and answer Lambda's partial batch response.

    The first record that fails ends the batch: everything from it on comes again, so the order of
    one item's records holds. A record that cannot be decoded never will be: it is quarantined and
    reported as success. Any other failure may be ours, so the record is kept and comes again.
    """
    for record in event.get("Records", []):
        change = record["dynamodb"]
        try:
            if record["eventName"] == "INSERT":
                _work_one(change, decode, work, quarantine)
        except Exception as error:  # noqa: BLE001  whatever it was, the record must come again
            log("record_failed", error=type(error).__name__, where=where(error))
            return {"batchItemFailures": [{"itemIdentifier": change["SequenceNumber"]}]}
    return {"batchItemFailures": []}


def _work_one(
    change: Mapping[str, Any],
    decode: Callable[[Item], Decoded],
    work: Callable[[Decoded], None],
    quarantine: Callable[[Item, str], None],
) -> None:
    try:
        decoded = decode(unmarshal(change["NewImage"]))
    except UNREADABLE as error:
        quarantine(unmarshal(change["Keys"]), type(error).__name__)
        return
    work(decoded)
