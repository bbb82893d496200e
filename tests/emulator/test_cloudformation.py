"""What a template may hold that the emulator cannot make."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.paths import ROOT

Deploy = Callable[..., tuple[str, dict[str, str]]]
#: On AWS each of these is made. Here it is accepted by its name, and nothing is done.
ACCEPTED = [
    "AWS::ApplicationSignals::ServiceLevelObjective",
    "AWS::Backup::BackupSelection",
    "AWS::Budgets::Budget",
    "AWS::CE::AnomalyMonitor",
    "AWS::CE::AnomalySubscription",
    "AWS::Chatbot::MicrosoftTeamsChannelConfiguration",
    "AWS::Chatbot::SlackChannelConfiguration",
    "AWS::CloudWatch::AnomalyDetector",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentConfig",
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::Events::ApiDestination",
    "AWS::Events::Archive",
    "AWS::Events::Connection",
    "AWS::SES::ContactList",
    "AWS::SES::ReceiptRule",
    "AWS::SES::ReceiptRuleSet",
    "AWS::SES::Template",
    "AWS::SMSVOICE::ConfigurationSet",
    "AWS::SMSVOICE::OptOutList",
    "AWS::SMSVOICE::PhoneNumber",
    "AWS::SMSVOICE::Pool",
    "AWS::SMSVOICE::ProtectConfiguration",
    "AWS::SMSVOICE::SenderId",
    "AWS::SNS::TopicInlinePolicy",
    "AWS::SQS::QueueInlinePolicy",
    "AWS::SecretsManager::RotationSchedule",
    "AWS::Synthetics::Canary",
    "AWS::WAFv2::IPSet",
    "AWS::WAFv2::WebACLAssociation",
]


def test_the_types_accepted_by_name_are_these() -> None:
    source = (ROOT / "infra/local/emulate/cloudformation.py").read_text()
    assert re.findall(r'^    "(AWS::[\w:]+)",$', source, re.MULTILINE) == ACCEPTED


def test_a_stack_has_updates_and_loses_what_is_accepted(deploy: Deploy) -> None:
    """Another resource may refer to what was accepted."""
    accepted = {
        f"Accepted{number}": {"Type": kind, "Properties": {"Name": "one"}}
        for number, kind in enumerate(ACCEPTED)
    }
    value = {"Fn::Join": [" ", [{"Ref": "Accepted0"}, {"Fn::GetAtt": ["Accepted0", "Arn"]}]]}
    parameter = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value}}
    status, ids = deploy({**accepted, "Parameter": parameter})
    assert status == "CREATE_COMPLETE"
    assert all(ids[name] for name in accepted)
    changed = {name: one | {"Properties": {"Name": "two"}} for name, one in accepted.items()}
    status, again = deploy({**changed, "Parameter": parameter}, name=ids["stack"])
    assert (status, again) == ("UPDATE_COMPLETE", ids)
    assert (
        deploy(
            {"Parameter": parameter | {"Properties": {"Type": "String", "Value": "x"}}},
            name=ids["stack"],
        )[0]
        == "UPDATE_COMPLETE"
    )


def test_a_type_that_does_not_exist_is_refused(aws: Callable[[str], Any]) -> None:
    client = aws("cloudformation")
    body = '{"Resources": {"A": {"Type": "AWS::CodeDeploy::Aplication"}}}'
    with pytest.raises(ClientError, match="Unrecognized resource types"):
        client.create_stack(StackName="mistyped", TemplateBody=body)
