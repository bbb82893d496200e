"""What this room needs of the store."""

from datetime import datetime
from typing import Protocol

from chalicelib.leads.lead import Lead
from chalicelib.leads.progress import Progress
from chalicelib.leads.requests import ReplayRequests
from chalicelib.qualify.reactions import LeadChange


class LeadStore(Protocol):
    """Where leads are kept."""

    def read(self, lead_id: str) -> Lead:
        """Return a lead as it stands; version 0 when nothing was derived for it yet."""

    def write(self, before: Lead, after: Lead, change: LeadChange) -> None:
        """Replace a lead, with what changes with it.

        Raises ConflictError, or AlreadyPlannedError when only effects exist already.
        """

    def request_replay(self, lead: Lead, due_at: datetime) -> None:
        """Ask the clock to replay a lead. Raises ConflictError."""

    def put_requests(self, lead: Lead, after: ReplayRequests) -> None:
        """Replace what is requested about a lead. Raises ConflictError."""

    def replayed(self, lead: Lead) -> None:
        """Take the lead off the clock's list unless requested again. Raises ConflictError."""

    def unfinished(self, lead: Lead) -> Progress | None:
        """Return how far a long replay of a lead has come."""

    def save_unfinished(self, lead: Lead, progress: Progress) -> None:
        """Save how far a long replay of a lead has come."""
