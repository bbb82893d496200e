"""Every test of this folder that takes `table` runs on all four engines."""

from collections.abc import Iterator

import pytest

from chalicelib.store.dynamo import DynamoTable
from chalicelib.store.table import Table
from tests import engines
from tests.fakes import MemoryTable
from tests.moto_table import TABLE_NAME, moto_client


@pytest.fixture(params=engines.ENGINES)
def table(request: pytest.FixtureRequest) -> Iterator[Table]:
    """An empty table."""
    if request.param == "memory":
        yield MemoryTable()
    elif request.param == "moto":
        with moto_client() as client:
            yield DynamoTable(client, TABLE_NAME)
    else:
        yield engines.fresh_table(
            engines.client_of(request.getfixturevalue(request.param.replace("-", "_")))
        )


@pytest.fixture(scope="session")
def dynamodb_local() -> Iterator[str]:
    """The URL of a DynamoDB Local that runs for all tests."""
    yield from engines.running(engines.dynamodb_local())
