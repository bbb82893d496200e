"""What screening looks at of a submission, and what it finds. Pure, and cheap to import."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from chalicelib.capture.sender import Sender
from chalicelib.limits import FORM_TOKEN_MIN_SECONDS


class ScreenReason(StrEnum):
    """Why a submission is kept as spam."""

    HONEYPOT = "honeypot"  # a field that no person sees was filled in
    TOKEN = "token"  # the form's token is missing, forged, of another form, too young or too old
    CHALLENGE = "challenge"  # Turnstile or hCaptcha says that a machine sent it
    KNOWN_BOT = "known_bot"  # the User-Agent is that of a machine on the public list
    DISPOSABLE = "disposable"  # an address of a provider of throw-away addresses
    LINKS = "links"  # a web address or markup where a name belongs
    NETWORK_FLOOD = "network_flood"  # too many forms of one network address on a day
    MAILBOX_FLOOD = "mailbox_flood"  # too many forms for one mailbox on a day


class Verification(StrEnum):
    """How a form has its senders prove that they are people."""

    NONE = "none"
    TOKEN = "token"
    TURNSTILE = "turnstile"
    HCAPTCHA = "hcaptcha"


CHALLENGES = frozenset({Verification.TURNSTILE, Verification.HCAPTCHA})


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What the steps look at."""

    form_id: str
    address: str
    names: Mapping[str, str] = field(default_factory=dict)
    """First name, last name and company, as far as they were given."""
    trap: str = ""
    """What stands in the fields that no person sees."""
    verify: Verification = Verification.NONE
    token: str = ""
    challenge: str = ""
    """What Turnstile or hCaptcha gave to the browser."""
    sender: Sender = Sender()
    is_own_browser: bool = False
    """Whether it came from a browser that was the lead's already."""
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningRules:
    """What a company sets for screening."""

    forms_per_network: int | None = None
    """A day, of one network address; None: any number."""
    forms_per_mailbox: int | None = None
    """A day, for one mailbox; None: any number."""
    token_min_seconds: int = FORM_TOKEN_MIN_SECONDS
    """How long a person takes at least to fill in a form."""
    tools: bool = False
    """Whether HTTP libraries and automated browsers that ask for a page count as bots."""
    off: frozenset[str] = frozenset()
    """The steps that are turned off, by their reasons."""


def rules_in(settings: Mapping[str, Any] | None, as_shipped: ScreeningRules) -> ScreeningRules:
    """Return what the company sets, and where it sets nothing what is shipped.

    settings: the stored document.
    """
    given = (settings or {}).get("screening") or {}
    values = {name: value for name, value in given.items() if value is not None}
    if "off" in values:
        values["off"] = frozenset(values["off"])
    return replace(as_shipped, **values)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the steps have found so far."""

    reason: ScreenReason | None = None
    """The first reason that was found."""
    is_unverified: bool = False
    """Whether the service that tells people from machines did not answer: accepted all the same."""

    def with_(self, other: "Verdict") -> "Verdict":
        """Return this verdict with what a later step found."""
        return Verdict(self.reason or other.reason, self.is_unverified or other.is_unverified)


CLEAN = Verdict()
ScreeningStep = Callable[[Candidate, ScreeningRules], Verdict]


def found(reason: ScreenReason, is_found: object) -> Verdict:
    """Return the verdict of a step that has one reason."""
    return Verdict(reason) if is_found else CLEAN
