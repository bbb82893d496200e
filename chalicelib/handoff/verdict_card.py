"""What a handoff's page shows of a lead, of what notices show; nothing that was typed acts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from chalicelib.events import FieldValue, said_as
from chalicelib.handoff.facts import NoticeFacts
from chalicelib.handoff.reach import dialled, mailed_to, shown_phone
from chalicelib.handoff.strongest import strongest_reasons
from chalicelib.handoff.wanted import request_in, written_in
from chalicelib.inert import inert, inert_address
from chalicelib.scoring.model import REQUESTED

COMPANY_FACTS = ("company_size", "industry", "country")
LINES_MAX = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffCard:
    """A lead on the page of its handoff. Its texts are inert, and not yet escaped."""

    name: str
    """Of the person, or the address; empty where neither is known."""
    title: str
    company: str
    is_requested: bool
    asked_in: str
    """The form by which they asked; empty without one."""
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
    """What the person agreed to, and what the rules of their country say; nothing of somebody who
    asked for an answer."""


def card_of(facts: NoticeFacts, title_of: Callable[[str], str | None]) -> HandoffCard:
    """Return the card of a lead. title_of: what a form is called, None when it has no title."""
    profile = facts.profile
    is_requested = facts.moved is not None and facts.moved.transition.kind == REQUESTED
    request = request_in(facts.recent)
    written = next(filter(None, map(written_in, facts.recent)), [])
    phone = dialled(profile)
    email = mailed_to(profile)
    name = " ".join(filter(None, (_known(profile, one) for one in ("first_name", "last_name"))))
    address = inert_address(said_as(profile.get("email", "")))
    return HandoffCard(
        name=name or address,
        title=_known(profile, "job_title"),
        company=_known(profile, "company"),
        is_requested=is_requested,
        asked_in=inert(title_of(request.name) or request.name) if request else "",
        message=list(islice(written, LINES_MAX)),
        phone=shown_phone(profile),
        phone_url=f"tel:{phone}" if phone else "",
        email=address,
        email_url=f"mailto:{email}" if email else "",
        reasons=strongest_reasons(facts),
        facts=list(filter(None, (_known(profile, one) for one in COMPANY_FACTS))),
        agreed=[] if is_requested else [facts.allowed.advice],
    )


def _known(profile: Mapping[str, FieldValue], name: str) -> str:
    return inert(said_as(profile[name])) if name in profile else ""
