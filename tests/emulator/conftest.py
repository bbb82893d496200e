"""What the tests of the mends share: clients, a function that writes down its events, a stack."""

import io
import json
import zipfile
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config

from infra.local.waiting import look_for
from tests.aws import session

REGION = "us-east-1"
ENDED = ("_COMPLETE", "_FAILED")
SOURCE = """
import json, os

def handler(event, context):
    with open(os.environ["EVENTS"], "a") as events:
        events.write(json.dumps(event) + "\\n")
    with open(os.environ["EVENTS"]) as events:
        first = len(events.readlines()) == 1
    %s
"""
_numbers = count(1)


@pytest.fixture(scope="session")
def aws(emulator: str) -> Callable[[str], Any]:
    """A client of a service of the emulator."""
    client: Callable[..., Any] = session(REGION).client
    once = Config(retries={"total_max_attempts": 1})
    return lambda service: client(service, endpoint_url=emulator, config=once)


class Function:
    """A function that writes down each event it gets."""

    def __init__(self, arn: str, events_path: Path) -> None:
        self.arn = arn
        self._events_path = events_path

    def events(self) -> list[Any]:
        """The events so far, in order."""
        if not self._events_path.exists():
            return []
        *whole, _being_written = self._events_path.read_text().split("\n")
        return [json.loads(line) for line in whole]

    def let_go(self) -> None:
        """Let it end, if it waits for that."""
        self._events_path.with_name(f"{self._events_path.name}-go").touch()

    def wait_for(self, number: int) -> list[Any]:
        """Return so many events or more, once they have come."""
        assert look_for(lambda: len(self.events()) >= number), self.events()
        return self.events()


@pytest.fixture(scope="session")
def function(
    aws: Callable[[str], Any], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Function]:
    """Makes a function that answers what an expression says; `first` is true at its first call."""
    folder = tmp_path_factory.mktemp("functions")

    def make(answer: str) -> Function:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("main.py", SOURCE % answer)
        number = next(_numbers)
        events_path = folder / f"events-{number}"
        made = aws("lambda").create_function(
            FunctionName=f"listener-{number}",
            Runtime="python3.11",
            Role="arn:aws:iam::000000000000:role/listener",
            Handler="main.handler",
            Code={"ZipFile": packed.getvalue()},
            Environment={"Variables": {"EVENTS": str(events_path)}},
            Timeout=60,
        )
        return Function(made["FunctionArn"], events_path)

    return make


@pytest.fixture
def deploy(aws: Callable[[str], Any]) -> Callable[..., tuple[str, dict[str, str]]]:
    """Creates a stack, or updates one of that name: its status, and the physical ids."""
    client = aws("cloudformation")

    def run(resources: Any, name: str | None = None) -> tuple[str, dict[str, str]]:
        stack = name or f"stack-{next(_numbers)}"
        act = client.update_stack if name else client.create_stack
        act(StackName=stack, TemplateBody=json.dumps({"Resources": resources}))

        def status() -> str:
            (found,) = client.describe_stacks(StackName=stack)["Stacks"]
            return str(found["StackStatus"])

        assert look_for(lambda: status().endswith(ENDED)), status()
        made = client.describe_stack_resources(StackName=stack)["StackResources"]
        ids = {one["LogicalResourceId"]: one.get("PhysicalResourceId", "") for one in made}
        return status(), {"stack": stack, **ids}

    return run
