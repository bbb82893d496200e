"""Records of the table's stream, and the quarantine of records that can never be processed."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from chalicelib.store import keys
from chalicelib.store.dynamo import unmarshal
from chalicelib.store.table import GUARDED, Item, Put, Table
from chalicelib.telemetry import log, tracing, where

UNREADABLE = (KeyError, ValueError, TypeError)  # what decoders raise for an item they cannot read
Decoded = TypeVar("Decoded")
Key = TypeVar("Key", bound=Hashable)


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


def each_group(
    event: Mapping[str, Any],
    decode: Callable[[Item], Decoded],
    group: Callable[[Sequence[Decoded]], Mapping[Key, Mapping[int, Decoded]]],
    work: Callable[[Key, Sequence[Decoded]], None],
    quarantine: Callable[[Item, str], None],
    is_cause: Callable[[Decoded], bool] = lambda _: True,
) -> dict[str, list[dict[str, str]]]:
    """Process a batch of INSERT records, group by group. Return Lambda's partial batch response.

    group: returns the records that are processed together, by their positions and in their order;
    is_cause: whether what follows follows from this record, so that log lines carry its trace.

    A group that fails keeps no other waiting. Lambda sends the first record that failed, and all
    behind it, again; what was done by then is recognised. When that is the first record of the
    batch, its error is raised: only then does Lambda halve the batch, so that a record which always
    fails is alone in the end, and takes no other with it (ADR 0034).

    A record that cannot be decoded never will be: it is quarantined and counts as done, or it would
    hold up its shard for hours. Any other failure may pass, so the record is left to come again;
    after the last retry the stream mapping puts it into its failure queue (infra/resources.yaml).
    """
    records = event.get("Records", [])
    failures: dict[int, Exception] = {}
    found: dict[int, Decoded] = {}
    for position, record in enumerate(records):
        with _noting(failures, position, _trace_in(record["dynamodb"])):
            if record["eventName"] == "INSERT":
                found |= _decoded(position, record["dynamodb"], decode, quarantine)
    positions = list(found)
    for key, members in group(list(found.values())).items():
        together = {positions[member]: one for member, one in members.items()}
        causes = [one for one in together if is_cause(found[one])] or list(together)
        trace = _trace_in(records[causes[-1]]["dynamodb"])
        with _noting(failures, min(together), trace):
            work(key, list(together.values()))
    if not failures:
        return {"batchItemFailures": []}
    first = min(failures)
    if first == 0:
        raise failures[first]
    number = records[first]["dynamodb"]["SequenceNumber"]
    return {"batchItemFailures": [{"itemIdentifier": number}]}


def each_alone(records: Sequence[Decoded]) -> Mapping[int, Mapping[int, Decoded]]:
    """Return each record as a group of its own."""
    return {position: {position: one} for position, one in enumerate(records)}


@contextmanager
def _noting(failures: dict[int, Exception], position: int, trace: str | None) -> Iterator[None]:
    """Work under a trace. Log a failure, and note it at the position of the first record."""
    with tracing(trace):
        try:
            yield
        # Whatever went wrong, the record must come again.
        except Exception as error:  # noqa: BLE001
            log("record_failed", error=type(error).__name__, where=where(error))
            failures[position] = error


def _trace_in(change: Mapping[str, Any]) -> str | None:
    """Return the trace of a record's item, None for one that was written without (ADR 0031)."""
    trace = change.get("NewImage", {}).get("trace", {}).get("S")
    return str(trace) if trace else None


def _decoded(
    position: int,
    change: Mapping[str, Any],
    decode: Callable[[Item], Decoded],
    quarantine: Callable[[Item, str], None],
) -> dict[int, Decoded]:
    """Return a decoded record by its position. Quarantine one that cannot be decoded."""
    try:
        return {position: decode(unmarshal(change["NewImage"]))}
    except UNREADABLE as error:
        quarantine(unmarshal(change["Keys"]), type(error).__name__)
        return {}
