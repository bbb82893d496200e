"""Begin a new stack with a table that was restored, by resource import.

    python -m infra.restore --stage again --table baton-again

CloudFormation creates nothing while it imports, so the stack has the table alone at first; `make
deploy` adds the rest. The stream is turned on before the import, because CloudFormation reads its
ARN then. A restored table has neither time-to-live nor point-in-time recovery nor deletion
protection, and a deploy would never turn them on, because for CloudFormation the template has not
changed: so they are turned on here, after the import. Before it marketing's emails are paused,
until a person resumes them.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from chalicelib.nurture.sending import BATON, EVERYTHING, PauseCause
from chalicelib.store.dynamo import DynamoTable
from chalicelib.store.sending import SendingStates
from chalicelib.store.table import Table
from infra.deploy import CAPABILITIES, Cloud, DeployError, stack_name_of
from infra.package import PackageError, own_architecture, package

IMPORTED = "Table"
CHANGE_SET = "restored-table"
PARAMETERS = ("Stage", "TimeZone")
CONDITIONS = ("IsProtected",)
DISPOSABLE = "dev"


def main(arguments: Sequence[str]) -> int:
    """Import the table. Return the exit code."""
    given = _parse(arguments)
    cloud = Cloud(boto3.Session())
    stage = str(given.stage)
    try:
        template = table_template(package(own_architecture()).template)
        turn_on_stream(cloud.client("dynamodb"), given.table, template)
        pause_sending(DynamoTable(cloud.client("dynamodb"), given.table), datetime.now(UTC))
        import_table(cloud, stage, given.table, template, given.time_zone)
        turn_on_rest(cloud.client("dynamodb"), given.table, template, keep=stage != DISPOSABLE)
    except (PackageError, DeployError, BotoCoreError, ClientError) as error:
        print(f"cannot restore it: {error}", file=sys.stderr)
        return 1
    print(f"{stack_name_of(stage)} has the table {given.table}. Now make deploy STAGE={stage}.")
    print("Marketing's emails are paused: POST /v1/sending resumes them, with a reason.")
    return 0


def table_template(template: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of the template that the table stands on, as the deploy will have it."""
    whole = copy.deepcopy(dict(template))
    return {
        "Parameters": {name: whole["Parameters"][name] for name in PARAMETERS},
        "Conditions": {name: whole["Conditions"][name] for name in CONDITIONS},
        "Resources": {IMPORTED: whole["Resources"][IMPORTED]},
    }


def turn_on_stream(dynamodb: Any, table: str, template: Mapping[str, Any]) -> None:
    """Turn the table's stream on, unless it is, and wait until the table has it."""
    found = dynamodb.describe_table(TableName=table)["Table"]
    if found.get("StreamSpecification", {}).get("StreamEnabled"):
        return
    wanted = template["Resources"][IMPORTED]["Properties"]["StreamSpecification"]
    dynamodb.update_table(TableName=table, StreamSpecification={"StreamEnabled": True, **wanted})
    dynamodb.get_waiter("table_exists").wait(TableName=table)


def pause_sending(table: Table, now: datetime) -> None:
    """Pause all of marketing's emails: what left since the backup would leave again (ADR 0057)."""
    states = SendingStates(table)
    before = states.states()[EVERYTHING]
    if before.is_paused:
        return
    states.save(
        replace(
            before,
            cause=PauseCause.RESTORE,
            reason="the table was restored from a backup",
            author=BATON,
            at=now,
            version=before.version + 1,
        )
    )


def import_table(
    cloud: Cloud, stage: str, table: str, template: Mapping[str, Any], time_zone: str
) -> None:
    """Create the environment's stack with the table in it. Raise DeployError."""
    client = cloud.cloudformation()
    name = stack_name_of(stage)
    values = {"Stage": stage, "TimeZone": time_zone}
    pace: Any = {"Delay": 1 if cloud.endpoint_url else 5}
    try:
        client.create_change_set(
            StackName=name,
            ChangeSetName=CHANGE_SET,
            ChangeSetType="IMPORT",
            TemplateBody=json.dumps(template),
            Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in values.items()],
            Capabilities=CAPABILITIES,
            ResourcesToImport=[
                {
                    "ResourceType": "AWS::DynamoDB::Table",
                    "LogicalResourceId": IMPORTED,
                    "ResourceIdentifier": {"TableName": table},
                }
            ],
        )
        client.get_waiter("change_set_create_complete").wait(
            StackName=name, ChangeSetName=CHANGE_SET, WaiterConfig=pace
        )
        client.execute_change_set(StackName=name, ChangeSetName=CHANGE_SET)
        client.get_waiter("stack_import_complete").wait(StackName=name, WaiterConfig=pace)
    except (ClientError, WaiterError) as error:
        raise DeployError(f"CloudFormation could not import {table}: {error}") from error


def turn_on_rest(dynamodb: Any, table: str, template: Mapping[str, Any], *, keep: bool) -> None:
    """Turn on what a restored table has lost. keep: whether the environment keeps its data."""
    properties = template["Resources"][IMPORTED]["Properties"]
    expiry = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    if expiry["TimeToLiveStatus"] not in ("ENABLED", "ENABLING"):
        dynamodb.update_time_to_live(
            TableName=table, TimeToLiveSpecification=properties["TimeToLiveSpecification"]
        )
    if keep:
        dynamodb.update_continuous_backups(
            TableName=table,
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
        )
        dynamodb.update_table(TableName=table, DeletionProtectionEnabled=True)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m infra.restore", description="Begins a stack with a restored table."
    )
    parser.add_argument("--stage", required=True, help="the new environment's name")
    parser.add_argument("--table", required=True, help="the restored table's name")
    parser.add_argument("--time-zone", default="UTC", help="the one of the lost stack")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
