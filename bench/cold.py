"""Cold starts: from the first line of a fresh process to a function's first call of DynamoDB,
beside the floor.

The floor is Chalice with one route, pydantic with one model, one boto3 client and one call, from
the same zip.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import BenchError, inputs, unpacked
from bench.pairs import by_turns, compare
from bench.stub import Stub, serving

PAIRS = 15
TARGET_RATIO = 1.2


@dataclass(frozen=True)
class Start:
    """One cold start."""

    first_call_ms: float
    """From the start of the process to the first call of DynamoDB."""
    invocation_ms: float
    """From the start of the process to the end of the invocation."""
    cpu_ms: float
    """Processor time, in total."""


def measure(pairs: int = PAIRS) -> dict[str, Any]:
    """Return every function's cold start, as it is packaged. The target is for `ratio`.

    `compiled` says what it would be with byte code in the zip, for the function and the floor.
    """
    source = unpacked.unpack()
    packed = _measure_all(source, pairs)
    compiled = _measure_all(unpacked.compiled(source), pairs)
    return {name: {**one, "compiled": compiled[name]} for name, one in packed.items()}


def _measure_all(source: Path, pairs: int) -> dict[str, dict[str, Any]]:
    with serving() as stub:
        _start(stub, source, None)  # warms the caches of the disk, for all alike
        return {
            name: _measure_one(stub, source, *inputs.FIRST[name], pairs) for name in inputs.FIRST
        }


def _measure_one(
    stub: Stub, source: Path, handler: str, event: Mapping[str, Any], pairs: int
) -> dict[str, Any]:
    found = by_turns(
        pairs, lambda: _start(stub, source, (handler, event)), lambda: _start(stub, source, None)
    )
    first = compare([(one.first_call_ms, floor.first_call_ms) for one, floor in found])
    whole = compare([(one.invocation_ms, floor.invocation_ms) for one, floor in found])
    cpu = compare([(one.cpu_ms, floor.cpu_ms) for one, floor in found])
    return {
        **first.rounded("ms"),
        "target_ratio": TARGET_RATIO,
        "met": first.ratio <= TARGET_RATIO,
        "invocation": whole.rounded("ms"),
        "cpu": cpu.rounded("ms"),
    }


def _start(stub: Stub, source: Path, first: tuple[str, Mapping[str, Any]] | None) -> Start:
    stub.first_call_s = None
    arguments, event = ([first[0]], first[1]) if first else ([], {})
    found, _ = unpacked.run(unpacked.CHILD, [str(source), *arguments], event, stub.url)
    return Start(
        1000 * (_first_call_s(stub) - found["started_s"]),
        1000 * (found["ended_s"] - found["started_s"]),
        1000 * found["cpu_s"],
    )


def _first_call_s(stub: Stub) -> float:
    if stub.first_call_s is None:
        raise BenchError("a function ended without calling DynamoDB")
    return stub.first_call_s
