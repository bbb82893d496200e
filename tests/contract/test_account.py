"""The account of SES: what the fake and the real one share."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.stub import Stubber

from chalicelib.delivery.account import SendQuota, SesAccount
from tests.aws import session
from tests.fakes import FakeAccount
from tests.moto_table import REGION

Account = FakeAccount | SesAccount
Made = Callable[[float, float, float], Account]


def fake(per_day: float, sent: float, per_second: float) -> Account:
    return FakeAccount(
        per_day=int(per_day) if per_day >= 0 else None,
        sent=int(sent),
        per_second=per_second if per_second >= 0 else None,
    )


def real(per_day: float, sent: float, per_second: float) -> Account:
    client = session(REGION).client("sesv2")
    stub = Stubber(client)
    quota = {"Max24HourSend": per_day, "SentLast24Hours": sent, "MaxSendRate": per_second}
    stub.add_response("get_account", {"SendQuota": quota, "SendingEnabled": True}, {})
    stub.activate()
    return SesAccount(client)


@pytest.mark.parametrize("account", [fake, real])
@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ((200.0, 3.0, 1.0), SendQuota(per_day=200, sent=3, per_second=1.0)),
        ((-1.0, 3.0, -1.0), SendQuota(per_day=None, sent=3, per_second=None)),
        ((0.0, 0.0, 0.0), SendQuota(per_day=0, sent=0, per_second=0.0)),
    ],
)
def test_a_quota_is_read(account: Made, said: Any, meant: SendQuota) -> None:
    assert account(*said).quota() == meant


@pytest.mark.parametrize("code", ["TooManyRequestsException", "AccessDeniedException"])
def test_an_account_that_does_not_answer_says_nothing(code: str) -> None:
    client = session(REGION).client("sesv2")
    stub = Stubber(client)
    stub.add_client_error("get_account", code)
    stub.activate()
    assert SesAccount(client).quota() is None
    assert FakeAccount(is_out=True).quota() is None
