"""The shape of a model's examples: sentences that marketing and sales agreed on, as tests of the
model.
"""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from chalicelib.authoring.values import Fact, Name, Part, Text
from chalicelib.limits import HORIZON_DAYS
from chalicelib.scoring.model import EXAMPLE_KINDS

EVENTS_MAX = 200  # of one example; a lead who does more is no example
TIMES_MAX = 1_000  # far above what any `per_day` lets count
LATER_MAX = 20
SCORE_MAX = 20_000  # of twenty groups of a thousand points

StageName = Literal[
    "lead", "mql", "sql", "accepted", "opportunity", "customer", "recycled", "disqualified"
]


class ExampleEventDocument(Part):
    """Something an example's person did: one of page, track, form and mail, and what the model's
    signals ask of it, for example the `asset` of a download.
    """

    model_config = ConfigDict(
        extra="allow"
    )  # what is extra is checked against the signals, by name

    __pydantic_extra__: dict[str, Fact] = Field(init=False)
    page: Annotated[str, Field(pattern="^/", max_length=2_000)] | None = None
    """The path of a page they looked at; it begins with /."""
    track: Text | None = None
    """The name of an event that the site or the product tracks."""
    form: Name | None = None
    """The id of a form they sent."""
    mail: Text | None = None
    """What happened to an email: delivered, clicked, replied, bounced."""
    days_ago: Annotated[int, Field(ge=0, lt=HORIZON_DAYS)] | None = None
    """How many days before today it happened. One of days_ago and in_days is given."""
    in_days: Annotated[int, Field(ge=1, le=HORIZON_DAYS)] | None = None
    """How many days after today it happens: what `later` expects comes of it, the score is told as
    of today.
    """
    times: Annotated[int, Field(ge=1, le=TIMES_MAX)] = 1
    """How often it happened on that day."""

    @property
    def kinds(self) -> list[str]:
        """The kinds of event that it says it is: one, in a checked document."""
        return [kind for kind in EXAMPLE_KINDS if getattr(self, kind) is not None]

    @property
    def extra(self) -> dict[str, Fact]:
        """The event's properties, fields and campaign, by the names that signals use."""
        return self.model_extra or {}


class GivenDocument(Part):
    """What an example knows of its person."""

    profile: dict[str, Fact] = {}
    """The fields of a form, and those that rules read."""
    medium: Text | None = None
    """How they came the first time, for example cpc."""
    events: Annotated[list[ExampleEventDocument], Field(max_length=EVENTS_MAX)] = []
    """What they did."""
    stage: StageName = "lead"
    """Where they stand before the first of it, because a person said so: for example customer. One
    who is recycled rests from that day for as long as the reason `other` says.
    """


class LaterDocument(Part):
    """Where the example's person stands some days later, if nothing happens but what the example
    says.
    """

    in_days: Annotated[int, Field(ge=1, le=HORIZON_DAYS)]
    """How many days from today."""
    stage: StageName
    """Where they stand then."""


class ExpectDocument(Part):
    """What the model must say of an example."""

    score: Annotated[int, Field(ge=-SCORE_MAX, le=SCORE_MAX)]
    """The score, in whole points."""
    grade: Literal["A", "B", "C", "D", "E", "F", "–"]
    """The grade of the fit; – when too little is known."""
    stage: StageName
    """Where they stand."""
    kind: Literal["requested", "inferred"] | None = None
    """Of an SQL: whether they asked, or what they did says that they are ready."""
    groups: dict[
        str, Annotated[float, Field(ge=-SCORE_MAX, le=SCORE_MAX, allow_inf_nan=False)]
    ] = {}
    """Groups and sums, to a tenth of a point."""
    later: Annotated[list[LaterDocument], Field(max_length=LATER_MAX)] = []
    """What becomes of them, if nothing happens but what the example says."""


class ExampleDocument(Part):
    """A sentence that marketing and sales agreed on, as a test of the model."""

    name: Text
    """The sentence."""
    given: GivenDocument
    """What is known of the person and what they did."""
    expect: ExpectDocument
    """What the model must say of them."""
