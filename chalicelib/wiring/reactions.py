"""Who reacts to a decision, once and in order. A new room adds its line here.

They are asked about every decision, also one that moves nothing.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from chalicelib.handoff import reaction as handoff
from chalicelib.nurture import answering
from chalicelib.nurture import reaction as nurture
from chalicelib.qualify.reactions import Reaction
from chalicelib.store.documents import Documents
from chalicelib.store.leads import Leads
from chalicelib.store.models import Models

if TYPE_CHECKING:
    from chalicelib.handoff.dealing import Dealing

MOST_WRITES = handoff.MOST_WRITES + nurture.MOST_WRITES + answering.MOST_WRITES
"""What all plans of one decision can hold: with the decision's own writes it stays under the
hundred of a transaction, which a test adds up."""


def reactions(
    leads: Leads, documents: Documents, models: Models, dealing: "Callable[[], Dealing]"
) -> Sequence[Reaction]:
    """Return the reactions in the order in which they are asked."""
    return (
        handoff.HandoffReaction(
            leads=leads,
            dealing=dealing,
            addresses=lambda: (documents.get("settings") or {}).get("form_addresses") or {},
        ),
        nurture.NurtureReaction(
            sequences=lambda: documents.all("sequence"),
            enrolments=leads.enrolments,
            messages=leads.messages,
            held_by=models.held_by,
        ),
        answering.AnsweringReaction(
            form=lambda form_id: documents.get("form", form_id), messages=leads.messages
        ),
    )
