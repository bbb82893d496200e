"""The calendar file of what somebody signed up for, such as a webinar (RFC 5545). Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from chalicelib.capture.form_document import FormEvent
from chalicelib.days import day_of
from chalicelib.events import rfc3339
from chalicelib.nurture.phrases import day_in_words

LINE_BYTES = 75
AN_HOUR = timedelta(hours=1)
"""How long something takes that does not say when it ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedUp:
    """What somebody signed up for."""

    title: str
    starts_at: datetime
    """With the offset in which it is announced."""
    ends_at: datetime
    url: str = ""
    place: str = ""
    calendar_url: str = ""
    """Where its calendar file is."""


def signed_up_for(event: FormEvent, title: str, calendar_url: str = "") -> SignedUp:
    """Return what a form signs people up for. title: the form's, where the event has none."""
    starts_at = datetime.fromisoformat(event.starts_at)
    return SignedUp(
        title=event.title or title,
        starts_at=starts_at,
        ends_at=datetime.fromisoformat(event.ends_at) if event.ends_at else starts_at + AN_HOUR,
        url=event.url,
        place=event.place,
        calendar_url=calendar_url,
    )


def event_facts(event: SignedUp, language: str) -> dict[str, str]:
    """Return what an email can say of it, by the variables' names."""
    return {
        "event.title": event.title,
        "event.day": day_in_words(day_of(event.starts_at, event.starts_at.tzinfo or UTC), language),
        "event.time": f"{event.starts_at:%H:%M} ({event.starts_at.tzname()})",
        "event.url": event.url,
        "event.place": event.place,
        "event.calendar_url": event.calendar_url,
    }


def calendar_file(event: SignedUp, uid: str, now: datetime) -> str:
    """Return the text of a calendar file. uid: the same for the same thing, so that a date which is
    put off replaces the one before; now: when it is written.
    """
    properties = [
        ("BEGIN", "VCALENDAR"),
        ("VERSION", "2.0"),
        ("PRODID", "-//Baton//EN"),
        ("METHOD", "PUBLISH"),
        ("BEGIN", "VEVENT"),
        ("UID", _text(uid)),
        ("DTSTAMP", _time(now)),
        ("DTSTART", _time(event.starts_at)),
        ("DTEND", _time(event.ends_at)),
        ("SUMMARY", _text(event.title)),
        ("LOCATION", _text(event.place or event.url)),
        ("DESCRIPTION", _text(event.url)),
        ("URL", event.url),
        ("END", "VEVENT"),
        ("END", "VCALENDAR"),
    ]
    return "".join(_folded(f"{name}:{value}") for name, value in properties if value)


def _time(at: datetime) -> str:
    return rfc3339(at)[:19].replace("-", "").replace(":", "") + "Z"


def _text(text: str) -> str:
    """Return a text with what has a meaning of its own escaped (RFC 5545, 3.3.11)."""
    for one in "\\;,":
        text = text.replace(one, f"\\{one}")
    return "\\n".join(text.splitlines())


def _folded(line: str) -> str:
    """Return a line in lines of at most 75 bytes, none of which ends within a character."""
    parts = [""]
    for character in line:
        if len((parts[-1] + character).encode()) > LINE_BYTES:
            parts.append(" ")
        parts[-1] += character
    return "\r\n".join(parts) + "\r\n"
