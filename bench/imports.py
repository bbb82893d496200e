"""Where the time of a cold start goes: what each function imports beyond the floor.

Measured with `-X importtime` on compiled source.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench import inputs, unpacked
from bench.stub import serving

LINE = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \|\s+(\S+)")
SHOWN = 12
OURS = "chalicelib"


def measure() -> dict[str, Any]:
    """Return, for each function, the ms of the imports that the floor does not have.

    The dearest come first, each with its own time only.
    """
    source = unpacked.compiled(unpacked.unpack())
    with serving() as stub:
        floor = _imported(source, stub.url, [], {})
        every = {
            name: _imported(source, stub.url, [handler], event)
            for name, (handler, event) in inputs.FIRST.items()
        }
    return {name: beyond(found, floor) for name, found in every.items()}


def parse(said: str) -> dict[str, int]:
    """Return each imported module with its own microseconds."""
    return {name: int(own) for own, _, name in LINE.findall(said)}


def beyond(found: dict[str, int], floor: Iterable[str]) -> dict[str, Any]:
    """Return the ms of what is imported beyond the floor, in total and for the dearest.

    The modules of a library are summed; those of Baton are not.
    """
    spent: Counter[str] = Counter()
    for name in found.keys() - set(floor):
        spent[name if name.startswith(OURS) else name.partition(".")[0]] += found[name]
    return {
        "ms": round(sum(spent.values()) / 1000, 1),
        "dearest": {name: round(us / 1000, 1) for name, us in spent.most_common(SHOWN)},
    }


def _imported(source: Path, url: str, handler: list[str], event: Any) -> dict[str, int]:
    _, said = unpacked.run(
        unpacked.CHILD, [str(source), *handler], event, url, ("-X", "importtime")
    )
    return parse(said)
