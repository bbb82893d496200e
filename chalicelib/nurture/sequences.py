"""Sequences: which emails a lead gets on entering a stage."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from chalicelib.delivery.message_keys import MessageKey, MessageKind
from chalicelib.delivery.outbox import OutboxMessage, Via, planned
from chalicelib.document import Document, needs, parse_document
from chalicelib.errors import DocumentError
from chalicelib.lifecycle.stages import Transition
from chalicelib.telemetry import log

SequenceName = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,64}$")]
"""The id of a sequence, of a step or of an email."""


Entered = Annotated[Literal["mql"], needs("only mql is executed yet")]
"""A stage on whose entry a sequence may begin."""


class Step(Document):
    """One step of a sequence: wait, then send an email."""

    id: SequenceName
    wait: Annotated[Literal["0d"], needs("only 0d, at once, is executed yet")]
    """A wait of no days: the email is planned with the transition itself."""
    email: SequenceName
    """The id of the email to send."""


class Enter(Document):
    """When a lead enters a sequence."""

    stage: Annotated[list[Entered], Field(min_length=1)]
    """The stages whose entry starts the sequence."""


class SequenceDocument(Document):
    """A nurture sequence. A lead enters it at a stage, once per cycle."""

    id: SequenceName
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
    held_by: str | None = None,
) -> list[OutboxMessage]:
    """Return the emails that a transition sends at once: those of the sequences that it enters.

    to: the lead's address; about: the version of the standing that the transition makes; held_by:
    the job of the publish that holds them. The cycle
    is part of each key, so a lead that cools and warms up again in one cycle gets each email once
    (ADR 0003).
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
            held_by=held_by,
        )
        for sequence in _readable(sequences)
        if transition.target.value in sequence.enter.stage
        for step in sequence.steps
    ]


def _readable(sequences: Sequence[Mapping[str, Any]]) -> Iterator[SequenceDocument]:
    """Yield the sequences whose every key is known.

    In another one a later version may have said to whom not to write, or that it is switched off,
    and was rolled back. It begins for nobody, and the lead moves all the same (ADR 0029).
    """
    for stored in sequences:
        try:
            yield parse_document(SequenceDocument, stored)
        except DocumentError:
            log("sequence_skipped", id=str(stored.get("id")))
