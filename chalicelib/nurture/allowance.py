"""How many of marketing's emails may still leave: SES's quota, and the warm-up. Pure (ADR 0057)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.days import hour_of
from chalicelib.limits import (
    QUOTA_RESERVE_PART,
    RATE_PART,
    TURN_SECONDS,
    WARM_UP_EMAILS,
    WARM_UP_IMPORTED,
)
from chalicelib.switches import LONGEST_WAIT

_DAY = timedelta(days=1)
ONE_TURN = timedelta(seconds=TURN_SECONDS)
HIGHEST_PRIORITY = 1_000  # as of a sequence; the lowest is as far below zero

SentByHour = Mapping[datetime, int]
"""When an hour began -> how many of marketing's emails were claimed in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmUp:
    """How many may leave on a day while a domain, or a list of people, is new to mail providers."""

    began: datetime
    """When the day began."""
    ends: datetime
    most: int
    imported: int = 0
    """How many people had been imported when it last began anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What the clock last wrote down, and whoever claims an email reads."""

    ticked_at: datetime
    """When the clock last ran."""
    per_day: int | None = None
    """SES's quota of 24 hours; None: there is none, or SES never said."""
    others: int = 0
    """How many of these were no emails of marketing's: handoffs, answers, whatever else our account
    sends."""
    per_minute: int | None = None
    """SES's rate; None as for the quota."""
    warm_up: WarmUp | None = None
    """None: the domain is warm."""
    version: int = 0


@dataclass(frozen=True, slots=True)
class Room:
    """How many emails may be claimed now."""

    left: int
    this_hour: int
    """How many of this hour that makes, with those that were claimed in it already."""
    opens_at: datetime
    """When there is room again, if none is left."""


def first_hour(allowance: Allowance, now: datetime) -> datetime:
    """Return the first of the hours that count: of the last 24, and of the day's warm-up."""
    since = now - _DAY
    if allowance.warm_up is not None:
        since = min(since, allowance.warm_up.began)
    return hour_of(since)


def room_of(allowance: Allowance, sent: SentByHour, now: datetime) -> Room | None:
    """Return how many of marketing's emails may leave now; None: any number.

    A twentieth of the quota is left to everything but marketing. sent: by hour, from first_hour on.
    """
    bounds = []
    if allowance.per_day is not None:
        most = allowance.per_day - allowance.per_day // QUOTA_RESERVE_PART - allowance.others
        rolling = last_day(sent, now)
        first = min((hour for hour, number in rolling.items() if number), default=None)
        opens_at = first + _DAY if first is not None else now + LONGEST_WAIT
        bounds.append((most - sum(rolling.values()), opens_at))
    warm_up = allowance.warm_up
    if warm_up is not None:
        # The clock begins the next day within a minute: until then its emails wait for it.
        opens_at = warm_up.ends if now < warm_up.ends else now + timedelta(minutes=1)
        bounds.append((warm_up.most - sent_on(warm_up, sent), opens_at))
    if not bounds:
        return None
    left = max(0, min(number for number, _ in bounds))
    return Room(
        left=left,
        this_hour=left + sent.get(hour_of(now), 0),
        opens_at=max((at for number, at in bounds if number <= 0), default=now),
    )


def last_day(sent: SentByHour, now: datetime) -> SentByHour:
    """Return the hours that began within the last 24.

    Of the one before them SES still counts a part: that part is among the others, until SES forgets
    it.
    """
    return {hour: number for hour, number in sent.items() if hour > now - _DAY}


def sent_on(warm_up: WarmUp, sent: SentByHour) -> int:
    """Return how many were claimed on the day of a warm-up."""
    first = hour_of(warm_up.began)
    return sum(number for hour, number in sent.items() if first <= hour < warm_up.ends)


def first_day(began: datetime, ends: datetime, imported: int) -> WarmUp:
    """Return a warm-up that begins on a day. imported: how many people ever were."""
    return WarmUp(began=began, ends=ends, most=WARM_UP_EMAILS, imported=imported)


def must_begin_anew(imported_then: int, imported: int) -> bool:
    """Return whether so many people were imported since that they are a list of their own."""
    return imported - imported_then > WARM_UP_IMPORTED


def next_day(
    warm_up: WarmUp, began: datetime, ends: datetime, *, sent: int, is_clean: bool
) -> WarmUp:
    """Return the warm-up on a later day: twice as many after a day that was clean, and on which at
    least half of what might leave did.

    sent: on its last day; is_clean: whether the brake neither warned nor held since that began.
    """
    was_used = 2 * sent >= warm_up.most
    factor = 2 if was_used and is_clean else 1
    return replace(warm_up, began=began, ends=ends, most=warm_up.most * factor)


def rate_of(allowance: Allowance, setting: int) -> int:
    """Return how many of marketing's emails the clock hands over in a minute.

    setting: at most that many. Half of SES's rate is left to whatever else is sent.
    """
    if allowance.per_minute is None:
        return setting
    return min(setting, max(1, allowance.per_minute // RATE_PART))


def turn_of(priority: int, waited: timedelta) -> timedelta:
    """Return how long after an opening an email has its turn, within a minute: by the priority of
    its sequence, and within that the longest waiting first.
    """
    slot = ONE_TURN / (2 * HIGHEST_PRIORITY + 1)
    rank = HIGHEST_PRIORITY - max(-HIGHEST_PRIORITY, min(HIGHEST_PRIORITY, priority))
    return slot * rank + slot / (1 + waited / _DAY)
