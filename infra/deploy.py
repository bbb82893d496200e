"""Deploy the packaged template with CloudFormation, to AWS and to the local AWS alike.

    python -m infra.deploy --stage prod --sender hello@acme.example

The account and region are those of the shell's environment. A parameter that is not given keeps the
value that it has in the stack.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, WaiterError

from infra import defaults
from infra.package import Package, PackageError, package

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.literals import CapabilityType
    from mypy_boto3_cloudformation.type_defs import ParameterTypeDef, StackTypeDef
    from mypy_boto3_s3 import S3Client

CAPABILITIES: list[CapabilityType] = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
MAX_WAIT_S = 1800
#: A person waits, and would rather hear of a broken connection than of nothing.
SDK_CALLS = Config(connect_timeout=5, read_timeout=60)
NO_BUCKET_CODES = ("404", "NoSuchBucket")
NO_OBJECT_CODES = ("404", "NoSuchKey")


class DeployError(Exception):
    """CloudFormation refused or rolled back. The message names each failed resource and why."""


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

    def account(self) -> str:
        """Return the id of the account."""
        sts = self.session.client("sts", endpoint_url=self.endpoint_url, config=SDK_CALLS)
        return sts.get_caller_identity()["Account"]


def deploy(
    cloud: Cloud, stack_name: str, made: Package, parameters: Mapping[str, str]
) -> dict[str, str]:
    """Create or update a stack, wait for it and return its outputs.

    parameters: those that are not given keep their value. Raise DeployError.
    """
    template_url = _upload(cloud, made)
    client = cloud.cloudformation()
    stack = _clear_failed_creation(client, _find_stack(client, stack_name))
    try:
        _apply(
            client,
            stack,
            stack_name,
            template_url,
            _parameters(made.template, stack, parameters),
            cloud,
        )
    except WaiterError as error:
        raise DeployError(_reasons(client, stack_name)) from error
    except ClientError as error:
        if not _is_unchanged(error):
            raise DeployError(str(error)) from error
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


def _upload(cloud: Cloud, made: Package) -> str:
    """Put the zip and the template into the artifact bucket. Return the template's URL.

    Both are named after the digest of the package, so an unchanged zip is not uploaded again.
    """
    bucket = f"baton-artifacts-{cloud.account()}-{cloud.region}"
    s3 = cloud.s3()
    _make_bucket(s3, bucket, cloud.region)
    key = f"{made.digest}.zip"
    if not _is_uploaded(s3, bucket, key):
        s3.put_object(Bucket=bucket, Key=key, Body=made.zip_path.read_bytes())
    template = json.dumps(with_code(made.template, bucket, key)).encode()
    s3.put_object(Bucket=bucket, Key=f"{made.digest}.json", Body=template)
    host = cloud.endpoint_url or f"https://s3.{cloud.region}.amazonaws.com"
    return f"{host}/{bucket}/{made.digest}.json"


def with_code(template: dict[str, Any], bucket: str, key: str) -> dict[str, Any]:
    """Return the template with every function's code at a place in a bucket."""
    placed = copy.deepcopy(template)
    for resource in placed["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = {"Bucket": bucket, "Key": key}
    return placed


def _make_bucket(s3: S3Client, bucket: str, region: str) -> None:
    """Create the bucket of this account and region, closed to the public, unless it exists."""
    try:
        s3.head_bucket(Bucket=bucket)
        return
    except ClientError as error:
        if error.response["Error"]["Code"] not in NO_BUCKET_CODES:
            raise
    if region == "us-east-1":  # S3 refuses this one as a location
        s3.create_bucket(Bucket=bucket)
    else:
        where: Any = {"LocationConstraint": region}
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
    s3.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )


def _is_uploaded(s3: S3Client, bucket: str, key: str) -> bool:
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in NO_OBJECT_CODES:
            return False
        raise
    return True


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


def _parameters(
    template: Mapping[str, Any], stack: StackTypeDef | None, given: Mapping[str, str]
) -> list[ParameterTypeDef]:
    """Return the given parameters, and the stack's own values for the others.

    Only a parameter that the stack has and the template still declares can keep its value.
    """
    known = (
        {parameter["ParameterKey"] for parameter in stack.get("Parameters", [])} if stack else set()
    )
    kept = sorted((known - given.keys()) & template["Parameters"].keys())
    new: list[ParameterTypeDef] = [
        {"ParameterKey": k, "ParameterValue": v} for k, v in given.items()
    ]
    return new + [{"ParameterKey": key, "UsePreviousValue": True} for key in kept]


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
    cloud = Cloud(boto3.Session())
    if not cloud.region:
        print("Which region? Set AWS_REGION or AWS_DEFAULT_REGION.", file=sys.stderr)
        return 2
    named = {
        "Stage": given.stage,
        "Sender": given.sender,
        "AlarmEmail": given.alarm_email,
        "TimeZone": given.time_zone,
        **dict(given.parameter),
    }
    try:
        check_time_zone(named["TimeZone"])
        print("Packaging ...")
        made = package()
        print(f"Deploying {stack_name_of(given.stage)} to {cloud.region} ...")
        result = deploy(
            cloud, stack_name_of(given.stage), made, {k: v for k, v in named.items() if v}
        )
    except (PackageError, DeployError) as error:
        print(error, file=sys.stderr)
        return 1
    defaults.load(
        table_name=result["TableName"],
        api_url=result["ApiUrl"],
        site_url=given.site_url,
        endpoint_url=None,
        region=cloud.region,
        time_zone=result["TimeZone"],
        demo=False,
    )
    for key in (
        "ApiUrl",
        "TableName",
        "TimeZone",
        "HandoffTopicArn",
        "FeedbackTopicArn",
        "AdminSecretArn",
    ):
        print(f"{key:16} {result[key]}")
    return 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m infra.deploy", description="Deploy Baton to AWS."
    )
    parser.add_argument(
        "--stage", required=True, help="the deployment's name; dev may be thrown away"
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
        help="another parameter of the template, for example PublicConcurrency=5 in a new account",
    )
    return parser.parse_args(arguments)


def _name_and_value(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text!r} does not have the form NAME=VALUE")
    return name, value


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
