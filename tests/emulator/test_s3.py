"""The account that a caller expects to own a bucket."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

OURS, OTHERS = "000000000000", "111111111111"


def test_a_bucket_of_another_account_is_refused(aws: Callable[[str], Any]) -> None:
    # "Verifying bucket ownership with bucket owner condition": 403 Access Denied.
    client = aws("s3")
    client.create_bucket(Bucket="owned")
    client.put_object(Bucket="owned", Key="a", Body=b"a", ExpectedBucketOwner=OURS)
    calls: list[tuple[Callable[..., Any], dict[str, Any]]] = [
        (client.put_object, {"Key": "b", "Body": b""}),
        (client.get_object, {"Key": "a"}),
        (client.list_objects_v2, {}),
        (client.head_bucket, {}),
    ]
    for call, arguments in calls:
        with pytest.raises(ClientError) as refused:
            call(Bucket="owned", ExpectedBucketOwner=OTHERS, **arguments)
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert client.list_objects_v2(Bucket="owned", ExpectedBucketOwner=OURS)["KeyCount"] == 1
