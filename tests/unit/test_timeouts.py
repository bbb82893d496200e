"""Every call that leaves the process has a time-out of its own."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from botocore.config import Config

from infra.deploy import SDK_CALLS
from infra.paths import ROOT

FOLDERS = ("chalicelib", "infra", "tools")
BOUNDED_BY = {"client": "config", "resource": "config", "urlopen": "timeout", "open": "timeout"}
"""A call that opens a connection, and the argument that bounds it."""
OWNERS = {"client": {"boto3", "session"}, "resource": {"boto3", "session"}, "open": {"_OPENER"}}


def outbound() -> Iterator[tuple[str, ast.Call, str]]:
    """Yield each call that opens a connection: its file, the call, and the argument it needs."""
    for path in [
        ROOT / "app.py",
        *(one for name in FOLDERS for one in (ROOT / name).rglob("*.py")),
    ]:
        for node in ast.walk(ast.parse(path.read_text())):
            name = opens(node) if isinstance(node, ast.Call) else None
            if isinstance(node, ast.Call) and name is not None:
                yield str(path.relative_to(ROOT)), node, BOUNDED_BY[name]


def opens(call: ast.Call) -> str | None:
    """Return by which name a call opens a connection, None when it does not."""
    if isinstance(call.func, ast.Name):
        return {"made": "client", "urlopen": "urlopen"}.get(call.func.id)
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in BOUNDED_BY:
        return None
    owner = call.func.value
    owner_name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
    name = call.func.attr
    return name if name == "urlopen" or owner_name in OWNERS[name] else None


def test_every_outbound_call_is_bounded() -> None:
    unbounded = {
        file
        for file, call, needed in outbound()
        if needed not in {keyword.arg for keyword in call.keywords}
    }
    assert unbounded == set()


def test_the_search_finds_what_opens_connections() -> None:
    files = {file for file, _, _ in outbound()}
    assert files >= {
        "chalicelib/delivery/senders.py",
        "chalicelib/store/dynamo.py",
        "chalicelib/store/secrets.py",
        "infra/defaults.py",
        "infra/deploy.py",
        "infra/local/mailbox.py",
        "infra/local/probe.py",
    }


def test_no_other_library_opens_connections() -> None:
    modules = {"http.client", "requests", "urllib3", "httpx", "smtplib", "ftplib"}
    found = {
        str(path.relative_to(ROOT))
        for name in FOLDERS
        for path in (ROOT / name).rglob("*.py")
        if modules & set(imported(path))
    }
    assert found == {
        # For the name of an error alone: it asks with urlopen, and says how long.
        "chalicelib/capture/screening/challenge.py",
        "chalicelib/delivery/webhooks.py",  # says how long, too
    }


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_a_tools_call_ends() -> None:
    assert longest_s(SDK_CALLS) <= 5 * 65


def longest_s(config: Config) -> float:
    """Return how many seconds a call takes at most, without the waits between its attempts."""
    bounds: Any = config  # its attributes are made when it is
    attempts = (bounds.retries or {}).get("total_max_attempts", 5)  # botocore's own, at most
    return float(attempts * (bounds.connect_timeout + bounds.read_timeout))
