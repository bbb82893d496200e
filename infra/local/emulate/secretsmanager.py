"""Secrets Manager."""

import json
from string import ascii_lowercase, ascii_uppercase, digits, punctuation
from typing import Any

from ministack.services import secretsmanager
from ministack.services.cloudformation import provisioners

TYPES = {
    "ExcludeLowercase": ascii_lowercase,
    "ExcludeUppercase": ascii_uppercase,
    "ExcludeNumbers": digits,
    "ExcludePunctuation": punctuation,
}


def mend() -> None:
    """Apply the mends of this file."""
    generate_as_told()


def generate_as_told() -> None:
    """Generate a template's secret by all of GenerateSecretString.

    AWS leaves out what ExcludePunctuation and its like name. It refuses a secret that must have a
    character of each type (RequireEachIncludedType, the default) while ExcludeCharacters takes all
    characters of one. ministack reads PasswordLength and ExcludeCharacters only.
    """
    value_of = provisioners._sm_secret_string

    def generate(properties: dict[str, Any]) -> Any:
        how = properties.get("GenerateSecretString")
        if not how or properties.get("SecretString"):
            return value_of(properties)
        password = _password(how)
        if not how.get("SecretStringTemplate"):
            return password
        fields = json.loads(how["SecretStringTemplate"])
        return json.dumps(fields | {how.get("GenerateStringKey", "password"): password})

    provisioners._sm_secret_string = generate


def _password(how: dict[str, Any]) -> str:
    """Return a password as GetRandomPassword makes it. Raise ValueError as it refuses."""
    plain = {name: _plain(value) for name, value in how.items()}
    if plain.get("RequireEachIncludedType", True):
        for switch, characters in TYPES.items():
            excluded = set(plain.get("ExcludeCharacters", ""))
            if not plain.get(switch) and excluded.issuperset(characters):
                raise ValueError(
                    "Invalid request provided: ExcludeCharacters excludes all characters of a type"
                    f" that RequireEachIncludedType asks for; use {switch}"
                )
    status, _, body = secretsmanager._get_random_password(plain)
    answer = json.loads(body)
    if status != 200:
        raise ValueError(answer.get("message") or answer.get("Message"))
    return str(answer["RandomPassword"])


def _plain(value: Any) -> Any:
    """Return a value of a template, in which numbers and booleans may be text, as JSON has it."""
    if isinstance(value, str) and (value in ("true", "false") or value.isdecimal()):
        return json.loads(value)
    return value
