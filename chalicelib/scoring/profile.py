"""Profile and touches: what we know of the person, and where they came from first and last.

For each field the newest by (confirmed, at, event id) wins. So any order of arrival gives the same
profile, and a stranger who types someone's address overwrites nothing that a confirmed person gave.
"""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.events import Event, Rank, Value

NAMED_FIELDS = frozenset(
    [
        "email",
        "first_name",
        "last_name",
        "job_title",
        "company",
        "company_size",
        "industry",
        "country",
        "phone",
    ]
)
"""The fields that every profile keeps, whatever the model's rules read (ADR 0014)."""

DERIVED_FIELDS = frozenset({"email_local", "email_domain"})
"""The two halves of the address: rules may ask for them, and no event has them."""

TOUCH_KEYS = ("source", "medium", "name")


@dataclass(frozen=True, slots=True, order=True)
class Known:
    """One field of a profile, ordered by who said it, when, and in which event."""

    confirmed: bool
    at: datetime
    event_id: str
    value: Value = field(compare=False)


@dataclass(frozen=True, slots=True)
class Touch:
    """One arrival from a source. What was not named is an empty string."""

    at: datetime
    event_id: str
    source: str
    medium: str
    campaign: str


@dataclass(frozen=True, slots=True)
class Touches:
    """The first and the last touch; with one touch they are the same."""

    first: Touch | None = None
    last: Touch | None = None


Profile = Mapping[str, Known]


def learn(profile: Profile, events: Iterable[Event], also: Set[str] = frozenset()) -> Profile:
    """Return the profile with what the events say of the person. Commutes and is idempotent.

    also: the fields that the model's rules read besides the named ones. Anything else in a form
    stays in its event: a stranger must not be able to fill a lead's one profile item (ADR 0014).
    """
    known = dict(profile)
    for event in events:
        for name, value in event.fields.items():
            new = Known(event.rank is Rank.CONFIRMED, event.at, event.id, value)
            wanted = name in NAMED_FIELDS or name in also
            if wanted and value != "" and (name not in known or new > known[name]):
                known[name] = new
    return known


def touch(touches: Touches, events: Iterable[Event]) -> Touches:
    """Return the touches with the events' campaigns. Commutes and is idempotent."""
    first = touches.first
    last = touches.last
    for event in events:
        if not any(event.campaign.get(key) for key in TOUCH_KEYS):
            continue
        new = Touch(
            event.at,
            event.id,
            event.campaign.get("source", ""),
            event.campaign.get("medium", ""),
            event.campaign.get("name", ""),
        )
        if first is None or (new.at, new.event_id) < (first.at, first.event_id):
            first = new
        if last is None or (new.at, new.event_id) > (last.at, last.event_id):
            last = new
    return Touches(first, last)


def values(profile: Profile) -> dict[str, Value]:
    """Return the value of each field, and the two halves of the address, in lower case."""
    known = {name: one.value for name, one in profile.items()}
    local, _, domain = str(known.get("email", "")).rpartition("@")
    if not domain:
        return known
    return {**known, "email_local": local.lower(), "email_domain": domain.lower()}
