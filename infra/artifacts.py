"""The bucket that CloudFormation and Lambda take the template and the zip from.

Every call names the account that must own the bucket, so that nothing is read from or written to a
bucket of somebody else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infra.package import Package

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NO_BUCKET_CODES = ("404", "NoSuchBucket")
NO_OBJECT_CODES = ("404", "NoSuchKey")


@dataclass(frozen=True)
class Bucket:
    """The artifact bucket of an account and region."""

    account: str
    region: str

    @property
    def name(self) -> str:
        """A name in the account's own namespace, where nobody else can have taken it."""
        return f"baton-artifacts-{self.account}-{self.region}-an"


def upload(s3: S3Client, bucket: Bucket, made: Package, template: Mapping[str, Any]) -> str:
    """Put the zip and the template into the artifact bucket. Return the template's URL.

    Both are named after what they hold, so an unchanged zip is not uploaded again.
    """
    _make_bucket(s3, bucket)
    key = zip_key(made)
    if not _is_uploaded(s3, bucket, key):
        s3.put_object(
            Bucket=bucket.name,
            ExpectedBucketOwner=bucket.account,
            Key=key,
            Body=made.zip_path.read_bytes(),
        )
    body = json.dumps(template).encode()
    template_key = f"{hashlib.sha256(body).hexdigest()}.json"
    s3.put_object(
        Bucket=bucket.name, ExpectedBucketOwner=bucket.account, Key=template_key, Body=body
    )
    return f"{s3.meta.endpoint_url}/{bucket.name}/{template_key}"


def _make_bucket(s3: S3Client, bucket: Bucket) -> None:
    """Create the bucket of this account and region, closed to the public, unless it exists."""
    try:
        s3.head_bucket(Bucket=bucket.name, ExpectedBucketOwner=bucket.account)
        return
    except ClientError as error:
        if error.response["Error"]["Code"] not in NO_BUCKET_CODES:
            raise
    # The one call without an expected owner: S3 knows none for a bucket that does not exist yet.
    new: Any = {"Bucket": bucket.name, "BucketNamespace": "account-regional"}
    if bucket.region != "us-east-1":  # S3 refuses this one as a location
        new["CreateBucketConfiguration"] = {"LocationConstraint": bucket.region}
    s3.create_bucket(**new)
    s3.put_public_access_block(
        Bucket=bucket.name,
        ExpectedBucketOwner=bucket.account,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )


def _is_uploaded(s3: S3Client, bucket: Bucket, key: str) -> bool:
    try:
        s3.head_object(Bucket=bucket.name, ExpectedBucketOwner=bucket.account, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in NO_OBJECT_CODES:
            return False
        raise
    return True


def zip_key(made: Package) -> str:
    """Return where a package's zip is in the bucket."""
    return f"{made.digest}.zip"
