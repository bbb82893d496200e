"""What people ask of a lead, as they send it.

A key that is not named here is refused: it is a typing mistake that nobody would notice.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, StrictBool

from chalicelib.consent.consent import BasisKind, Purpose
from chalicelib.inputs.texts import many_lines
from chalicelib.inputs.typed import Received
from chalicelib.lifecycle.stages import Outcome, Stage
from chalicelib.limits import REASON_MAX_CHARS, RELEASE_MAX_FORMS, RETRACT_MAX_EVENTS


def _statement(text: str) -> str:
    if not (statement := many_lines(text).strip()):
        raise ValueError("must not be empty")
    return statement


Statement = Annotated[str, Field(max_length=REASON_MAX_CHARS), AfterValidator(_statement)]
LeadId = Annotated[str, Field(max_length=200)]
EventId = Annotated[str, Field(max_length=200)]


class LeadRequest(Received):
    """What a person asks of a lead."""

    model_config = ConfigDict(extra="forbid")


class MoveRequest(LeadRequest):
    """`POST .../stage`."""

    stage: Stage
    reason: Statement


class AnswersRequest(LeadRequest):
    """`POST .../opportunity`: any of the five answers."""

    buying_cycle: Statement | None = None
    influence: Statement | None = None
    time_frame: Statement | None = None
    size: Statement | None = None
    permission: StrictBool | None = None


class ClosingRequest(LeadRequest):
    """`POST .../outcome`."""

    outcome: Outcome
    reason: Statement | None = None
    value: Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False, strict=True)] | None = None
    """In the currency that sales reports in."""


class RetractionRequest(LeadRequest):
    """`POST .../retract`."""

    event_ids: Annotated[list[EventId], Field(min_length=1, max_length=RETRACT_MAX_EVENTS)]
    """Ids from the timeline."""
    reason: Statement


class BasisRequest(LeadRequest):
    """`POST .../basis`: what one of our people knows; an opt-out country needs nobody's word."""

    purpose: Purpose
    kind: Literal[BasisKind.CONSENT, BasisKind.EXISTING_CUSTOMER]
    reason: Statement


class ReleaseRequest(LeadRequest):
    """`POST .../release`: a person looked at what was screened, and it is not spam."""

    event_ids: (
        Annotated[list[EventId], Field(min_length=1, max_length=RELEASE_MAX_FORMS)] | None
    ) = None
    """Ids from the list of spam or the timeline; without them all that wait."""
    note: Statement | None = None


class MergeRequest(LeadRequest):
    """`POST .../merge`: the other lead turned out to be the same person."""

    other_lead_id: LeadId
