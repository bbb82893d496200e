"""What a screened form does when one of our people releases it: all that it would have done."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from chalicelib.capture.joining import Admission, Claim, is_free, joins_of
from chalicelib.capture.screening.kept import KeptForm
from chalicelib.consent.consent import Proof
from chalicelib.events import Event, Owner, Rank, lead_id_of, own_event_id, rfc3339

SUBMITTED_AT = "submitted_at"
"""The property of a released form that says when it came."""


class ReleaseStore(Protocol):
    """What is known before a form is released, and the release."""

    def owner(self, visitor: str) -> Owner | None:
        """Return whose a visitor is, None for a free one."""

    def is_shared(self, visitor: str, now: datetime) -> bool:
        """Return whether many browsers use this visitor id."""

    def admit_to_lead(
        self, lead_id: str, *, submission: str = "", joins: int, rank: Rank, now: datetime
    ) -> Admission:
        """Count a form, and joins, that are about to be written."""

    def release(
        self,
        kept: KeptForm,
        events: Sequence[Event],
        *,
        lead_id: str,
        claims: Sequence[Claim],
        proof: Proof | None,
    ) -> None:
        """Store what a released form does: whole, and once. Raise ConflictError."""


class FormRelease:
    """Writes what a released form does.

    with_download: returns the events of a submission, given that of the form.
    """

    def __init__(
        self, *, store: ReleaseStore, with_download: Callable[[Event], list[Event]]
    ) -> None:
        self._store = store
        self._with_download = with_download

    def __call__(self, kept: KeptForm, act: Event) -> list[Event]:
        """Write a screened form as if it came now, in one transaction with the act that says so.

        Return the events that were written. The proof of its consent keeps the time at which the
        person ticked the box. Raise ConflictError when the form was released, or erased, before.
        """
        now = act.captured_at
        screened = kept.event
        lead_id = lead_id_of(screened.partition) or ""
        free = [one for one in screened.joins if self._is_free(one, now)]
        # A person wants this form to count, however many others came today: `counts` is not asked.
        admitted = self._store.admit_to_lead(
            lead_id,
            submission=screened.id[-16:],
            joins=len(free),
            rank=screened.rank,
            now=now,
        )
        browser_rank = Rank.OWN_BROWSER if free and admitted.is_first else screened.rank
        wanted = Owner(lead_id, browser_rank)
        claims = [Claim(visitor, None, wanted) for visitor in free[: admitted.room]]
        form = replace(
            screened,
            id=own_event_id(screened.partition, now, f"release/{screened.id}"),
            at=now,
            captured_at=now,
            properties={**screened.properties, SUBMITTED_AT: rfc3339(screened.at)},
            joins=joins_of(claims),
            browser_rank=browser_rank,
            screened="",
        )
        proof = replace(kept.proof, event_id=form.id) if kept.proof else None
        events = [*self._with_download(form), act]
        self._store.release(kept, events, lead_id=lead_id, claims=claims, proof=proof)
        return events

    def _is_free(self, visitor: str, now: datetime) -> bool:
        """Return whether a browser can still join: another lead may have claimed it meanwhile."""
        return self._store.owner(visitor) is None and is_free(self._store, visitor, now)
