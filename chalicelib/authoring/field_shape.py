"""The shape of a scoring model's rules on what is known of a person, and on how they came.

The texts below fields are the descriptions of docs/model.schema.json.
"""

from keyword import iskeyword
from typing import Annotated, Literal

from pydantic import Field

from chalicelib.authoring.values import (
    Bounds,
    DateDays,
    FieldName,
    FieldValues,
    KeyName,
    ModelPart,
    Number,
    PatternList,
    Points,
    TextOrTexts,
    Yes,
    keys_or,
)
from chalicelib.limits import HORIZON_DAYS
from chalicelib.scoring.field_rules import Operator
from chalicelib.scoring.lists import ListName

FACTS_MAX = 10  # of a rule on several at once
TIERS_MAX = 20  # the default has 5 at most


class ComparisonDocument(ModelPart):
    """A test of a value that is given. Exactly one key is given."""

    equals: FieldValues | None = None
    """The field is this value, or one of these; case and accents are ignored."""
    matches: PatternList | None = None
    """The field matches one of these patterns. `*` stands for any run of characters; case and
    accents are ignored.
    """
    words: TextOrTexts | None = None
    """One of these words or phrases stands anywhere in the field, as whole words in this order:
    `vp` is in "VP, Sales", and not in "MVP". `*` stands for any run of characters of a word.
    """
    contains: FieldValues | None = None
    """This value, or one of these, is in the field's list of values; a text is read as a list, too:
    "crm, erp".
    """
    in_list: ListName | None = None
    """The field is in a list that Baton brings: domains of free mail, domains of throw-away
    addresses (both with the field email_domain), names of roles such as info or sales (with the
    field email_local); or it has a word of a list of words: titles (with the field job_title),
    industries (with the field industry).
    """
    between: Bounds | None = None
    """The field is a number from the first to the second, both included. Numbers are read as people
    write them: "1,200", "€50k"; of a range such as "51-200" the lower one.
    """
    at_least: Number | None = None
    """The field is a number of at least this much."""
    below: Number | None = None
    """The field is a number below this."""
    next_days: DateDays | None = None
    """The field is a date from today to this many days ahead."""
    last_days: DateDays | None = None
    """The field is a date from this many days back to today."""

    @property
    def phrases(self) -> list[str]:
        """The words and phrases, also of a single one."""
        return [self.words] if isinstance(self.words, str) else self.words or []

    @property
    def operators(self) -> list[Operator]:
        """The operators given: one in a checked document, none where a rule has tiers."""
        keys = {
            operator: f"{operator}_" if iskeyword(operator) else operator for operator in Operator
        }
        return [operator for operator, key in keys.items() if getattr(self, key, None) is not None]


Denied = Annotated[FieldValues | ComparisonDocument, keys_or(ComparisonDocument, FieldValues)]


class TestDocument(ComparisonDocument):
    """An operator and what it compares with. Exactly one is given."""

    __test__ = False  # not a test class, whatever its name says to pytest

    not_: Denied | None = Field(None, alias="not")
    """The field is given, and is none of these values, or does not pass this test, for example
    `{matches: ["*@*"]}`.
    """
    present: Yes | None = None
    """The field is given, whatever its value."""
    absent: Yes | None = None
    """The field is not given."""
    else_: Yes | None = Field(None, alias="else")
    """Of the last tier: everything that no tier before it matches, also a field that is not
    given.
    """

    @property
    def comparisons(self) -> list[ComparisonDocument]:
        """What a value is compared with: by the test itself, and by what its `not` denies."""
        if self.not_ is None or isinstance(self.not_, ComparisonDocument):
            return [self, *filter(None, [self.not_])]
        return [self, ComparisonDocument(equals=self.not_)]


class TierDocument(TestDocument):
    """One tier of a rule: the first that matches gives its points."""

    points: Points
    """What the tier is worth; below 0 it speaks against the lead."""


class FactDocument(TestDocument):
    """One of the facts of a rule on several at once."""

    field: FieldName
    """The field of the profile, or of the touch."""
    touch: Literal["first", "last"] | None = None
    """Compares the first or the last arrival instead of the profile."""


class ExclusionDocument(TestDocument):
    """People who are neither scored nor moved, like our own: by a field, by several facts at once,
    or by a signal. Exactly one of `field`, `all` and `signal` is given.
    """

    field: FieldName | None = None
    """The field of the profile, with one operator; with `touch` source, medium or campaign."""
    touch: Literal["first", "last"] | None = None
    """Compares the first or the last arrival instead of the profile."""
    all: Annotated[list[FactDocument], Field(min_length=2, max_length=FACTS_MAX)] | None = None
    """Several facts at once, each with its field and operator: all of them must match."""
    signal: KeyName | None = None
    """A signal: whoever shows it is left out."""
    within_days: Annotated[int, Field(ge=0, lt=HORIZON_DAYS)] | None = None
    """How many days back the signal counts. Without it for as long as it is remembered."""

    @property
    def subjects(self) -> list[str]:
        """What it is about: one of field, all and signal in a checked document."""
        return [key for key in ("field", "all", "signal") if getattr(self, key) is not None]


class FieldRuleDocument(TestDocument):
    """A rule on what is known of a person, or with `touch` on where they came from."""

    field: FieldName | None = None
    """The field of the profile; email_domain and email_local are the two halves of the address.
    With `touch`: source, medium or campaign.
    """
    touch: Literal["first", "last"] | None = None
    """Compares the first or the last arrival instead of the profile."""
    tiers: Annotated[list[TierDocument], Field(min_length=1, max_length=TIERS_MAX)] | None = None
    """Several operators, each with its own points: the first that matches counts."""
    all: Annotated[list[FactDocument], Field(min_length=2, max_length=FACTS_MAX)] | None = None
    """Several facts at once, each with its field and operator: all of them must match."""
    points: Points | None = None
    """What the rule is worth; below 0 it speaks against the lead."""
    disqualify: bool = False
    """Whether a lead that the rule matches is disqualified."""
    group: KeyName | None = None
    """The group that gets the points: fit without it, or channel on the side of the channel."""

    @property
    def comparisons(self) -> list[ComparisonDocument]:
        """What the field is compared with, in each of the tiers if there are any."""
        if self.tiers is None:
            return super().comparisons
        return [one for tier in self.tiers for one in tier.comparisons]
