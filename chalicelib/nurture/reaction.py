"""How marketing reacts to a decision: the emails that begin when a lead enters a stage."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chalicelib.lifecycle.stages import Stage
from chalicelib.qualify.reactions import NO_PLAN, Cause, Plan, Situation
from chalicelib.scoring.profile import values

MOST_WRITES = 10  # first emails; more sequences than these do not begin with one transition


class NurtureReaction:
    """Plans the first emails of sequences. sequences: the stored documents, by id."""

    def __init__(self, *, sequences: Callable[[], Sequence[Mapping[str, Any]]]) -> None:
        self._sequences = sequences

    def __call__(self, situation: Situation) -> Plan:
        """Return the emails that the last transition of a decision begins with."""
        if not situation.moved or situation.cause in (Cause.IMPORT, Cause.SILENT):
            return NO_PLAN
        moved = situation.moved[-1]
        if Stage.SQL in (moved.transition.origin, moved.transition.target):
            return NO_PLAN  # sales has the lead, or had it: it has received these emails before
        from chalicelib.nurture.sequences import first_emails  # few events move a lead

        address = values(situation.after.profile).get("email")
        messages = first_emails(
            self._sequences(),
            moved.transition,
            lead_id=situation.after.lead_id,
            to=str(address) if address else None,
            about=moved.version,
            now=moved.at,
        )
        return Plan(messages=messages[:MOST_WRITES])
