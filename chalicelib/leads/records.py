"""What is kept beside a lead, in its own partition, and written with a decision about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from chalicelib.writing import SHARED

RecordValue = str | int | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An item that a reaction keeps beside the lead, in the lead's own partition."""

    key: str
    """Its sort key, for example `HANDOFF#1`."""
    values: Mapping[str, RecordValue]
    expect: Mapping[str, RecordValue | None]
    """What must hold of the item that is there; `pk: None` means that there must be none."""
    due_at: datetime | None = None
    """When the clock looks after it, if a task has its key; None: never."""
    is_paced: bool = False
    """Whether it is due among marketing's emails, whose rate is bounded."""
    lead_id: str | None = None
    """Whose it is; None: the lead's that is decided on."""
    place: str | None = None
    """The partition it lies in; None: the lead's. Many decisions may change what lies elsewhere."""
    colleague_of: tuple[str, datetime] | None = None
    """The company's domain by which the lead is listed, and since when; None: it is not."""
    listed: tuple[str, datetime] | None = None
    """The state by which it is listed among the handoffs, and since when; None: it is not."""

    def name_beside(self, lead_id: str) -> str:
        """Return what a conflict calls it, in a decision about a lead: one of the lead that it
        absorbs may have the same key.
        """
        if self.place is not None:
            return SHARED + self.place
        return self.key if self.lead_id in (None, lead_id) else f"{self.lead_id}#{self.key}"
