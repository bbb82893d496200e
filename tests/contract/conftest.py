"""Every test of this folder that takes `table` runs on both engines: in memory, and on moto."""

from collections.abc import Iterator

import pytest

from chalicelib.store.dynamo import DynamoTable
from chalicelib.store.table import Table
from tests.fakes import MemoryTable
from tests.moto_table import TABLE_NAME, moto_client


@pytest.fixture(params=["memory", "moto"])
def table(request: pytest.FixtureRequest) -> Iterator[Table]:
    """An empty table."""
    if request.param == "memory":
        yield MemoryTable()
    else:
        with moto_client() as client:
            yield DynamoTable(client, TABLE_NAME)
