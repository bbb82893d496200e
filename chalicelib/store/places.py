"""Where items stand in the two indexes: `list` and `due` (ADR 0001)."""

from datetime import date, datetime, timedelta, tzinfo

from chalicelib.days import start_of
from chalicelib.events import rfc3339
from chalicelib.store.keys import DUE_NURTURE, REPLIES

SCORE_OFFSET = 10_000_000  # thousandths; makes every score a positive number of nine digits
REVIEW_SPREAD_SECONDS = 3600  # reviews are spread over the first hour of their day


def by_stage(stage: str, shard_number: int) -> str:
    """The list index's partition of a stage's leads."""
    return f"STAGE#{stage}#{shard_number}"


def by_score(total: int, lead_id: str) -> str:
    """The list index's sort key of a lead: its stored score in thousandths, then its id."""
    return f"{total + SCORE_OFFSET:09d}#{lead_id}"


def all_leads(shard_number: int) -> str:
    """The list index's partition of all leads of a shard, ordered by their ids."""
    return f"LEADS#{shard_number}"


def by_state(state: str, shard_number: int) -> str:
    """The list index's partition of the messages in a state."""
    return f"OUTBOX#{state}#{shard_number}"


def spam(shard_number: int) -> str:
    """The list index's partition of the screened forms that nobody has released."""
    return f"SPAM#{shard_number}"


def replies_in(state: str, shard_number: int) -> str:
    """The list index's partition of the replies in a state."""
    return f"{REPLIES}#{state}#{shard_number}"


def handoffs_in(state: str, shard_number: int) -> str:
    """The list index's partition of the handoffs in a state."""
    return f"HANDOFFS#{state}#{shard_number}"


def asked(shard_number: int) -> str:
    """The list index's partition of the leads whose request waits for a replay."""
    return f"ASKED#{shard_number}"


def colleagues(domain: str) -> str:
    """The list index's partition of the leads of a company."""
    return f"COLLEAGUES#{domain}"


def by_creation(created_at: datetime, outbox_id: str) -> str:
    """The list index's sort key of a message."""
    return f"{rfc3339(created_at)}#{outbox_id}"


def due(shard_number: int) -> str:
    """The due index's partition of a shard."""
    return f"DUE#{shard_number}"


def due_nurture(shard_number: int) -> str:
    """The due index's partition of a shard's nurture emails, which stand in nobody's way."""
    return f"{DUE_NURTURE}{shard_number}"


def due_at(at: datetime, what: str) -> str:
    """The due index's sort key: when, and what makes it unique."""
    return f"{rfc3339(at)}#{what}"


def due_on(day: date, zone: tzinfo, lead_id: str, *, spread: bool) -> str:
    """The due index's sort key of a review: when that day begins, or spread over its first hour."""
    second = int.from_bytes(lead_id[:4].encode(), "big") % REVIEW_SPREAD_SECONDS if spread else 0
    return due_at(start_of(day, zone) + timedelta(seconds=second), lead_id)
