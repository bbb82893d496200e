"""Deploy the packaged template with CloudFormation, to AWS and to the local AWS alike.

    python -m infra.deploy --stage prod --sender hello@acme.example

The account and region are those of the shell's environment. A parameter that is not given keeps the
value that it has in the stack. Outside dev, cdk-preflight is asked about the template first
(ADR 0026).
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from chalicelib.errors import DocumentError
from infra import defaults, preflight
from infra.artifacts import Bucket, upload, zip_key
from infra.package import PLATFORMS, Package, PackageError, package
from infra.preflight import Finding, PreflightError
from infra.regions import for_region

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.literals import CapabilityType
    from mypy_boto3_cloudformation.type_defs import ParameterTypeDef, StackTypeDef
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient

CAPABILITIES: list[CapabilityType] = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
MAX_WAIT_S = 1800
#: A person waits, and would rather hear of a broken connection than of nothing.
SDK_CALLS = Config(connect_timeout=5, read_timeout=60)
CURRENT = "AWSCURRENT"
"""What Secrets Manager calls the version that is read."""
UNPROTECTED = "dev"
"""The environment that may be thrown away."""
SHOWN = (
    "ApiUrl",
    "DomainTarget",
    "TableName",
    "TimeZone",
    "HandoffTopicArn",
    "FeedbackTopicArn",
    "InboundTopicArn",
    "ReceiptRuleSet",
    "AdminSecretArn",
)
"""The outputs that a deploy prints, where the stack has them."""

Check = Callable[[Mapping[str, Any], Mapping[str, str], str], Sequence[Finding]]
"""Tells why a template would not deploy with some parameters in a region."""


class DeployError(Exception):
    """Nothing was deployed, or it was rolled back. The message says why, and what to do."""


@dataclass(frozen=True)
class Cloud:
    """An account and region of AWS, or the local AWS."""

    session: boto3.Session
    endpoint_url: str | None = None
    """The URL of the local AWS; None for AWS itself."""

    @property
    def region(self) -> str:
        """The region that everything is in."""
        return self.session.region_name

    def cloudformation(self) -> CloudFormationClient:
        """Return a client for the stack."""
        return self.session.client(
            "cloudformation", endpoint_url=self.endpoint_url, config=SDK_CALLS
        )

    def s3(self) -> S3Client:
        """Return a client for the artifacts."""
        return self.session.client("s3", endpoint_url=self.endpoint_url, config=SDK_CALLS)

    def client(self, service: str) -> Any:
        """Return a client of a service."""
        made: Any = self.session.client  # its types want each service by name
        return made(service, endpoint_url=self.endpoint_url, config=SDK_CALLS)

    def secrets(self) -> SecretsManagerClient:
        """Return a client for the secrets."""
        return self.session.client(
            "secretsmanager", endpoint_url=self.endpoint_url, config=SDK_CALLS
        )

    def account(self) -> str:
        """Return the id of the account."""
        sts = self.session.client("sts", endpoint_url=self.endpoint_url, config=SDK_CALLS)
        return sts.get_caller_identity()["Account"]


def deploy(
    cloud: Cloud,
    stack_name: str,
    made: Package,
    parameters: Mapping[str, str],
    check: Check = preflight.check,
) -> dict[str, str]:
    """Create or update a stack, wait for it and return its outputs.

    parameters: those that are not given keep their value. check: what is asked about the template
    outside dev, where the stack is also protected from deletion. Raise DeployError, PreflightError.
    """
    client = cloud.cloudformation()
    stack = _clear_failed_creation(client, _find_stack(client, stack_name))
    values = _values(made.template, stack, parameters)
    is_protected = values["Stage"] != UNPROTECTED
    bucket = Bucket(cloud.account(), cloud.region)
    version = _version(made.digest, values)
    whole = for_region(made.template, cloud.region)
    template = with_code(whole, bucket.name, zip_key(made), version)
    if is_protected:
        _refuse(check(template, values, cloud.region))
    kept = _secret_versions(cloud, stack)
    template_url = upload(cloud.s3(), bucket, made, template)
    try:
        _apply(client, stack, stack_name, template_url, _parameters(values), cloud)
    except WaiterError as error:
        raise DeployError(_reasons(client, stack_name)) from error
    except ClientError as error:
        if not _is_unchanged(error):
            raise DeployError(str(error)) from error
    finally:
        _keep_secrets(cloud, kept)
    if is_protected:
        # Only now: a stack whose creation fails must be deleted before the next try.
        client.update_termination_protection(StackName=stack_name, EnableTerminationProtection=True)
    return outputs(client, stack_name)


def outputs(client: CloudFormationClient, stack_name: str) -> dict[str, str]:
    """Return the outputs of a stack. Raise DeployError when there is no such stack."""
    stack = _find_stack(client, stack_name)
    if stack is None:
        raise DeployError(f"there is no stack {stack_name}")
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def check_time_zone(name: str) -> None:
    """Raise DeployError for a time zone that does not exist. An empty name keeps the stack's."""
    if name and name not in available_timezones():
        raise DeployError(f"there is no time zone {name!r}; an example is Europe/Berlin")


