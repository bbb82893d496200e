"""A ticked box that its mailbox's owner has yet to confirm, as capture notes it (ADR 0045)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from chalicelib.events import CONSENT_PENDING, Event


class MustConfirm(Protocol):
    """Says whether a ticked box has to be confirmed."""

    def __call__(self, form: Event, *, countries: Sequence[str], form_says: bool | None) -> bool:
        """Return whether it has to.

        form: the form's event; countries: each that its lead is known to be in; form_says: what its
        document has set, None when that is nothing.
        """


def asking(event: Event) -> Event:
    """Return the event of a form whose ticked box has yet to be confirmed."""
    return replace(event, properties={**event.properties, CONSENT_PENDING: True})
