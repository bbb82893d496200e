"""Saved lists: the leads that have something in common, as a document. Pure."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from chalicelib.days import day_of
from chalicelib.document import Document, needs
from chalicelib.errors import FieldError
from chalicelib.leads.decision import score_of
from chalicelib.leads.lead import Lead
from chalicelib.lifecycle.stages import Stage
from chalicelib.nurture.conditions import (
    DaysBack,
    FieldTests,
    KnownOfLead,
    LeastScore,
    Names,
    OwnId,
    ShortText,
    StepCondition,
    holds,
    texts,
)
from chalicelib.nurture.sequence_checks import ActiveModel, value_mistakes
from chalicelib.scoring.interests import interest
from chalicelib.scoring.levels import NO_GRADE
from chalicelib.scoring.model import Model
from chalicelib.scoring.profile import remembered, values
from chalicelib.scoring.score import Score

AS_IN_STEPS = ("signal", "within_days", "field", "score", "band", "topic")
"""The keys that mean what they mean in the condition of a step."""
_STAGE_WORDS = needs(f"one of {', '.join(Stage)} is needed, or a list of them")


class ListDocument(Document):
    """A saved list. Of several keys every one must hold; without any it has all leads."""

    id: OwnId
    title: Annotated[str, Field(max_length=100)] = ""
    stage: (
        Annotated[
            Annotated[list[Stage], Field(min_length=1, max_length=len(Stage))] | Stage, _STAGE_WORDS
        ]
        | None
    ) = None
    """The stages, one of which the lead is in."""
    grade: Names | None = None
    """Grades of the score; `-` for those of whom too little is known."""
    domain: Names | None = None
    """What may stand behind the @ of the address."""
    owner: Names | None = None
    """Whom the lead belongs to; `none`: nobody."""
    signal: ShortText | None = None
    within_days: DaysBack | None = None
    field: FieldTests | None = None
    score: LeastScore | None = None
    band: Names | None = None
    topic: Names | None = None

    @model_validator(mode="after")
    def _names_the_signal(self) -> Self:
        if self.within_days is not None and self.signal is None:
            raise ValueError("within_days needs a signal")
        return self

    @property
    def stages(self) -> list[Stage]:
        """The stages that it names, none for all."""
        if self.stage is None:
            return []
        return self.stage if isinstance(self.stage, list) else [self.stage]

    @property
    def condition(self) -> StepCondition | None:
        """What it says in the words of a step's condition; None: nothing."""
        said = {name: getattr(self, name) for name in AS_IN_STEPS if name in self.model_fields_set}
        given = {name: value for name, value in said.items() if value is not None}
        return StepCondition(**given) if given else None


OWNED_BY_NOBODY = "none"
UNKNOWN_GRADE = "-"


@dataclass(frozen=True, slots=True)
class ListFilter:
    """Says whether a lead is on a list. model: the active one, of a given activation or later."""

    document: ListDocument
    model: Callable[[int], Model]

    def __call__(self, lead: Lead, now: datetime) -> bool:
        """Return whether a lead is on the list now."""
        if not lead.exists or lead.merged_into:
            return False
        if self.document.stages and lead.standing.stage not in self.document.stages:
            return False
        model = self.model(lead.activation)
        score = score_of(model, lead, day_of(now, model.zone))
        return all(self._tests(lead, model, score))

    def _tests(self, lead: Lead, model: Model, score: Score) -> Iterator[bool]:
        document = self.document
        known = values(remembered(lead.profile, score.day, model.zone))
        if document.grade is not None:
            grade = UNKNOWN_GRADE if score.grade == NO_GRADE else score.grade
            yield grade in _lowered(document.grade, str.upper)
        if document.domain is not None:
            domain = str(known.get("email", "")).rpartition("@")[2]
            yield domain in _lowered(document.domain, str.lower)
        if document.owner is not None:
            owner = (lead.standing.owner or OWNED_BY_NOBODY).lower()
            yield owner in _lowered(document.owner, str.lower)
        condition = document.condition
        if condition is not None:
            topic = interest(model, score)
            nothing = KnownOfLead(
                score=score, values=known, topic=topic, clicked=frozenset(), previous=None
            )
            yield holds(condition, nothing)


def list_mistakes(document: ListDocument, model: ActiveModel) -> Iterator[FieldError]:
    """Yield each name that the active model does not have."""
    condition = document.condition
    active = model()
    if condition is None or active is None:
        return
    if condition.signal is not None and condition.signal not in active.signals:
        known = ", ".join(sorted(active.signals)[:20])
        yield FieldError(
            "signal", f"the active model has no signal {condition.signal}; it has {known}"
        )
    yield from value_mistakes("", condition, active)


def mailings_to(list_id: str, mailings: Iterable[Any]) -> Iterator[str]:
    """Yield each stored mailing that goes to a list, in words."""
    for stored in mailings:
        if stored.get("list") == list_id:
            yield f"the mailing {stored.get('id')}"


def _lowered(names: list[str] | str, as_kept: Callable[[str], str]) -> list[str]:
    return [as_kept(name) for name in texts(names)]
