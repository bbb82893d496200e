"""For whom an email is written: what of a lead its words may depend on (ADR 0058)."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from urllib.parse import parse_qs, urlsplit

from chalicelib.days import day_of, zone_of
from chalicelib.events import BROWSER_LANGUAGE, Event, Kind, Rank
from chalicelib.inert import plain_name
from chalicelib.leads.acts import retracted_ids
from chalicelib.leads.lead import Lead
from chalicelib.lifecycle.stages import Stage
from chalicelib.mail_events import MailEvent
from chalicelib.nurture.calendar_file import SignedUp
from chalicelib.scoring.profile import Known, shown

EVENTS_READ = 100
"""The newest of a lead among which its last form and its clicks are looked for."""
SPEAKS_GERMAN = frozenset({"DE", "AT", "CH", "LI"})
GERMAN = "de"
OF_PROFILE = ("language", "locale", "lang")
"""What forms call the language of a person, if they ask for it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asked for last."""

    title: str
    """Of the form; empty where nobody gave it one: an identifier means nothing to its reader."""
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailReader:
    """What is known of somebody that an email is written for."""

    today: date
    first_name: str = ""
    languages: tuple[str, ...] = ()
    """That they speak, the likeliest first."""
    asked: Asked | None = None
    event: SignedUp | None = None
    """What the email is about, of those who signed up for something."""
    spoke_on: date | None = None
    """The day on which their last talk with sales ended."""
    owner: Mapping[str, str] | None = None
    """The salesperson that they belong to: name, email, phone."""


def reader_of(
    lead: Lead,
    events: Iterable[Event],
    *,
    title_of: Callable[[str], str],
    owner: Mapping[str, str] | None,
    now: datetime,
) -> EmailReader:
    """Return what is known of a lead.

    events: the lead's own, newest first; title_of: returns the title of a form, or an empty text.
    """
    zone = zone_of(lead.zone)
    known = shown(lead.profile)
    newest = [*islice(events, EVENTS_READ)]
    form = _last_form(lead, newest)
    has_spoken = lead.standing.stage is Stage.RECYCLED
    return EmailReader(
        today=day_of(now, zone),
        first_name=first_name_of(known.get("first_name"), is_theirs=_has_clicked(newest)),
        languages=tuple(dict.fromkeys(_languages(known, form))),
        asked=Asked(title_of(form.name), day_of(form.captured_at, zone)) if form else None,
        spoke_on=lead.standing.entered_on if has_spoken else None,
        owner=owner,
    )


def first_name_of(known: Known | None, *, is_theirs: bool) -> str:
    """Return the name that greets, empty until somebody confirmed it from that mailbox: a stranger
    who types an address must not have us send their words to it (ADR 0038).

    is_theirs: whether a person has clicked a link of an email that went there, which says as much.
    """
    if known is None or not (is_theirs or known.rank is Rank.CONFIRMED):
        return ""
    return plain_name(str(known.value))


def page_languages(event: Event) -> Iterator[str]:
    """Yield the languages that the page of a form was in, as far as it says so."""
    parts = urlsplit(str(event.properties.get("url", "")))
    yield str(event.properties.get("language", ""))
    yield from parse_qs(parts.query).get("lang", [])
    yield parts.path.strip("/").partition("/")[0]


def country_languages(countries: Iterable[object]) -> Iterator[str]:
    """Yield the languages of countries, as far as we speak them."""
    if any(str(country).upper() in SPEAKS_GERMAN for country in countries):
        yield GERMAN


def browser_language(event: Event) -> str:
    """Return the language that the browser of a form asked for, or an empty text."""
    return str(event.properties.get(BROWSER_LANGUAGE, ""))


def _languages(known: Mapping[str, Known], form: Event | None) -> Iterator[str]:
    """Yield what a person may speak, the surest first. Much of it names no language, such as
    the first part of a path: an email has no words in it.
    """
    yield from (str(known[name].value) for name in OF_PROFILE if name in known)
    if form is not None:
        yield from page_languages(form)
        yield browser_language(form)
    yield from country_languages([known["country"].value] if "country" in known else [])


def _has_clicked(events: Sequence[Event]) -> bool:
    """Return whether a person clicked a link of an email, and that was not taken back."""
    clicks = {one.id for one in events if one.kind is Kind.MAIL and one.name == MailEvent.CLICKED}
    return bool(clicks - retracted_ids(events))


def _last_form(lead: Lead, events: Sequence[Event]) -> Event | None:
    for event in events:
        is_counted = event.kind is Kind.FORM and not event.screened
        if is_counted and lead.takes(event.captured_at, lead.lead_id):
            return event
    return None
