"""Secrets, from Secrets Manager."""

import boto3
from botocore.config import Config

#: Twice at most three seconds: a page's request, which waits for it, may take ten.
CALLS = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 2})


def read_secret(arn: str) -> str:
    """Return a secret's text."""
    client = boto3.client("secretsmanager", config=CALLS)
    return client.get_secret_value(SecretId=arn)["SecretString"]
