"""DynamoDB: its streams, its queries, and what a template says of a table."""

from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

from ministack.services import dynamodb
from ministack.services.cloudformation import provisioners

OUR_QUERY = "#pk = :pk AND #sk BETWEEN :first AND :last"
STREAM_STATE = ("_stream_records", "_stream_trimmed")
TABLE = "AWS::DynamoDB::Table"


def mend() -> None:
    """Apply the mends of this file."""
    keep_streams()
    bound_queries()
    honour_table_settings()


def keep_streams() -> None:
    """Keep a stream's records over a restart.

    AWS does not restart. ministack keeps only how far each reader was: as many records as there
    were before a restart are skipped after it.
    """
    get_state = dynamodb.get_state
    load_state = dynamodb.load_persisted_state

    def get_state_and_streams() -> dict[str, Any]:
        return {**get_state(), **{name: getattr(dynamodb, name) for name in STREAM_STATE}}

    def load_state_and_streams(data: dict[str, Any]) -> None:
        load_state(data)
        for name in STREAM_STATE:
            getattr(dynamodb, name).update(data.get(name, {}))

    dynamodb.get_state = get_state_and_streams
    dynamodb.load_persisted_state = load_state_and_streams


def bound_queries() -> None:
    """Let a query with a limit read no more items than that.

    On AWS, the newest 20 of 10,000 events cost what 20 items cost. ministack evaluates the
    condition on the whole partition, which takes over 200 ms.
    """
    query = dynamodb._query

    def query_within_bounds(data: dict[str, Any]) -> Any:
        values = data.get("ExpressionAttributeValues", {})
        limit = data.get("Limit")
        table = dynamodb._tables.get(data.get("TableName"))
        if (
            table is None
            or limit is None
            or "IndexName" in data
            or data.get("KeyConditionExpression") != OUR_QUERY
        ):
            return query(data)
        partition = values[":pk"]["S"]
        backwards = data.get("ScanIndexForward") is False
        whole = table["items"].get(partition, {})
        first = values[":first"]["S"]
        last = values[":last"]["S"]
        start = data.get("ExclusiveStartKey", {}).get("sk", {}).get("S")
        if start is not None and backwards:
            last = start
        elif start is not None:
            first = start
        found = sorted((sk for sk in list(whole) if first <= sk <= last), reverse=backwards)
        # Two more than the limit: the start key itself, and one that shows that there is more.
        narrowed = {sk: whole[sk] for sk in found[: limit + 2]}
        tables = {data["TableName"]: {**table, "items": {partition: narrowed}}}
        return FunctionType(
            query.__code__, {**vars(dynamodb), "_tables": tables}, None, query.__defaults__
        )(data)

    dynamodb._query = query_within_bounds


def honour_table_settings() -> None:
    """Give a table the expiry and the point-in-time recovery of its template.

    AWS applies TimeToLiveSpecification and PointInTimeRecoverySpecification, and switches off what
    a later template leaves out. ministack ignores both: the table says that they are disabled.
    """
    handler = provisioners._RESOURCE_HANDLERS[TABLE]
    create: Callable[..., Any] = handler["create"]
    update: Callable[..., Any] = handler["update"]

    def create_with_settings(logical_id: str, properties: Any, *rest: Any) -> Any:
        made = create(logical_id, properties, *rest)
        _set(made[0], properties)
        return made

    def update_with_settings(physical_id: str, old: Any, new: Any, *rest: Any, **named: Any) -> Any:
        made = update(physical_id, old, new, *rest, **named)
        _set(made[0], new)
        return made

    handler["create"] = create_with_settings
    handler["update"] = update_with_settings


def _set(table: str, properties: Mapping[str, Any]) -> None:
    expiry = properties.get("TimeToLiveSpecification")
    recovery = properties.get("PointInTimeRecoverySpecification") or {}
    if expiry:
        dynamodb._ttl_settings[table] = {
            "TimeToLiveStatus": "ENABLED" if _is_true(expiry.get("Enabled")) else "DISABLED",
            "AttributeName": expiry.get("AttributeName"),
        }
    else:
        dynamodb._ttl_settings.pop(table, None)
    dynamodb._pitr_settings[table] = _is_true(recovery.get("PointInTimeRecoveryEnabled"))


def _is_true(value: object) -> bool:
    return str(value).lower() == "true"  # a parameter's value is text
