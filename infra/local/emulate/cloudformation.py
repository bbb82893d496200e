"""CloudFormation: the types that ministack has no resource for."""

from typing import Any

from ministack.services.cloudformation import provisioners

ACCEPTED = (
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
)


def mend() -> None:
    """Apply the mends of this file."""
    accept_by_name()


def accept_by_name() -> None:
    """Accept the listed resource types, and do nothing for them.

    AWS makes them. ministack refuses the whole template. With this, the template deploys here with
    the parameters of production, too. A type that ministack has learned keeps its own handler.
    """
    for kind in ACCEPTED:
        provisioners._RESOURCE_HANDLERS.setdefault(
            kind, {"create": _create, "update": _update, "delete": _delete}
        )


def _create(logical_id: str, _properties: Any, stack: str) -> tuple[str, dict[str, str]]:
    return _named(f"{stack}-{logical_id}")


def _update(physical_id: str, *_: Any, **__: Any) -> tuple[str, dict[str, str]]:
    return _named(physical_id)


def _delete(*_: Any) -> None:
    pass


def _named(name: str) -> tuple[str, dict[str, str]]:
    """Return a physical id, and the two attributes that most types have."""
    arn = f"arn:aws:cloudformation:us-east-1:000000000000:accepted/{name}"
    return name, {"Arn": arn, "Id": name}
