"""S3."""

from typing import Any

from ministack.core.responses import get_account_id
from ministack.services import s3

EXPECTED_OWNER = "x-amz-expected-bucket-owner"


def mend() -> None:
    """Apply the mends of this file."""
    check_expected_owner()


def check_expected_owner() -> None:
    """Refuse a call that expects another account to own the bucket.

    AWS answers 403 AccessDenied. ministack does not look at ExpectedBucketOwner. Its buckets are
    kept by account, so whoever finds a bucket owns it.
    """
    handle = s3.handle_request

    async def handle_for_owner(
        method: str, path: str, headers: dict[str, str], *rest: Any, **named: Any
    ) -> Any:
        if headers.get(EXPECTED_OWNER, get_account_id()) != get_account_id():
            return s3._error("AccessDenied", "Access Denied", 403, path)
        return await handle(method, path, headers, *rest, **named)

    s3.handle_request = handle_for_owner
