"""What people ask of a lead, as they send it.

A key that is not named here is refused: it is a typing mistake that nobody would notice.
"""

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool

from chalicelib.consent.consent import BasisKind, Purpose
from chalicelib.inputs.texts import many_lines
from chalicelib.inputs.typed import Received
from chalicelib.leads.acts import ContactHow
from chalicelib.lifecycle.stages import Outcome, Stage
from chalicelib.limits import (
    HAND_POINTS_MAX,
    NOTE_MAX_CHARS,
    REASON_MAX_CHARS,
    RELEASE_MAX_FORMS,
    RETRACT_MAX_EVENTS,
)

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _statement(text: str) -> str:
    if not (statement := many_lines(text).strip()):
        raise ValueError("must not be empty")
    return statement


def _some_points(points: float) -> float:
    if not round(points, 3):
        raise ValueError("must not be 0")
    return points


def _day(text: object) -> date:
    try:
        # Python reads other forms, such as 20261231, too.
        return date.fromisoformat(text if isinstance(text, str) and _DAY.fullmatch(text) else "")
    except ValueError:
        raise ValueError("must be a date, for example 2026-12-31") from None


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


class ContactRequest(LeadRequest):
    """`POST .../contact`."""

    how: ContactHow


class PointsRequest(LeadRequest):
    """`POST .../points`: what one of our people knows about a lead, in points."""

    points: Annotated[
        float,
        Field(ge=-HAND_POINTS_MAX, le=HAND_POINTS_MAX, allow_inf_nan=False, strict=True),
        AfterValidator(_some_points),
    ]
    reason: Statement
    until: Annotated[date, BeforeValidator(_day)] | None = None
    """The last day on which they count."""
    group: Annotated[str, Field(max_length=200)] | None = None
    """Of the model; without it fit, or the model's first group."""


class CorrectionRequest(BaseModel):
    """`PATCH .../{lead_id}`. A null is refused, because nothing is taken out of a profile here."""

    model_config = ConfigDict(extra="forbid")

    profile: dict[str, Any] | None = None
    """Field -> value, read as a form's is."""
    owner: Annotated[str, Field(max_length=200)] | None = None
    """The id of a person in the routing document."""


class NoteRequest(LeadRequest):
    """`POST .../notes`."""

    text: Annotated[str, Field(max_length=NOTE_MAX_CHARS), AfterValidator(_statement)]


class EmailsRequest(LeadRequest):
    """`POST .../emails`: whether the emails to a lead stop, or may go out again."""

    stop: StrictBool
    reason: Statement | None = None


class SequenceRequest(LeadRequest):
    """`POST .../sequences/{sequence_id}`: either of the two."""

    start: Literal[True] | None = None
    stop: Literal[True] | None = None
    reason: Statement | None = None


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