def stack_name_of(stage: str) -> str:
    """Return the name of an environment's stack. stage: the template's parameter Stage."""
    return f"baton-{stage}"


def with_code(template: dict[str, Any], bucket: str, key: str, version: str) -> dict[str, Any]:
    """Return the template with every function's code at a place in a bucket.

    version: names what the functions are, code and settings; a new one publishes a version of each.
    """
    placed = copy.deepcopy(template)
    for resource in placed["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = {"Bucket": bucket, "Key": key}
            # SAM alone looks at the code, so a changed parameter would never reach an alias.
            resource["Properties"]["AutoPublishCodeSha256"] = version
    return placed


def _secret_versions(cloud: Cloud, stack: StackTypeDef | None) -> dict[str, str]:
    """Return the current version of each secret that a stack has generated."""
    if stack is None:
        return {}
    client = cloud.cloudformation()
    resources = client.describe_stack_resources(StackName=stack["StackName"])["StackResources"]
    return {
        secret["PhysicalResourceId"]: _current_version(cloud, secret["PhysicalResourceId"])
        for secret in resources
        if secret["ResourceType"] == "AWS::SecretsManager::Secret"
    }


def _current_version(cloud: Cloud, secret: str) -> str:
    versions = cloud.secrets().describe_secret(SecretId=secret)["VersionIdsToStages"]
    (current,) = (version for version, stages in versions.items() if CURRENT in stages)
    return current


def _keep_secrets(cloud: Cloud, versions: Mapping[str, str]) -> None:
    """Make these versions of secrets the current ones again.

    CloudFormation generates a new value when a template says differently how to generate it. A new
    identity secret would give every lead a new id, and a new link secret would break old links.
    """
    for secret, version in versions.items():
        new = _current_version(cloud, secret)
        if new != version:
            cloud.secrets().update_secret_version_stage(
                SecretId=secret,
                VersionStage=CURRENT,
                MoveToVersionId=version,
                RemoveFromVersionId=new,
            )


def _version(digest: str, values: Mapping[str, str]) -> str:
    """Return a name for a package with its parameters, of hex digits."""
    return hashlib.sha256(f"{digest} {sorted(values.items())}".encode()).hexdigest()[:16]


def _refuse(found: Sequence[Finding]) -> None:
    if found:
        lines = "\n".join(f"  {finding}" for finding in found)
        raise DeployError(f"AWS would refuse this template, so it was not deployed:\n{lines}")


def _find_stack(client: CloudFormationClient, name: str) -> StackTypeDef | None:
    try:
        return client.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise


def _clear_failed_creation(
    client: CloudFormationClient, stack: StackTypeDef | None
) -> StackTypeDef | None:
    """Return a stack as it is; delete one whose creation was rolled back, and return None.

    Such a stack holds nothing, and CloudFormation allows nothing but to delete it.
    """
    if stack is None or stack["StackStatus"] != "ROLLBACK_COMPLETE":
        return stack
    client.delete_stack(StackName=stack["StackName"])
    client.get_waiter("stack_delete_complete").wait(StackName=stack["StackName"])
    return None


def _values(
    template: Mapping[str, Any], stack: StackTypeDef | None, given: Mapping[str, str]
) -> dict[str, str]:
    """Return the value of each parameter: as given, else as the stack has it, else its default.

    What the template does not declare is kept only if it is given, so that CloudFormation says so.
    """
    had = {
        parameter["ParameterKey"]: parameter["ParameterValue"]
        for parameter in (stack.get("Parameters", []) if stack else [])
    }
    declared = {
        name: had.get(name, str(parameter["Default"]))
        for name, parameter in template["Parameters"].items()
    }
    return declared | dict(given)


def _parameters(values: Mapping[str, str]) -> list[ParameterTypeDef]:
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]


