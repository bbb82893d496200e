"""The stand-in for the AWS command line does what the page on deploying asks of it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import aws_cli
from tests.aws import mock_aws


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield


def call(capsys: pytest.CaptureFixture[str], text: str) -> str:
    assert aws_cli.main(text.split()) == 0
    return capsys.readouterr().out.strip()


def test_a_query_is_printed_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    said = call(capsys, "sts get-caller-identity --query Account --output text")
    assert said == "123456789012"


def test_an_answer_is_printed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(call(capsys, "sts get-caller-identity"))["Account"] == "123456789012"


def test_a_file_is_read(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "policy.json"
    allowed = {"Effect": "Allow", "Action": "sts:*", "Resource": "*"}
    file.write_text(json.dumps({"Version": "2012-10-17", "Statement": [allowed]}))
    text = f"iam create-policy --policy-name P --policy-document file://{file}"
    assert "policy/P" in call(capsys, f"{text} --query Policy.Arn --output text")


def test_a_flag_is_true_and_with_no_before_it_false(capsys: pytest.CaptureFixture[str]) -> None:
    create = "secretsmanager create-secret --name s --secret-string x"
    call(capsys, create)
    call(capsys, "secretsmanager delete-secret --secret-id s --force-delete-without-recovery")
    call(capsys, create)  # its name is free at once


def test_pairs_are_a_map() -> None:
    assert aws_cli.value_of(Shape("map"), ["A=1,B=x"], is_on=True) == {"A": "1", "B": "x"}


@pytest.mark.parametrize(("word", "is_on"), [("on", True), ("no-on", False)])
def test_a_flag_may_be_denied(word: str, *, is_on: bool) -> None:
    shape = Shape("structure", {"On": Shape("boolean")})
    assert aws_cli.parameters_of(shape, [(word, [])]) == {"On": is_on}


def test_a_waiter_waits(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(capsys, "dynamodb wait table-not-exists --table-name nothing") == ""


class Shape:
    """The shape of a parameter, as botocore describes it."""

    def __init__(self, type_name: str, members: "dict[str, Shape] | None" = None) -> None:
        self.type_name = type_name
        self.members = members or {}
