"""How the local stack and the tests wait: as long as the machine needs, however slow it is.

The story behind this file: a test of the walk allowed each step eight seconds. It also makes the
next function start anew, and while both cores were busy that alone took longer than eight seconds.
The walk then said that no lead was made, at a step that the test was not about.
"""

import ast
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra.local import processes
from infra.local.processes import LocalError
from infra.local.waiting import LOOKS, look_for
from infra.paths import ROOT

WAITING = ("infra/local", "tests/e2e", "tests/browser", "tests/contract", "tests/engines.py")
CLOCKS = {"monotonic", "perf_counter", "sleep", "time"}
ALLOWED = {
    "infra/local/waiting.py": {"sleep"},
    # between two polls of a stream, and how old a record is
    "infra/local/emulate/functions.py": {"sleep", "time"},
    "infra/local/emulate/ses_account.py": {"time"},  # whose quota is of the last 24 hours
    "infra/local/emulate/ses_events.py": {"sleep"},  # a delivery is reported some seconds later
    "infra/local/__main__.py": {"monotonic", "sleep"},  # how long it took, and until Ctrl-C
}


class SlowMachine:
    """A machine on which each look takes an hour, and the work is done after so many looks."""

    def __init__(self, needed: int) -> None:
        self.now = datetime(2026, 11, 22, tzinfo=UTC)
        self.needed = needed
        self.looks = 0
        self.pauses = 0

    def is_done(self) -> bool:
        self.looks += 1
        self.now += timedelta(hours=1)
        return self.looks >= self.needed

    def pause(self) -> None:
        self.pauses += 1


def test_a_slow_machine_is_waited_for_however_long_it_takes() -> None:
    machine = SlowMachine(needed=LOOKS)
    assert look_for(machine.is_done, pause=machine.pause)
    assert machine.now - datetime(2026, 11, 22, tzinfo=UTC) == timedelta(hours=LOOKS)


def test_what_holds_at_once_is_not_waited_for() -> None:
    machine = SlowMachine(needed=1)
    assert look_for(machine.is_done, pause=machine.pause)
    assert (machine.looks, machine.pauses) == (1, 0)


def test_what_never_holds_ends_after_the_last_look() -> None:
    machine = SlowMachine(needed=8)
    assert not look_for(machine.is_done, looks=7, pause=machine.pause)
    assert (machine.looks, machine.pauses) == (7, 6)
    with pytest.raises(LocalError, match="the site does not answer after 1 looks"):
        processes.wait_until(lambda: False, "the site does not answer", looks=1)


def test_a_process_that_ended_by_itself_is_not_waited_for() -> None:
    with pytest.raises(LocalError, match="it has stopped by itself"):
        processes.wait_until_answered("nothing", "http://127.0.0.1:9", "nothing starts")


def test_nothing_that_waits_reads_a_clock() -> None:
    read = {
        str(path.relative_to(ROOT)): clocks
        for path in waiting_files()
        if (clocks := CLOCKS & set(time_calls(path)))
    }
    assert read == ALLOWED


def waiting_files() -> Iterator[Path]:
    for place in WAITING:
        path = ROOT / place
        yield from path.rglob("*.py") if path.is_dir() else [path]


def time_calls(path: Path) -> Iterator[str]:
    """What a file calls of the module time."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id == "time":
                yield node.attr
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from (one.name for one in node.names)
