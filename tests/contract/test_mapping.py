"""A stream mapping on the local AWS that is switched off and on again.

AWS says of UpdateEventSourceMapping: a mapping that is enabled again goes on where its polling had
stopped, so that no record is lost. The end-to-end tests rely on that, and so does an operator who
pauses a function.
"""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from infra.local.waiting import look_for
from tests.aws import session
from tests.moto_table import REGION, create_table

NAME = "mapping"
ROLE = "arn:aws:iam::000000000000:role/test"
LOGS = f"/aws/lambda/{NAME}"
HANDLER = """
import json
def handle(event, context):
    print("seen " + json.dumps([one["dynamodb"]["Keys"]["sk"]["S"] for one in event["Records"]]))
"""


class Mapped:
    """A table whose stream a function reads, and writes down what it saw."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._table = self._client("dynamodb")
        self._lambda = self._client("lambda")
        create_table(self._table, NAME)
        stream = self._table.describe_table(TableName=NAME)["Table"]["LatestStreamArn"]
        self._lambda.create_function(
            FunctionName=NAME,
            Runtime="python3.11",
            Role=ROLE,
            Handler="main.handle",
            Code={"ZipFile": zipped(HANDLER)},
        )
        self.uuid = self._lambda.create_event_source_mapping(
            FunctionName=NAME, EventSourceArn=stream, StartingPosition="LATEST"
        )["UUID"]

    def _client(self, service: str) -> Any:
        make: Any = session(REGION).client
        return make(service, endpoint_url=self._url)

    def write(self, *names: str) -> None:
        for name in names:
            self._table.put_item(TableName=NAME, Item={"pk": {"S": "p"}, "sk": {"S": name}})

    def switch(self, *, on: bool) -> None:
        self._lambda.update_event_source_mapping(UUID=self.uuid, Enabled=on)

    def seen(self) -> list[str]:
        """Return the items that the function saw, in order."""
        logs = self._client("logs")
        if not logs.describe_log_groups(logGroupNamePrefix=LOGS)["logGroups"]:
            return []
        lines = logs.filter_log_events(logGroupName=LOGS)["events"]
        said = [one["message"].strip() for one in sorted(lines, key=lambda one: one["timestamp"])]
        return [
            name
            for line in said
            if line.startswith("seen ")
            for name in json.loads(line.removeprefix("seen "))
        ]

    def close(self) -> None:
        self._lambda.delete_event_source_mapping(UUID=self.uuid)
        self._lambda.delete_function(FunctionName=NAME)
        self._table.delete_table(TableName=NAME)


def zipped(source: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("main.py", source)
    return packed.getvalue()


@pytest.fixture
def mapped(emulator: str) -> Iterator[Mapped]:
    made = Mapped(emulator)
    yield made
    made.close()


def test_a_mapping_goes_on_where_it_was_switched_off(mapped: Mapped) -> None:
    mapped.write("a", "b")
    assert look_for(lambda: mapped.seen() == ["a", "b"])
    mapped.switch(on=False)
    mapped.write("c", "d")
    mapped.switch(on=True)
    mapped.write("e")
    look_for(lambda: len(mapped.seen()) >= 5)
    assert mapped.seen() == ["a", "b", "c", "d", "e"]
