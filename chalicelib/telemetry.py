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
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

NAMESPACE = "Baton"
"""The CloudWatch namespace of every metric."""

TRACE_CHARS = 8
"""Of a request's id: enough to find it, few enough to stand on every event (ADR 0031)."""

_json = json.JSONEncoder(separators=(",", ":")).encode  # json.dumps would make one for each line

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
    within_ms: int | None = None
    """How soon after its capture it should come. A line that says `after_ms` is counted by the
    metric `<line>_late` as well: 1 if it came later, 0 if not (ADR 0031)."""


SCORED_WITHIN_MS = 10_000
"""The service level from capture to score."""
HANDED_OFF_WITHIN_MS = 60_000
"""The service level from capture to a handoff that was sent."""

LINES: Mapping[str, LineKind] = {
    "captured": LineKind(by=("kind",)),
    "capped": LineKind(by=("kind",)),
    "screened": LineKind(by=("kind", "reason")),
    "released": LineKind(by=("reason",)),
    "keys_unreadable": LineKind(Level.WARNING, by=("error",)),
    "rejected": LineKind(Level.WARNING),
    "repaired": LineKind(by=("kind",)),
    "refused": LineKind(Level.WARNING, by=("error",)),
    "busy": LineKind(by=("task",)),
    "unbranded": LineKind(Level.WARNING, by=("error",)),
    "unhandled": LineKind(Level.ERROR, by=("error",)),
    "unfinished": LineKind(Level.WARNING, by=("error",)),
    "suppressed": LineKind(by=("reason",)),
    "opted_in": LineKind(by=("lifted",)),
    "choice_undone": LineKind(),
    "qualified": LineKind(by=("moved",), within_ms=SCORED_WITHIN_MS),
    "message": LineKind(by=("state", "reason"), within_ms=HANDED_OFF_WITHIN_MS),
    "listed": LineKind(by=("reason",)),
    "switched": LineKind(Level.WARNING, by=("switch",)),
    "held_back": LineKind(Level.WARNING, by=("switch",)),
    "sending_paused": LineKind(Level.WARNING, by=("cause",)),
    "sending_resumed": LineKind(Level.WARNING),
    "brake_warned": LineKind(Level.WARNING, by=("harm",)),
    "upkeep_failed": LineKind(Level.WARNING, by=("error",)),
    "quota_unreadable": LineKind(Level.WARNING, by=("error",)),
    "send_failed": LineKind(Level.WARNING, by=("code",)),
    "sending_blocked": LineKind(Level.ERROR, by=("reason",)),
    "message_failed": LineKind(Level.ERROR, by=("state",)),
    "handoff_released": LineKind(),
    "handoff_undelivered": LineKind(Level.ERROR, by=("state",)),
    "handoff_step": LineKind(by=("step",)),
    "mail_event": LineKind(by=("kind",)),
    "mail_event_unreadable": LineKind(Level.WARNING, by=("reason",)),
    "mail_event_unmatched": LineKind(Level.WARNING, by=("kind",)),
    "inbound_email": LineKind(by=("outcome",)),
    "click": LineKind(),
    "click_judged": LineKind(by=("verdict", "reason")),
    "click_lost": LineKind(Level.WARNING, by=("error",)),
    "click_not_taken_back": LineKind(Level.WARNING),
    "answered": LineKind(),
    "record_failed": LineKind(Level.WARNING, by=("error",)),
    "quarantined": LineKind(Level.ERROR, by=("reason",)),
    "left_to_clock": LineKind(Level.WARNING),
    "due_failed": LineKind(Level.WARNING, by=("task",)),
    "due_quarantined": LineKind(Level.ERROR, by=("task",)),
    "hand_over_failed": LineKind(Level.WARNING, by=("queue",)),
    "due_unknown": LineKind(Level.ERROR, by=("family",)),
    "document": LineKind(by=("kind",)),
    "test_email": LineKind(),
    "sequence_skipped": LineKind(Level.WARNING),
    "enrolment": LineKind(by=("ended",)),
    "mailing": LineKind(by=("state",)),
    "job_worked": LineKind(by=("kind", "state")),
    "erasure": LineKind(by=("state",)),
    "erasure_failed": LineKind(Level.ERROR),
    "tick": LineKind(is_counted=False),  # written every minute, even when nothing happens
}

