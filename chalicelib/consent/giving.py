"""Give a basis by hand: what one of our people knows, or an import says, with the reason.

It lifts no suppression: only the person does, from their own mailbox (ADR 0045).
"""

from datetime import datetime
from typing import Protocol

from chalicelib.consent.consent import BasisKind, Consent, Proof, Purpose, with_basis
from chalicelib.events import Act, Event, Kind, Rank, lead_partition, own_event_id
from chalicelib.runtime import Runtime
from chalicelib.writing import until_written


class BasisStore(Protocol):
    """Where consent is kept."""

    def read(self, lead_id: str) -> Consent:
        """Return the lead's consent as it stands now."""

    def change(self, lead_id: str, before: Consent, after: Consent, event: Event) -> None:
        """Replace a consent, and append the event that says why. Raise ConflictError."""


class Giving:
    """Takes bases."""

    def __init__(self, *, store: BasisStore, runtime: Runtime) -> None:
        self._store = store
        self.runtime = runtime

    @until_written
    def give(
        self,
        lead_id: str,
        purpose: Purpose,
        kind: BasisKind,
        *,
        reason: str,
        author: str,
        since: datetime | None = None,
    ) -> None:
        """Give a basis for a purpose. The same one again changes nothing.

        reason: how we know; since: when it was given, now when None. Raise ConflictError when the
        table stays busy.
        """
        now = self.runtime.now()
        before = self._store.read(lead_id)
        known = before.proof_of(purpose, kind)
        if known is not None and (known.text, known.author) == (reason, author):
            return
        partition = lead_partition(lead_id)
        event = Event(
            partition=partition,
            id=own_event_id(partition, now, f"{Act.BASIS}/{purpose}/{kind}/{before.version}"),
            kind=Kind.PERSON,
            name=Act.BASIS.value,
            at=now,
            captured_at=now,
            properties={"purpose": purpose.value, "kind": kind.value, "reason": reason},
            rank=Rank.CONFIRMED,
        )
        proof = Proof(
            at=since or now, text=reason, author=author, event_id=event.id, rank=Rank.CONFIRMED
        )
        after = with_basis(before, purpose, kind, proof)
        self._store.change(lead_id, before, after, event)
