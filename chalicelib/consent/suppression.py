"""Suppression: no more email to a person. It holds from the moment it is stored."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from chalicelib.consent.consent import SuppressionReason
from chalicelib.events import Event
from chalicelib.runtime import Runtime
from chalicelib.writing import until_written


class SuppressionStore(Protocol):
    """Where suppressions are kept."""

    def suppress(
        self,
        lead_id: str,
        reason: SuppressionReason,
        event: Event | None,
        now: datetime,
        message: str = "",
    ) -> None:
        """Suppress a lead's emails, append the event that says why, and mark the email, by its
        key, that brought it. Raise ConflictError.
        """

    def merged_into(self, lead_id: str) -> str | None:
        """Return the lead that absorbed this one, None while it is a lead of its own."""


class Suppression:
    """Suppresses emails, also those to the lead that a person's other address was merged into."""

    def __init__(self, *, store: SuppressionStore, runtime: Runtime) -> None:
        self._store = store
        self.runtime = runtime

    def suppress(
        self, lead_id: str, reason: SuppressionReason, event: Event | None, message: str = ""
    ) -> None:
        """Suppress a lead's emails for a reason, and those of its survivors if the reason is about
        the person. A repeat makes sure that it stands.

        event: says why, on the lead itself; a replay of its survivor finds it there. None when it
        is stored already. message: the key of the email whose way out was taken. Raise
        ConflictError when another writer was first: the caller reads again what the event rests on.
        """
        now = self.runtime.now()
        self._store.suppress(lead_id, reason, event, now, message)
        if not reason.follows_person:
            return
        # Suppression against merge: the lead's own suppression is written first. A merge before it
        # is seen here; a merge after it has read it, and brings it along (store/leads.py). ADR 0028
        for survivor in self._survivors(lead_id):
            self._carry(survivor, reason, now)

    def _survivors(self, lead_id: str) -> Iterator[str]:
        survivor = self._store.merged_into(lead_id)
        while survivor is not None:
            yield survivor
            survivor = self._store.merged_into(survivor)

    @until_written
    def _carry(self, survivor: str, reason: SuppressionReason, now: datetime) -> None:
        # With the time of the lead's own: by that it can be taken back everywhere (ADR 0063).
        self._store.suppress(survivor, reason, None, now)
