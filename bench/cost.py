"""What a million of each costs at list price (us-east-1, on demand, without free tiers), with its
parts.

Units, calls and log bytes are measured; Lambda's duration is estimated from the processor time
measured here, because 512 MB get 512/1769 of a processor, and from a few milliseconds for each
call.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MEMORY_MB, FULL_CPU_MB = 512, 1769  # docs.aws.amazon.com/lambda: 1,769 MB are one processor
# a call of DynamoDB from Lambda in its region, as AWS says: single-digit milliseconds
CALL_MS = 5.0
LAMBDA_LOG_BYTES = 330  # START, END and REPORT
MILLION = 1_000_000
CENTS = 100


@dataclass(frozen=True)
class Prices:
    """US dollars."""

    write_unit: float = 0.625 / MILLION
    read_unit: float = 0.125 / MILLION
    rest_request: float = 3.50 / MILLION
    invocation: float = 0.20 / MILLION
    gb_second: float = 0.0000166667  # x86_64, as the package is built; arm64 is a fifth less
    log_byte: float = 0.50 / 2**30
    mail: float = 0.10 / 1000


@dataclass(frozen=True)
class Use:
    """What one of something takes. cpu_ms: processor time on a whole processor; batch: records an
    invocation takes.
    """

    read: float = 0.0
    write: float = 0.0
    calls: float = 0.0
    log_bytes: float = 0.0
    cpu_ms: float = 0.0
    requests: int = 0
    mails: int = 0
    batch: int = 1


def use_of(units: Mapping[str, Any], cpu_ms: float, *, requests: int = 0, mails: int = 0) -> Use:
    """The use of a measured action."""
    return Use(
        units["read"], units["write"], units["calls"], units["log_bytes"], cpu_ms, requests, mails
    )


def duration_ms(use: Use) -> float:
    """The estimated duration of an invocation at 512 MB."""
    return use.cpu_ms * FULL_CPU_MB / MEMORY_MB + use.calls * CALL_MS


def per_million(use: Use, prices: Prices | None = None) -> dict[str, float]:
    """Dollars for a million, by part, and in all."""
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
    """A million of each, from what the other measurements found, for the lead with 10,000
    events.
    """
    ping, lead = units["ping"], units["lead of 10,000 events"]
    milliseconds = {name: float(cpu[name]["cpu_ms"]) for name in cpu}
    uses = {
        "ping, stored": use_of(ping["stored"], milliseconds["ping"], requests=1),
        "ping, looked at by qualify": use_of(ping["looked at"], milliseconds["looked at"]),
        "event, counted by qualify": use_of(lead["counted event"], milliseconds["counted"]),
        "form": use_of(lead["form demo"], milliseconds["form"], requests=1),
        "transition to MQL": use_of(lead["transition lead to mql"], milliseconds["counted"]),
        "transition to SQL": use_of(lead["transition mql to sql"], milliseconds["counted"]),
        "email, delivered": use_of(lead["deliver"][0], milliseconds["counted"], mails=1),
    }
    return {
        name: {**per_million(use), "duration_ms": round(duration_ms(use), 1)}
        for name, use in uses.items()
    }
