"""How marketing reacts to a decision: the emails that begin when a lead enters a stage."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib.consent.consent import BasisKind
from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.leads.lead import Lead
from chalicelib.lifecycle.stages import Stage, Transition
from chalicelib.qualify.reactions import NO_PLAN, Cause, Plan, Situation
from chalicelib.scoring.profile import countries_in, values

MOST_WRITES = 10  # first emails; more sequences than these do not begin with one transition

Sequences = Callable[[], Sequence[Mapping[str, Any]]]
"""Reads the stored sequences."""


class NurtureReaction:
    """Plans the first emails of sequences.

    held_by: activation -> the job of the publish that holds the emails which it causes, or None.
    """

    def __init__(self, *, sequences: Sequences, held_by: Callable[[int], str | None]) -> None:
        self._sequences = sequences
        self._held_by = held_by

    def __call__(self, situation: Situation) -> Plan:
        """Return the emails that the last transition of a decision begins with.

        What a publish causes is held, whoever brings the lead to the model (ADR 0030).
        """
        if not situation.moved or situation.cause in (Cause.IMPORT, Cause.SILENT):
            return NO_PLAN
        moved = situation.moved[-1]
        is_publish = situation.cause is Cause.PUBLISH
        messages = emails_on_entry(
            self._sequences,
            situation.after,
            moved.transition,
            about=moved.version,
            now=moved.at,
            held_by=self._held_by(situation.model.activation) if is_publish else None,
        )
        return Plan(messages=messages) if messages else NO_PLAN


class Forecast:
    """Counts the emails that moves would cause.

    sendable: how many of some emails would go out, were they planned now, each with the kinds of
    basis that it may rest on; rests_on: returns those for somebody in these countries.
    """

    def __init__(
        self,
        *,
        sequences: Sequences,
        sendable: Callable[[Sequence[tuple[OutboxMessage, frozenset[BasisKind]]]], int],
        rests_on: Callable[[Sequence[str]], frozenset[BasisKind]],
    ) -> None:
        self._sequences = sequences
        self._sendable = sendable
        self._rests_on = rests_on

    def count(self, moves: Sequence[tuple[Lead, Transition]], now: datetime) -> int:
        """Return how many emails leads would get, were they moved so now."""
        emails = [
            (email, self._rests_on(countries_in(lead.profile)))
            for lead, transition in moves
            for email in emails_on_entry(
                self._sequences, lead, transition, about=lead.version, now=now
            )
        ]
        return self._sendable(emails) if emails else 0


def emails_on_entry(
    sequences: Sequences,
    lead: Lead,
    transition: Transition,
    *,
    about: int,
    now: datetime,
    held_by: str | None = None,
) -> Sequence[OutboxMessage]:
    """Return the emails that begin with a transition of a lead.

    about: the version of the standing that the transition makes.
    """
    if Stage.SQL in (transition.origin, transition.target):
        return ()  # sales has the lead, or had it: it has received these emails before
    from chalicelib.nurture.sequences import first_emails  # few events move a lead

    address = values(lead.profile).get("email")
    messages = first_emails(
        sequences(),
        transition,
        lead_id=lead.lead_id,
        to=str(address) if address else None,
        about=about,
        now=now,
        held_by=held_by,
    )
    return messages[:MOST_WRITES]
