"""A deploy up to its stack, on the emulator: the artifact bucket, the parameters, what is kept."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest

from infra import preflight
from infra.deploy import Cloud, DeployError, deploy, main
from infra.local.emulator import ANYBODY
from infra.package import Package, own_architecture, package
from infra.preflight import DEPLOYMENTS, Finding
from tests import engines

REGION = "eu-central-1"
ACCOUNT = "000000000000"  # the emulator's
OLD_FORM = {"PasswordLength": 32, "ExcludeCharacters": "/"}
NEW_FORM = {"PasswordLength": 32, "ExcludePunctuation": True}


@pytest.fixture(scope="module")
def emulator() -> Iterator[str]:
    """The URL of an emulator that has deployed nothing yet."""
    try:
        with engines.emulator() as url:
            yield url
    except engines.MissingError as error:
        engines.missing(str(error))


@pytest.fixture
def cloud(emulator: str) -> Cloud:
    """A cloud with a session of its own, which a test may listen to."""
    return Cloud(boto3.Session(ANYBODY, ANYBODY, region_name=REGION), emulator)


@pytest.fixture
def made(tmp_path: Path) -> Package:
    """A package of nearly nothing: a secret, which is generated."""
    zip_path = tmp_path / "deployment.zip"
    zip_path.write_bytes(b"a zip")
    return Package(uuid4().hex, template(NEW_FORM), zip_path)


@pytest.fixture
def name() -> str:
    """A name that no other stack has."""
    return f"baton-{uuid4().hex[:8]}"


def template(form: dict[str, Any]) -> dict[str, Any]:
    return {
        "Parameters": {
            "Stage": {"Type": "String", "Default": "dev"},
            "Sender": {"Type": "String", "Default": "hello@baton.example"},
        },
        "Resources": {
            "Secret": {
                "Type": "AWS::SecretsManager::Secret",
                "Properties": {"GenerateSecretString": form},
            }
        },
        "Outputs": {
            "SecretArn": {"Value": {"Ref": "Secret"}},
            "Sender": {"Value": {"Ref": "Sender"}},
        },
    }


def nothing_found(*_: Any) -> list[Finding]:
    return []


def s3_calls(cloud: Cloud) -> list[tuple[str, dict[str, Any]]]:
    """The calls of S3 from now on, as a list that grows: operation and parameters."""
    seen: list[tuple[str, dict[str, Any]]] = []

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        seen.append((model.name, params))

    cloud.session.events.register("provide-client-params.s3.*", note)
    return seen


# --- the artifact bucket


def test_every_call_of_s3_names_the_owner_it_expects(
    cloud: Cloud, made: Package, name: str
) -> None:
    # The emulator lets any owner pass, so it is the calls that are looked at.
    calls = s3_calls(cloud)
    deploy(cloud, name, made, {})
    assert {operation for operation, _ in calls} >= {"HeadBucket", "HeadObject", "PutObject"}
    unnamed = {op for op, params in calls if params.get("ExpectedBucketOwner") != ACCOUNT}
    assert unnamed <= {"CreateBucket"}  # which has no such parameter


def test_the_bucket_is_in_the_accounts_own_namespace(emulator: str, made: Package) -> None:
    # In a region of its own, where no test has made the bucket yet.
    for region in ("ap-southeast-2", "us-east-1"):
        cloud = Cloud(boto3.Session(ANYBODY, ANYBODY, region_name=region), emulator)
        calls = s3_calls(cloud)
        deploy(cloud, "baton-first", made, {})
        ((_, created),) = [call for call in calls if call[0] == "CreateBucket"]
        assert created["BucketNamespace"] == "account-regional"
        assert created["Bucket"].endswith(f"-{ACCOUNT}-{region}-an")
        assert {params["Bucket"] for _, params in calls} == {created["Bucket"]}
        location = created.get("CreateBucketConfiguration", {}).get("LocationConstraint")
        assert location == (None if region == "us-east-1" else region)
        assert "PutPublicAccessBlock" in {operation for operation, _ in calls}


def test_an_unchanged_zip_is_uploaded_once(cloud: Cloud, made: Package, name: str) -> None:
    calls = s3_calls(cloud)
    deploy(cloud, name, made, {})
    deploy(cloud, name, made, {})
    zips = [op for op, params in calls if params.get("Key") == f"{made.digest}.zip"]
    assert zips == ["HeadObject", "PutObject", "HeadObject"]


# --- the stack


def test_what_is_not_given_keeps_its_value(cloud: Cloud, made: Package, name: str) -> None:
    assert deploy(cloud, name, made, {})["Sender"] == "hello@baton.example"
    assert deploy(cloud, name, made, {"Sender": "a@b.example"})["Sender"] == "a@b.example"
    assert deploy(cloud, name, made, {})["Sender"] == "a@b.example"


@pytest.mark.parametrize(("stage", "is_protected"), [("dev", False), ("prod", True)])
def test_a_stack_outside_dev_cannot_be_deleted_by_mistake(
    cloud: Cloud, made: Package, name: str, stage: str, *, is_protected: bool
) -> None:
    deploy(cloud, name, made, {"Stage": stage}, nothing_found)
    (stack,) = cloud.cloudformation().describe_stacks(StackName=name)["Stacks"]
    assert stack["EnableTerminationProtection"] is is_protected


def test_a_deploy_outside_dev_is_checked_with_all_parameters(
    cloud: Cloud, made: Package, name: str
) -> None:
    asked: list[tuple[dict[str, Any], dict[str, str], str]] = []

    def check(*question: Any) -> list[Finding]:
        asked.append(question)
        return []

    deploy(cloud, name, made, {"Stage": "prod", "Sender": "a@b.example"}, check)
    deploy(cloud, name, made, {"Stage": "prod"}, check)
    assert [values for _, values, _ in asked] == [{"Stage": "prod", "Sender": "a@b.example"}] * 2
    assert {region for _, _, region in asked} == {REGION}
    deploy(cloud, f"{name}-dev", made, {}, check)
    assert len(asked) == 2


def test_what_aws_would_refuse_is_not_deployed(cloud: Cloud, made: Package, name: str) -> None:
    calls = s3_calls(cloud)
    found = Finding("pf-rule", "Secret", "it cannot be generated")
    with pytest.raises(DeployError, match=r"Secret: it cannot be generated \(pf-rule\)"):
        deploy(cloud, name, made, {"Stage": "prod"}, lambda *_: [found])
    assert not calls
    with pytest.raises(cloud.cloudformation().exceptions.ClientError, match="does not exist"):
        cloud.cloudformation().describe_stacks(StackName=name)


def test_a_secret_keeps_its_value_however_it_is_generated(
    cloud: Cloud, made: Package, name: str
) -> None:
    # CloudFormation generates anew when the template says differently how; the leads' ids are made
    # with such a secret.
    old = replace(made, digest=uuid4().hex, template=template(OLD_FORM))
    secret = deploy(cloud, name, old, {})["SecretArn"]
    value = cloud.secrets().get_secret_value(SecretId=secret)["SecretString"]
    deploy(cloud, name, made, {})
    assert cloud.secrets().get_secret_value(SecretId=secret)["SecretString"] == value


def test_the_template_deploys_with_every_parameter_given(cloud: Cloud, name: str) -> None:
    made = package(own_architecture())
    given = {
        parameter: cloud.secrets().create_secret(Name=f"{name}-{parameter}", SecretString="s")[
            "ARN"
        ]
        for parameter in ("GivenIdentitySecret", "GivenLinkSecret")
    }
    result = deploy(cloud, name, made, {**DEPLOYMENTS["prod-everything"], **given}, nothing_found)
    assert result["ApiUrl"] == "https://go.acme.example"
    functions = cloud.session.client("lambda", endpoint_url=cloud.endpoint_url)
    variables = [
        one["Environment"]["Variables"]
        for one in functions.list_functions()["Functions"]
        if one["FunctionName"].startswith(name)
    ]
    for parameter, variable in (
        ("GivenIdentitySecret", "BATON_IDENTITY_SECRET"),
        ("GivenLinkSecret", "BATON_LINK_SECRET"),
    ):
        used = {one[variable] for one in variables if variable in one}
        assert used == {given[parameter]}


def test_a_changed_parameter_reaches_the_version_that_is_called(cloud: Cloud, name: str) -> None:
    # SAM publishes a version for new code, and would not for a new sender.
    made = package(own_architecture())
    functions = cloud.session.client("lambda", endpoint_url=cloud.endpoint_url)
    called = []
    for sender in ("a@b.example", "c@d.example", "c@d.example"):
        deploy(cloud, name, made, {"Sender": sender})
        deliver = cloud.cloudformation().describe_stack_resource(
            StackName=name, LogicalResourceId="Deliver"
        )["StackResourceDetail"]["PhysicalResourceId"]
        live = functions.get_function_configuration(FunctionName=deliver, Qualifier="live")
        called.append((live["Environment"]["Variables"]["BATON_SENDER"], live["Version"]))
    assert called == [("a@b.example", "1"), ("c@d.example", "2"), ("c@d.example", "2")]


# --- what a deploy cannot do without


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A shell without any setting of AWS, on a machine that has none either."""
    for variable in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return monkeypatch


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """What a deploy that does not begin says, in one line."""
    assert main(["--stage", "prod"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    return line


@pytest.mark.usefixtures("shell")
def test_a_deploy_without_a_region_asks_for_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys).startswith("Which region?")


def test_a_deploy_without_credentials_asks_for_them(
    shell: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.setenv("AWS_DEFAULT_REGION", REGION)
    assert said(capsys).startswith("Which account?")


def test_the_first_deploy_outside_dev_asks_for_a_sender(
    shell: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], emulator: str
) -> None:
    shell.setenv("AWS_ACCESS_KEY_ID", ANYBODY)
    shell.setenv("AWS_SECRET_ACCESS_KEY", ANYBODY)
    shell.setenv("AWS_ENDPOINT_URL", emulator)
    shell.setenv("AWS_DEFAULT_REGION", REGION)
    assert said(capsys).startswith("Who sends?")


def test_an_unknown_profile_is_said_in_one_line(
    shell: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.setenv("AWS_PROFILE", "nobody")
    assert "nobody" in said(capsys)


def test_a_check_that_is_not_installed_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(preflight.PreflightError, match="run make preflight"):
        preflight.check({}, {}, REGION, installed=tmp_path / "missing")
