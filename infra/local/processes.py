"""Processes that outlive the command that started them: how they are found and stopped again."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.local import probe
from infra.local.waiting import LOOKS, look_for
from infra.paths import LOCAL, ROOT, make_private, write_private

RECORD = LOCAL / "processes.json"


class LocalError(Exception):
    """The local stack could not be started. The message says why and where to look."""


@dataclass(frozen=True)
class Running:
    """A process that was started and is still running."""

    pid: int
    port: int
    mark: str
    """The last word of its command, by which another process under the same id is told apart."""


def start(name: str, command: list[str], environment: Mapping[str, str], port: int) -> int:
    """Start a process in a group of its own. Record its id and return it.

    The output goes to .local/<name>.log.
    """
    make_private(LOCAL)
    log_path = LOCAL / f"{name}.log"
    log_path.touch(mode=0o600)  # the emulator logs the recipient of every email
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    record = _read() | {name: {"pid": process.pid, "port": port, "mark": command[-1]}}
    write_private(RECORD, json.dumps(record))
    return process.pid


def start_module(name: str, module: str, arguments: list[str], port: int) -> int:
    """Start a module of this project with the Python that runs this. Return the process id."""
    return start(name, [sys.executable, "-m", module, *arguments], os.environ, port)


def running(name: str) -> Running | None:
    """Return the process of a name, None when it is no longer running."""
    entry = _read().get(name)
    if entry is None:
        return None
    found = Running(**entry)
    return found if _is_alive(found.pid) and found.mark in _command_line(found.pid) else None


def stop(name: str) -> bool:
    """Ask a process to end, wait, and kill what is left of its group.

    Return False when none was running.
    """
    found = running(name)
    if found:
        still_up = f"{name} is still running"
        _signal(found.pid, signal.SIGTERM)
        with suppress(LocalError):
            wait_until(lambda: not _is_alive(found.pid), still_up)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(found.pid, signal.SIGKILL)
        with suppress(LocalError):
            wait_until(lambda: not _is_alive(found.pid), still_up)
    record = _read()
    record.pop(name, None)
    write_private(RECORD, json.dumps(record))
    return found is not None


def wait_until(condition: Callable[[], bool], what: str, looks: int = LOOKS) -> None:
    """Return once a condition holds. Raise LocalError after so many looks.

    what: the complaint, for example "the site does not answer".
    """
    if not look_for(condition, looks):
        raise LocalError(f"{what} after {looks} looks")


def wait_until_answered(name: str, url: str, what: str) -> None:
    """Return once the process of a name answers at a URL. Raise LocalError, at once if it ended."""

    def answers() -> bool:
        if running(name) is None:
            raise LocalError(f"{what}: it has stopped by itself, see {LOCAL / f'{name}.log'}")
        return probe.is_ok(url)

    wait_until(answers, what)


def choose_port(wanted: str | None) -> int:
    """Return the wanted port, or a free one when none is wanted."""
    if wanted:
        return int(wanted)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _read() -> dict[str, dict[str, Any]]:
    return json.loads(RECORD.read_text()) if RECORD.exists() else {}


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _is_alive(pid: int) -> bool:
    """Return whether a process is running. One that ended but was not yet reaped is not."""
    with suppress(ChildProcessError):  # a child of ours only if this very command started it
        os.waitpid(pid, os.WNOHANG)
    status = Path(f"/proc/{pid}/stat")
    if Path("/proc/self").exists():
        with suppress(OSError):
            return status.read_text().rpartition(")")[2].split()[0] != "Z"
        return False
    return bool(_ask_ps(pid, "stat")) and not _ask_ps(pid, "stat").startswith("Z")


def _command_line(pid: int) -> str:
    """Return the command line of a process: by now, its id may belong to another program."""
    if Path("/proc/self").exists():
        with suppress(OSError):
            return (
                Path(f"/proc/{pid}/cmdline")
                .read_bytes()
                .replace(b"\0", b" ")
                .decode(errors="replace")
            )
        return ""
    return _ask_ps(pid, "command")


def _ask_ps(pid: int, column: str) -> str:
    done = subprocess.run(
        ["ps", "-ww", "-o", f"{column}=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip()
