"""docs/how-to/deploy.md names only what there is: targets, parameters, operations, permissions."""

import json
import re
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.validate import ParamValidator
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from infra.package import own_architecture, package
from infra.paths import ROOT
from tests.aws_cli import PRINTED, options_in, parameters_of
from tests.deploy_page import calls_in, script, steps
from tests.pages import text_of

MOST_SKIPPED = 8
POLICY_MAX_CHARS = 6_144  # of a managed policy, without blanks
BECOMES = {
    "AWS::Serverless::Function": [
        "AWS::CodeDeploy::Application",
        "AWS::CodeDeploy::DeploymentGroup",
        "AWS::IAM::Role",
        "AWS::Events::Rule",
        "AWS::Lambda::Alias",
        "AWS::Lambda::EventInvokeConfig",
        "AWS::Lambda::EventSourceMapping",
        "AWS::Lambda::Function",
        "AWS::Lambda::Permission",
        "AWS::Lambda::Version",
        "AWS::SNS::Subscription",
    ],
    "AWS::Serverless::Api": [
        "AWS::ApiGateway::Deployment",
        "AWS::ApiGateway::RestApi",
        "AWS::ApiGateway::Stage",
    ],
}
"""What the Serverless transform makes of a resource."""
NOT_OURS = re.compile(
    r"(ec2|elasticfilesystem|firehose|kinesis|kms|s3files|s3tables):.*|iam:\w+(User|Group)Policy"
    # what else a firewall may stand before
    r"|(amplify|apprunner|appsync|bedrock-agentcore|cognito-idp|elasticloadbalancing|payments):.*"
)
"""What a resource may be tied to, and none of ours is."""
NOT_ACTIONS = {"s3:REST.PUT.OBJECT", "s3:GetObjectMetadata"}  # in the schema, and not in IAM


@cache
def policy() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(text_of("infra/deployer-policy.json"))["Statement"]
    return found


def allows(action: str) -> bool:
    return any(
        fnmatchcase(action.lower(), pattern.lower())
        for statement in policy()
        for pattern in listed(statement["Action"])
    )


def listed(one_or_many: str | list[str]) -> list[str]:
    return [one_or_many] if isinstance(one_or_many, str) else one_or_many


# --- the policy


def types() -> set[str]:
    resources = package(own_architecture()).template["Resources"].values()
    declared = {resource["Type"] for resource in resources}
    return {made for kind in declared for made in BECOMES.get(kind, [kind])}


def test_the_deployer_may_do_what_each_resource_asks_for() -> None:
    missing = {
        f"{kind}: {action}"
        for kind in types()
        for action in permissions(kind)
        if not (NOT_OURS.fullmatch(action) or action in NOT_ACTIONS or allows(action))
    }
    assert missing == set()


