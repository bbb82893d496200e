"""What the audit of the locks says, and when it may pass."""

import pytest

from infra.audit import Audit, read_report, verdict

CLEAN = {"name": "six", "version": "1.17.0", "vulns": []}
FLAWED = {
    "name": "jinja2",
    "version": "3.1.0",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["3.1.6"]}],
}
SKIPPED = {
    "name": "boto3",
    "skip_reason": "Dependency not found on PyPI and could not be audited: boto3 (1.44.5)",
}


def test_a_clean_lock_passes_in_silence() -> None:
    assert verdict({"requirements.txt": read_report({"dependencies": [CLEAN]})}) == ([], True)


def test_a_known_vulnerability_never_passes() -> None:
    lines, good = verdict({"requirements.txt": read_report({"dependencies": [CLEAN, FLAWED]})})
    assert (lines, good) == (["requirements.txt: jinja2 3.1.0: PYSEC-1"], False)


@pytest.mark.parametrize(
    "audit", [read_report({"dependencies": [CLEAN, SKIPPED]}), Audit(unaudited="no connection")]
)
def test_what_was_not_audited_is_said_and_stops_nobody(audit: Audit) -> None:
    # pip-audit alone says "No known vulnerabilities found" of an index without advisories.
    lines, good = verdict({"requirements.txt": audit})
    assert lines[0].startswith("requirements.txt: NOT AUDITED: ")
    assert good
