"""A restored table begins a new stack: in the order that CloudFormation and DynamoDB ask for."""

import json
from typing import Any

import pytest
from botocore.stub import ANY, Stubber

from chalicelib.errors import InputError
from chalicelib.nurture.sending import EVERYTHING, PauseCause
from infra import restore
from infra.deploy import Cloud, DeployError
from infra.package import own_architecture, package
from tests.aws import session
from tests.baton import InMemoryBaton
from tests.fakes import NOW

TABLE = "baton-again"


def dynamodb() -> tuple[Any, Stubber]:
    client = session("eu-central-1").client("dynamodb")
    return client, Stubber(client)


def template() -> dict[str, Any]:
    return restore.table_template(package(own_architecture()).template)


def test_the_imported_part_stands_alone() -> None:
    made = template()
    assert made["Resources"].keys() == {"Table"}
    assert "DeletionPolicy" in made["Resources"]["Table"]
    text = json.dumps(made)
    assert len(text) < 51_200  # what a request may carry
    for kind in ("Ref", "Fn::GetAtt"):
        assert text.count(f'"{kind}"') == sum(
            text.count(f'"{kind}": "{one}"') for one in made["Parameters"]
        )
    assert set(made["Conditions"]) == {"IsProtected"}
    assert made["Resources"]["Table"] == package(own_architecture()).template["Resources"]["Table"]


def test_the_stream_is_on_before_the_import() -> None:
    client, stub = dynamodb()
    table = {"Table": {"TableName": TABLE, "TableStatus": "ACTIVE"}}
    stub.add_response("describe_table", table)
    wanted = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    stub.add_response("update_table", {}, {"TableName": TABLE, "StreamSpecification": wanted})
    stub.add_response("describe_table", table)
    with stub:
        restore.turn_on_stream(client, TABLE, template())
        stub.assert_no_pending_responses()


def test_a_stream_that_is_on_is_left_alone() -> None:
    client, stub = dynamodb()
    stub.add_response("describe_table", {"Table": {"StreamSpecification": {"StreamEnabled": True}}})
    with stub:
        restore.turn_on_stream(client, TABLE, template())


class StubbedCloud(Cloud):
    """A cloud whose CloudFormation answers as it was told."""

    def __init__(self, client: Any) -> None:
        super().__init__(session("eu-central-1"), "http://127.0.0.1:1")
        object.__setattr__(self, "stubbed", client)

    def cloudformation(self) -> Any:
        return vars(self)["stubbed"]


def test_the_table_is_imported_into_a_stack_of_its_own() -> None:
    make: Any = session("eu-central-1").client
    client = make("cloudformation")
    stub = Stubber(client)
    place = {"StackName": "baton-again", "ChangeSetName": restore.CHANGE_SET}
    stack = {"StackName": "baton-again", "CreationTime": NOW, "StackStatus": "IMPORT_COMPLETE"}
    stub.add_response(
        "create_change_set",
        {},
        {
            **place,
            "ChangeSetType": "IMPORT",
            "TemplateBody": json.dumps(template()),
            "Parameters": [
                {"ParameterKey": "Stage", "ParameterValue": "again"},
                {"ParameterKey": "TimeZone", "ParameterValue": "Europe/Berlin"},
            ],
            "Capabilities": ANY,
            "ResourcesToImport": [
                {
                    "ResourceType": "AWS::DynamoDB::Table",
                    "LogicalResourceId": "Table",
                    "ResourceIdentifier": {"TableName": TABLE},
                }
            ],
        },
    )
    stub.add_response("describe_change_set", {"Status": "CREATE_COMPLETE"}, place)
    stub.add_response("execute_change_set", {}, place)
    stub.add_response("describe_stacks", {"Stacks": [stack]})
    with stub:
        restore.import_table(StubbedCloud(client), "again", TABLE, template(), "Europe/Berlin")
        stub.assert_no_pending_responses()


def test_a_refused_import_says_why() -> None:
    make: Any = session("eu-central-1").client
    client = make("cloudformation")
    stub = Stubber(client)
    stub.add_client_error("create_change_set", "ValidationError", "there is such a stack")
    with stub, pytest.raises(DeployError, match=r"could not import baton-again.*such a stack"):
        restore.import_table(StubbedCloud(client), "again", TABLE, template(), "UTC")


@pytest.mark.parametrize("keep", [True, False])
def test_expiry_and_backups_are_on_after_it(*, keep: bool) -> None:
    client, stub = dynamodb()
    stub.add_response(
        "describe_time_to_live", {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}
    )
    stub.add_response(
        "update_time_to_live",
        {},
        {
            "TableName": TABLE,
            "TimeToLiveSpecification": {"AttributeName": "expires_at_epoch_s", "Enabled": True},
        },
    )
    if keep:
        stub.add_response(
            "update_continuous_backups",
            {},
            {"TableName": TABLE, "PointInTimeRecoverySpecification": ANY},
        )
        stub.add_response(
            "update_table", {}, {"TableName": TABLE, "DeletionProtectionEnabled": True}
        )
    with stub:
        restore.turn_on_rest(client, TABLE, template(), keep=keep)
        stub.assert_no_pending_responses()


def test_marketing_is_paused_until_a_person_resumes_it() -> None:
    baton = InMemoryBaton()
    for _ in range(2):  # a second run changes nothing
        restore.pause_sending(baton.ports.table, NOW)
    sending = baton.world.sending
    state = sending.states()[EVERYTHING]
    assert (state.cause, state.at, state.version) == (PauseCause.RESTORE, NOW, 1)
    with pytest.raises(InputError, match="paused by restore"):
        sending.resume(EVERYTHING, reason="", author="ann")
    assert not sending.resume(EVERYTHING, reason="compared with SES", author="ann").is_paused
