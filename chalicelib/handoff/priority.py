"""How urgent a handoff is (playbook, "Routing and SLA defaults")."""

from chalicelib.handoff.handoff import Priority
from chalicelib.scoring.levels import NO_GRADE
from chalicelib.scoring.lists import bundled
from chalicelib.scoring.model import REQUESTED


def priority_of(kind: str | None, grade: str, email_domain: str) -> Priority:
    """Return the priority of a lead that becomes an SQL.

    kind: requested or inferred; grade: as of today; email_domain: empty where it is not known.
    """
    if kind != REQUESTED:
        return Priority.P3 if grade == "A" else Priority.P4
    # Too little is known for a grade, but somebody writes from a company.
    is_promising = grade == NO_GRADE and email_domain and email_domain not in bundled("free_mail")
    return Priority.P1 if grade in ("A", "B") or is_promising else Priority.P2
