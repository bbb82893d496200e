"""The shape of a scoring model's rules on what is known of a person, and on how they came.

The texts below fields are the descriptions of docs/model.schema.json.
"""

from typing import Annotated, Literal

from pydantic import Field

from chalicelib.authoring.values import (
    Bounds,
    FieldName,
    FieldValues,
    KeyName,
    ModelPart,
    PatternList,
    Points,
    Yes,
)
from chalicelib.scoring.field_rules import Operator

TIERS_MAX = 20  # the default has 5 at most


class TestDocument(ModelPart):
    """An operator and what it compares with. Exactly one is given."""

    __test__ = False  # not a test class, whatever its name says to pytest

    equals: FieldValues | None = None
    """The field is this value, or one of these; case is ignored."""
    matches: PatternList | None = None
    """The field matches one of these patterns. `*` stands for any run of characters; case is
    ignored.
    """
    between: Bounds | None = None
    """The field is a number from the first to the second, both included."""
    in_list: Literal["free_mail", "disposable", "role"] | None = None
    """The field is in a list that Baton brings: domains of free mail, domains of throw-away
    addresses (both with the field email_domain), names of roles such as info or sales (with the
    field email_local).
    """
    present: Yes | None = None
    """The field is given, whatever its value."""
    absent: Yes | None = None
    """The field is not given."""

    @property
    def operators(self) -> list[Operator]:
        """The operators given: one in a checked document, none where a rule has tiers."""
        return [operator for operator in Operator if getattr(self, operator) is not None]


class TierDocument(TestDocument):
    """One tier of a rule: the first that matches gives its points."""

    points: Points
    """What the tier is worth; below 0 it speaks against the lead."""


class FieldRuleDocument(TestDocument):
    """A rule on what is known of a person, or with `touch` on where they came from."""

    field: FieldName
    """The field of the profile; email_domain and email_local are the two halves of the address.
    With `touch`: source, medium or campaign.
    """
    touch: Literal["first", "last"] | None = None
    """Compares the first or the last arrival instead of the profile."""
    tiers: Annotated[list[TierDocument], Field(min_length=1, max_length=TIERS_MAX)] | None = None
    """Several operators, each with its own points: the first that matches counts."""
    points: Points | None = None
    """What the rule is worth; below 0 it speaks against the lead."""
    disqualify: bool = False
    """Whether a lead that the rule matches is disqualified."""
    group: KeyName | None = None
    """The group that gets the points: fit without it, or channel on the side of the channel."""
