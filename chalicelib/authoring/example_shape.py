"""The shape of a model's examples: sentences that marketing and sales agreed on, as tests."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from chalicelib.authoring.values import (
    DateDays,
    Fact,
    FactOrFacts,
    KeyName,
    ModelPart,
    ModelText,
    Points,
    keys_or,
)
from chalicelib.events import Kind
from chalicelib.limits import HAND_POINTS_MAX, HAND_POINTS_MAX_LIVE, HORIZON_DAYS

EXAMPLE_EVENTS_MAX = 200  # a lead with more is too long a story for an example
TIMES_MAX = 1_000  # far above what any `per_day` lets count
LATER_MAX = 20
SCORE_MAX = 20_000  # of twenty groups of a thousand points

NO_BAND = "none"

EXAMPLE_KINDS = (Kind.PAGE, Kind.TRACK, Kind.FORM, Kind.MAIL)
"""The kinds of event that an example consists of."""

StageName = Literal[
    "lead", "mql", "sql", "accepted", "opportunity", "customer", "recycled", "disqualified"
]


class ExampleEventDocument(ModelPart):
    """Something that an example's person did: one of page, track, form and mail, and the properties
    that the model's signals read, for example the `asset` of a download.
    """

    model_config = ConfigDict(extra="allow")  # checked against the signals in example_checks.py

    __pydantic_extra__: dict[str, Fact] = Field(init=False)
    page: Annotated[str, Field(pattern="^/", max_length=2_000)] | None = None
    """The path of a page that they looked at; it begins with /."""
    track: ModelText | None = None
    """The name of an event that the site or the product tracks."""
    form: KeyName | None = None
    """The id of a form that they sent."""
    mail: ModelText | None = None
    """What happened to an email: delivered, clicked, replied, bounced."""
    days_ago: Annotated[int, Field(ge=0, lt=HORIZON_DAYS)] | None = None
    """How many days before today it happened. One of days_ago and in_days is given."""
    in_days: Annotated[int, Field(ge=1, le=HORIZON_DAYS)] | None = None
    """How many days after today it happens. It counts for what `later` expects; the score is that
    of today.
    """
    times: Annotated[int, Field(ge=1, le=TIMES_MAX)] = 1
    """How often it happened on that day."""

    @property
    def kinds(self) -> list[Kind]:
        """The kinds of event that it claims to be: one in a checked document."""
        return [kind for kind in EXAMPLE_KINDS if getattr(self, kind) is not None]

    @property
    def extra(self) -> dict[str, Fact]:
        """The event's properties, fields and campaign, by the names that signals use."""
        return self.model_extra or {}


class DayDocument(ModelPart):
    """A date, counted from today. One of in_days and days_ago is given."""

    in_days: DateDays | None = None
    """How many days after today it is."""
    days_ago: DateDays | None = None
    """How many days before today it was."""


GivenFact = Annotated[FactOrFacts | DayDocument, keys_or(DayDocument, FactOrFacts)]


class HandPointsDocument(ModelPart):
    """Points that one of our people gave an example's person by hand."""

    points: Annotated[Points, Field(ge=-HAND_POINTS_MAX, le=HAND_POINTS_MAX)]
    """Below 0 they are taken away."""
    reason: ModelText = "by hand"
    """Why they were given."""
    group: KeyName | None = None
    """The group that gets them; without it fit, or the model's first group."""
    days_ago: Annotated[int, Field(ge=0, lt=HORIZON_DAYS)] = 0
    """How many days before today they were given."""
    until_in_days: Annotated[int, Field(ge=0, le=HORIZON_DAYS)] | None = None
    """The last day on which they count, counted from today. Without it they count for good."""


class GivenDocument(ModelPart):
    """What an example knows of its person."""

    profile: dict[str, GivenFact] = {}
    """The fields of a form, and those that rules read. A value, a list of values, or a date as
    `{in_days: 60}` or `{days_ago: 3}`.
    """
    medium: ModelText | None = None
    """How they came the first time, for example cpc."""
    events: Annotated[list[ExampleEventDocument], Field(max_length=EXAMPLE_EVENTS_MAX)] = []
    """What they did."""
    points: Annotated[list[HandPointsDocument], Field(max_length=HAND_POINTS_MAX_LIVE)] = []
    """What our people gave them by hand."""
    stage: StageName = "lead"
    """Where they stand before the first event, because a person put them there, for example
    customer. A recycled lead rests from that day for as long as the reason `other` says.
    """


class LaterDocument(ModelPart):
    """Where the example's person stands some days later, if nothing else happens."""

    in_days: Annotated[int, Field(ge=1, le=HORIZON_DAYS)]
    """How many days from today."""
    stage: StageName
    """Where they stand then."""


class ExpectedScoreDocument(ModelPart):
    """What the model must say of a named score."""

    total: Annotated[int, Field(ge=-SCORE_MAX, le=SCORE_MAX)] | None = None
    """In whole points."""
    band: KeyName | None = None
    """The highest of its bands that it reaches; none when it reaches none."""


class ExpectDocument(ModelPart):
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
    """Groups, sums and named scores, to a tenth of a point."""
    band: KeyName | None = None
    """The band of the score; none when it reaches none."""
    scores: dict[KeyName, ExpectedScoreDocument] = {}
    """Named scores, as far as they are agreed."""
    later: Annotated[list[LaterDocument], Field(max_length=LATER_MAX)] = []
    """Where they stand on later days, if nothing else happens."""


class ExampleDocument(ModelPart):
    """A sentence that marketing and sales agreed on, as a test of the model."""

    name: ModelText
    """The sentence."""
    given: GivenDocument
    """What is known of the person and what they did."""
    expect: ExpectDocument
    """What the model must say of them."""
