"""Secrets, from Secrets Manager."""

import boto3


def read_secret(arn: str) -> str:
    """Return a secret's text."""
    return boto3.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
