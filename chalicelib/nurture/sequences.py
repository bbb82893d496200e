"""Sequences: which emails a lead gets on entering a stage."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from chalicelib.delivery.message_keys import MessageKey, MessageKind
from chalicelib.delivery.outbox import OutboxMessage, Via, planned
from chalicelib.document import Document, parse_document
from chalicelib.lifecycle.stages import Transition

Name = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,64}$")]


class Step(Document):
    """One wait-and-send. A wait of 0 goes out with the transition itself."""

    id: Name
    wait: Literal["0d"]
    email: Name


class Enter(Document):
    """When a lead enters a sequence."""

    stage: Annotated[list[Literal["mql"]], Field(min_length=1)]


class SequenceDocument(Document):
    """A nurture programme: entered at a stage, once per cycle."""

    id: Name
    enter: Enter
    steps: Annotated[list[Step], Field(min_length=1, max_length=1)]


def first_emails(
    sequences: Sequence[Mapping[str, Any]],
    transition: Transition,
    *,
    lead_id: str,
    to: str | None,
    about: int,
    now: datetime,
) -> list[OutboxMessage]:
    """Return the emails that a transition sends at once: those of the sequences that it enters.

    The cycle is part of the key, so a lead that cools and warms up again in one cycle gets each
    email once. Raises DocumentError for a sequence that breaks the format.
    """
    return [
        planned(
            lead_id=lead_id,
            key=MessageKey(MessageKind.NURTURE, transition.cycle, (sequence.id, step.id)),
            via=Via.EMAIL,
            to=to,
            about=about,
            now=now,
            email=step.email,
        )
        for sequence in (parse_document(SequenceDocument, stored) for stored in sequences)
        if transition.target.value in sequence.enter.stage
        for step in sequence.steps
    ]
