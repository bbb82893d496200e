"""`python -m bench [section ...]`: measure what Baton costs.

Print a table to standard error and one JSON document to standard output; keep the document in
.local/bench/bench.json.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from datetime import UTC, datetime
from typing import Any

from bench import (
    BenchError,
    before,
    cold,
    cost,
    cpu,
    deliver,
    emails,
    hostile,
    imports,
    isolation,
    latency,
    nurture,
    scoring,
    simulate,
    table,
    units,
    worst,
)
from infra.local.processes import LocalError
from infra.package import PackageError
from infra.paths import MADE

REPORT = MADE / "bench" / "bench.json"
SECTIONS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "cold": cold.measure,
    "imports": imports.measure,
    "cpu": cpu.measure,
    "scoring": scoring.measure,
    "what-if": simulate.measure,
    "emails": emails.measure,
    "nurture": nurture.measure,
    "deliver": deliver.measure,
    "before": before.measure,
    "replay": worst.measure,
    "units": units.measure,
    "hostile": hostile.measure,
    "latency": latency.measure,
    "isolation": isolation.measure,
}
COST = "cost"  # computed from the sections units and cpu


def main(arguments: list[str]) -> int:
    """Measure the named sections, or all. Return 1 when something could not be measured."""
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measure what Baton costs in time, units and money."
    )
    parser.add_argument(
        "sections",
        nargs="*",
        metavar="section",
        help=f"{', '.join(SECTIONS)}; all if none is given",
    )
    wanted = parser.parse_args(arguments).sections or list(SECTIONS)
    if unknown := set(wanted) - set(SECTIONS):
        parser.error(f"there is no section {', '.join(sorted(unknown))}")
    report: dict[str, Any] = {
        "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%MZ}",
        "python": platform.python_version(),
    }
    for name in wanted:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        # Standard output is for the document alone, not for the log lines of the functions.
        with redirect_stdout(sys.stderr):
            report[name] = _tried(SECTIONS[name])
    if _is_measured(report, "units") and _is_measured(report, "cpu"):
        report[COST] = cost.measure(report["units"], report["cpu"])
    _keep(report)
    print(table.render(report), file=sys.stderr)
    print(json.dumps(report, indent=1))
    return int(any("failed" in report[name] for name in wanted))


def _tried(section: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return section()
    except (BenchError, LocalError, PackageError) as error:
        return {"failed": str(error)}


def _is_measured(report: Mapping[str, Any], name: str) -> bool:
    return name in report and "failed" not in report[name]


def _keep(report: Mapping[str, Any]) -> None:
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
