"""Secrets, from Secrets Manager."""

import json
from collections.abc import Callable, Mapping

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.store.time_outs import bounded
from chalicelib.telemetry import log


def read_secret(arn: str) -> str:
    """Return a secret's text."""
    client = boto3.client("secretsmanager", config=bounded())
    return client.get_secret_value(SecretId=arn)["SecretString"]


def read_keys(read: Callable[[], str]) -> Mapping[str, str]:
    """Return the keys in the text of an owner's secret, by their names. read: returns the text.

    One that we may not read, or that is not JSON, has none: no form may be lost over it.
    """
    try:
        keys = json.loads(read())
    except (BotoCoreError, ClientError, ValueError) as error:
        log("keys_unreadable", error=type(error).__name__)
        return {}
    return keys if isinstance(keys, dict) else {}
