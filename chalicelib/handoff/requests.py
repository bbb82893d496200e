"""What people ask of handoffs, as they send it."""

from typing import Annotated

from pydantic import ConfigDict, Field

from chalicelib.handoff.handoff import WhyHeld
from chalicelib.inputs.typed import Received


class ReleaseHandoffsRequest(Received):
    """`POST /v1/handoffs/release`."""

    model_config = ConfigDict(extra="forbid")

    why: WhyHeld | None = None
    """What holds those that are released; without it all."""
    expected: Annotated[int, Field(ge=0, strict=True)] | None = None
    """How many that are, by whoever has looked at them."""
