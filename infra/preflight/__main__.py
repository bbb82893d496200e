"""`python -m infra.preflight write | check`, which `make check` and `make preflight` call.

write: a file for each of DEPLOYMENTS in `checked/` of the package's folder, as packaged and after
the SAM transform. check: ask cdk-preflight about each, and first about a template that it must
refuse.
"""

from __future__ import annotations

import argparse
import copy
import json
import string
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.deploy import with_code
from infra.package import HOME, PackageError, own_architecture, package
from infra.preflight import DEPLOYMENTS, PreflightError, check, transformed
from infra.preflight.concrete import concrete

REGION = "us-east-1"
SPOILT = "AdminSecret"


def main(arguments: list[str]) -> int:
    """Run one command. Return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.preflight", description="Check the packaged template."
    )
    parser.add_argument("command", choices=["write", "check"])
    given = parser.parse_args(arguments)
    try:
        return {"write": _write, "check": _check}[given.command]()
    except (PackageError, PreflightError) as error:
        print(error, file=sys.stderr)
        return 1


def _template() -> dict[str, Any]:
    """Return the template as a deploy uploads it, with a place that the transform can read."""
    made = package(own_architecture())
    return with_code(made.template, "baton-artifacts", "deployment.zip", made.digest)


def _check() -> int:
    template = _template()
    refused = {finding.resource for finding in check(_spoilt(template), DEPLOYMENTS["dev"], REGION)}
    if refused != {SPOILT}:
        raise PreflightError(f"cdk-preflight should refuse {SPOILT} here, and refuses {refused}")
    found = [
        f"{name}: {finding}"
        for name, parameters in DEPLOYMENTS.items()
        for finding in check(template, parameters, REGION)
    ]
    print("\n".join(found) or f"preflight: {len(DEPLOYMENTS)} deployments, nothing found")
    return 1 if found else 0


def _spoilt(template: Mapping[str, Any]) -> dict[str, Any]:
    """Return the template with a secret that must have punctuation, and may have none."""
    spoilt = copy.deepcopy(dict(template))
    spoilt["Resources"][SPOILT]["Properties"]["GenerateSecretString"] = {
        "ExcludeCharacters": string.punctuation
    }
    return spoilt


def _write() -> int:
    template = _template()
    folder = HOME / own_architecture() / "checked"
    for name, parameters in DEPLOYMENTS.items():
        packaged = concrete(template, parameters)
        _save(folder / "packaged" / f"{name}.json", packaged)
        _save(folder / "transformed" / f"{name}.json", transformed(packaged, REGION))
    return 0


def _save(path: Path, template: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(template, indent=1))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
