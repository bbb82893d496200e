"""The bucket of received emails: read from the beginning, deleted once, no other one touched."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, NamedTuple

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID

from chalicelib.limits import INBOUND_MAX_BYTES
from chalicelib.nurture.replies.taking import Mailroom
from chalicelib.store.mailroom import S3Mailroom
from tests.aws import mock_aws, session
from tests.fakes import FakeMailroom

ENGINES = ("memory", "moto", "emulator")
REGION = "us-east-1"
EMULATED_ACCOUNT = "000000000000"
_names = count(1)


class Engine(NamedTuple):
    """A mailroom, its bucket, and how SES puts an email there."""

    mailroom: Mailroom
    bucket: str
    put: Callable[[str, bytes], Any]


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    bucket = f"inbound-{next(_names)}"
    if request.param == "memory":
        fake = FakeMailroom(bucket)
        yield Engine(fake, bucket, fake.emails.__setitem__)
    elif request.param == "moto":
        with mock_aws():
            yield _on(session(REGION).client("s3"), bucket, DEFAULT_ACCOUNT_ID)
    else:
        url = request.getfixturevalue("emulator")
        yield _on(session(REGION).client("s3", endpoint_url=url), bucket, EMULATED_ACCOUNT)


def _on(client: Any, bucket: str, account: str) -> Engine:
    client.create_bucket(Bucket=bucket)
    return Engine(
        S3Mailroom(client, bucket, account),
        bucket,
        lambda key, content: client.put_object(Bucket=bucket, Key=key, Body=content),
    )


@pytest.mark.parametrize("content", [b"Subject: x\r\n\r\nHi", b"", b"\0\xff"])
def test_what_was_put_is_read(engine: Engine, content: bytes) -> None:
    engine.put("emails/1", content)
    assert engine.mailroom.read(engine.bucket, "emails/1") == content


def test_no_more_than_the_beginning_is_read(engine: Engine) -> None:
    engine.put("emails/1", b"a" * INBOUND_MAX_BYTES + b"b")
    assert engine.mailroom.read(engine.bucket, "emails/1") == b"a" * INBOUND_MAX_BYTES


def test_a_missing_email_is_none(engine: Engine) -> None:
    assert engine.mailroom.read(engine.bucket, "emails/none") is None


def test_a_deleted_email_is_gone_and_may_be_deleted_again(engine: Engine) -> None:
    engine.put("emails/1", b"x")
    for _ in range(2):
        engine.mailroom.delete(engine.bucket, "emails/1")
    assert engine.mailroom.read(engine.bucket, "emails/1") is None


def test_another_bucket_is_left_alone(engine: Engine) -> None:
    engine.put("emails/1", b"x")
    assert engine.mailroom.read("another", "emails/1") is None
    engine.mailroom.delete("another", "emails/1")
    assert engine.mailroom.read(engine.bucket, "emails/1") == b"x"