def _apply(
    client: CloudFormationClient,
    stack: StackTypeDef | None,
    name: str,
    template_url: str,
    parameters: list[ParameterTypeDef],
    cloud: Cloud,
) -> None:
    """Create or update the stack, and wait for it."""
    delay_s = 1 if cloud.endpoint_url else 5
    pace: Any = {"Delay": delay_s, "MaxAttempts": MAX_WAIT_S // delay_s}
    if stack is None:
        client.create_stack(
            StackName=name,
            TemplateURL=template_url,
            Parameters=parameters,
            Capabilities=CAPABILITIES,
        )
        client.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig=pace)
    else:
        client.update_stack(
            StackName=name,
            TemplateURL=template_url,
            Parameters=parameters,
            Capabilities=CAPABILITIES,
        )
        client.get_waiter("stack_update_complete").wait(StackName=name, WaiterConfig=pace)


def _is_unchanged(error: ClientError) -> bool:
    return "No updates are to be performed" in str(error)


def _reasons(client: CloudFormationClient, name: str) -> str:
    """Return why the stack failed, one line for each resource."""
    events = client.describe_stack_events(StackName=name)["StackEvents"]
    failed = [event for event in events if event.get("ResourceStatus", "").endswith("FAILED")]
    lines = [
        f"  {event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
        for event in failed
    ]
    return f"CloudFormation could not deploy {name}:\n" + "\n".join(
        lines or ["  no reason was given"]
    )


def main(arguments: list[str]) -> int:
    """Deploy to the AWS account of the shell's environment. Return the exit code."""
    given = _parse(arguments)
    named = {
        "Stage": given.stage,
        "Sender": given.sender,
        "AlarmEmail": given.alarm_email,
        "TimeZone": given.time_zone,
        "Gradual": "false" if given.stage == UNPROTECTED else "true",
        **dict(given.parameter),
    }
    parameters = {name: value for name, value in named.items() if value}
    try:
        cloud = Cloud(boto3.Session())
        check_request(cloud, parameters)
        print("Packaging ...")
        made = package(given.architecture)
        print(f"Deploying {stack_name_of(given.stage)} to {cloud.region} ...")
        result = deploy(cloud, stack_name_of(given.stage), made, parameters)
        defaults.load(
            table_name=result["TableName"],
            api_url=result["ApiUrl"],
            site_url=given.site_url,
            endpoint_url=None,
            region=cloud.region,
            time_zone=result["TimeZone"],
            demo=False,
        )
    except (
        PackageError,
        PreflightError,
        DeployError,
        DocumentError,
        BotoCoreError,
        ClientError,
    ) as error:
        print(error, file=sys.stderr)
        return 1
    for key in SHOWN:
        if key in result:
            print(f"{key:16} {result[key]}")
    return 0


def check_request(cloud: Cloud, parameters: Mapping[str, str]) -> None:
    """Raise DeployError for what a deploy cannot do without, in one sentence each."""
    check_time_zone(parameters.get("TimeZone", ""))
    if not cloud.region:
        raise DeployError("Which region? Name one with REGION=eu-central-1 or AWS_DEFAULT_REGION.")
    if cloud.session.get_credentials() is None:
        raise DeployError(
            "Which account? Give this shell credentials of AWS, for example with AWS_PROFILE or"
            " `aws configure`."
        )
    if parameters["Stage"] == UNPROTECTED or "Sender" in parameters:
        return
    if _find_stack(cloud.cloudformation(), stack_name_of(parameters["Stage"])) is None:
        raise DeployError(
            "Who sends? Outside dev, the first deploy names a From address that SES has verified:"
            " SENDER=hello@acme.example."
        )


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m infra.deploy", description="Deploy Baton to AWS."
    )
    parser.add_argument(
        "--stage", required=True, help="the deployment's name; dev may be thrown away"
    )
    parser.add_argument(
        "--architecture",
        default="x86_64",
        choices=sorted(PLATFORMS),
        help="the processor that the functions run on",
    )
    parser.add_argument(
        "--sender",
        default=os.environ.get("BATON_SENDER", ""),
        help="the From address of every email, verified in SES",
    )
    parser.add_argument(
        "--alarm-email",
        default=os.environ.get("BATON_ALARM_EMAIL", ""),
        help="the address that alarms are sent to",
    )
    parser.add_argument(
        "--time-zone",
        default=os.environ.get("BATON_TIME_ZONE", ""),
        help="the company's time zone, for example Europe/Berlin; at first UTC",
    )
    parser.add_argument(
        "--site-url",
        default=os.environ.get("BATON_SITE_URL", ""),
        help="the URL of the landing page",
    )
    parser.add_argument(
        "--parameter",
        action="append",
        default=[],
        type=_name_and_value,
        metavar="NAME=VALUE",
        help="another parameter of the template, for example PublicConcurrency=0 in a new account",
    )
    return parser.parse_args(arguments)


def _name_and_value(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text!r} does not have the form NAME=VALUE")
    return name, value


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
