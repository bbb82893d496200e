"""Queues: what goes in comes out, on every engine; and what a failing one says."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Protocol

import pytest
from botocore.config import Config

from chalicelib.clock.tasks import QueueName
from chalicelib.store.queues import QueueError, SqsQueues, each_message
from tests.aws import mock_aws, session
from tests.fakes import NOW, FakeClock, FakeQueues
from tests.moto_table import REGION

ENGINES = ("memory", "moto", "emulator")
MANY = 23  # more than two requests
_names = count(1)


class Engine(Protocol):
    """Queues, and how what waits in them is received."""

    queues: Any

    def receive(self, queue: QueueName) -> list[str]:
        """Receive all that can be received now, and leave it there."""

    def delete(self) -> None:
        """Delete what was received."""

    def later(self) -> None:
        """Let the visibility time-out pass."""


class InMemory:
    """The fake."""

    def __init__(self) -> None:
        self.queues = FakeQueues()
        self.clock = FakeClock()
        self.received: list[Any] = []

    def receive(self, queue: QueueName) -> list[str]:
        found = []
        while message := self.queues.receive(queue, self.clock()):
            found.append(message.text)
            self.received.append((queue, message))
        return found

    def delete(self) -> None:
        for queue, message in self.received:
            self.queues.delete(queue, message)

    def later(self) -> None:
        self.clock.tick(FakeQueues.VISIBILITY)


class OnSqs:
    """SQS itself, or what plays it."""

    def __init__(self, client: Any) -> None:
        self.client = client
        number = next(_names)
        self.urls = {
            name: client.create_queue(QueueName=f"{name}-{number}")["QueueUrl"]
            for name in QueueName
        }
        self.queues = SqsQueues(client, self.urls)
        self.received: list[tuple[str, str]] = []

    def receive(self, queue: QueueName) -> list[str]:
        found = []
        url = self.urls[queue]
        while answer := self.client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            found += [one["Body"] for one in answer]
            self.received += [(url, one["ReceiptHandle"]) for one in answer]
        return found

    def delete(self) -> None:
        for url, receipt in self.received:
            self.client.delete_message(QueueUrl=url, ReceiptHandle=receipt)

    def later(self) -> None:
        for url, receipt in self.received:
            self.client.change_message_visibility(
                QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=0
            )


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    if request.param == "memory":
        yield InMemory()
    elif request.param == "moto":
        with mock_aws():
            yield OnSqs(session(REGION).client("sqs"))
    else:
        url = request.getfixturevalue("emulator")
        once = Config(retries={"total_max_attempts": 1})
        yield OnSqs(session(REGION).client("sqs", endpoint_url=url, config=once))


def test_every_message_arrives_in_its_queue(engine: Engine) -> None:
    texts = [f'{{"number":{number}}}' for number in range(MANY)]
    engine.queues.send(QueueName.LEADS, texts)
    engine.queues.send(QueueName.JOBS, ["x"])
    assert sorted(engine.receive(QueueName.LEADS)) == sorted(texts)
    assert engine.receive(QueueName.JOBS) == ["x"]
    assert engine.receive(QueueName.URGENT) == []


def test_nothing_to_send_is_sent(engine: Engine) -> None:
    engine.queues.send(QueueName.LEADS, [])
    assert engine.receive(QueueName.LEADS) == []


def test_a_received_message_is_hidden_and_comes_again(engine: Engine) -> None:
    engine.queues.send(QueueName.LEADS, ["x"])
    assert engine.receive(QueueName.LEADS) == ["x"]
    assert engine.receive(QueueName.LEADS) == []
    engine.later()
    assert engine.receive(QueueName.LEADS) == ["x"]


def test_a_deleted_message_never_comes_again(engine: Engine) -> None:
    engine.queues.send(QueueName.LEADS, ["x"])
    engine.receive(QueueName.LEADS)
    engine.delete()
    if isinstance(engine, InMemory):
        engine.later()
    assert engine.receive(QueueName.LEADS) == []


# --- on SQS only ----------------------------------------------------------------------------------


class Refusing:
    """SQS that refuses the first message of each request."""

    def __init__(self) -> None:
        self.offered: list[str] = []

    def send_message_batch(self, *, QueueUrl: str, Entries: Sequence[Any]) -> Any:  # noqa: N803
        assert QueueUrl == "url"
        self.offered += [one["MessageBody"] for one in Entries]
        return {"Successful": [], "Failed": [{"Id": Entries[0]["Id"]}]}


def test_a_refused_message_is_told_after_all_were_offered() -> None:
    client: Any = Refusing()
    texts = [str(number) for number in range(MANY)]
    with pytest.raises(QueueError, match=f"did not take 3 of {MANY}"):
        SqsQueues(client, {QueueName.LEADS: "url"}).send(QueueName.LEADS, texts)
    assert client.offered == texts


def test_each_message_of_a_batch_is_worked_on_by_itself() -> None:
    done: list[str] = []

    def work(text: str) -> None:
        if text == "poison":
            raise OSError
        done.append(text)

    records = [{"messageId": text, "body": text} for text in ("a", "poison", "b")]
    answer = each_message({"Records": records}, work)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "poison"}]}
    assert done == ["a", "b"]


def test_the_fake_gives_up_as_the_redrive_policy_does() -> None:
    queues = FakeQueues()
    queues.send(QueueName.LEADS, ["x"])
    now: datetime = NOW.astimezone(UTC)
    for _ in range(FakeQueues.MOST_RECEIVES):
        assert queues.receive(QueueName.LEADS, now) is not None
        assert queues.receive(QueueName.LEADS, now + timedelta(seconds=1)) is None
        now += FakeQueues.VISIBILITY
    assert queues.receive(QueueName.LEADS, now) is None
    assert [one.text for one in queues.failures] == ["x"]
