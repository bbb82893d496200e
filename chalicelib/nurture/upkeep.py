"""What the clock keeps true of marketing's sending, each minute: SES's quota, the day of a warm-up,
and that it ran at all (ADR 0057).
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from typing import Protocol

from chalicelib.days import day_of, start_of
from chalicelib.delivery.account import SendQuota
from chalicelib.events import rfc3339
from chalicelib.limits import OUTAGE_HOURS
from chalicelib.nurture.allowance import (
    Allowance,
    WarmUp,
    first_day,
    last_day,
    must_begin_anew,
    next_day,
    rate_of,
    sent_on,
)
from chalicelib.nurture.allowance import SentByHour as Sent
from chalicelib.nurture.sending import EVERYTHING, PauseCause, Sending
from chalicelib.runtime import Runtime
from chalicelib.telemetry import log, where

OUTAGE = timedelta(hours=OUTAGE_HOURS)
_DAY = timedelta(days=1)


class AllowanceStore(Protocol):
    """Where it is kept what may leave, and what did."""

    def read(self) -> Allowance | None:
        """Return what the clock last wrote down; None before it first ran."""

    def save(self, allowance: Allowance) -> None:
        """Replace it. Raise ConflictError when another was first."""

    def sent(self, first: datetime) -> Sent:
        """Return how many of marketing's emails were claimed in each hour, from one on."""

    def imported(self) -> int:
        """Return how many people were imported so far."""

    def zone(self) -> tzinfo:
        """Return the company's time zone."""


class SendingUpkeep:
    """Keeps the allowance true.

    quota: reads SES's, None when it does not say; is_warm: whether the settings say that the domain
    is; minds_outages: whether a clock that stood still pauses everything; nurture_per_minute: the
    setting of the rate.
    """

    def __init__(
        self,
        *,
        store: AllowanceStore,
        quota: Callable[[], SendQuota | None],
        sending: Sending,
        is_warm: Callable[[], bool],
        minds_outages: bool,
        nurture_per_minute: int,
        runtime: Runtime,
    ) -> None:
        self._store = store
        self._quota = quota
        self._sending = sending
        self._is_warm = is_warm
        self._minds_outages = minds_outages
        self._setting = nurture_per_minute
        self._now = runtime.now

    def keep(self) -> int:
        """Do what is to be done each minute. Return how many of marketing's emails may be handed
        over in it.

        Raise nothing: handoffs must go on. Marketing waits for a minute in which it succeeds.
        """
        try:
            return rate_of(self._kept(), self._setting)
        # Whatever went wrong, the clock has other work, and comes again in a minute.
        except Exception as error:  # noqa: BLE001
            log("upkeep_failed", error=type(error).__name__, where=where(error))
            return 0

    def _kept(self) -> Allowance:
        now = self._now()
        before = self._store.read()
        if before is not None and self._minds_outages and now - before.ticked_at >= OUTAGE:
            # Paused before anything else: what is due by now must not leave all at once. A crash
            # in between comes here again, because the old time still stands.
            reason = f"the clock stood still from {rfc3339(before.ticked_at)} to {rfc3339(now)}"
            self._sending.pause(EVERYTHING, PauseCause.OUTAGE, reason=reason)
        known = before or Allowance(ticked_at=now)
        after = replace(
            self._with_quota(known, now),
            ticked_at=now,
            warm_up=self._warm_up(before, now),
            version=known.version + 1,
        )
        self._store.save(after)
        return after

    def _with_quota(self, known: Allowance, now: datetime) -> Allowance:
        quota = self._quota()
        if quota is None:
            return known
        own = sum(last_day(self._store.sent(now - _DAY), now).values())
        rate = quota.per_second
        return replace(
            known,
            per_day=quota.per_day,
            others=max(0, quota.sent - own),
            per_minute=int(rate * 60) if rate is not None else None,
        )

    def _warm_up(self, before: Allowance | None, now: datetime) -> WarmUp | None:
        if self._is_warm():
            return None
        zone = self._store.zone()
        today = day_of(now, zone)
        began = start_of(today, zone)
        ends = start_of(today + timedelta(days=1), zone)
        imported = self._store.imported()
        warm_up = before.warm_up if before is not None else first_day(began, ends, imported)
        if must_begin_anew(warm_up.imported if warm_up is not None else 0, imported):
            return first_day(began, ends, imported)
        if warm_up is None or began <= warm_up.began:
            return warm_up
        warned_at = self._sending.states()[EVERYTHING].warned_at
        return next_day(
            warm_up,
            began,
            ends,
            sent=sent_on(warm_up, self._store.sent(warm_up.began)),
            is_clean=warned_at is None or warned_at < warm_up.began,
        )
