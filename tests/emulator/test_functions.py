"""Streams as Lambda reads them: cut, halved, retried, given up, each mapping by itself."""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from infra.local.waiting import look_for
from tests.emulator.conftest import Function
from tests.moto_table import create_table

# The bodies of functions: `poison` and `flaky` are the keys of items that fail.
NUMBERS = """
    numbers = {r["dynamodb"]["Keys"]["pk"]["S"]: r["dynamodb"]["SequenceNumber"]
               for r in event["Records"]}
"""
FAIL_AT_FIRST = """
    if not first:
        return {}
    number = event["Records"][0]["dynamodb"]["SequenceNumber"]
    return {"batchItemFailures": [{"itemIdentifier": number}]}
"""
NAME_POISON = (
    NUMBERS
    + """
    failed = [numbers["poison"]] if "poison" in numbers else []
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}
"""
)
RAISE_AT_POISON = (
    NUMBERS
    + """
    assert "poison" not in numbers
    return {"batchItemFailures": []}
"""
)
WAIT = """
    import time
    while not os.path.exists(os.environ["EVENTS"] + "-go"):
        time.sleep(0.05)
"""


def test_a_batch_that_fails_in_part_runs_again(
    aws: Callable[[str], Any], function: Callable[[str], Function]
) -> None:
    # "Reporting batch item failures": Lambda retries from the lowest number that the answer names.
    listener = function(FAIL_AT_FIRST)
    stream = Stream(aws, "failing")
    stream.put(["1"])
    with stream.read_by(listener):
        first, second = listener.wait_for(2)
    assert keys_of(first) == keys_of(second) == ["1"]


def test_a_batch_is_cut_at_the_record_that_is_named(
    aws: Callable[[str], Any], function: Callable[[str], Function]
) -> None:
    # "Lambda bisects the batch at the returned sequence number and retries only the remaining."
    listener = function(NAME_POISON)
    stream = Stream(aws, "named")
    stream.put(["1", "2", "poison", "3"])
    with stream.read_by(listener):
        first, second = listener.wait_for(2)[:2]
    assert keys_of(first) == ["1", "2", "poison", "3"]
    assert keys_of(second) == ["poison", "3"]


