"""Lambda: how it reads a stream. Not called `lambda`, which is a keyword."""

import contextvars
import json
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ministack.services import dynamodb, lambda_svc

PARTIAL = "ReportBatchItemFailures"
ENDLESS = -1  # AWS's own word for retries without an end
LOOK_SECONDS = 1  # of a reader that nobody woke

Record = dict[str, Any]
Mapping = dict[str, Any]


def mend() -> None:
    """Apply the mends of this file."""
    read_each_stream_mapping_by_itself()


def read_each_stream_mapping_by_itself() -> None:
    """Give each stream mapping a reader of its own, which halves, retries and gives up as AWS does.

    On AWS, mappings know nothing of each other. A batch that failed in part is cut at the lowest
    record that the answer names, and its rest comes again; a batch whose function failed is halved
    (BisectBatchOnFunctionError), which counts as no retry. After MaximumRetryAttempts, or past
    MaximumRecordAgeInSeconds, the batch is given up: its numbers go to the failure destination.

    ministack polls all mappings one after the other, so that a slow function keeps the others
    waiting. It takes a batch that failed in part as done, and sends a failed one again for ever.
    """
    readers: dict[str, Reader] = {}

    def wake_readers() -> bool:
        mappings = {
            mapping["UUID"]: (account, region, mapping)
            for account, region, mapping in lambda_svc._iter_all_esms()
            if ":dynamodb:" in mapping.get("EventSourceArn", "")
        }
        for gone in readers.keys() - mappings.keys():
            readers.pop(gone).stop()
        for one_id, found in mappings.items():
            if one_id not in readers:
                readers[one_id] = Reader(*found)
                readers[one_id].start()
            readers[one_id].look.set()
        return False  # what readers do keeps nobody else from resting

    lambda_svc._poll_dynamodb_streams = wake_readers


@dataclass
class Batch:
    """Records that are handed over at once, each with its position in the stream."""

    records: Sequence[tuple[int, Record]]
    end: int
    """The position after it."""
    tries: int = 0
    """How often it came again."""


