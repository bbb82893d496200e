"""Sequences: which leads enter, which emails they get, after which waits, and what ends it.

The format by example: docs/how-to/sequences.md.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from chalicelib.document import Document, needs, parse_document
from chalicelib.errors import DocumentError
from chalicelib.nurture.conditions import Names, OwnId, ShortText, StepCondition
from chalicelib.nurture.waits import SpanText, Wait, span_of
from chalicelib.telemetry import log

END_STEP = "end"
"""Where a step may go on: nowhere."""
SEQUENCE_STEPS_MAX = 30
SEQUENCE_WAYS_MAX = 10
"""In which a lead enters or leaves one sequence."""
REENTER_AFTER = "90d"
STALE_AFTER = "7d"


class EnteredStage(StrEnum):
    """A stage as sequences name it."""

    LEAD = "lead"
    MQL = "mql"
    RECYCLED = "recycled"
    COOLED = "cooled"  # an mql that became a lead again


_STAGE_WORDS = needs("one of lead, mql, recycled, cooled is needed, or a list of them")
Stages = Annotated[
    Annotated[list[EnteredStage], Field(min_length=1, max_length=len(EnteredStage))] | EnteredStage,
    _STAGE_WORDS,
]


class WayIn(Document):
    """A way into a sequence. Of several keys every one must hold.

    The first of `signal`, `form` and `stage` that is given is what happens; the others are what
    must hold when it does.
    """

    stage: Stages | None = None
    """The lead enters this stage; with a signal or a form: it is in this stage then."""
    topic: Names | None = None
    """What interests the lead most is one of these topics; `none`: nothing does."""
    signal: ShortText | None = None
    """The lead does what this signal of the model counts."""
    form: Names | None = None
    """The lead sends this form."""
    reasons: Names | None = None
    """Why it was recycled; `lost_*` for each reason that begins so."""
    talked: bool | None = None
    """Whether sales ever had the lead."""

    @model_validator(mode="after")
    def _has_a_cause(self) -> Self:
        if self.signal is None and self.form is None and self.stage is None:
            raise ValueError("give what a lead enters by: stage, signal or form")
        if self.signal is not None and self.form is not None:
            raise ValueError("give either signal or form, or a list of two ways")
        stages = self.stages
        if (self.signal or self.form) and EnteredStage.COOLED in stages:
            raise ValueError("cooled is something that happens; give lead instead")
        if not (self.signal or self.form) and EnteredStage.LEAD in stages:
            raise ValueError("everybody begins as a lead; give cooled, a signal or a form")
        if self.reasons and stages != [EnteredStage.RECYCLED]:
            raise ValueError("reasons are those of stage: recycled")
        return self

    @property
    def stages(self) -> list[EnteredStage]:
        """The stages that it names."""
        if self.stage is None:
            return []
        return self.stage if isinstance(self.stage, list) else [self.stage]

    @property
    def is_by_stage(self) -> bool:
        """Whether entering a stage is what happens."""
        return self.signal is None and self.form is None


class Goal(Document):
    """What ends a sequence because it has reached its aim, or because another one begins."""

    signal: ShortText | None = None
    form: OwnId | None = None
    stage: EnteredStage | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError("give one of signal, form and stage")
        return self

    @property
    def name(self) -> str:
        """What the exit is called."""
        return str(self.signal or self.form or self.stage)


class Step(Document):
    """One step of a sequence: wait, look whether its condition holds, then send an email."""

    id: OwnId
    wait: Wait
    """From when the previous email left, or the lead entered."""
    email: OwnId | None = None
    """The id of the email to send."""
    emails: Annotated[list[OwnId], Field(min_length=1, max_length=SEQUENCE_STEPS_MAX)] | None = None
    """Of the last step: its emails. It sends the next one that has not left yet, until
    none is left."""
    every: SpanText | None = None
    """Of the last step: how long it waits between two of them; without it as long as `wait`."""
    if_: StepCondition | None = Field(default=None, alias="if")
    """What must hold when the wait is over."""
    else_: OwnId | None = Field(default=None, alias="else")
    """Where it does not: the step to go on with, or the email to send instead; without it the next
    step goes on."""
    next: OwnId | None = None
    """The step to go on with afterwards, or `end`; without it the one that follows."""

    @model_validator(mode="after")
    def _sends_something(self) -> Self:
        if (self.email is None) == (self.emails is None):
            raise ValueError("give the email that it sends; the last step may have a list: emails")
        if self.every is not None and self.emails is None:
            raise ValueError("every needs emails, of which it sends one after the other")
        if self.else_ is not None and self.if_ is None:
            raise ValueError("else needs a condition: if")
        return self

    @property
    def every_email(self) -> list[str]:
        """The emails that it may send, without that of its `else`."""
        return self.emails or [str(self.email)]


def _listed(written: Any) -> Any:
    return [written] if isinstance(written, Mapping) else written


class SequenceDocument(Document):
    """A nurture sequence."""

    id: OwnId
    title: Annotated[str, Field(min_length=1, max_length=100)] = ""
    active: bool = True
    """Whether it takes leads in and sends."""
    enter: Annotated[
        list[WayIn], BeforeValidator(_listed), Field(min_length=1, max_length=SEQUENCE_WAYS_MAX)
    ]
    """The ways into it; one may stand without a list."""
    priority: Annotated[int, Field(ge=-1000, le=1000)] = 0
    """Of several that one lead could enter at once, it enters that with the highest."""
    steps: Annotated[list[Step], Field(min_length=1, max_length=SEQUENCE_STEPS_MAX)]
    exit: Annotated[list[Goal], Field(max_length=SEQUENCE_WAYS_MAX)] = []
    reenter_after: SpanText = REENTER_AFTER
    """How long after an entry the lead may enter again in the same cycle; and after which time an
    email may come to it again."""
    stale_after: SpanText = STALE_AFTER
    """How long an email that is due may wait to leave."""
    at_most: Annotated[int, Field(ge=1, le=100)] | None = None
    """How many emails it sends to a lead."""

    @property
    def name(self) -> str:
        """What people call it."""
        return self.title or self.id

    @property
    def step_ids(self) -> list[str]:
        """The ids of its steps, in order."""
        return [step.id for step in self.steps]

    @property
    def may_reenter_after(self) -> timedelta:
        """How long after an entry a lead may enter again."""
        return span_of(self.reenter_after)

    @property
    def is_stale_after(self) -> timedelta:
        """How long an email that is due may wait to leave."""
        return span_of(self.stale_after)

    def step(self, step_id: str) -> Step | None:
        """Return a step by its id, or None."""
        return next((step for step in self.steps if step.id == step_id), None)

    def signals(self) -> Iterator[tuple[str, str]]:
        """Yield each signal that it names, with its path."""
        for position, way in enumerate(self.enter):
            if way.signal:
                yield f"enter.{position}.signal", way.signal
        for position, goal in enumerate(self.exit):
            if goal.signal:
                yield f"exit.{position}.signal", goal.signal
        for position, step in enumerate(self.steps):
            for condition in step.if_.every() if step.if_ else ():
                if condition.signal:
                    yield f"steps.{position}.if", condition.signal


def read_sequence(stored: Mapping[str, Any]) -> SequenceDocument | None:
    """Return a stored sequence; None for one that this version cannot read as a whole.

    In such a one a later version may have said to whom not to write, or that it is switched off,
    and was rolled back. It begins for nobody, and the lead moves all the same (ADR 0029).
    """
    try:
        return parse_document(SequenceDocument, stored)
    except DocumentError:
        log("sequence_skipped", id=str(stored.get("id")))
        return None
