"""What docs/reference/engines.md says of the engines, where it can be shown."""

import pytest

from chalicelib.store.dynamo import DynamoTable
from chalicelib.store.table import GUARDED, Put, Table
from tests.moto_table import TABLE_NAME, moto_client

LONG = "x" * 2_049  # one byte more than a partition key may have


def test_an_index_shows_a_write_at_once(table: Table) -> None:
    table.write(Put({"pk": "a", "sk": "b", "list_pk": "l", "list_sk": "s"}, GUARDED))
    assert [item["pk"] for item in table.query("l", index="list")] == ["a"]


def test_moto_does_not_check_the_size_of_a_key() -> None:
    with moto_client() as client:
        DynamoTable(client, TABLE_NAME).get(LONG, "b")


@pytest.mark.parametrize("table", ["dynamodb-local"], indirect=True)
def test_dynamodb_local_refuses_a_key_that_is_too_long(table: Table) -> None:
    with pytest.raises(Exception, match="must be under 2048 bytes"):
        table.get(LONG, "b")
