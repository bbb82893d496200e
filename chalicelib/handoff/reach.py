"""How to reach a person: what a telephone and a mail program open, and what time it is there.

A link is only made of what is nothing but a number, or nothing but an address: whatever else
somebody typed stays a text (ADR 0038).
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from urllib.parse import quote

from chalicelib.days import local_time
from chalicelib.events import FieldValue, said_as
from chalicelib.handoff.facts import Whereabouts
from chalicelib.inert import inert_address, inert_phone

WRITTEN_NUMBER = re.compile(r"\+[1-9](?:[ ()/-]?[0-9]){6,14}")
NOT_DIALLED = re.compile(r"[^+0-9]")


def dialled(profile: Mapping[str, FieldValue]) -> str | None:
    """Return what a `tel:` link opens, None for a number that nobody can dial as it stands."""
    number = said_as(profile.get("phone", "")).strip()
    return NOT_DIALLED.sub("", number) if WRITTEN_NUMBER.fullmatch(number) else None


def shown_phone(profile: Mapping[str, FieldValue]) -> str:
    """Return a telephone number as people write it: `+49 30 901820`; empty without one."""
    number = said_as(profile.get("phone", ""))
    if not number.startswith("+") or dialled(profile) != number:
        return inert_phone(number)
    import phonenumbers  # not at the top: 70 ms, for whoever is told of a number

    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return inert_phone(number)
    style = phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return inert_phone(phonenumbers.format_number(parsed, style))


def mailed_to(profile: Mapping[str, FieldValue]) -> str | None:
    """Return what a `mailto:` link opens, None for what does not look like an address alone."""
    address = said_as(profile.get("email", ""))
    is_plain = "@" in address and inert_address(address) == address
    return quote(address, safe="@") if is_plain else None


def local_time_words(
    place: Whereabouts | None, name: str, now: datetime, zone: tzinfo
) -> str | None:
    """Return what time it is for a person: "11:20 for Ann, in Berlin: your time too".

    zone: the reader's. None where nobody knows where the person is. An email is read later than it
    is written, so how far the clocks differ is said as well.
    """
    if place is None or not place.zones:
        return None
    times = _times_there(place, now)
    if len(times) > 1:
        return (
            f"{times[0]:%H:%M} to {times[-1]:%H:%M} for {name}: {place.name} has several time zones"
        )
    ahead = times[0] - local_time(now, zone).replace(tzinfo=None)
    return f"{times[0]:%H:%M} for {name}, in {place.name}: {_difference(ahead)}"


def time_there(place: Whereabouts | None, now: datetime, zone: tzinfo) -> str:
    """Return what time it is for a person in the words of a text: "05:20 there"; empty where it is
    the reader's own, or nobody knows.

    zone: the reader's.
    """
    times = _times_there(place, now) if place else []
    is_other = len(times) == 1 and times[0] != local_time(now, zone).replace(tzinfo=None)
    return f"{times[0]:%H:%M} there" if is_other else ""


def _times_there(place: Whereabouts, now: datetime) -> list[datetime]:
    return sorted({local_time(now, zone).replace(tzinfo=None) for zone in place.zones})


def _difference(ahead: timedelta) -> str:
    """Return how far a clock is ahead of the reader's."""
    minutes = round(abs(ahead).total_seconds() / 60)
    if not minutes:
        return "your time too"
    hours, rest = divmod(minutes, 60)
    parts = [f"{hours} h" if hours else "", f"{rest} min" if rest else ""]
    side = "ahead of you" if ahead > timedelta(0) else "behind you"
    return f"{' '.join(filter(None, parts))} {side}"
