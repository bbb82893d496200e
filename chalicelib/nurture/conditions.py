"""Conditions of a step: what must hold when the step is due. Pure."""

import json
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from chalicelib.document import Document, needs
from chalicelib.events import FieldValue
from chalicelib.limits import HORIZON_DAYS
from chalicelib.scoring.compile_fields import compile_field_rule
from chalicelib.scoring.field_rules import FieldRule
from chalicelib.scoring.milli import to_milli
from chalicelib.scoring.score import SCORE, Score

PREVIOUS = "previous"
"""The step whose email left last."""
CONDITIONS_MAX = 10
"""In one list of conditions."""
DEPTH_MAX = 3
"""How deep conditions stand within conditions."""

OwnId = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,64}$")]
"""An id of ours: of a sequence, a step, a signal, a form or an email."""
ShortText = Annotated[str, Field(min_length=1, max_length=200)]
Names = Annotated[
    Annotated[list[ShortText], Field(min_length=1, max_length=50)] | ShortText,
    needs("a text or a list of texts is needed"),
]


class FieldTest(Document):
    """What a field must be; the operators mean what they mean in a model."""

    equals: list[ShortText | float | bool] | ShortText | float | bool | None = None
    matches: Annotated[list[ShortText], Field(min_length=1, max_length=50)] | None = None
    words: Annotated[list[ShortText], Field(min_length=1, max_length=50)] | None = None
    contains: list[ShortText] | ShortText | None = None
    between: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None
    at_least: float | None = None
    below: float | None = None
    present: (
        Annotated[bool, needs("true is needed; for the contrary write absent: true")] | None
    ) = None
    absent: bool | None = None

    @model_validator(mode="after")
    def _has_one_operator(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError("give one operator, such as equals, matches, at_least or present")
        return self


FieldTests = Annotated[dict[ShortText, FieldTest], Field(min_length=1, max_length=CONDITIONS_MAX)]
LeastScore = (
    Annotated[dict[ShortText, float], Field(min_length=1, max_length=CONDITIONS_MAX)] | float
)
DaysBack = Annotated[int, Field(ge=0, lt=HORIZON_DAYS)]


class StepCondition(Document):
    """What must hold. Of several keys every one must."""

    clicked: Annotated[str, Field(max_length=64)] | None = None
    """`previous`, or the id of an earlier step: a person clicked a link of its email."""
    signal: ShortText | None = None
    """A signal of the model that was seen."""
    within_days: DaysBack | None = None
    """In how many days up to today; without it in all that is kept."""
    field: FieldTests | None = None
    """Fields of the profile, each with its test."""
    score: LeastScore | None = None
    """The least of the score; or of groups, sums and named scores, by their names."""
    band: Names | None = None
    """Bands of the score, one of which it is in."""
    topic: Names | None = None
    """Topics, one of which interests the lead most; `none`: none does."""
    not_: "StepCondition | None" = Field(default=None, alias="not")
    all_: (
        Annotated[list["StepCondition"], Field(min_length=1, max_length=CONDITIONS_MAX)] | None
    ) = Field(default=None, alias="all")
    any_: (
        Annotated[list["StepCondition"], Field(min_length=1, max_length=CONDITIONS_MAX)] | None
    ) = Field(default=None, alias="any")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set - {"within_days"}:
            raise ValueError("give a condition, such as {clicked: previous} or {signal: pricing}")
        if self.within_days is not None and self.signal is None:
            raise ValueError("within_days needs a signal")
        return self

    @property
    def parts(self) -> Iterator["StepCondition"]:
        """The conditions that stand in this one."""
        if self.not_:
            yield self.not_
        yield from self.all_ or ()
        yield from self.any_ or ()

    @property
    def depth(self) -> int:
        """How many conditions stand within one another, this one included."""
        return 1 + max((part.depth for part in self.parts), default=0)

    @property
    def never_holds(self) -> bool:
        """Whether it asks for something and for its contrary at once."""
        together = list(self._together())
        asked = self._asked()
        if any(one.not_ is not None and one.not_._asked() <= asked for one in together):
            return True
        return any(one.any_ and all(each.never_holds for each in one.any_) for one in together)

    def _together(self) -> Iterator["StepCondition"]:
        """Yield this condition, and those within it that must hold with it."""
        yield self
        for part in self.all_ or ():
            yield from part._together()

    def _asked(self) -> frozenset[str]:
        """Return what each key asks for, also those within `all`."""
        found: set[str] = set()
        for one in self._together():
            keys = one.model_dump(exclude_unset=True, exclude={"all_"})
            days = keys.pop("within_days", None)
            if one.signal is not None:
                keys["signal"] = [one.signal, days]
            found |= {json.dumps(each, sort_keys=True) for each in keys.items()}
        return frozenset(found)

    def every(self) -> Iterator["StepCondition"]:
        """Yield this condition, and each that stands in it."""
        yield self
        for part in self.parts:
            yield from part.every()


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownOfLead:
    """What a condition is held against."""

    score: Score
    values: Mapping[str, FieldValue]
    """The profile's values, by field."""
    topic: str | None
    """What interests the lead most."""
    clicked: Set[str]
    """The steps of the enrolment with an email that a person clicked."""
    previous: str | None
    """The step whose email left last."""


def holds(condition: StepCondition, known: KnownOfLead) -> bool:
    """Return whether a condition holds."""
    return (
        all(_of_deeds(condition, known))
        and all(_of_facts(condition, known))
        and all(_of_parts(condition, known))
    )


def _of_deeds(condition: StepCondition, known: KnownOfLead) -> Iterator[bool]:
    if condition.clicked is not None:
        is_previous = condition.clicked == PREVIOUS
        yield (known.previous if is_previous else condition.clicked) in known.clicked
    if condition.signal is not None:
        yield _is_seen(condition.signal, condition.within_days, known.score)
    if condition.topic is not None:
        yield topic_name(known.topic) in texts(condition.topic)


def _of_facts(condition: StepCondition, known: KnownOfLead) -> Iterator[bool]:
    for name, test in (condition.field or {}).items():
        yield _rule(name, test).tier_of(known.values.get(name)) is not None
    least = condition.score
    if least is not None:
        for name, points in (least if isinstance(least, dict) else {SCORE: least}).items():
            yield _value(known.score, name) >= to_milli(points)
    if condition.band is not None:
        yield known.score.band in texts(condition.band)


def _of_parts(condition: StepCondition, known: KnownOfLead) -> Iterator[bool]:
    if condition.not_ is not None:
        yield not holds(condition.not_, known)
    if condition.all_ is not None:
        yield all(holds(part, known) for part in condition.all_)
    if condition.any_ is not None:
        yield any(holds(part, known) for part in condition.any_)


NO_TOPIC = "none"


def topic_name(topic: str | None) -> str:
    """Return a topic as documents name it: `none` where there is none."""
    return topic or NO_TOPIC


def texts(written: list[str] | str) -> list[str]:
    """Return one text or several as a list."""
    return [written] if isinstance(written, str) else written


def _is_seen(signal: str, within_days: int | None, score: Score) -> bool:
    today = score.day.toordinal()
    most = HORIZON_DAYS if within_days is None else within_days
    return any(0 <= today - day <= most for day in score.tally.days_of(signal))


def _value(score: Score, name: str) -> int:
    """Return a value of the score; 0 for one that the active model does not have any more."""
    try:
        return score.value(name)
    except KeyError:
        return 0


def _rule(name: str, test: FieldTest) -> FieldRule:
    return _compiled(name, test.model_dump_json(exclude_none=True))


@lru_cache(maxsize=256)
def _compiled(name: str, written: str) -> FieldRule:
    test: dict[str, Any] = json.loads(written)
    return compile_field_rule(name, {"field": name, **test, "points": 1}, "profile")
