"""A submission that is kept as spam, with all that a person needs to release it."""

from dataclasses import dataclass
from datetime import datetime

from chalicelib.consent.consent import Proof
from chalicelib.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptForm:
    """A screened form. It has done nothing yet: what it would have done stands here."""

    event: Event
    """With its reason; `joins` are the visitors that it would have claimed."""
    proof: Proof | None = None
    """Of a ticked box. Nothing rests on it while the form is spam."""
    released_at: datetime | None = None
    """When one of our people released it."""
