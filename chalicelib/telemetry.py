"""One JSON log line per decision: ids, counts and reasons, never an address, a name, a phone number
or a body (ADR 0013).

The kinds of line are a closed set. A line that is counted carries its own metric in CloudWatch's
embedded metric format (CloudWatch User Guide, "Specification: Embedded metric format"). The service
reads the metric out of the log, so counting makes no call and keeps nobody waiting.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

NAMESPACE = "Baton"
"""The CloudWatch namespace of every metric."""

LogValue = str | int | None
"""What a line may say: an id, a reason or a count."""


class Level(StrEnum):
    """How much a line matters."""

    INFO = "INFO"  # all went as it should
    WARNING = "WARNING"  # refused, or will be retried by itself; a sign when there are many
    ERROR = "ERROR"  # a person must look


@dataclass(frozen=True, slots=True)
class LineKind:
    """A kind of line."""

    level: Level = Level.INFO
    by: tuple[str, ...] = ()
    """The values that the metric is also counted by, one at a time, besides the total."""
    is_counted: bool = True


LINES: Mapping[str, LineKind] = {
    "captured": LineKind(by=("kind",)),
    "rejected": LineKind(Level.WARNING),
    "refused": LineKind(Level.WARNING, by=("error",)),
    "unhandled": LineKind(Level.ERROR, by=("error",)),
    "suppressed": LineKind(by=("reason",)),
    "qualified": LineKind(by=("moved",)),
    "message": LineKind(by=("state", "reason")),
    "send_failed": LineKind(Level.WARNING, by=("code",)),
    "sending_blocked": LineKind(Level.ERROR, by=("reason",)),
    "message_failed": LineKind(Level.ERROR, by=("state",)),
    "handoff_undelivered": LineKind(Level.ERROR, by=("state",)),
    "mail_event": LineKind(by=("kind",)),
    "mail_event_unreadable": LineKind(Level.WARNING, by=("reason",)),
    "mail_event_unmatched": LineKind(Level.WARNING, by=("kind",)),
    "record_failed": LineKind(Level.WARNING, by=("error",)),
    "quarantined": LineKind(Level.ERROR, by=("reason",)),
    "due_failed": LineKind(Level.WARNING, by=("task",)),
    "due_unknown": LineKind(Level.ERROR, by=("family",)),
    "job_worked": LineKind(by=("kind", "state")),
    "tick": LineKind(is_counted=False),  # written every minute, even when nothing happens
}

_invocation: dict[str, LogValue | bool] = {}
"""What every line of the current invocation says about it."""


def log(event: str, *, count: int = 1, **values: LogValue) -> None:
    """Write one line: what was decided, with ids, counts and reasons. Leave out values of None.

    event: a key of LINES; count: how many things the line is about, which its metric grows by.
    """
    line = LINES[event]
    said = {name: value for name, value in values.items() if value is not None}
    metric = (
        _metric(event, count, [name for name in line.by if name in said]) if line.is_counted else {}
    )
    whole = {"level": line.level, "event": event, **_invocation, **said, **metric}
    sys.stdout.write(json.dumps(whole, separators=(",", ":")) + "\n")


def where(error: BaseException) -> str:
    """Return the file and line that raised an error, for example `senders.py:61`.

    Logs say this instead of the error's message, which may quote what a lead typed.
    """
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    if last is None:
        return "unknown"
    return f"{last.tb_frame.f_code.co_filename.rpartition('/')[2]}:{last.tb_lineno}"


class Tracer:
    """Chalice middleware around every trigger: puts the function and request id on each line.

    The lines of a container's first request also say `cold_start`.
    """

    def __init__(self) -> None:
        self._is_cold = True

    def __call__(self, event: Any, respond: Callable[[Any], Any]) -> Any:
        """Return what `respond` answers to the event."""
        global _invocation
        context = getattr(event, "lambda_context", None) or event.context
        request_id = getattr(context, "aws_request_id", None)
        before = _invocation
        # PublicHandler calls the app, so Chalice runs this middleware twice for one request.
        if request_id is None or request_id == before.get("request_id"):
            return respond(event)
        _invocation = {"function": context.function_name, "request_id": request_id}
        if self._is_cold:
            _invocation["cold_start"] = True
        self._is_cold = False
        try:
            return respond(event)
        finally:
            _invocation = before


traced = Tracer()


def _metric(event: str, count: int, by: list[str]) -> dict[str, Any]:
    """Return the members that make a line its own metric: the total, and one count per reason."""
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [["deployment"], *(["deployment", name] for name in by)],
        "Metrics": [{"Name": event, "Unit": "Count"}],
    }
    # Real time, not the deployment's clock, which a local run may shift by days: CloudWatch drops
    # metrics that are more than two weeks old or two hours ahead (ADR 0013).
    timestamp_ms = time.time_ns() // 1_000_000
    about = {"Timestamp": timestamp_ms, "CloudWatchMetrics": [directive]}
    return {event: count, "deployment": os.environ.get("BATON_ENVIRONMENT", "dev"), "_aws": about}
