"""What is kept beside a lead, in its own partition, and written with a decision about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

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
