"""The table on DynamoDB (ADR 0006)."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from chalicelib.errors import ConflictError, ThrottledError
from chalicelib.store.table import (
    ABSENT,
    Add,
    Attribute,
    Check,
    Delete,
    Expectation,
    Item,
    Put,
    Write,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

LAST_KEY = "\U0010ffff"  # sorts after every sort key
BATCH_GET_MAX_KEYS = 100  # DynamoDB's own bound
CONFLICT_CODES = frozenset({"ConditionalCheckFailed", "TransactionConflict"})
#: What DynamoDB says when it has too many requests: of a call, and of one element of a transaction.
THROTTLE_CODES = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "RequestLimitExceeded",
        "ProvisionedThroughputExceeded",
        "ThrottlingError",
    }
)
INDEX_KEYS = {None: ("pk", "sk"), "list": ("list_pk", "list_sk"), "due": ("due_pk", "due_sk")}


class DynamoTable:
    """A DynamoDB table, through a boto3 client that retries throttles and lost connections.

    Retries are safe. botocore gives each transaction a token by which DynamoDB recognises a repeat.
    A put that arrived although its answer was lost fails its own condition when it is retried: the
    caller reads again and finds what it wrote.
    """

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def get(self, pk: str, sk: str, *, lagging: bool = False) -> Item | None:
        with self._throttles():
            found = self._client.get_item(
                TableName=self._name, Key=_key(pk, sk), ConsistentRead=not lagging
            )
        return unmarshal(found["Item"]) if "Item" in found else None

    def get_many(self, keys: Sequence[tuple[str, str]]) -> list[Item]:
        items: list[Item] = []
        once = list(dict.fromkeys(keys))  # DynamoDB refuses a batch that names an item twice
        for start in range(0, len(once), BATCH_GET_MAX_KEYS):
            chunk = [_key(pk, sk) for pk, sk in once[start : start + BATCH_GET_MAX_KEYS]]
            request: Any = {self._name: {"Keys": chunk, "ConsistentRead": True}}
            while request:
                with self._throttles():
                    answer = self._client.batch_get_item(RequestItems=request)
                items += [unmarshal(item) for item in answer["Responses"].get(self._name, [])]
                request = answer.get("UnprocessedKeys")  # over 16 MB, or throttled: ask again
        return items

    def query(
        self,
        pk: str,
        *,
        first: str = "",
        last: str = "",
        newest_first: bool = False,
        limit: int | None = None,
        index: str | None = None,
    ) -> Iterator[Item]:
        hash_name, range_name = INDEX_KEYS[index]
        request: dict[str, Any] = {
            "TableName": self._name,
            "KeyConditionExpression": "#pk = :pk AND #sk BETWEEN :first AND :last",
            "ExpressionAttributeNames": {"#pk": hash_name, "#sk": range_name},
            "ExpressionAttributeValues": {
                ":pk": {"S": pk},
                ":first": {"S": first or " "},
                ":last": {"S": last or LAST_KEY},
            },
            "ScanIndexForward": not newest_first,
        }
        request |= {"IndexName": index} if index else {"ConsistentRead": True}
        left = limit
        while left is None or left > 0:
            with self._throttles():
                page = self._client.query(**(request | ({"Limit": left} if left else {})))
            yield from map(unmarshal, page["Items"])
            left = left - len(page["Items"]) if left is not None else None
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def write(self, *writes: Write) -> None:
        with self._throttles():
            if len(writes) == 1 and isinstance(writes[0], Put):
                self._put(writes[0])
            else:
                self._transact(writes)

    @contextmanager
    def _throttles(self) -> Iterator[None]:
        """Raise ThrottledError for a refusal of DynamoDB that is about too many requests."""
        try:
            yield
        except self._client.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in THROTTLE_CODES:
                raise
            raise ThrottledError from None

    def _put(self, put: Put) -> None:
        try:
            self._client.put_item(
                TableName=self._name,
                Item=marshal(put.item),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **_condition(put.expect),
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            old: Any = error.response.get("Item")
            raise ConflictError({put.label: unmarshal(old) if old else None}) from None
        except self._client.exceptions.TransactionConflictException:
            # A transaction holds the item. boto3 does not retry this: another writer is first.
            raise ConflictError({}) from None

    def _transact(self, writes: Sequence[Write]) -> None:
        try:
            self._client.transact_write_items(
                TransactItems=[self._element(write) for write in writes]
            )
        except self._client.exceptions.TransactionCanceledException as error:
            reasons: Any = error.response["CancellationReasons"]
            codes = {reason["Code"] for reason in reasons} - {"None"}
            if not codes <= CONFLICT_CODES | THROTTLE_CODES:
                raise  # a bad request: no other writer is to blame
            if codes & THROTTLE_CODES:
                raise ThrottledError from None
            # Only failed conditions are named. An item that was merely busy may be fine, and
            # whoever decides by the names must not take it for one that exists (ADR 0003).
            raise ConflictError(
                {
                    write.label: unmarshal(reason["Item"]) if reason.get("Item") else None
                    for write, reason in zip(writes, reasons, strict=True)
                    if reason["Code"] == "ConditionalCheckFailed"
                }
            ) from None

    def _element(self, write: Write) -> Any:
        if isinstance(write, Add):
            return {"Update": {"TableName": self._name, **_addition(write)}}
        common = {
            "TableName": self._name,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            **_condition(write.expect),
        }
        if isinstance(write, Check):
            return {"ConditionCheck": {"Key": _key(write.pk, write.sk), **common}}
        if isinstance(write, Delete):
            return {"Delete": {"Key": _key(write.pk, write.sk), **common}}
        return {"Put": {"Item": marshal(write.item), **common}}


def connect_table(name: str) -> DynamoTable:
    """Return the table of a name, in the account and region of the environment."""
    import boto3

    from chalicelib.store.time_outs import bounded

    return DynamoTable(boto3.client("dynamodb", config=bounded()), name)


def marshal(item: Item) -> dict[str, Any]:
    """Return an item in DynamoDB's JSON: texts, whole numbers, booleans and bytes.

    Anything richer is stored as JSON text.
    """
    return {name: _marshal_one(value) for name, value in item.items()}


def unmarshal(item: Mapping[str, Any]) -> Item:
    """Return the item of DynamoDB's JSON.

    Raise ValueError for a type that this table does not hold.
    """
    return {name: _unmarshal_one(value) for name, value in item.items()}


def _marshal_one(value: Attribute) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int):
        return {"N": str(value)}
    return {"B": value} if isinstance(value, bytes) else {"S": value}


def _unmarshal_one(value: Mapping[str, Any]) -> Attribute:
    ((kind, inner),) = value.items()
    if kind == "N":
        return int(inner)
    if kind == "B" and isinstance(inner, str):  # a stream record carries bytes as base64 text
        from base64 import b64decode

        return b64decode(inner)
    if kind in ("S", "B", "BOOL"):
        found: Attribute = inner
        return found
    raise ValueError(f"Baton stores no attribute of type {kind}")


def _key(pk: str, sk: str) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _addition(add: Add) -> dict[str, Any]:
    """Return an addition as an update: it makes the item, or the attribute, if there is none."""
    numbers = [
        (f"#n{at}", f":n{at}", name, by) for at, (name, by) in enumerate(add.numbers.items())
    ]
    others = [(f"#s{at}", f":s{at}", name, to) for at, (name, to) in enumerate(add.also.items())]
    update = "ADD " + ", ".join(f"{name} {value}" for name, value, _, _ in numbers)
    if others:
        update += " SET " + ", ".join(f"{name} = {value}" for name, value, _, _ in others)
    return {
        "Key": _key(add.pk, add.sk),
        "UpdateExpression": update,
        "ExpressionAttributeNames": {place: name for place, _, name, _ in [*numbers, *others]},
        "ExpressionAttributeValues": {
            place: _marshal_one(value) for _, place, _, value in [*numbers, *others]
        },
    }


def _condition(expect: Expectation) -> dict[str, Any]:
    """Return an expectation as a condition: each attribute has its value, or is absent."""
    if not expect:
        return {}
    if expect == ABSENT:  # every ping's: `pk` is not a reserved word, and a name costs time
        return {"ConditionExpression": "attribute_not_exists(pk)"}
    names = {f"#{position}": name for position, name in enumerate(expect)}
    values = {
        f":{position}": _marshal_one(value)
        for position, value in enumerate(expect.values())
        if value is not None
    }
    parts = [
        f"attribute_not_exists(#{position})" if value is None else f"#{position} = :{position}"
        for position, value in enumerate(expect.values())
    ]
    condition: dict[str, Any] = {
        "ConditionExpression": " AND ".join(parts),
        "ExpressionAttributeNames": names,
    }
    return condition | ({"ExpressionAttributeValues": values} if values else {})