class Reader(threading.Thread):
    """Reads the stream for one mapping."""

    def __init__(self, account: str, region: str, mapping: Mapping) -> None:
        super().__init__(daemon=True, name=f"stream-{mapping['UUID']}")
        self.look = threading.Event()
        self._scope = (account, region)
        self._mapping = mapping
        self._todo = deque[Batch]()
        self._stopped = False

    def stop(self) -> None:
        """Read no further."""
        self._stopped = True
        self.look.set()

    def run(self) -> None:
        """Read until stopped. A batch that failed rests for a second."""
        contextvars.copy_context().run(self._run)

    def _run(self) -> None:
        lambda_svc._request_account_id.set(self._scope[0])
        lambda_svc._request_region.set(self._scope[1])
        while not self._stopped:
            self.look.clear()
            try:
                went_on = self._step()
            # A reader that ended would end its stream; ministack's own poller goes on likewise.
            except Exception:  # noqa: BLE001
                lambda_svc.logger.exception("the reader of a stream failed")
                went_on = False
            if not went_on:
                self.look.wait(LOOK_SECONDS)

    def _step(self) -> bool:
        """Hand over one batch. Return whether there may be more to do at once."""
        mapping = self._mapping
        function, _ = lambda_svc._get_func_record_for_qualifier(
            mapping["FunctionName"], mapping.get("Qualifier")
        )
        table = mapping["EventSourceArn"].split("/stream/")[0].rpartition("/")[2]
        known = dynamodb._tables.get(table)
        is_there = known is not None and known.get("LatestStreamArn") == mapping["EventSourceArn"]
        if function is None or not is_there or not mapping.get("Enabled", True):
            return False
        if not self._todo and not self._fetch(table):
            return False
        if not self._todo:
            return True  # nothing for this mapping among what came
        batch = self._todo[0]
        result = lambda_svc._execute_function(
            function, {"Records": [record for _, record in batch.records]}
        )
        return self._settle(batch, result, function)

    def _fetch(self, table: str) -> bool:
        """Take the next records up. Return False when there are none."""
        horizon = dynamodb.stream_start_position(table)
        start = max(self._position(table), horizon)
        size = int(self._mapping.get("BatchSize", 100))
        fresh = list(enumerate(dynamodb.stream_records_since(table, start, size), start))
        if not fresh:
            return False
        end = start + len(fresh)
        wanted = [
            (position, record)
            for position, record in fresh
            if lambda_svc._apply_filter_criteria([record], self._mapping)
        ]
        if wanted:
            self._todo.append(Batch(wanted, end))
        else:
            self._come_to(end)
        return True

    def _settle(self, batch: Batch, result: dict[str, Any], function: dict[str, Any]) -> bool:
        failed_at = None if result.get("error") else self._first_failed(batch, result)
        if not result.get("error") and failed_at is None:
            self._done(batch)
            return True
        if failed_at:
            self._come_to(batch.records[failed_at][0])
            batch = Batch(batch.records[failed_at:], batch.end, batch.tries)
            self._todo[0] = batch
        elif result.get("error") and self._halve(batch):
            return True
        batch.tries += 1
        reason = self._given_up(batch)
        if reason is None:
            time.sleep(lambda_svc._ESM_BACKOFF_SECONDS)
            return True
        records = [record for _, record in batch.records]
        arn = self._mapping["EventSourceArn"]
        lambda_svc._send_ddb_stream_failure_record(
            self._mapping, function, records, arn, result, reason
        )
        self._done(batch)
        return True

    def _first_failed(self, batch: Batch, result: dict[str, Any]) -> int | None:
        """Return the place of the lowest record that an answer names; None when all are done."""
        if PARTIAL not in self._mapping.get("FunctionResponseTypes", []):
            return None
        named = {one.get("itemIdentifier") for one in _item_failures(result)}
        if not named:
            return None
        numbers = [record["dynamodb"]["SequenceNumber"] for _, record in batch.records]
        return next((place for place, number in enumerate(numbers) if number in named), 0)

    def _halve(self, batch: Batch) -> bool:
        """Put the two halves of a batch in its place. Return False when it is not to be halved."""
        middle = len(batch.records) // 2
        if not middle or not _is_true(self._mapping.get("BisectBatchOnFunctionError")):
            return False
        first = Batch(batch.records[:middle], batch.records[middle][0], batch.tries)
        second = Batch(batch.records[middle:], batch.end, batch.tries)
        self._todo.popleft()
        self._todo.extendleft((second, first))
        return True

    def _given_up(self, batch: Batch) -> str | None:
        """Return why a batch is given up; None when it comes again."""
        most = int(self._mapping.get("MaximumRetryAttempts", ENDLESS))
        if most != ENDLESS and batch.tries > most:
            return "RetryAttemptsExhausted"
        oldest = float(batch.records[0][1]["dynamodb"]["ApproximateCreationDateTime"])
        age = int(self._mapping.get("MaximumRecordAgeInSeconds", ENDLESS))
        return "MaxRecordAgeExceeded" if 0 < age < time.time() - oldest else None

    def _done(self, batch: Batch) -> None:
        self._todo.popleft()
        self._come_to(batch.end)

    def _position(self, table: str) -> int:
        with lambda_svc._dynamodb_stream_positions_lock:
            positions = lambda_svc._dynamodb_stream_positions
            if self._mapping["UUID"] not in positions:
                from_start = self._mapping.get("StartingPosition") == "TRIM_HORIZON"
                start = (
                    dynamodb.stream_start_position if from_start else (dynamodb.stream_end_position)
                )
                positions[self._mapping["UUID"]] = start(table)
            return int(positions[self._mapping["UUID"]])

    def _come_to(self, position: int) -> None:
        with lambda_svc._dynamodb_stream_positions_lock:
            lambda_svc._dynamodb_stream_positions[self._mapping["UUID"]] = position


def _item_failures(result: dict[str, Any]) -> list[Any]:
    body = result.get("body")
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except ValueError:
            return []
    return body.get("batchItemFailures") or [] if isinstance(body, dict) else []


def _is_true(value: object) -> bool:
    return str(value).lower() == "true"  # a parameter's value is text
