"""Who somebody is, in the lines of a notice: in a sensible order, with every answer of their own.

Nothing that was typed acts in them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from chalicelib.events import Event, FieldValue, Kind, Value, said_as, values_in
from chalicelib.handoff.facts import NoticeFacts
from chalicelib.handoff.reach import dialled, mailed_to, shown_phone
from chalicelib.handoff.wanted import MESSAGE
from chalicelib.inert import inert, inert_address, inert_lines, inert_phone
from chalicelib.inputs.countries import country_name

NAME_MAX_CHARS = 40
"""Of each part of who somebody is, so that a headline keeps its end, which says what to do."""
HIDDEN_FIELDS = frozenset({"email_local", "email_domain"})  # for rules, not for readers
NAMED_LINES: Mapping[str, str] = {
    "job_title": "Job title",
    "company": "Company",
    "company_size": "People there",
    "industry": "Industry",
    "country": "Country",
    "email": "Email",
    "phone": "Phone",
}
"""The fields that Baton has a name for, in the order in which they are read."""
NAME_PARTS = ("first_name", "last_name")
#: The fields that must stay usable: each is a link to the person, and to nobody else.
REACHABLE: Mapping[str, Callable[[str], str]] = {"email": inert_address, "phone": inert_phone}
GROUPED_FROM = 10_000
"""From here on a number has separators: 2026 may be a year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonLine:
    """One thing that is known of somebody."""

    label: str
    value: str
    url: str | None = None
    """What it opens."""
    is_unconfirmed: bool = False


def who_words(profile: Mapping[str, FieldValue]) -> str:
    """Return as much of "Ann Example, CTO at Acme" as is known."""
    name, place = name_words(profile), place_words(profile)
    return f"{name}, {place}" if place else name


def name_words(profile: Mapping[str, FieldValue]) -> str:
    """Return somebody's name, else their address, else "Somebody"."""
    name = " ".join(filter(None, (_short(profile, one) for one in NAME_PARTS)))
    return name or _reachable(profile, "email") or "Somebody"


def call_name(profile: Mapping[str, FieldValue]) -> str:
    """Return what a sentence calls somebody: their first name, else "them"."""
    return _short(profile, "first_name") or "them"


def place_words(profile: Mapping[str, FieldValue]) -> str:
    """Return as much of "CTO at Acme" as is known."""
    return " at ".join(filter(None, (_short(profile, "job_title"), _short(profile, "company"))))


def person_lines(facts: NoticeFacts) -> list[PersonLine]:
    """Return what is known of somebody: the name in full, the named fields, then every answer of
    their own with its label.
    """
    return [*_named_lines(facts), *_own_lines(facts)]


def profile_words(facts: NoticeFacts) -> dict[str, str]:
    """Return every field as a machine reads it, by its name."""
    return {
        name: REACHABLE.get(name, inert)(said_as(value)) + _words_of(facts.recent, name, value)
        for name, value in sorted(facts.profile.items())
        if name not in HIDDEN_FIELDS
    }


def unconfirmed_fields(facts: NoticeFacts) -> list[str]:
    """Return the names of the fields that nobody has confirmed."""
    return [name for name in facts.unconfirmed if name not in HIDDEN_FIELDS]


def _named_lines(facts: NoticeFacts) -> Iterator[PersonLine]:
    profile = facts.profile
    links: Mapping[str, str | None] = {
        "email": f"mailto:{address}" if (address := mailed_to(profile)) else None,
        "phone": f"tel:{number}" if (number := dialled(profile)) else None,
    }
    whole = " ".join(inert(said_as(profile[name])) for name in NAME_PARTS if name in profile)
    if whole:
        unsure = any(name in facts.unconfirmed for name in NAME_PARTS)
        yield PersonLine(label="Name", value=whole, is_unconfirmed=unsure)
    for name, label in NAMED_LINES.items():
        if name in profile:
            yield PersonLine(
                label=label,
                value=_named_words(facts, name) + _words_of(facts.recent, name, profile[name]),
                url=links.get(name),
                is_unconfirmed=name in facts.unconfirmed,
            )


def _own_lines(facts: NoticeFacts) -> Iterator[PersonLine]:
    """Yield the answers of a company's own fields: those of the form that a notice is about in the
    form's order, then those that were given before.
    """
    about = next((one for one in facts.recent[:1] if one.kind is Kind.FORM), None)
    given: dict[str, FieldValue] = dict(about.fields) if about else {}
    given |= {name: value for name, value in facts.profile.items() if name not in given}
    known = {*NAMED_LINES, *NAME_PARTS, *HIDDEN_FIELDS, MESSAGE}
    for name, value in given.items():
        if name not in known and (words := answer_words(value)):
            yield PersonLine(
                label=facts.labels.get(name) or inert(name.replace("_", " ")).capitalize(),
                value=words + _words_of(facts.recent, name, value),
                is_unconfirmed=name in facts.unconfirmed or name not in facts.profile,
            )


def answer_words(value: FieldValue) -> str:
    """Return an answer as people read it: yes or no, numbers with separators, a list with commas.

    Nothing in it acts.
    """
    return ", ".join(filter(None, map(_value_words, values_in(value))))


def _value_words(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float) and abs(value) >= GROUPED_FROM:
        return f"{value:,}"
    return " ".join(inert_lines(str(value)))


def _named_words(facts: NoticeFacts, name: str) -> str:
    value = facts.profile[name]
    if name == "country":
        return country_name(inert(said_as(value)))
    if name == "phone":
        return shown_phone(facts.profile)
    if name == "company_size" and isinstance(value, int | float):
        return f"{value:,}"
    return REACHABLE.get(name, inert)(said_as(value))


def _words_of(recent: Sequence[Event], name: str, value: FieldValue) -> str:
    """Return the words that a number was read out of, in brackets, as far as a notice has them."""
    said = (event.said.get(name) for event in recent if event.fields.get(name) == value)
    words = next(filter(None, said), None)
    return f" ({inert(words)})" if words and name not in REACHABLE else ""


def _reachable(profile: Mapping[str, FieldValue], name: str) -> str:
    return REACHABLE[name](said_as(profile.get(name, "")))


def _short(profile: Mapping[str, FieldValue], name: str) -> str:
    # The blank: a cut behind `tel:` must not put the sign where a number would stand.
    typed = inert(said_as(profile.get(name, "")))
    return typed if len(typed) <= NAME_MAX_CHARS else f"{cut_words(typed, NAME_MAX_CHARS)} …"


def cut_words(text: str, most: int) -> str:
    """Return the beginning of a text, cut between two words unless that leaves less than half."""
    begin = text[:most]
    words = begin.rpartition(" ")[0]
    return (words if len(words) > most // 2 else begin).rstrip()
