"""The raw emails that SES receives, in S3. Only the deployment's own bucket is ever touched."""

from typing import Any

from botocore.exceptions import ClientError

from chalicelib.limits import INBOUND_MAX_BYTES

ABSENT_CODES = frozenset({"NoSuchKey", "404"})
EMPTY_CODE = "InvalidRange"  # of an object without a byte


class S3Mailroom:
    """Reads and deletes raw emails. owner: the account that has to own the bucket."""

    def __init__(self, client: Any, bucket: str, owner: str) -> None:
        self._client = client
        self._bucket = bucket
        self._owner = owner

    def read(self, bucket: str, key: str) -> bytes | None:
        """Return the beginning of a raw email, at most INBOUND_MAX_BYTES; None when there is none
        of ours there.
        """
        if bucket != self._bucket:
            return None
        try:
            found = self._client.get_object(
                Bucket=self._bucket,
                Key=key,
                Range=f"bytes=0-{INBOUND_MAX_BYTES - 1}",
                ExpectedBucketOwner=self._owner,
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in ABSENT_CODES:
                return None
            if code == EMPTY_CODE:
                return b""
            raise
        raw: bytes = found["Body"].read(INBOUND_MAX_BYTES)
        return raw

    def delete(self, bucket: str, key: str) -> None:
        """Delete a raw email of ours. That it is gone already is as good."""
        if bucket == self._bucket:
            self._client.delete_object(
                Bucket=self._bucket, Key=key, ExpectedBucketOwner=self._owner
            )


def connect_mailroom(bucket: str, owner: str) -> S3Mailroom:
    """Return the mailroom of a bucket, in the account and region of the environment."""
    import boto3

    from chalicelib.store.time_outs import bounded

    return S3Mailroom(boto3.client("s3", config=bounded()), bucket, owner)
