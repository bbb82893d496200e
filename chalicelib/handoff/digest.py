"""The digest to a salesperson: the leads that a message of their own would have been about, had
there been room, or had it been a working hour (ADR 0073).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chalicelib.delivery.message_keys import MessageKind
from chalicelib.delivery.messages import Email, Skip, Sms
from chalicelib.delivery.outbox import MessageState, OutboxMessage, Via
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.delivery.segments import fit_text
from chalicelib.delivery.templates import render_html, render_text
from chalicelib.events import FieldValue, said_as
from chalicelib.handoff.handoff import Handoff, HandoffState, Priority
from chalicelib.handoff.short_text import SMS_MAX_SEGMENTS
from chalicelib.inert import inert, inert_address, inert_phone
from chalicelib.scoring.model import REQUESTED

DIGEST_FOLDER = Path(__file__).parent
LISTED_NAME_MAX_CHARS = 60  # of a name, a title or a company
DIALLED = re.compile(r"\+?[0-9]{5,15}")
WANTS: Mapping[MessageKind, str] = {
    MessageKind.TRIAGE: "has sent a new request, or a message",
    MessageKind.REPLY: "has answered an email of marketing's",
    MessageKind.WARNING: "looks disqualified by a rule",
    MessageKind.CORRECTION: "is no longer an SQL: please stand down",
}
WHO_DID_NOT_ASK = "has not asked to be contacted: write first"
SETTLED_STATES = frozenset({HandoffState.ACCEPTED, HandoffState.CLOSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadInDigest:
    """A lead of a digest, as it stands when the digest leaves. Nothing here is inert yet."""

    lead_id: str
    kind: MessageKind
    """Of the message that was not sent."""
    profile: Mapping[str, FieldValue]
    handoff: Handoff | None = None
    """Of the cycle that the message was about."""
    wish: str = "asks to be contacted"
    """What the person wants who asked, as in "wants a demo"."""
    url: str | None = None
    """Of the page of the verdict; None where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestLine:
    """What a digest shows of a lead. All of it is inert."""

    name: str
    place: str
    wants: str
    phone: str
    call_url: str | None
    email: str
    url: str | None


class Digests:
    """Composes digests.

    leads: reads what a digest lists, and how many leads there are beyond the most; address_of:
    returns the address of a person, None for one who is not in the routing document.
    """

    def __init__(
        self,
        *,
        leads: Callable[[OutboxMessage], tuple[Sequence[LeadInDigest], int]],
        address_of: Callable[[str], str | None],
    ) -> None:
        self._leads = leads
        self._address_of = address_of

    def compose(self, digest: OutboxMessage) -> Email | Sms | Skip:
        """Return the email or the text that a digest is, or why there is none."""
        to = digest.to or self._address_of(digest.receiver or "")
        if to is None:
            return Skip(MessageState.REFUSED, NotSentReason.NO_ADDRESS)
        leads, beyond = self._leads(digest)
        lines = [_line(one) for one in _once_each(leads) if _is_news(one)]
        if not lines:
            return Skip(MessageState.CANCELLED, NotSentReason.TAKEN_BACK)
        number = len(lines) + beyond
        if digest.via is Via.SMS:
            return Sms(to=to, body=_in_short(number, lines), reference=digest.id)
        headline = f"{number} leads are waiting for you" if number > 1 else "A lead is waiting"
        facts = {"headline": headline, "lines": lines, "beyond": beyond}
        return Email(
            to=to,
            # Without a name: it is stored with the digest, where no erasure of a lead looks.
            subject=headline,
            text=render_text(_template("digest.txt"), facts),
            html=render_html(_template("digest.html"), facts),
            reference=digest.id,
        )


def _in_short(number: int, lines: Sequence[DigestLine]) -> str:
    head = f"{number} came while you were off: {', '.join(line.name for line in lines)}"
    return fit_text(head, ". The list is in your email.", SMS_MAX_SEGMENTS)


def _is_news(one: LeadInDigest) -> bool:
    """Return whether a lead still waits: of a handoff that nobody has answered since."""
    is_handoff = one.kind is MessageKind.HANDOFF
    return not is_handoff or one.handoff is None or one.handoff.state not in SETTLED_STATES


def _once_each(leads: Sequence[LeadInDigest]) -> list[LeadInDigest]:
    """Return each lead once, by its most urgent entry, the most urgent lead first."""
    found: dict[str, LeadInDigest] = {}
    for one in sorted(leads, key=_urgency):
        found.setdefault(one.lead_id, one)
    return list(found.values())


def _urgency(one: LeadInDigest) -> tuple[Priority, str]:
    is_handoff = one.kind is MessageKind.HANDOFF and one.handoff is not None
    priority = one.handoff.priority if is_handoff and one.handoff else Priority.P2
    return priority, one.lead_id


def _line(one: LeadInDigest) -> DigestLine:
    profile = one.profile
    phone = said_as(profile.get("phone", ""))
    address = said_as(profile.get("email", ""))
    dialled = re.sub(r"[\s().-]", "", phone)
    names = (_shown(profile, name) for name in ("first_name", "last_name"))
    place = (_shown(profile, name) for name in ("job_title", "company"))
    shown_address = inert_address(address) if address else ""
    return DigestLine(
        name=" ".join(filter(None, names)) or shown_address or "Somebody",
        place=" at ".join(filter(None, place)),
        wants=_wants(one),
        phone=inert_phone(phone) if phone else "",
        call_url=f"tel:{dialled}" if DIALLED.fullmatch(dialled) else None,
        email=shown_address,
        url=one.url,
    )


def _wants(one: LeadInDigest) -> str:
    if one.kind is MessageKind.HANDOFF:
        has_asked = one.handoff is None or one.handoff.kind == REQUESTED
        return one.wish if has_asked else WHO_DID_NOT_ASK
    return WANTS.get(one.kind, "still waits for your answer")


def _shown(profile: Mapping[str, FieldValue], name: str) -> str:
    text = inert(said_as(profile.get(name, "")))
    return (
        text if len(text) <= LISTED_NAME_MAX_CHARS else f"{text[:LISTED_NAME_MAX_CHARS].rstrip()} …"
    )


def _template(name: str) -> str:
    return (DIGEST_FOLDER / name).read_text()
