"""Asks whether a locked package has a known vulnerability: pip-audit, and no silence when it cannot
know.

Asked of an index without its advisories, pip-audit itself says "No known vulnerabilities found",
lists every package as skipped and succeeds. Here what could not be asked is said.
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
    """What is known of a lock's packages. unasked: why some, or all, could not be asked about;
    empty when none.
    """

    vulnerable: tuple[str, ...] = ()
    unasked: str = ""


def read_report(report: Mapping[str, Any]) -> Audit:
    """The audit that pip-audit's JSON report tells."""
    packages: Sequence[Mapping[str, Any]] = report["dependencies"]
    flaws = [
        f"{one['name']} {one['version']}: {flaw['id']}"
        for one in packages
        for flaw in one.get("vulns", [])
    ]
    skipped = [str(one["skip_reason"]) for one in packages if "skip_reason" in one]
    unasked = (
        f"{len(skipped)} of {len(packages)} packages, the first: {skipped[0]}" if skipped else ""
    )
    return Audit(tuple(flaws), unasked)


def verdict(audits: Mapping[str, Audit]) -> tuple[list[str], bool]:
    """What to say of all locks, by their names, and whether that may pass.

    A known flaw does not pass. What could not be asked is said and passes: a network that reaches
    only a registry's files must not keep anybody from building.
    """
    lines = [f"{lock}: {flaw}" for lock, audit in audits.items() for flaw in audit.vulnerable]
    unasked = [
        f"{lock}: NOT AUDITED: {audit.unasked}" for lock, audit in audits.items() if audit.unasked
    ]
    if unasked:
        unasked.append(
            "The advisories of PyPI cannot be read from here: nothing is known of these packages."
        )
    return lines + unasked, not lines


def ask(lock: Path) -> Audit:
    """Asks pip-audit about one lock."""
    done = subprocess.run(
        [str(PIP_AUDIT), *HOW, "-r", str(lock)], capture_output=True, text=True, check=False
    )
    try:
        return read_report(json.loads(done.stdout))
    except ValueError:  # no report: no connection
        return Audit(unasked=(done.stderr.strip() or "pip-audit said nothing").splitlines()[-1])


def main(locks: Iterable[Path]) -> int:
    """Audits every lock."""
    paths = sorted(locks)
    with ThreadPoolExecutor() as several:
        audits = dict(zip([path.name for path in paths], several.map(ask, paths), strict=True))
    lines, good = verdict(audits)
    for line in lines:
        print(f"pip-audit: {line}", file=sys.stderr)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(ROOT.glob("requirements*.txt")))
