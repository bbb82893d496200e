"""Ask pip-audit whether a locked package has a known vulnerability, and say when it cannot tell.

Where the package index offers no advisories, pip-audit itself reports "No known vulnerabilities
found", lists every package as skipped and succeeds. This wrapper reports what was not audited.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.paths import ROOT

PIP_AUDIT = ROOT / ".venv-check" / "bin" / "pip-audit"
HOW = (
    "--format=json",
    "--progress-spinner=off",
    "--disable-pip",
    "--require-hashes",
    "--timeout=15",
)


@dataclass(frozen=True)
class Audit:
    """What is known about the packages of a lock."""

    vulnerable: tuple[str, ...] = ()
    """One line for each known vulnerability: package, version and its id."""
    unaudited: str = ""
    """Why some packages, or all, were not audited; empty when all were."""


def read_report(report: Mapping[str, Any]) -> Audit:
    """Return the audit of pip-audit's JSON report."""
    packages: Sequence[Mapping[str, Any]] = report["dependencies"]
    flaws = [
        f"{one['name']} {one['version']}: {flaw['id']}"
        for one in packages
        for flaw in one.get("vulns", [])
    ]
    skipped = [str(one["skip_reason"]) for one in packages if "skip_reason" in one]
    unaudited = (
        f"{len(skipped)} of {len(packages)} packages, the first: {skipped[0]}" if skipped else ""
    )
    return Audit(tuple(flaws), unaudited)


def verdict(audits: Mapping[str, Audit]) -> tuple[list[str], bool]:
    """Return the lines to print about all locks, by their names, and whether the check passes.

    A known vulnerability fails. What was not audited is printed and passes: a network that reaches
    only the files of a registry must not keep anybody from building.
    """
    lines = [f"{lock}: {flaw}" for lock, audit in audits.items() for flaw in audit.vulnerable]
    unaudited = [
        f"{lock}: NOT AUDITED: {audit.unaudited}"
        for lock, audit in audits.items()
        if audit.unaudited
    ]
    if unaudited:
        unaudited.append(
            "PyPI's advisories cannot be read from here, so nothing is known about these packages."
        )
    return lines + unaudited, not lines


def audit_lock(lock: Path) -> Audit:
    """Run pip-audit on one lock. Return what it found."""
    done = subprocess.run(
        [str(PIP_AUDIT), *HOW, "-r", str(lock)], capture_output=True, text=True, check=False
    )
    try:
        return read_report(json.loads(done.stdout))
    except ValueError:  # no report: no connection
        why = done.stderr.strip() or "pip-audit printed nothing"
        return Audit(unaudited=why.splitlines()[-1])


def main(locks: Iterable[Path]) -> int:
    """Audit every lock. Return the exit code."""
    paths = sorted(locks)
    with ThreadPoolExecutor() as several:
        found = several.map(audit_lock, paths)
        audits = dict(zip([path.name for path in paths], found, strict=True))
    lines, good = verdict(audits)
    for line in lines:
        print(f"pip-audit: {line}", file=sys.stderr)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(ROOT.glob("requirements*.txt")))
