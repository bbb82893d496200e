"""One JSON line per decision: ids, counts and reasons, never an address, a name, a phone number or
a body.

Which lines there are is a closed set. A line that is counted carries its own metric in CloudWatch's
embedded format
(docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html):
the service reads it from the log, so counting makes no call and keeps nobody waiting.
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

Value = str | int | None


class Level(StrEnum):
    """How much a line matters."""

    INFO = "INFO"  # it went as it should
    WARNING = "WARNING"  # refused, or it comes again by itself; many of them are a sign
    ERROR = "ERROR"  # somebody must look


@dataclass(frozen=True, slots=True)
class Line:
    """A kind of line. by: the values that its metric is counted by, one at a time, besides the
    total.
    """

    level: Level = Level.INFO
    by: tuple[str, ...] = ()
    is_counted: bool = True


LINES: Mapping[str, Line] = {
    "captured": Line(by=("kind",)),
    "rejected": Line(Level.WARNING),
    "refused": Line(Level.WARNING, by=("error",)),
    "unhandled": Line(Level.ERROR, by=("error",)),
    "suppressed": Line(by=("reason",)),
    "qualified": Line(by=("moved",)),
    "message": Line(by=("state", "reason")),
    "send_failed": Line(Level.WARNING, by=("code",)),
    "mail_event": Line(by=("state",)),
    "mail_event_unreadable": Line(Level.WARNING),
    "record_failed": Line(Level.WARNING, by=("error",)),
    "quarantined": Line(Level.ERROR, by=("reason",)),
    "due_failed": Line(Level.WARNING, by=("task",)),
    "due_unknown": Line(Level.ERROR, by=("family",)),
    "job_worked": Line(by=("kind", "state")),
    "tick": Line(is_counted=False),  # each minute, also of a night in which nothing happens
}

_invocation: dict[str, Value | bool] = {}


def log(event: str, *, count: int = 1, **values: Value) -> None:
    """Write one line: what was decided, with ids, counts and reasons. None is left out.

    count: of how many things the line tells, which is what its metric grows by.
    """
    line = LINES[event]
    said = {name: value for name, value in values.items() if value is not None}
    metric = (
        _metric(event, count, [name for name in line.by if name in said]) if line.is_counted else {}
    )
    whole = {"level": line.level, "event": event, **_invocation, **said, **metric}
    sys.stdout.write(json.dumps(whole, separators=(",", ":")) + "\n")


def where(error: BaseException) -> str:
    """The file and line that raised an error, for example `senders.py:61`: its message may hold
    what a lead typed.
    """
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return (
        f"{last.tb_frame.f_code.co_filename.rpartition('/')[2]}:{last.tb_lineno}"
        if last
        else "unknown"
    )


class Tracer:
    """Chalice's middleware around every trigger: lines name the function and the request that they
    are written in.

    Those of a container's first request also say `cold_start`.
    """

    def __init__(self) -> None:
        self._is_cold = True

    def __call__(self, event: Any, respond: Callable[[Any], Any]) -> Any:
        """What `respond` makes of the event."""
        global _invocation
        context = getattr(event, "lambda_context", None) or event.context
        request_id = getattr(context, "aws_request_id", None)
        before = _invocation
        if request_id is None or request_id == before.get(
            "request_id"
        ):  # the same: the app inside PublicHandler
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
    """A metric of the line's name: the deployment's total, and one per reason.

    The time is the real one, whatever the deployment's clock says: CloudWatch refuses others.
    """
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [["deployment"], *(["deployment", name] for name in by)],
        "Metrics": [{"Name": event, "Unit": "Count"}],
    }
    about = {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": [directive]}
    return {event: count, "deployment": os.environ.get("BATON_ENVIRONMENT", "dev"), "_aws": about}
