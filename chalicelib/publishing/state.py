"""How far a simulation or a publish came, in plain values, as it is kept with its job."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from chalicelib.jobs.walk import START, Place
from chalicelib.limits import LEEWAY_LEADS
from chalicelib.publishing.versions import Active


class Phase(StrEnum):
    """What a publish is at, as its report says it."""

    COUNTING = "counting"  # what the draft changes, lead by lead
    ACTIVATING = "activating"
    MOVING = "moving"  # every lead is brought to the model, those that change stage first
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class CountState:
    """How far the count of what a draft changes came. It is all there is to a simulation."""

    digest: str
    """Of the draft's document."""
    version: int | None
    """The draft's; None: it is a document of the job's own."""
    base: Active
    """What was active when the count began: the draft is compared with it."""
    day: int
    """The day on which every lead is judged, as an ordinal."""
    place: Place = START
    """Where the walk over all leads stands."""
    found: Mapping[str, Any] | None = None
    """What was counted (`Found.to_json`); None: nothing yet."""
    listed: int = 0
    """Leads that change and are listed by name."""
    listed_bytes: int = 0
    """The size of that list."""
    first_part: int = 0
    """The part of the job's list that this count begins with."""
    parts: int = 0
    """How many parts the job's list has, those of earlier counts included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepState:
    """How far the leads are brought to the model that was activated."""

    began_at_ms: int = 0
    """When the pass began."""
    passes: int = 0
    """How many walks over all leads there were, this one included."""
    walked: int = 0
    """Leads that are behind the first of them."""
    part: int = 0
    """The next part of the list of leads that change: they move first."""
    place: Place = START
    """Where the walk stands."""
    page: Mapping[str, str] = field(default_factory=dict)
    """The leads that are being moved, each with the stage that it had."""
    moved: Mapping[str, int] = field(default_factory=dict)
    """`from->to` -> leads."""
    held: int = 0
    """Handoffs that were held: sales was not notified."""
    emails_held: int = 0
    """Emails that were held: their leads were not written to."""
    failed: Mapping[str, int] = field(default_factory=dict)
    """The leads that could not be moved, each with how often that was tried."""
    left: int = 0
    """Leads that have too many events for a job, so that the clock moves them: those that the
    latest walk came by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishState:
    """How far a publish came."""

    count: CountState
    phase: Phase = Phase.COUNTING
    expected: int | None = None
    """How many leads are to change stage, as the request said."""
    force: bool = False
    """Publish whatever the count finds."""
    hold_emails: bool = True
    """Whether the emails that it causes wait for a person to release them."""
    activated_at_ms: int = 0
    sweep: SweepState = SweepState()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseState:
    """How far the release of a publish's emails came."""

    publish_id: str
    """The job of the publish."""
    before: str = ""
    """Behind which position of the list of held messages the walk goes on; empty: at its
    beginning."""
    page: Sequence[str] = ()
    """The ids of the messages that are being released."""
    is_walked: bool = False
    """Whether the walk has ended."""
    released: int = 0
    cancelled: int = 0
    """Emails whose lead has moved on."""
    failed: int = 0
    """Emails that are still held."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """That a document was simulated."""

    changed: int
    """How many leads would change their stage."""
    at: datetime
    """When the simulation was finished."""


def decode_count(kept: Mapping[str, Any]) -> CountState:
    """Return the state of a count that `dataclasses.asdict` gave these values of."""
    parts = {"base": Active(**kept["base"]), "place": Place(**kept["place"])}
    return CountState(**{**kept, **parts})


def decode_publish(kept: Mapping[str, Any]) -> PublishState:
    """Return the state of a publish that `dataclasses.asdict` gave these values of."""
    parts = {
        "count": decode_count(kept["count"]),
        "phase": Phase(kept["phase"]),
        "sweep": SweepState(**{**kept["sweep"], "place": Place(**kept["sweep"]["place"])}),
    }
    return PublishState(**{**kept, **parts})


def differs(stated: int, other: int) -> bool:
    """Whether a number of leads differs from the stated one by more than a tenth of it, and more
    than five leads (playbook, rule 9).
    """
    return 10 * abs(other - stated) > max(10 * LEEWAY_LEADS, stated)
