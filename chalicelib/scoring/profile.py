"""Profile: what we know of the person.

Whatever is said has a rank. A lower rank never replaces, clears or lowers what a higher one said,
so a stranger who types someone's address overwrites nothing that the person or our people said
(ADR 0037). For each field the newest value of each rank is kept: any order of arrival gives the
same profile.
"""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from itertools import accumulate
from typing import NamedTuple

from chalicelib.days import day_of
from chalicelib.events import Event, FieldValue, Rank, confirmed_form_of, parse_event_time
from chalicelib.limits import HORIZON_DAYS, LINE_MAX_CHARS, OWN_FIELDS_MAX

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
"""The fields that Baton has a name for; every profile keeps them."""

DERIVED_FIELDS = frozenset({"email_local", "email_domain"})
"""The two halves of the address: rules may ask for them, and no event has them."""

UNLEARNED = DERIVED_FIELDS | {"message"}
"""What somebody wrote is read on the timeline and in notices."""


@dataclass(slots=True, order=True)
class Known:
    """One value of a field, ordered by who said it, when, and in which event.

    Nothing changes one: what is read by the dozen is not frozen, because a frozen dataclass takes
    four times as long to make (ADR 0054).
    """

    rank: Rank
    at: datetime
    event_id: str
    value: FieldValue = field(compare=False)


Profile = Mapping[str, tuple[Known, ...]]
"""Field -> the newest value of each rank, the highest rank first: that one is shown."""


class Facts(NamedTuple):
    """What rules read of a profile."""

    values: Mapping[str, FieldValue]
    weaker: Set[str] = frozenset()
    """The fields that were said at a lower rank than something else: they never lower a score."""
    best: Rank = Rank.IDENTIFY
    """The highest rank at which anything was said."""
    day: date = date.min
    """The day on which they are read."""


def learn(profile: Profile, events: Iterable[Event], also: Set[str] = frozenset()) -> Profile:
    """Return the profile with what the events say of the person. Commutes and is idempotent.

    also: the fields that the model's rules read besides the named ones. Of a company's own fields
    each rank keeps the newest: a stranger must not be able to fill a lead's one profile item (ADR
    0041).
    """
    known = dict(profile)
    for event in events:
        at, event_id = _said_in(event)
        for name, value in event.fields.items():
            kept = _as_kept(value)
            # An empty value says nothing, so nobody clears a field by sending one.
            if kept not in ("", ()) and (name not in UNLEARNED or name in also):
                new = Known(event.rank, at, event_id, kept)
                known[name] = _with_newest(known.get(name, ()), new)
    own = {name for name in known if name not in NAMED_FIELDS and name not in also}
    return _with_newest_own(known, own) if len(own) > OWN_FIELDS_MAX else known


def remembered(profile: Profile, today: date, zone: tzinfo) -> Profile:
    """Return the profile without what an identify said 400 days ago or earlier (ADR 0037).

    Its event is forgotten then, so a replay no longer finds it. The same profile when there is
    nothing of the kind.
    """
    if not has_identified(profile):
        return profile
    left = {
        name: every if _leaves_on(every, zone) > today else every[:-1]
        for name, every in profile.items()
    }
    return profile if left == profile else {name: every for name, every in left.items() if every}


def next_leave(profile: Profile, today: date, zone: tzinfo) -> date | None:
    """Return the next day after today on which something that an identify said leaves."""
    days = [_leaves_on(every, zone) for every in profile.values()]
    return min((day for day in days if today < day < date.max), default=None)


def has_identified(profile: Profile) -> bool:
    """Return whether a profile holds anything that an identify said."""
    lowest = Rank.IDENTIFY
    for every in profile.values():  # noqa: SIM110  every score asks, and a generator takes longer
        if every[-1].rank is lowest:
            return True
    return False


def shown(profile: Profile) -> dict[str, Known]:
    """Return what is shown of each field: the newest value of the highest rank."""
    return {name: every[0] for name, every in profile.items()}


def unconfirmed(known: Mapping[str, Known]) -> list[str]:
    """Return which fields of what is shown nobody has confirmed, in order."""
    return sorted(name for name, one in known.items() if one.rank < Rank.CONFIRMED)


def countries_in(profile: Profile) -> list[str]:
    """Return every country that a person is said to be in, whoever said so."""
    return list(dict.fromkeys(str(one.value) for one in profile.get("country", ())))


def values(profile: Profile) -> dict[str, FieldValue]:
    """Return the value of each field, and the two halves of the address, in lower case."""
    known = {name: every[0].value for name, every in profile.items()}
    local, _, domain = str(known.get("email", "")).rpartition("@")
    if not domain:
        return known
    known["email_local"] = local.lower()
    known["email_domain"] = domain.lower()
    return known


def facts_on(profile: Profile, today: date, zone: tzinfo) -> Facts:
    """Return what rules read of a profile on a day."""
    said = {one.rank for every in profile.values() for one in every}
    if len(said) == 1 and Rank.IDENTIFY not in said:  # as of most people: nobody else said anything
        return Facts(values(profile), best=said.pop(), day=today)
    known = remembered(profile, today, zone)
    best = max((every[0].rank for every in known.values()), default=Rank.IDENTIFY)
    weaker = {name for name, every in known.items() if every[0].rank < best}
    if "email" in weaker:
        weaker |= DERIVED_FIELDS
    return Facts(values(known), weaker, best, today)


def _said_in(event: Event) -> tuple[datetime, str]:
    """Return when, and in which event, something was said.

    A confirmation repeats what its form said and does not make it newer: what one of our people has
    corrected since the form stands (ADR 0045).
    """
    form = confirmed_form_of(event)
    return (parse_event_time(form), form) if form else (event.at, event.id)


def _with_newest(every: tuple[Known, ...], new: Known) -> tuple[Known, ...]:
    """Return the values of a field with one more, of each rank the newest, the highest first."""
    newest = {one.rank: one for one in every}
    newest[new.rank] = max(new, newest.get(new.rank, new))
    return tuple(sorted(newest.values(), reverse=True))


def _as_kept(value: FieldValue) -> FieldValue:
    """Return a value as a profile keeps it: no longer than a line; the event has all of it."""
    if isinstance(value, str):
        return value[:LINE_MAX_CHARS]
    if not isinstance(value, tuple):
        return value
    # Values of a list have ends of their own: none is cut in its middle, but for the first.
    lengths = accumulate(len(str(one)) for one in value)
    kept = sum(length <= LINE_MAX_CHARS for length in lengths)
    return value[:kept] or str(value[0])[:LINE_MAX_CHARS] if value else ()


def _with_newest_own(known: Profile, own: Set[str]) -> Profile:
    """Return a profile with the newest of a company's own fields, so many of each rank.

    Each is compared by what it says itself, so that any order of arrival keeps the same ones: what
    is left out is older than all that stay, and these only get newer.
    """
    every = [(one, name) for name in own for one in known[name]]
    kept = {
        (rank, name)
        for rank in Rank
        for _, name in sorted((one for one in every if one[0].rank is rank), reverse=True)[
            :OWN_FIELDS_MAX
        ]
    }
    left = {
        name: tuple(one for one in known[name] if name not in own or (one.rank, name) in kept)
        for name in known
    }
    return {name: values for name, values in left.items() if values}


def _leaves_on(every: tuple[Known, ...], zone: tzinfo) -> date:
    """Return the day on which the lowest value of a field leaves, date.max if it never does."""
    lowest = every[-1]
    if lowest.rank is not Rank.IDENTIFY:
        return date.max
    return day_of(lowest.at, zone) + timedelta(days=HORIZON_DAYS)
