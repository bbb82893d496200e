"""Which emails a person wants, of those that they have not unsubscribed from (ADR 0063). Pure."""

from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which emails, and how many."""

    topics: frozenset[str] | None = None
    """Only emails about one of these; None: about anything."""
    fewer: bool = False
    """At most half as many as others get."""

    def allows(self, topics: Set[str]) -> bool:
        """Return whether an email about these topics is one of them."""
        return self.topics is None or not self.topics.isdisjoint(topics)


EVERYTHING_WANTED = Wanted()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What was chosen for a mailbox."""

    wanted: Wanted = EVERYTHING_WANTED
    before: Wanted = EVERYTHING_WANTED
    """What was wanted before, so that the choice can be taken back."""
    at: datetime | None = None
    """When it was chosen; None: never."""
    version: int = 0


def chosen(choice: Choice, wanted: Wanted, now: datetime) -> Choice:
    """Return the choice after a person chose anew."""
    return Choice(wanted=wanted, before=choice.wanted, at=now, version=choice.version + 1)


def taken_back(choice: Choice, at: datetime) -> Choice | None:
    """Return the choice as it was before the one of a moment; None when that is not the last."""
    if choice.at != at:
        return None
    return Choice(wanted=choice.before, before=choice.before, version=choice.version + 1)
