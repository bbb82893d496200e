"""One deployed stack for all tests that need one: the real template on the local AWS, in a folder
of its own.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import uuid4

import pytest

from chalicelib.settings import parse_offset
from infra.local import stack as stacks
from infra.local.outgoing import Outgoing, call_http
from infra.local.stack import Stack
from infra.paths import ROOT
from tests import engines
from tests.aws import session
from tests.e2e.driver import Driver
from tests.sizes import SEED, SIZES
from tests.welcome import WELCOME

HOME = ".local/e2e"
REPEAT = f"seed {SEED}: `make {SIZES.name} SEED={SEED}` repeats what was drawn"
SLOW_FOLDERS = ("properties", "integration")
LONGEST = ("stack", "deploy-page")
MOST_MINUTES = 60  # that the tests of the stack take


@cache
def base_offset() -> str:
    """Return the shift of the stack's clock that keeps all tests within the hours of emails."""
    return stacks.offset_into_hours(stacks.utc_now(), MOST_MINUTES)


def stack_now() -> datetime:
    """Return the time on the stack's clock, when no test has shifted it."""
    return datetime.now(UTC) + parse_offset(base_offset())


def command(*words: str, module: str = "infra.local", expected: int = 0, **environment: str) -> str:
    """Run one of the commands behind `make` on the tests' own stack; what it printed.

    expected: its exit code.
    """
    done = subprocess.run(
        [sys.executable, "-m", module, *words],
        cwd=ROOT,
        env={**os.environ, "BATON_HOME": HOME, "BATON_NOW_OFFSET": base_offset(), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == expected, done.stdout + done.stderr
    return done.stdout


def read_stack() -> Stack:
    return Stack(**json.loads((ROOT / HOME / "stack.json").read_text()))


def put_welcome(stack: Stack, *, active: bool = True) -> None:
    """Put the welcome into a stack. Workers learn of it within 30 s.

    Of several sequences a lead enters the one of the highest priority: this one.
    """
    headers = {"Authorization": f"Bearer {stack.admin_token}", "Content-Type": "application/json"}
    for (kind, one_id), document in WELCOME.items():
        body = document if kind == "email" else {**document, "active": active, "priority": 90}
        url = f"{stack.api_url}/v1/{kind}s/{one_id}"
        call_http(url, headers=headers, body=json.dumps(body).encode(), method="PUT")


@pytest.fixture(scope="session")
def running_stack() -> Iterator[Callable[[], Stack]]:
    stacks.use_local_account()
    command("down")
    shutil.rmtree(ROOT / HOME, ignore_errors=True)
    command("up")
    put_welcome(read_stack())
    yield read_stack
    command("down")


@pytest.fixture(scope="session")
def emulator() -> Iterator[str]:
    """The URL of an emulator without a stack, which runs for all tests."""
    yield from engines.running(engines.emulator())


@pytest.fixture
def stack(running_stack: Callable[[], Stack]) -> Stack:
    """Where the stack is now: a test that restarts it moves it to other ports.

    SES reports nothing by itself, so that each test decides what becomes of its emails.
    """
    stack = running_stack()
    Outgoing(stack).report([])
    return stack


@pytest.fixture
def driver(stack: Stack) -> Driver:
    """Drives the stack, which sends: the bounces and complaints of the tests before would add up
    until the brake stops marketing's emails (ADR 0057), and their texts until Sam gets no more
    (ADR 0073).
    """
    driver = Driver(stack, command)
    driver.resume_sending()
    driver.forget_texts()
    return driver


@pytest.fixture
def email() -> str:
    """An address that no other test uses."""
    return f"ann-{uuid4().hex[:12]}@acme.example"


@pytest.fixture
def aws(stack: Stack) -> Any:
    """A client of a service of the stack's AWS."""
    client = session(stack.region).client
    return lambda service: client(service, endpoint_url=stack.aws_endpoint_url)


@pytest.hookimpl(tryfirst=True)  # before hypothesis reads its options
def pytest_configure(config: pytest.Config) -> None:
    """Let hypothesis draw from the seed of the run."""
    config.option.hypothesis_seed = str(SEED)


def pytest_report_header() -> str:
    return REPEAT


@pytest.hookimpl(tryfirst=True)  # xdist must see the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run what shares a process in one worker, and what takes longest first.

    There is one stack, one who follows the deploy page, and one process of each engine. The tests
    of the first two take longest, one after the other: begun last, they would keep one core idle.
    """
    for item in items:
        if group := group_of(item):
            item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: (group_of(item) not in LONGEST, not is_slow(item)))


def group_of(item: pytest.Item) -> str | None:
    """Return the name of what a test shares with others, or None."""
    fixtures = getattr(item, "fixturenames", ())
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    if "running_stack" in fixtures:
        return "stack"
    if "followed" in fixtures:
        return "deploy-page"
    if "emulator" in (*fixtures, parameters.get("table")):
        return "emulator"
    return "dynamodb-local" if parameters.get("table") == "dynamodb-local" else None


def is_slow(item: pytest.Item) -> bool:
    """Return whether a test is of a folder whose tests take seconds."""
    return any(f"tests/{folder}/" in item.nodeid for folder in SLOW_FOLDERS)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have counted, for example how many crashes were tried, and the seed."""
    for report in terminalreporter.stats.get("passed", []):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{report.nodeid.rpartition('::')[2]}: {name}: {value}")
    terminalreporter.write_line(REPEAT)
