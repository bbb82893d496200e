"""The queues on SQS: messages go in here, and come out of Lambda's own polling."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from chalicelib.clock.tasks import QueueName
from chalicelib.errors import BatonError
from chalicelib.telemetry import log, where

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

BATCH_MAX_MESSAGES = 10  # SQS's own limit of one request


class Queues(Protocol):
    """Where messages wait for a worker, each in one queue or another."""

    def send(self, queue: QueueName, texts: Sequence[str]) -> None:
        """Put texts into a queue. Raise QueueError when it did not take all of them."""


class QueueError(BatonError):
    """A queue did not take all that it was given."""


class SqsQueues:
    """Sends messages to standard queues. urls: where each is; this function may know only some."""

    def __init__(self, client: "SQSClient", urls: Mapping[QueueName, str]) -> None:
        self._client = client
        self._urls = urls

    def send(self, queue: QueueName, texts: Sequence[str]) -> None:
        """Put texts into a queue, ten with each request.

        Raise QueueError when it did not take some of them, after it was offered all.
        """
        refused = 0
        for start in range(0, len(texts), BATCH_MAX_MESSAGES):
            answer = self._client.send_message_batch(
                QueueUrl=self._urls[queue],
                Entries=[
                    {"Id": str(number), "MessageBody": text}
                    for number, text in enumerate(texts[start : start + BATCH_MAX_MESSAGES])
                ],
            )
            refused += len(answer.get("Failed", []))
        if refused:
            raise QueueError(f"the queue {queue} did not take {refused} of {len(texts)} messages")


def connect_queues(urls: Mapping[QueueName, str]) -> SqsQueues:
    """Return the queues of these URLs, in the account and region of the environment."""
    import boto3

    from chalicelib.store.time_outs import bounded

    return SqsQueues(boto3.client("sqs", config=bounded()), urls)


def each_message(event: Mapping[str, Any], work: Callable[[str], None]) -> dict[str, Any]:
    """Do what each message of a batch says. Return Lambda's partial batch response.

    A message that cannot be done comes again after its visibility time-out, and goes to the failure
    queue in the end (infra/resources.yaml).
    """
    failures: list[dict[str, str]] = []
    for record in event.get("Records", []):
        try:
            work(record["body"])
        # Whatever went wrong, the message must come again, and the others must not wait.
        except Exception as error:  # noqa: BLE001
            log("record_failed", error=type(error).__name__, where=where(error))
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
