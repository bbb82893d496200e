"""Streams over a restart, queries within their limit, and the table settings of a template."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests import engines
from tests.aws import session
from tests.emulator.conftest import REGION
from tests.moto_table import create_table

MANY = 2_000
FEW = 20
BATCH = 25
TABLE = {
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}
EXPIRES = {"AttributeName": "expires", "Enabled": True}


def test_a_stream_is_read_on_after_a_restart(tmp_path: Path) -> None:
    with engines.emulator(tmp_path) as url:
        client = session(REGION).client("dynamodb", endpoint_url=url)
        create_table(client, "kept")
        for number in range(3):
            client.put_item(TableName="kept", Item={"pk": {"S": str(number)}, "sk": {"S": "a"}})
    with engines.emulator(tmp_path) as url:
        client = session(REGION).client("dynamodb", endpoint_url=url)
        client.put_item(TableName="kept", Item={"pk": {"S": "3"}, "sk": {"S": "a"}})
        arn = client.describe_table(TableName="kept")["Table"]["LatestStreamArn"]
        assert keys_of(session(REGION).client("dynamodbstreams", endpoint_url=url), arn) == [
            "0",
            "1",
            "2",
            "3",
        ]


def test_a_query_with_a_limit_costs_what_it_reads(aws: Callable[[str], Any]) -> None:
    # On AWS the newest 20 of a partition take the same time whatever else is in it.
    client = aws("dynamodb")
    create_table(client, "partitions")
    fill(client, "full", MANY)
    fill(client, "short", FEW)
    quickest = {name: min(timed(client, name) for _ in range(5)) for name in ("full", "short")}
    assert quickest["full"] < 4 * quickest["short"]


def test_a_query_within_bounds_pages_as_before(aws: Callable[[str], Any]) -> None:
    client = aws("dynamodb")
    create_table(client, "pages")
    fill(client, "one", 10, table="pages")
    for forwards, expected in ((True, list(range(10))), (False, list(reversed(range(10))))):
        read: list[int] = []
        start: dict[str, Any] = {}
        while True:
            page = newest(client, "one", table="pages", limit=3, forwards=forwards, **start)
            read += [int(item["sk"]["S"]) for item in page["Items"]]
            if "LastEvaluatedKey" not in page:
                break
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        assert read == expected


def test_a_tables_expiry_and_recovery_are_the_templates(
    aws: Callable[[str], Any], deploy: Callable[..., tuple[str, dict[str, str]]]
) -> None:
    settings = {
        "TimeToLiveSpecification": EXPIRES,
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
    }
    on, ids = deploy({"Table": {"Type": "AWS::DynamoDB::Table", "Properties": TABLE | settings}})
    assert (on, *settings_of(aws, ids["Table"])) == ("CREATE_COMPLETE", "ENABLED", "ENABLED")
    off, _ = deploy(
        {"Table": {"Type": "AWS::DynamoDB::Table", "Properties": TABLE}}, name=ids["stack"]
    )
    assert (off, *settings_of(aws, ids["Table"])) == ("UPDATE_COMPLETE", "DISABLED", "DISABLED")


# --- what the tests above are made of -------------------------------------------------------------


def keys_of(streams: Any, arn: str) -> list[str]:
    (shard,) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    position = streams.get_shard_iterator(
        StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    records = streams.get_records(ShardIterator=position)["Records"]
    return [record["dynamodb"]["Keys"]["pk"]["S"] for record in records]


def fill(client: Any, partition: str, number: int, table: str = "partitions") -> None:
    for start in range(0, number, BATCH):
        items = [
            {"pk": {"S": partition}, "sk": {"S": f"{one:06}"}}
            for one in range(start, min(start + BATCH, number))
        ]
        client.batch_write_item(
            RequestItems={table: [{"PutRequest": {"Item": item}} for item in items]}
        )


def newest(
    client: Any,
    partition: str,
    *,
    table: str = "partitions",
    limit: int = FEW,
    forwards: bool = False,
    **start: Any,
) -> Any:
    return client.query(
        TableName=table,
        KeyConditionExpression="#pk = :pk AND #sk BETWEEN :first AND :last",
        ExpressionAttributeNames={"#pk": "pk", "#sk": "sk"},
        ExpressionAttributeValues={
            ":pk": {"S": partition},
            ":first": {"S": "0"},
            ":last": {"S": "9"},
        },
        ScanIndexForward=forwards,
        Limit=limit,
        **start,
    )


def timed(client: Any, partition: str) -> float:
    began = time.perf_counter()
    assert len(newest(client, partition)["Items"]) == FEW
    return time.perf_counter() - began


def settings_of(aws: Callable[[str], Any], table: str) -> tuple[str, str]:
    client = aws("dynamodb")
    expiry = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    backups = client.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    recovery = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
    return expiry["TimeToLiveStatus"], recovery