def permissions(kind: str) -> set[str]:
    """Return what CloudFormation needs for a type of resource, by the type's own schema."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    handlers = schema["handlers"]
    return {one for name in handlers for one in handlers[name].get("permissions", [])}


def test_no_permission_is_for_what_the_template_does_not_have() -> None:
    # So that the policy shrinks with the template. The tools and this page use the second line.
    used = {action.split(":")[0] for kind in types() for action in permissions(kind)}
    used |= {"acm", "cloudformation", "sms-voice", "sts", "tag"}
    named = {
        pattern.split(":")[0] for statement in policy() for pattern in listed(statement["Action"])
    }
    assert named <= used


def test_roles_and_secrets_of_others_stay_out_of_reach() -> None:
    of_anybody = [one for one in policy() if "*" in listed(one["Resource"])]
    assert [
        action
        for statement in of_anybody
        for action in listed(statement["Action"])
        if action.startswith(("iam:", "secretsmanager:")) and action != "iam:ListRoles"
    ] == ["secretsmanager:GetRandomPassword", "secretsmanager:ListSecrets"]


def test_the_policy_fits_into_a_managed_policy() -> None:
    assert len(re.sub(r"\s", "", text_of("infra/deployer-policy.json"))) < POLICY_MAX_CHARS


# --- the commands


def test_few_steps_cannot_run_on_the_local_aws() -> None:
    skipped = [step for step in steps() if step.skipped is not None]
    assert len(skipped) <= MOST_SKIPPED
    assert text_of("docs/how-to/deploy.md").count("<!--") == len(skipped)


def made() -> Iterator[list[str]]:
    for step in steps():
        for line in step.lines():
            yield from calls_in(line, "make")


def test_each_step_has_a_command() -> None:
    assert len(steps()) == len(re.findall(r"^```sh$", text_of("docs/how-to/deploy.md"), re.M))
    assert all(list(step.lines()) for step in steps())


def test_the_steps_are_a_script() -> None:
    checked = subprocess.run(
        ["bash", "-n"], input=script(), text=True, capture_output=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "put-email-identity-mail-from-attributes" not in script()


def test_each_target_and_variable_of_make_exists() -> None:
    makefile = text_of("Makefile")
    targets = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.M))
    variables = set(re.findall(r"\$\((?:if|and|foreach one,)? ?\$?\(?([A-Z_]+)\)", makefile))
    calls = list(made())
    assert {"deploy", "doctor", "show", "restore", "test"} <= {target_of(call) for call in calls}
    for call in calls:
        assert target_of(call) in targets
        assert {word.partition("=")[0] for word in call[1:] if "=" in word} <= variables


def target_of(call: list[str]) -> str:
    return next(word for word in call[1:] if not word.startswith("-") and "=" not in word)


def test_each_parameter_exists() -> None:
    page = text_of("docs/how-to/deploy.md")
    given = " ".join(word for call in made() for word in call if word.startswith("PARAMETERS="))
    named = set(re.findall(r"([A-Z][A-Za-z]+)=", given.replace("PARAMETERS=", "")))
    named |= set(re.findall(r"`([A-Z][A-Za-z]+[a-z])=", page))
    assert "MonthlyBudget" in named
    assert named <= package(own_architecture()).template["Parameters"].keys()


def aws_calls() -> list[list[str]]:
    return [call for step in steps() for line in step.lines() for call in calls_in(line, "aws")]


@pytest.mark.parametrize("call", aws_calls(), ids=lambda call: " ".join(call[1:3]))
def test_a_command_is_one_of_the_aws_command_line(call: list[str]) -> None:
    _, service, command, *options = call
    session = botocore.session.get_session()
    model = session.get_service_model(service)
    if command == "wait":
        waiters = session.get_waiter_model(service)
        assert options[0].replace("-", "_") in {xform_name(name) for name in waiters.waiter_names}
        return
    operations = {xform_name(name, "-"): name for name in model.operation_names}
    operation = model.operation_model(operations[command])
    given = [(name, words) for name, words in options_in(options) if name not in PRINTED]
    parameters = parameters_of(operation.input_shape, given)
    assert operation.input_shape
    problems = ParamValidator().validate(parameters, operation.input_shape)
    # A variable stands for a longer text.
    wrong = [one for one in problems.generate_report().splitlines() if "Invalid length" not in one]
    assert wrong == []


def test_the_deployer_may_do_what_the_page_asks() -> None:
    prefix = {"sesv2": "ses"}
    for step in steps()[2:]:
        for line in step.lines():
            for _, service, command, *_ in calls_in(line, "aws"):
                model = botocore.session.get_session().get_service_model(service)
                operations = {xform_name(name, "-"): name for name in model.operation_names}
                action = operations.get(command)
                assert action is None or allows(f"{prefix.get(service, service)}:{action}"), line


def test_each_resource_that_the_page_names_is_there() -> None:
    named = set(re.findall(r"\(id (\w+)\)", text_of("docs/how-to/deploy.md")))
    assert (
        {"IdentitySecret", "LinkSecret", "Table"}
        <= named
        <= package(own_architecture()).template["Resources"].keys()
    )


def test_the_page_is_reached_from_the_how_tos() -> None:
    assert "(deploy.md)" in (ROOT / "docs/how-to/README.md").read_text()
