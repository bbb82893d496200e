"""Secrets that a template has generated."""

import json
import string
from collections.abc import Callable
from typing import Any

import pytest

Deploy = Callable[..., tuple[str, dict[str, str]]]
PUNCTUATION = string.punctuation


def secret(**how: Any) -> dict[str, Any]:
    properties = {"GenerateSecretString": how}
    return {"Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": properties}}


@pytest.mark.parametrize("switch", [True, "true"])
def test_a_secret_without_punctuation_has_none(
    aws: Callable[[str], Any], deploy: Deploy, *, switch: Any
) -> None:
    status, ids = deploy(secret(PasswordLength=64, ExcludePunctuation=switch))
    value = aws("secretsmanager").get_secret_value(SecretId=ids["Secret"])["SecretString"]
    assert (status, len(value), set(value) & set(PUNCTUATION)) == ("CREATE_COMPLETE", 64, set())


def test_a_secret_of_a_template_keeps_its_fields(aws: Callable[[str], Any], deploy: Deploy) -> None:
    how = {"SecretStringTemplate": '{"user": "u"}', "GenerateStringKey": "current"}
    _, ids = deploy(secret(ExcludePunctuation=True, PasswordLength=40, **how))
    value = aws("secretsmanager").get_secret_value(SecretId=ids["Secret"])["SecretString"]
    fields = json.loads(value)
    assert (fields["user"], len(fields["current"])) == ("u", 40)


def test_excluding_every_character_of_a_type_is_refused(deploy: Deploy) -> None:
    """AWS must put in one of each type, unless told otherwise."""
    # GetRandomPassword, RequireEachIncludedType: "the password contains at least one of every
    # character type" when the switch is left out.
    assert deploy(secret(ExcludeCharacters=PUNCTUATION))[0] == "ROLLBACK_COMPLETE"
    told = secret(ExcludeCharacters=PUNCTUATION, RequireEachIncludedType=False)
    assert deploy(told)[0] == "CREATE_COMPLETE"
