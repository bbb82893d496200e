"""What SES lets our account send: how much in a day, and how fast."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from chalicelib.telemetry import log

if TYPE_CHECKING:
    from mypy_boto3_sesv2.client import SESV2Client

#: The clock asks each minute, and must not wait: what it does not hear now it hears in the next.
ONCE = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1})


@dataclass(frozen=True, slots=True, kw_only=True)
class SendQuota:
    """SES's quota, as of now."""

    per_day: int | None
    """How many recipients may be written to in 24 hours that roll; None: any number."""
    sent: int
    """How many were in the last 24 hours, by whoever sends from the account."""
    per_second: float | None
    """How many may be written to in a second; None: any number."""


class SesAccount:
    """Reads the quota of the account."""

    def __init__(self, ses: "SESV2Client") -> None:
        self._ses = ses

    def quota(self) -> SendQuota | None:
        """Return the quota as it is now; None when SES does not say."""
        try:
            found = self._ses.get_account()["SendQuota"]
        # Whatever went wrong, the last quota is good for another minute.
        except Exception as error:  # noqa: BLE001
            log("quota_unreadable", error=type(error).__name__)
            return None
        per_day = found["Max24HourSend"]
        per_second = found["MaxSendRate"]
        return SendQuota(
            per_day=int(per_day) if per_day >= 0 else None,  # -1: there is no limit
            sent=int(found["SentLast24Hours"]),
            per_second=per_second if per_second >= 0 else None,
        )


def connect_account() -> SesAccount:
    """Return the account of the environment's credentials and region."""
    return SesAccount(boto3.client("sesv2", config=ONCE))
