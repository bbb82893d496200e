"""Secrets, from Secrets Manager."""

import boto3

from chalicelib.store.time_outs import bounded


def read_secret(arn: str) -> str:
    """Return a secret's text."""
    client = boto3.client("secretsmanager", config=bounded())
    return client.get_secret_value(SecretId=arn)["SecretString"]
