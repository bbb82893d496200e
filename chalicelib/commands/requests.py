"""What a person may ask of a lead, as they send it. A key that is not named here is refused: it
would be a typing mistake that nobody notices.
"""

from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, StrictBool

from chalicelib.inputs import Sent, many_lines
from chalicelib.lifecycle.stages import Outcome, Stage
from chalicelib.limits import REASON_MAX_CHARS, RETRACT_MAX_EVENTS


def _said(text: str) -> str:
    """The text, without surrounding blanks. Raises ValueError for an empty one and for control
    characters.
    """
    if not (said := many_lines(text).strip()):
        raise ValueError("must not be empty")
    return said


Said = Annotated[str, Field(max_length=REASON_MAX_CHARS), AfterValidator(_said)]
EventId = Annotated[str, Field(max_length=200)]


class Asked(Sent):
    """A person's request."""

    model_config = ConfigDict(extra="forbid")


class Move(Asked):
    """`POST .../stage`."""

    stage: Stage
    reason: Said


class Answers(Asked):
    """`POST .../opportunity`: any of the five answers."""

    buying_cycle: Said | None = None
    influence: Said | None = None
    time_frame: Said | None = None
    size: Said | None = None
    permission: StrictBool | None = None


class Closing(Asked):
    """`POST .../outcome`. value: in the money that sales counts in."""

    outcome: Outcome
    reason: Said | None = None
    value: Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False, strict=True)] | None = None


class Retraction(Asked):
    """`POST .../retract`: the ids are those of the timeline."""

    event_ids: Annotated[list[EventId], Field(min_length=1, max_length=RETRACT_MAX_EVENTS)]
    reason: Said


class Merge(Asked):
    """`POST .../merge`: the other lead turned out to be this one."""

    other_lead_id: Annotated[str, Field(max_length=200)]