_invocation: ContextVar[Mapping[str, LogValue | bool]] = ContextVar(
    "invocation", default=MappingProxyType({})
)
"""What every line of the current invocation says about it."""
_is_rehearsal = False


def log(event: str, *, count: int = 1, **values: LogValue) -> None:
    """Write one line: what was decided, with ids, counts and reasons. Leave out values of None.

    event: a key of LINES; count: how many things the line is about, which its metric grows by.
    """
    line = LINES[event]
    if _is_rehearsal:
        return
    said = {name: value for name, value in values.items() if value is not None}
    metric = _metric(event, count, said) if line.is_counted else {}
    whole = {"level": line.level, "event": event, **_invocation.get(), **said, **metric}
    sys.stdout.write(_json(whole) + "\n")


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


def current_trace() -> str | None:
    """Return the trace that every line carries now; None outside of an invocation."""
    trace = _invocation.get().get("trace")
    return str(trace) if trace else None


@contextmanager
def tracing(trace: str | None) -> Iterator[None]:
    """Let the lines within carry the trace of what they are about. None keeps the current one."""
    now = _invocation.get()
    before = _invocation.set({**now, "trace": trace} if trace else now)
    try:
        yield
    finally:
        _invocation.reset(before)


@contextmanager
def rehearsing() -> Iterator[None]:
    """Let nothing within write a line or count anything: it does not happen (ADR 0065)."""
    global _is_rehearsal
    _is_rehearsal = True
    try:
        yield
    finally:
        _is_rehearsal = False


class Tracer:
    """Chalice middleware around every trigger: puts function, request id and trace on each line.

    The lines of a container's first request also say `cold_start`.
    """

    def __init__(self) -> None:
        self._is_cold = True

    def __call__(self, event: Any, respond: Callable[[Any], Any]) -> Any:
        """Return what `respond` answers to the event."""
        context = getattr(event, "lambda_context", None) or event.context
        request_id = getattr(context, "aws_request_id", None)
        now = _invocation.get()
        # PublicHandler calls the app, so Chalice runs this middleware twice for one request.
        if request_id is None or request_id == now.get("request_id"):
            return respond(event)
        said: dict[str, LogValue | bool] = {
            "function": context.function_name,
            "request_id": request_id,
            "trace": _trace_of(event, request_id),
        }
        if self._is_cold:
            said["cold_start"] = True
        self._is_cold = False
        before = _invocation.set(said)
        try:
            return respond(event)
        finally:
            _invocation.reset(before)


traced = Tracer()


def _trace_of(event: Any, request_id: str) -> str:
    """Return the trace of an invocation: the first characters of a request's id.

    Of an HTTP request it is the gateway's id, which its caller and the access log know as well.
    """
    # PublicHandler gets the gateway's event as it is, Chalice's own routes get its request context.
    raw = getattr(event, "event", None)
    context = raw.get("requestContext") if isinstance(raw, dict) else event.context
    asked = context.get("requestId") if isinstance(context, dict) else None
    return str(asked or request_id)[:TRACE_CHARS]


def _metric(event: str, count: int, said: Mapping[str, LogValue]) -> dict[str, Any]:
    """Return the members that make a line its own metric.

    They count the total, each reason, and whether the line came too late after its capture.
    """
    line = LINES[event]
    by = [["deployment", name] for name in line.by if name in said]
    directives = [_directive(event, [["deployment"], *by])]
    values: dict[str, Any] = {event: count}
    after_ms = said.get("after_ms")
    if line.within_ms is not None and isinstance(after_ms, int):
        late = f"{event}_late"
        directives.append(_directive(late, [["deployment"]]))
        values[late] = int(after_ms > line.within_ms)
    # Real time, not the deployment's clock, which a local run may shift by days: CloudWatch drops
    # metrics that are more than two weeks old or two hours ahead (ADR 0013).
    timestamp_ms = time.time_ns() // 1_000_000
    about = {"Timestamp": timestamp_ms, "CloudWatchMetrics": directives}
    deployment = os.environ.get("BATON_ENVIRONMENT", "dev")
    return {**values, "deployment": deployment, "_aws": about}


def _directive(metric: str, dimensions: list[list[str]]) -> dict[str, Any]:
    return {
        "Namespace": NAMESPACE,
        "Dimensions": dimensions,
        "Metrics": [{"Name": metric, "Unit": "Count"}],
    }
