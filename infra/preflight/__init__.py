"""Check the packaged template as CloudFormation would deploy it with given parameters.

`make check` lints what `python -m infra.preflight write` writes. `make nightly`, and every deploy
outside dev, also ask cdk-preflight, whose rules were each reproduced on AWS (ADR 0026). It needs no
network and no account.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.paths import MADE, ROOT
from infra.preflight.concrete import broken_rules, concrete

HERE = Path(__file__).parent
SAM_PYTHON = ROOT / ".venv-local" / "bin" / "python"
MODULES = MADE / "preflight" / "node_modules"
INSTALLED = MODULES / "ready"

OWN_DOMAIN = {
    "DomainName": "go.acme.example",
    "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/5f1c0d5e-0000-4000-8000",
}
EVERYTHING = {
    "Sender": "hello@acme.example",
    "AlarmEmail": "ops@acme.example",
    "TimeZone": "Europe/Berlin",
    "PublicConcurrency": "0",
    "NurturePerMinute": "60",
    "ReplyDomain": "replies.acme.example",
    "RequestsPerAddress": "1000",
    "MonthlyBudget": "120",
    "FirstEmailsPerHour": "1000",
    "RetentionEvents": "800",
    "RetentionForms": "1095",
    "RetentionMessages": "400",
    "RetentionSubmissions": "7",
    "TextIdentity": "+15555550100",
    "GivenIdentitySecret": "arn:aws:secretsmanager:us-east-1:123456789012:secret:identity-a1b2c3",
    "GivenLinkSecret": "arn:aws:secretsmanager:us-east-1:123456789012:secret:link-a1b2c3",
    "ChallengeSecret": "arn:aws:secretsmanager:us-east-1:123456789012:secret:challenge-a1b2c3",
    **OWN_DOMAIN,
}
DEPLOYMENTS: Mapping[str, Mapping[str, str]] = {
    "dev": {"Stage": "dev"},
    "dev-everything": {"Stage": "dev", "NowOffset": "-15m", "Gradual": "true", **EVERYTHING},
    "prod": {"Stage": "prod", "Sender": "hello@acme.example", "Gradual": "true"},
    "prod-everything": {"Stage": "prod", "Gradual": "true", **EVERYTHING},
}
"""The parameters that the template is checked with: in dev and outside, each optional parameter
given and not, with concurrency reserved and not.
"""


class PreflightError(Exception):
    """The check could not be made. The message says what is missing, or what the tool printed."""


@dataclass(frozen=True)
class Finding:
    """Why a template would not deploy."""

    rule: str
    resource: str
    """Its logical id; empty for a rule about the parameters."""
    message: str

    def __str__(self) -> str:
        """Return it in one line."""
        return f"{self.resource}: {self.message} ({self.rule})"


def check(
    template: Mapping[str, Any],
    parameters: Mapping[str, str],
    region: str,
    installed: Path = INSTALLED,
) -> list[Finding]:
    """Return why a packaged template would not deploy with these parameters, if anything.

    installed: is there when cdk-preflight is. Raise PreflightError.
    """
    if not installed.exists():
        raise PreflightError("cdk-preflight is not installed: install npm, then run make preflight")
    broken = [Finding("Rules", "", why) for why in broken_rules(template, parameters)]
    deployed = transformed(concrete(template, parameters), region)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.json"
        path.write_text(json.dumps(deployed))
        said = _run(["node", str(HERE / "check.js"), str(path), f"{folder}/out"], None, region)
    answer = json.loads(said)
    if not answer["asked"]:
        raise PreflightError("cdk-preflight has no rules")
    return broken + [Finding(**one) for one in answer["found"]]


def transformed(template: Mapping[str, Any], region: str) -> dict[str, Any]:
    """Return a concrete template after the SAM transform of a region. Raise PreflightError."""
    if not SAM_PYTHON.exists():
        raise PreflightError("the SAM transform is not installed: run make preflight")
    said = _run([str(SAM_PYTHON), "-I", str(HERE / "transform.py")], json.dumps(template), region)
    done: dict[str, Any] = json.loads(said)
    return done


def _run(command: list[str], given: str | None, region: str) -> str:
    """Run a tool without an account and return what it printed. Raise PreflightError."""
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": tempfile.gettempdir(),
        "AWS_DEFAULT_REGION": region,
        "NODE_PATH": str(MODULES),
    }
    try:
        done = subprocess.run(
            command, input=given, env=environment, capture_output=True, text=True, check=True
        )
    except FileNotFoundError as error:
        raise PreflightError(f"{command[0]} is not installed") from error
    except subprocess.CalledProcessError as error:
        raise PreflightError(f"{command[0]} failed:\n{error.stderr[-4000:]}") from error
    return done.stdout
