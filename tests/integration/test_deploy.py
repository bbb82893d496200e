"""The last step of a deploy on AWS's own interfaces: what it writes, and what it leaves alone."""

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.days import zone_of
from chalicelib.limits import SETTLE_SECONDS
from chalicelib.publishing.versions import Active
from chalicelib.store import keys
from chalicelib.store.documents import Documents
from chalicelib.store.dynamo import DynamoTable
from chalicelib.store.models import Models
from infra import defaults
from tests.fakes import FakeClock
from tests.moto_table import REGION, TABLE_NAME, moto_client

BERLIN, LOS_ANGELES = "Europe/Berlin", "America/Los_Angeles"


@pytest.fixture
def table() -> Iterator[DynamoTable]:
    with moto_client() as client:
        yield DynamoTable(client, TABLE_NAME)


def load(time_zone: str) -> None:
    """What a deploy does when the stack is there."""
    defaults.load(
        table_name=TABLE_NAME,
        api_url="https://api.keybook.example",
        site_url="https://keybook.example",
        endpoint_url=None,
        region=REGION,
        time_zone=time_zone,
        demo=False,
    )


def jobs(table: DynamoTable) -> list[str]:
    """The sort keys, by due time, of the jobs that wait for the clock."""
    return [str(item["due_sk"]) for item in table.query(keys.DUE_JOBS, index="due")]


def test_the_first_deploy_activates_the_model_in_its_zone(table: DynamoTable) -> None:
    load(BERLIN)
    models = Models(table, FakeClock())
    assert models.pointer() == Active(1, 1, BERLIN)
    assert models.current().zone is zone_of(BERLIN)
    assert jobs(table) == []


def test_a_deploy_with_the_same_zone_changes_nothing(table: DynamoTable) -> None:
    load(BERLIN)
    load(BERLIN)
    assert Models(table, FakeClock()).pointer() == Active(1, 1, BERLIN)
    assert jobs(table) == []


def test_a_deploy_with_another_zone_begins_a_rebuild(
    table: DynamoTable, capsys: pytest.CaptureFixture[str]
) -> None:
    load(BERLIN)
    load(LOS_ANGELES)
    assert Models(table, FakeClock()).pointer() == Active(1, 2, LOS_ANGELES)
    (due,) = jobs(table)
    job_id = due.partition("#")[2]
    said = f"The time zone is {LOS_ANGELES} from now on. Job {job_id} recounts all leads."
    assert said in capsys.readouterr().out
    job = table.get(keys.job(job_id), keys.JOB)
    assert job is not None
    assert int(job["due_at_ms"]) - int(job["created_at_ms"]) == SETTLE_SECONDS * 1_000
    assert job["kind"] == "rebuild"


def deployment(table: DynamoTable) -> Any:
    return Documents(table, FakeClock()).get("deployment")


def test_only_the_first_deploy_writes_todays_schema(table: DynamoTable) -> None:
    load(BERLIN)
    assert deployment(table)["schema"] == keys.SCHEMA
    facts = {**deployment(table), "schema": keys.SCHEMA - 1}
    Documents(table, FakeClock()).put("deployment", facts)
    load(BERLIN)
    assert deployment(table)["schema"] == keys.SCHEMA - 1


def test_what_was_deployed_without_a_schema_has_the_first_one(table: DynamoTable) -> None:
    Documents(table, FakeClock()).put("deployment", {"write_key": "w"})
    load(BERLIN)
    assert deployment(table)["schema"] == keys.FIRST_SCHEMA
