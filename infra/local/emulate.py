"""Run ministack, patched where ministack 1.5.33 lacks something that Baton relies on.

Two patches concern DynamoDB streams; one each DynamoDB's queries, API Gateway, SNS and alarms.
This runs in `.venv-local`, where ministack is installed, so it imports nothing of this project.
When a version of ministack makes a patch unnecessary, drop it and its line in infra/README.md.
"""

from __future__ import annotations

import json
from types import FunctionType
from typing import Any

from ministack import app
from ministack.services import apigateway_v1, dynamodb, lambda_svc, sns
from ministack.services.cloudformation import provisioners

OUR_QUERY = "#pk = :pk AND #sk BETWEEN :first AND :last"
STREAM_STATE = ("_stream_records", "_stream_trimmed")


def retry_partial_failures() -> None:
    """Run a stream's batch again when it answers with `batchItemFailures`.

    ministack takes such a batch as done and loses the records. AWS starts again at the first failed
    record. Here the whole batch runs again, which may also happen on AWS at any time.
    """
    execute = lambda_svc._execute_function

    def execute_and_look(function: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = execute(function, event)
        return (
            result | {"error": True}
            if _is_stream_batch(event) and _item_failures(result)
            else result
        )

    lambda_svc._execute_function = execute_and_look


def keep_streams() -> None:
    """Keep a stream's records over a restart.

    ministack keeps only how far each reader was. Without this patch, as many records as there were
    before a restart are skipped after it.
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

    ministack evaluates the condition on the whole partition. Without this patch, reading the newest
    20 of 10,000 events takes over 200 ms; on AWS it costs what 20 items cost.
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


def keep_mock_answers() -> None:
    """Let the mock integrations of an imported API answer with their headers.

    ministack drops the answers on import. Without this patch, a browser's preflight request gets no
    CORS headers.
    """
    import_operation = apigateway_v1._import_operation

    def import_operation_and_answers(
        api_id: str, resource_id: str, method: str, operation: dict[str, Any], *rest: Any
    ) -> None:
        import_operation(api_id, resource_id, method, operation, *rest)
        integration = operation.get("x-amazon-apigateway-integration", {})
        for answer in integration.get("responses", {}).values():
            parameters = answer.get("responseParameters", {})
            apigateway_v1._put_integration_response(
                api_id,
                resource_id,
                method,
                str(answer["statusCode"]),
                {"responseParameters": parameters},
            )

    apigateway_v1._import_operation = import_operation_and_answers


def keep_empty_keys() -> None:
    """Send the keys Subject and MessageAttributes with every notification, as AWS does.

    ministack leaves them out when they are empty, and Chalice's event fails without them.
    """
    deliver = sns._deliver_to_lambda

    def deliver_whole(endpoint: str, envelope: str, *rest: Any) -> None:
        whole = {"Subject": None, "MessageAttributes": {}, **json.loads(envelope)}
        deliver(endpoint, json.dumps(whole), *rest)

    sns._deliver_to_lambda = deliver_whole


def accept_metric_math() -> None:
    """Accept an alarm on an expression, and leave it without data.

    ministack refuses such an alarm, and rolls the stack back. What the alarm reads is asserted on
    the template.
    """
    record = provisioners._cw_metric_alarm_record

    def record_any(name: str, properties: dict[str, Any]) -> Any:
        if not properties.get("Metrics"):
            return record(name, properties)
        plain = {key: value for key, value in properties.items() if key != "Metrics"}
        return record(name, {**plain, "MetricName": "expression", "Namespace": "MetricMath"})

    provisioners._cw_metric_alarm_record = record_any


def _is_stream_batch(event: object) -> bool:
    records = event.get("Records") if isinstance(event, dict) else None
    first = records[0] if isinstance(records, list) and records else None
    return isinstance(first, dict) and first.get("eventSource") == "aws:dynamodb"


def _item_failures(result: dict[str, Any]) -> list[Any]:
    body = result.get("body")
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except ValueError:
            return []
    return body.get("batchItemFailures") or [] if isinstance(body, dict) else []


if __name__ == "__main__":
    retry_partial_failures()
    keep_streams()
    bound_queries()
    keep_mock_answers()
    keep_empty_keys()
    accept_metric_math()
    app.main()
