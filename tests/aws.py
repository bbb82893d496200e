"""One boto3 session for all tests of a process.

Each new session reads botocore's descriptions of AWS again, which takes a third of a second. moto
answers the clients of this one too, while it is on.
"""

from functools import cache

import boto3
from moto import mock_aws

from infra.local.emulator import ANYBODY

__all__ = ["mock_aws", "session"]  # moto must be imported before the session is made


@cache
def session(region: str) -> boto3.Session:
    """Return the session of a region, with credentials that only a local AWS takes."""
    return boto3.Session(ANYBODY, ANYBODY, region_name=region)
