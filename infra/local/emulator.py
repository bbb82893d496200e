"""The local AWS itself: ministack, in an environment of its own because it pins its botocore."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass

from infra.local import processes
from infra.local.processes import LocalError
from infra.paths import LOCAL, ROOT

NAME = "emulator"
REGION = "us-east-1"
ANYBODY = "test"  # both halves of the credentials: the emulator accepts any
STATE = LOCAL / "state"
WORK = LOCAL / "tmp"
PYTHON = ROOT / ".venv-local" / "bin" / "python"
PROGRAM = ROOT / "infra" / "local" / "emulate" / "__main__.py"


@dataclass(frozen=True)
class Emulator:
    """A running emulator."""

    pid: int
    port: int

    @property
    def url(self) -> str:
        """The endpoint of every AWS service."""
        return f"http://127.0.0.1:{self.port}"


def find() -> Emulator | None:
    """Return the emulator of this checkout, None when it is not running."""
    found = processes.running(NAME)
    return Emulator(found.pid, found.port) if found else None


def start() -> Emulator:
    """Return the running emulator, or start one, which is not ready yet. Raise LocalError."""
    already = find()
    if already:
        return already
    if not PYTHON.exists():
        raise LocalError("the local AWS is not installed: run `make up`, which installs it")
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    port = processes.choose_port(os.environ.get("BATON_PORT"))
    # -I keeps the program's own folder off the import path: its modules would hide installed ones.
    command = [str(PYTHON), "-I", str(PROGRAM)]
    return Emulator(processes.start(NAME, command, _environment(port), port), port)


def wait_until_ready(emulator: Emulator) -> None:
    """Return once the emulator answers. Raise LocalError when it ends by itself."""
    health = f"{emulator.url}/_ministack/health"
    processes.wait_until_answered(NAME, health, "the local AWS does not answer")


def stop() -> bool:
    """Stop the emulator and its workers; keep the data on disk. Return False if none was up."""
    was_running = processes.stop(NAME)  # it writes its state to the disk before it ends
    shutil.rmtree(WORK, ignore_errors=True)
    return was_running


def _environment(port: int) -> dict[str, str]:
    """Return an environment without the settings of the user's shell.

    Functions inherit it, and must see no account, proxy or profile.
    """
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(WORK),
        "TMPDIR": str(WORK),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "AWS_ACCESS_KEY_ID": ANYBODY,
        "AWS_SECRET_ACCESS_KEY": ANYBODY,
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "PERSIST_STATE": "1",
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(STATE / "s3"),
        "STATE_DIR": str(STATE),
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        # As AWS gives an account; by itself the emulator gives what its memory could start.
        "LAMBDA_ACCOUNT_CONCURRENCY": "1000",
    }
