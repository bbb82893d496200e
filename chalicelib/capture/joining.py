"""Joining: how a visitor comes to belong to a lead, in the transaction of the event that says so.

Forms and identify share this. Keep it cheap to import: every ping loads it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Protocol

from chalicelib.capture.identity import is_nobody
from chalicelib.capture.screening.kept import KeptForm
from chalicelib.consent.consent import Proof
from chalicelib.events import USER_PREFIX, VISITOR_PREFIX, Event, Owner, Rank
from chalicelib.limits import (
    JOINS_MAX_BY_FORM,
    JOINS_MAX_BY_IDENTIFY,
    JOINS_MAX_PER_LEAD,
)

ROOM = {
    Rank.IDENTIFY: JOINS_MAX_BY_IDENTIFY,
    Rank.FORM: JOINS_MAX_BY_FORM,
    Rank.OWN_BROWSER: JOINS_MAX_PER_LEAD,
    Rank.CONFIRMED: JOINS_MAX_PER_LEAD,
}
"""Rank -> how many visitors a lead may have for a claim of that rank to join one more."""


@dataclass(frozen=True, slots=True)
class SubmissionReceipt:
    """The answer to a form submission. It never reveals whether the person was known."""

    form_id: str
    submission_id: str
    visitor_id: str | None
    """The visitor id to use from now on; None when the submission had none."""
    body_hash: str
    """The submission's keyed digest: the same id with another body is refused."""

    def as_dict(self) -> dict[str, str | None]:
        """Return the receipt as it is stored."""
        return asdict(self)

    @property
    def told_apart(self) -> str:
        """A short hash that no other submission has, also none that borrows the id later."""
        whole = f"{self.form_id}\n{self.submission_id}\n{self.body_hash}"
        return sha256(whole.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Admission:
    """What becomes of a form, or of joins, that are about to be written."""

    counts: bool = True
    """Whether the form counts, as the first 200 of a day do."""
    room: int = 0
    """How many of the joins there is room for."""
    is_first: bool = False
    """Whether the form is the first of its lead. A form that is tried again stays the first."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What an event changes about whose a visitor is."""

    visitor: str
    before: Owner | None
    after: Owner

    @property
    def is_join(self) -> bool:
        """Whether the visitor belongs to the claiming lead from now on, and did not before."""
        before = self.before
        if before is None:
            return True
        is_other = before.lead_id != self.after.lead_id
        return self.after.contested_at is None and (is_other or before.contested_at is not None)

    @property
    def ended(self) -> str | None:
        """The lead that no longer gets what the visitor does, if there is one."""
        before = self.before
        if before is None or before.contested_at is not None:
            return None
        is_lost = before.lead_id != self.after.lead_id or self.after.contested_at is not None
        return before.lead_id if is_lost else None


class SharedIds(Protocol):
    """What knows which visitor ids are shared."""

    def is_shared(self, visitor: str, now: datetime) -> bool:
        """Return whether many browsers use this visitor id."""


class SubmissionStore(Protocol):
    """What is known before a submission is accepted, and the acceptance."""

    def read_ahead(
        self, form_id: str, submission_id: str, *, lead_id: str, visitor: str | None
    ) -> "SubmissionStore":
        """Return this store with what a submission asks it for, read in one call."""

    def receipt(self, form_id: str, submission_id: str) -> SubmissionReceipt | None:
        """Return the receipt of a submission that was accepted before."""

    def owner(self, visitor: str) -> Owner | None:
        """Return whose a visitor is, None for a free one."""

    def is_shared(self, visitor: str, now: datetime) -> bool:
        """Return whether many browsers use this visitor id."""

    def countries(self, lead_id: str) -> Sequence[str]:
        """Return every country that a lead is known to be in."""

    def admit_to_lead(
        self, lead_id: str, *, submission: str = "", joins: int, rank: Rank, now: datetime
    ) -> Admission:
        """Count a form, and joins, that are about to be written.

        submission: what tells the form's submission from all others, empty for an identify; rank:
        of the joins, but for those of the lead's first form, which are of its own browser. Raise
        ConflictError when the table is busy.
        """

    def accept(
        self,
        events: Sequence[Event],
        *,
        lead_id: str,
        claims: Sequence[Claim],
        proof: Proof | None,
        receipt: SubmissionReceipt | None,
        now: datetime,
    ) -> None:
        """Store a submission whole or not at all.

        proof: of a ticked box, which may have yet to be confirmed: the form's event says so. Raise
        ConflictError when another writer was first.
        """

    def keep(self, kept: KeptForm, *, lead_id: str, receipt: SubmissionReceipt) -> None:
        """Keep a screened form with its receipt. Raise ConflictError when a repeat was first."""


def is_free(store: SharedIds, visitor: str, now: datetime) -> bool:
    """Return whether a visitor without an owner may join a lead.

    An id that broken clients send, or that many browsers share, never may.
    """
    named = visitor.removeprefix(VISITOR_PREFIX).removeprefix(USER_PREFIX)
    return not is_nobody(named) and not store.is_shared(visitor, now)


def is_settled(visitor: str, owner: Owner) -> bool:
    """Return whether a visitor is one lead's, and not an id that identifies nobody."""
    named = visitor.removeprefix(VISITOR_PREFIX).removeprefix(USER_PREFIX)
    return owner.contested_at is None and not is_nobody(named)


def browser_of(
    store: SubmissionStore, posted: str | None, fresh: str, lead_id: str, now: datetime
) -> tuple[Rank, list[str]]:
    """Return the rank of a lead's form from a browser, and the visitors that it claims.

    posted: the visitor that it names; fresh: the one that it gets. A browser that only a stranger's
    form claimed for the lead is not its own: typing an address twice proves nothing (ADR 0037).
    """
    if posted is None:
        return Rank.FORM, []
    owner = store.owner(posted)
    is_own = owner and owner.lead_id == lead_id and owner.rank >= Rank.OWN_BROWSER
    rank = Rank.OWN_BROWSER if is_own else Rank.FORM
    # A browser stays with the first lead that claims it: two people may share it.
    is_claimed = owner is None and is_free(store, posted, now)
    return rank, [fresh, posted] if is_claimed else [fresh]


def claim(
    store: SubmissionStore, visitor: str, owner: Owner | None, wanted: Owner, now: datetime
) -> Claim | None:
    """Return what a claim of a visitor changes, None when it changes nothing.

    owner: whose it is; wanted: whose it would be. A browser stays with the first lead that claims
    it: two people may share it, and the answer to a form gives each an id of their own. A user id
    is one person's, so that its claims compete.
    """
    if owner is None:
        return Claim(visitor, None, wanted) if is_free(store, visitor, now) else None
    if not visitor.startswith(USER_PREFIX):
        return None
    after = contend(owner, wanted, now)
    return Claim(visitor, owner, after) if after != owner else None


def contend(owner: Owner, wanted: Owner, now: datetime) -> Owner:
    """Return whose a user id is after one more claim (ADR 0037).

    More evidence wins. Two leads with as much contest it, and then it joins neither.
    """
    if wanted.rank > owner.rank:
        earlier = {**owner.earlier, owner.lead_id: owner.contested_at or now}
        earlier.pop(wanted.lead_id, None)
        return replace(wanted, earlier=earlier)
    is_other = wanted.lead_id != owner.lead_id
    if is_other and wanted.rank == owner.rank and owner.contested_at is None:
        return replace(owner, contested_at=now)
    return owner


def joins_of(claims: Iterable[Claim]) -> tuple[str, ...]:
    """Return the visitors that claims join to their lead."""
    return tuple(one.visitor for one in claims if one.is_join)
