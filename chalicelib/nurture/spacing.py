"""How often marketing writes to one mailbox, whatever the sequences, cycles and leads. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.company import SettingsDocument

WEEK = timedelta(days=7)
MONTH = timedelta(days=30)
COUNTED_FOR = MONTH
"""An email that left longer ago is asked for no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendLimits:
    """How many emails a mailbox gets. 0: as many as there are."""

    per_7_days: int
    per_30_days: int
    hours_apart: int

    @property
    def are_set(self) -> bool:
        """Whether one email can keep another one from leaving."""
        return any((self.per_7_days, self.per_30_days, self.hours_apart))

    def fewer(self) -> "SendLimits":
        """Return half of them, but one at least, for a person who wants fewer emails.

        Where there is no limit, half of what is shipped.
        """
        return SendLimits(
            per_7_days=_half(self.per_7_days or SHIPPED.per_7_days),
            per_30_days=_half(self.per_30_days or SHIPPED.per_30_days),
            hours_apart=self.hours_apart,
        )


SHIPPED = SendLimits(per_7_days=2, per_30_days=6, hours_apart=48)


def limits_of(company: SettingsDocument) -> SendLimits:
    """Return how many emails a mailbox gets, as the settings say."""
    sending = company.sending
    return SendLimits(
        per_7_days=sending.per_7_days,
        per_30_days=sending.per_30_days,
        hours_apart=sending.hours_apart,
    )


def next_allowed(sends: Iterable[datetime], now: datetime, limits: SendLimits) -> datetime:
    """Return from when on one more email may leave, `now` when it may leave at once.

    sends: when emails left, or may have, in any order.
    """
    newest = sorted(sends, reverse=True)
    moments = [now]
    if newest:
        moments.append(newest[0] + timedelta(hours=limits.hours_apart))
    for most, span in ((limits.per_7_days, WEEK), (limits.per_30_days, MONTH)):
        if 0 < most <= len(newest):
            moments.append(newest[most - 1] + span)  # then there is room for one
    return max(moments)


def _half(number: int) -> int:
    return max(1, number // 2)
