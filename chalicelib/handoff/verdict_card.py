"""What a handoff's page shows of a lead, with whatever was typed inert."""

import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from urllib.parse import quote

from chalicelib.events import Event, FieldValue, Kind, said_as
from chalicelib.inert import inert, inert_address, inert_phone
from chalicelib.lifecycle.stages import Recorded
from chalicelib.scoring.model import REQUESTED

REASONS_SHOWN = 3
COMPANY_FACTS = ("company_size", "industry", "country")
MESSAGE_LINES_MAX = 40
WRAPPED_AT_CHARS = 180  # a longer one goes on in the next: nothing of it is cut
DIALLED = re.compile(r"[^0-9]")
PLAIN_MAILBOX = re.compile(r"[^@\s<>\"',;:]+@[^@\s<>\"',;:]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffCard:
    """A lead on the page of its handoff. Its texts are inert, and not yet escaped."""

    name: str
    """Of the person, or the address; empty where neither is known."""
    title: str
    company: str
    is_requested: bool
    asked_in: str
    """The title or the name of the form they sent last; empty without one."""
    message: Sequence[str]
    """The lines of what they wrote."""
    phone: str
    phone_url: str
    email: str
    email_url: str
    reasons: Sequence[str]
    """The strongest, in words."""
    facts: Sequence[str]
    """Size, industry and country, as far as they are known."""
    agreed: Sequence[str]


def card_of(
    *,
    profile: Mapping[str, FieldValue],
    recorded: Recorded | None,
    events: Sequence[Event],
    title_of: Callable[[str], str | None],
    agreed: Sequence[str],
) -> HandoffCard:
    """Return the card of a lead.

    recorded: the transition that handed it over; events: the latest, newest first; title_of: of a
    form; agreed: what the person agreed to, in lines.
    """

    def known(name: str) -> str:
        return said_as(profile[name]) if name in profile else ""

    forms = [event for event in events if event.kind is Kind.FORM]
    message = next((said_as(one.fields["message"]) for one in forms if "message" in one.fields), "")
    email = known("email")
    phone = known("phone")
    full = " ".join(filter(None, (known("first_name"), known("last_name"))))
    return HandoffCard(
        name=inert(full) or inert_address(email),
        title=inert(known("job_title")),
        company=inert(known("company")),
        is_requested=recorded is not None and recorded.transition.kind == REQUESTED,
        asked_in=inert(title_of(forms[0].name) or forms[0].name) if forms else "",
        message=_lines(message),
        phone=inert_phone(phone) if phone else "",
        phone_url=_dial(phone),
        email=inert_address(email) if email else "",
        email_url=f"mailto:{quote(email, safe='@')}" if PLAIN_MAILBOX.fullmatch(email) else "",
        reasons=_strongest(recorded),
        facts=[inert(known(name)) for name in COMPANY_FACTS if name in profile],
        agreed=list(agreed),
    )


def _strongest(recorded: Recorded | None) -> list[str]:
    lines = sorted(recorded.reasons if recorded else (), key=lambda one: -one[2])
    return [inert(text) for _, _, milli, text in lines if milli > 0][:REASONS_SHOWN]


def _lines(message: str) -> list[str]:
    pieces = (
        piece
        for line in message.splitlines()
        for piece in textwrap.wrap(line, WRAPPED_AT_CHARS, break_on_hyphens=False)
    )
    return list(map(inert, islice(pieces, MESSAGE_LINES_MAX)))


def _dial(phone: str) -> str:
    digits = DIALLED.sub("", phone)
    return f"tel:{'+' if phone.strip().startswith('+') else ''}{digits}" if digits else ""