def test_a_named_head_takes_its_batch_along_at_the_end(
    aws: Callable[[str], Any], function: Callable[[str], Function]
) -> None:
    listener = function(NAME_POISON)
    stream = Stream(aws, "head")
    stream.put(["poison", "1", "2"])
    with stream.read_by(listener):
        (given_up,) = stream.wait_for_failures(1)
    assert [keys_of(event) for event in listener.events()] == [["poison", "1", "2"]] * 2
    assert given_up["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert given_up["DDBStreamBatchInfo"]["batchSize"] == 3


def test_a_batch_whose_function_fails_is_halved(
    aws: Callable[[str], Any], function: Callable[[str], Function]
) -> None:
    # "BisectBatchOnFunctionError": split in two, down to the record that is poison.
    listener = function(RAISE_AT_POISON)
    stream = Stream(aws, "halved")
    stream.put(["poison", "1", "2", "3"])
    with stream.read_by(listener):
        (given_up,) = stream.wait_for_failures(1)
        assert look_for(lambda: keys_of(listener.events()[-1]) == ["2", "3"])
    assert [keys_of(event) for event in listener.events()] == [
        ["poison", "1", "2", "3"],
        ["poison", "1"],
        ["poison"],
        ["poison"],  # its one retry
        ["1"],
        ["2", "3"],
    ]
    assert given_up["DDBStreamBatchInfo"]["batchSize"] == 1


def test_a_slow_function_keeps_no_other_mapping_waiting(
    aws: Callable[[str], Any], function: Callable[[str], Function]
) -> None:
    slow = function(WAIT)
    quick = function("return {}")
    stream = Stream(aws, "shared")
    stream.put(["1"])
    with stream.read_by(slow), stream.read_by(quick):
        slow.wait_for(1)
        quick.wait_for(1)
        stream.put(["2"])
        quick.wait_for(2)
        slow.let_go()
        assert [keys_of(event) for event in slow.wait_for(2)] == [["1"], ["2"]]


# --- what the tests above are made of -------------------------------------------------------------


class Stream:
    """A table with a stream, and a queue for what its readers give up."""

    def __init__(self, aws: Callable[[str], Any], name: str) -> None:
        self._aws = aws
        self._name = name
        create_table(aws("dynamodb"), name)
        self._queue = aws("sqs").create_queue(QueueName=f"{name}-failures")["QueueUrl"]

    def put(self, pks: Sequence[str]) -> None:
        for pk in pks:
            item = {"pk": {"S": pk}, "sk": {"S": "a"}}
            self._aws("dynamodb").put_item(TableName=self._name, Item=item)

    def read_by(self, listener: Function) -> "Mapped":
        """Return a mapping of the template's kind, with one retry."""
        table = self._aws("dynamodb").describe_table(TableName=self._name)["Table"]
        found = self._aws("sqs").get_queue_attributes(
            QueueUrl=self._queue, AttributeNames=["QueueArn"]
        )
        mapping = self._aws("lambda").create_event_source_mapping(
            EventSourceArn=table["LatestStreamArn"],
            FunctionName=listener.arn,
            StartingPosition="TRIM_HORIZON",
            FunctionResponseTypes=["ReportBatchItemFailures"],
            BisectBatchOnFunctionError=True,
            MaximumRetryAttempts=1,
            DestinationConfig={"OnFailure": {"Destination": found["Attributes"]["QueueArn"]}},
        )
        return Mapped(self._aws("lambda"), mapping["UUID"])

    def wait_for_failures(self, number: int) -> list[Any]:
        """Return what stands in the failure queue, once there is so much."""
        found: list[Any] = []

        def come() -> bool:
            answer = self._aws("sqs").receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10)
            found.extend(json.loads(one["Body"]) for one in answer.get("Messages", []))
            return len(found) >= number

        assert look_for(come), found
        return found


class Mapped:
    """A stream mapping, which ends with its block."""

    def __init__(self, client: Any, uuid: str) -> None:
        self._client = client
        self._uuid = uuid

    def __enter__(self) -> None:
        """Leave it as it is."""

    def __exit__(self, *_: object) -> None:
        self._client.delete_event_source_mapping(UUID=self._uuid)


def keys_of(event: Any) -> list[str]:
    return [record["dynamodb"]["Keys"]["pk"]["S"] for record in event["Records"]]


def test_a_crowd_of_calls_waits_for_a_few_workers(
    aws: Callable[[str], Any], function: Callable[[str], Function]
) -> None:
    # On AWS each has an environment at once. Fifty processes started side by side on two cores
    # were all killed by their time-out, and fifty people were answered 502.
    listener = function("return os.getpid()")
    client = aws("lambda")

    def worker(_: int) -> object:
        return json.loads(client.invoke(FunctionName=listener.arn)["Payload"].read())

    with ThreadPoolExecutor(20) as crowd:
        workers = list(crowd.map(worker, range(20)))
    assert all(isinstance(worker, int) for worker in workers), workers
    assert len(set(workers)) <= 4


def test_functions_of_one_zip_share_what_is_unpacked(
    aws: Callable[[str], Any], function: Callable[[str], Function]
) -> None:
    # A function cannot write to its code on AWS. Unpacked and compiled anew for each worker, the
    # code of ten functions took most of the time of a start.
    answer = 'return os.path.realpath(__file__)  # of "shared"'
    one, other, different = function(answer), function(answer), function(answer + "?")

    def folder(asked: Function) -> str:
        payload = aws("lambda").invoke(FunctionName=asked.arn)["Payload"]
        return str(json.loads(payload.read()))

    assert folder(one) == folder(other) != folder(different)
