"""What a million of each thing costs at list price (us-east-1, on demand, without free tiers), by
part.

Units, calls and log bytes are measured. Lambda's duration is estimated from the processor time that
was measured here, because 512 MB get 512/1769 of a processor, and a few milliseconds for each call.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.inputs import VISIT, VISIT_EVENTS

MEMORY_MB = 512
FULL_CPU_MB = 1769  # docs.aws.amazon.com/lambda: 1,769 MB equal one processor
CALL_MS = 5.0  # of DynamoDB from Lambda in the same region; AWS says single-digit milliseconds
LAMBDA_LOG_BYTES = 330  # of the lines START, END and REPORT
MILLION = 1_000_000
CENTS = 100


@dataclass(frozen=True)
class Prices:
    """Prices in US dollars."""

    write_unit: float = 0.625 / MILLION
    read_unit: float = 0.125 / MILLION
    rest_request: float = 3.50 / MILLION
    invocation: float = 0.20 / MILLION
    gb_second: float = 0.0000166667  # x86_64, as the package is built; arm64 is a fifth less
    log_byte: float = 0.50 / 2**30
    mail: float = 0.10 / 1000


@dataclass(frozen=True)
class Use:
    """What one thing uses."""

    read: float = 0.0
    """Read units."""
    write: float = 0.0
    """Write units."""
    calls: float = 0.0
    """Calls of DynamoDB."""
    log_bytes: float = 0.0
    cpu_ms: float = 0.0
    """Processor time, on a whole processor."""
    requests: float = 0
    """Requests to the API."""
    mails: int = 0
    batch: float = 1
    """Records, or events of a request, that one invocation takes."""


def use_of(
    units: Mapping[str, Any],
    cpu_ms: float,
    *,
    requests: float = 0,
    mails: int = 0,
    batch: float = 1,
) -> Use:
    """Return what a measured action uses."""
    return Use(
        read=units["read"],
        write=units["write"],
        calls=units["calls"],
        log_bytes=units["log_bytes"],
        cpu_ms=cpu_ms,
        requests=requests,
        mails=mails,
        batch=batch,
    )


def duration_ms(use: Use) -> float:
    """Return the estimated duration of an invocation with 512 MB."""
    return use.cpu_ms * FULL_CPU_MB / MEMORY_MB + use.calls * CALL_MS


def per_million(use: Use, prices: Prices | None = None) -> dict[str, float]:
    """Return the dollars for a million, by part and in total."""
    price = prices or Prices()
    parts = {
        "api": use.requests * price.rest_request,
        "lambda requests": price.invocation / use.batch,
        "lambda duration": duration_ms(use) / 1000 * MEMORY_MB / 1024 * price.gb_second,
        "dynamodb writes": use.write * price.write_unit,
        "dynamodb reads": use.read * price.read_unit,
        "logs": (use.log_bytes + LAMBDA_LOG_BYTES / use.batch) * price.log_byte,
        "mail": use.mails * price.mail,
    }
    found = {name: round(dollars * MILLION, 2) for name, dollars in parts.items() if dollars}
    return {**found, "total": round(sum(parts.values()) * MILLION, 2)}


def measure(units: Mapping[str, Any], cpu: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a million of each thing costs, for the lead with 10,000 events.

    units, cpu: what these two sections have measured.
    """
    ping = units["ping"]
    lead = units["lead of 10,000 events"]
    milliseconds = {name: float(cpu[name]["cpu_ms"]) for name in cpu}
    events_a_request = VISIT_EVENTS / len(VISIT)
    uses = {
        "event of a visit, stored": use_of(
            units["visit"]["stored"],
            milliseconds["visit"] / VISIT_EVENTS,
            requests=1 / events_a_request,
            batch=events_a_request,
        ),
        "ping, stored": use_of(ping["stored"], milliseconds["ping"], requests=1),
        "ping, looked at by qualify": use_of(ping["looked at"], milliseconds["looked at"]),
        "event, counted by qualify": use_of(lead["counted event"], milliseconds["counted"]),
        "form": use_of(lead["form demo"], milliseconds["form"], requests=1),
        "transition to MQL": use_of(lead["transition lead to mql"], milliseconds["counted"]),
        "transition to SQL": use_of(lead["transition mql to sql"], milliseconds["counted"]),
        "email, delivered": use_of(lead["deliver"][0], milliseconds["counted"], mails=1),
    }
    found = {
        name: {**per_million(use), "duration_ms": round(duration_ms(use), 1)}
        for name, use in uses.items()
    }
    stored, looked_at = found["event of a visit, stored"], found["ping, looked at by qualify"]
    both = {part: stored.get(part, 0) + looked_at.get(part, 0) for part in stored | looked_at}
    whole = {part: round(value, 2) for part, value in both.items()}
    return {"event of a visit, stored and looked at": whole, **found}
