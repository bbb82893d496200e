"""Lambda. Not called `lambda`, which is a keyword."""

import json
from typing import Any

from ministack.services import lambda_svc


def mend() -> None:
    """Apply the mends of this file."""
    retry_partial_failures()


def retry_partial_failures() -> None:
    """Run a stream's batch again when it answers with `batchItemFailures`.

    AWS starts again at the first failed record. ministack takes such a batch as done and loses the
    records. Here the whole batch runs again, which may also happen on AWS at any time.
    """
    execute = lambda_svc._execute_function

    def execute_and_look(function: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = execute(function, event)
        if _is_stream_batch(event) and _item_failures(result):
            return result | {"error": True}
        return result

    lambda_svc._execute_function = execute_and_look


def _is_stream_batch(event: object) -> bool:
    records = event.get("Records") if isinstance(event, dict) else None
    first = records[0] if isinstance(records, list) and records else None
    return isinstance(first, dict) and first.get("eventSource") == "aws:dynamodb"


def _item_failures(result: dict[str, Any]) -> list[Any]:
    body = result.get("body")
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except ValueError:
            return []
    return body.get("batchItemFailures") or [] if isinstance(body, dict) else []
