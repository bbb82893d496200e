"""The deployed table on moto: keys, indexes, stream and TTL as in infra/resources.yaml."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from tests.aws import mock_aws, session

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

TEMPLATE = Path(__file__).parent.parent / "infra" / "resources.yaml"
TABLE_NAME = "baton"
REGION = "eu-central-1"
CREATED_WITH = (
    "AttributeDefinitions",
    "KeySchema",
    "GlobalSecondaryIndexes",
    "LocalSecondaryIndexes",
    "BillingMode",
)


@cache
def table_properties() -> dict[str, Any]:
    """Return the properties of the one table. Intrinsics such as !If stay as they are."""
    resources = YAML().load(TEMPLATE.read_text())["Resources"]
    (table,) = (one for one in resources.values() if one.get("Type") == "AWS::DynamoDB::Table")
    return dict(table["Properties"])


def create_table(client: "DynamoDBClient", name: str = TABLE_NAME) -> None:
    """Create the template's table under a name."""
    properties = table_properties()
    request: dict[str, Any] = {
        name: _plain(properties[name]) for name in CREATED_WITH if name in properties
    }
    request["StreamSpecification"] = {
        "StreamEnabled": True,
        **_plain(properties["StreamSpecification"]),
    }
    client.create_table(TableName=name, **request)
    client.update_time_to_live(
        TableName=name, TimeToLiveSpecification=_plain(properties["TimeToLiveSpecification"])
    )


@cache
def dynamodb() -> "DynamoDBClient":
    """Return the client of moto's DynamoDB."""
    return session(REGION).client("dynamodb")


@contextmanager
def moto_client() -> Iterator["DynamoDBClient"]:
    """Yield a client of a moto that has the template's table."""
    with mock_aws():
        client = dynamodb()
        create_table(client)
        yield client


def _plain(value: Any) -> Any:
    """Return YAML's round-trip types as the plain types that boto3 insists on."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value if isinstance(value, bool | int) else str(value)
