"""A stream's batch that fails in part."""

from collections.abc import Callable
from typing import Any

from tests.emulator.conftest import Function
from tests.moto_table import create_table

FAIL_AT_FIRST = """
    if not first:
        return {}
    number = event["Records"][0]["dynamodb"]["SequenceNumber"]
    return {"batchItemFailures": [{"itemIdentifier": number}]}
"""


def test_a_batch_that_fails_in_part_runs_again(
    aws: Callable[[str], Any], function: Callable[[str], Function]
) -> None:
    # "Reporting batch item failures": Lambda retries from the lowest number that the answer names.
    client = aws("dynamodb")
    create_table(client, "failing")
    listener = function(FAIL_AT_FIRST)
    mapping = aws("lambda").create_event_source_mapping(
        EventSourceArn=client.describe_table(TableName="failing")["Table"]["LatestStreamArn"],
        FunctionName=listener.arn,
        StartingPosition="TRIM_HORIZON",
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    client.put_item(TableName="failing", Item={"pk": {"S": "1"}, "sk": {"S": "a"}})
    first, second = listener.wait_for(2)
    aws("lambda").delete_event_source_mapping(UUID=mapping["UUID"])
    numbers = [[one["dynamodb"]["SequenceNumber"] for one in e["Records"]] for e in (first, second)]
    assert numbers[0] == numbers[1]
